// Middle and spread of values of which some are far off: one trial in thirty falls into a pause of
// the machine.
//
// Pure.
#ifndef PGRING_SEARCH_ROBUST_H_
#define PGRING_SEARCH_ROBUST_H_

#include <cmath>
#include <vector>

#include "pgring/statistics/median_interval.h"

namespace pgring {

// The standard deviation of a normal distribution divided by its median absolute deviation.
inline constexpr double kMedianToDeviation = 1.4826;
// The standard error of a median divided by that of a mean, for a normal distribution.
inline constexpr double kMedianToMeanError = 1.2533;

// One or more finite values.
inline double Median(const std::vector<double>& values) { return EstimateMedian(values).median; }

// 1.4826 times the median distance from the median: a standard deviation that up to half of the
// values cannot spoil. One or more finite values.
inline double RobustDeviation(const std::vector<double>& values) {
  const double middle = Median(values);
  std::vector<double> distances;
  distances.reserve(values.size());
  for (const double value : values) distances.push_back(std::abs(value - middle));
  return kMedianToDeviation * Median(distances);
}

}  // namespace pgring

#endif  // PGRING_SEARCH_ROBUST_H_
