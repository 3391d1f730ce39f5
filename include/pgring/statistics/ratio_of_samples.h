// The ratio of two samples that were taken apart from each other, such as the blocks of two
// results: how many times as large the values of one are as those of the other.
//
// Pure; allocates. Not for runs that were taken in turns: EstimateRatio (ratio.h) has less noise.
#ifndef PGRING_STATISTICS_RATIO_OF_SAMPLES_H_
#define PGRING_STATISTICS_RATIO_OF_SAMPLES_H_

#include <vector>

#include "pgring/statistics/mann_whitney.h"
#include "pgring/statistics/ratio.h"

namespace pgring {

// Fewer values than this in one of the samples cannot give an interval of 95 % (the smallest
// two-sided p-value of 4 and 4 is 0.029, of 3 and 3 it is 0.1).
inline constexpr int kFewestForRatioOfSamples = 4;

// The median of the ratios of all pairs of a value and a base (the Hodges-Lehmann estimate, in
// logarithms), with the interval of the factors that a Mann-Whitney test at 5 % does not exclude,
// and that test's p-value for a ratio of 1. Both samples: 1 to kMostForMannWhitney finite values
// above 0, else it is a programmer error. `count` is the size of the smaller sample.
// Source: Hodges and Lehmann, Annals of Mathematical Statistics 34 (1963), 598-611.
// `distribution` saves time where several ratios are of samples of the same sizes; may be nullptr.
RatioEstimate EstimateRatioOfSamples(const std::vector<double>& values,
                                     const std::vector<double>& base,
                                     RankSumDistribution* distribution = nullptr);

}  // namespace pgring

#endif  // PGRING_STATISTICS_RATIO_OF_SAMPLES_H_
