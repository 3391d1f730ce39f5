// Correction of p-values for several comparisons at once, of which one would otherwise look
// significant by chance: with ten comparisons at 5 % that happens in 40 % of all cases.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_HOLM_H_
#define PGRING_STATISTICS_HOLM_H_

#include <vector>

namespace pgring {

// Holm's adjusted p-values, in the order of the given ones: the i-th smallest of m becomes the
// largest of (m - j + 1) * p_(j) over all j <= i, at most 1. If comparisons are called significant
// where this is at most alpha, then the probability of one or more wrong calls is at most alpha,
// however the comparisons depend on each other (scenarios that share a base do).
// Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
// Statistics 6, 1979; R's p.adjust(method = "holm").
//
// Any number of p-values in 0 .. 1.
std::vector<double> HolmAdjusted(const std::vector<double>& p_values);

}  // namespace pgring

#endif  // PGRING_STATISTICS_HOLM_H_
