// The Mann-Whitney U test (Wilcoxon's rank-sum test): whether the values of one sample tend to be
// larger than those of another, unpaired one; exactly, also where values are equal.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_MANN_WHITNEY_H_
#define PGRING_STATISTICS_MANN_WHITNEY_H_

#include <cstddef>
#include <vector>

namespace pgring {

struct MannWhitneyResult {
  // Of how many pairs (one value of each sample) the first sample's value is the larger; an equal
  // pair counts half. From 0 to the product of the sizes.
  double u;
  double p_value;  // two-sided, in (0, 1]
};

// The distribution is computed in full: some million additions for two samples of this size.
inline constexpr int kMostForMannWhitney = 50;

// The distribution of the last test, for the next one: it is the same for all samples of the same
// sizes without equal values.
struct RankSumDistribution {
  std::vector<int> ranks = {};  // ascending; of all values
  size_t chosen = 0;            // how many of them are the first sample's
  // For each sum of that many ranks: how many choices of them add up to it.
  std::vector<double> choices = {};
};

// Tests that both samples are from one distribution. The p-value is twice the smaller of the
// probabilities that U is as small as it is or smaller, and as large or larger, over all ways to
// divide the values at hand into samples of these sizes; at most 1. So it is never below
// 2 / C(n + m, n). (Samples of different sizes with equal values can have a U that is not
// symmetric, and the two-sided p-value is then defined in several ways; this is the cautious one.)
// Source: H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is
// stochastically larger than the other, Annals of Mathematical Statistics 18, 1947. benchstat
// computes the same for equal sizes.
//
// 1 to kMostForMannWhitney values each, none of them NaN. `distribution` is read and replaced as it
// fits; nullptr: it is computed.
MannWhitneyResult MannWhitneyTest(const std::vector<double>& first,
                                  const std::vector<double>& second,
                                  RankSumDistribution* distribution = nullptr);

}  // namespace pgring

#endif  // PGRING_STATISTICS_MANN_WHITNEY_H_
