// Ranks of values that may be equal, shared by the rank tests.
#ifndef PGRING_STATISTICS_RANKS_H_
#define PGRING_STATISTICS_RANKS_H_

#include <vector>

namespace pgring {

// Twice the rank (1 for the smallest) of each value, in the order of the values. Equal values get
// the mean of the ranks that they take together, which doubled is always a whole number: so sums of
// ranks are exact and can index a table. The values are not NaN.
std::vector<int> DoubledRanks(const std::vector<double>& values);

}  // namespace pgring

#endif  // PGRING_STATISTICS_RANKS_H_
