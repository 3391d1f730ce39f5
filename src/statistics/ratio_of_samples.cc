#include "pgring/statistics/ratio_of_samples.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "pgring/base/check.h"

namespace pgring {
namespace {

std::vector<double> LogsOf(const std::vector<double>& values) {
  std::vector<double> logs;
  for (const double value : values) {
    PGRING_CHECK(std::isfinite(value) && value > 0, "a ratio needs finite values above 0");
    logs.push_back(std::log(value));
  }
  return logs;
}

bool IsExcluded(std::vector<double> logs, const std::vector<double>& base, double shift,
                RankSumDistribution* distribution) {
  for (double& value : logs) value -= shift;
  return MannWhitneyTest(logs, base, distribution).p_value <= 1 - kDefaultConfidence;
}

}  // namespace

RatioEstimate EstimateRatioOfSamples(const std::vector<double>& values,
                                     const std::vector<double>& base,
                                     RankSumDistribution* distribution) {
  PGRING_CHECK(!values.empty() && !base.empty(), "a ratio needs a value and a base");
  const std::vector<double> logs = LogsOf(values);
  const std::vector<double> base_logs = LogsOf(base);
  std::vector<double> shifts;
  for (const double value : logs) {
    for (const double other : base_logs) shifts.push_back(value - other);
  }
  std::sort(shifts.begin(), shifts.end());
  const size_t middle = shifts.size() / 2;
  const double median =
      shifts.size() % 2 == 1 ? shifts[middle] : (shifts[middle - 1] + shifts[middle]) / 2;
  const int count = static_cast<int>(std::min(values.size(), base.size()));
  RankSumDistribution own;
  // What is computed in no time must not take the place of what is not.
  if (distribution == nullptr || count < kFewestForRatioOfSamples) distribution = &own;
  RatioEstimate estimate{.ratio = std::exp(median),
                         .interval = std::nullopt,
                         .count = count,
                         .p_value = MannWhitneyTest(logs, base_logs, distribution).p_value};
  if (count < kFewestForRatioOfSamples) return estimate;
  // Between two neighbouring shifts the ranks stay the same: the first and the last gap that the
  // test does not exclude bound the interval.
  const auto is_kept = [&](size_t gap) {
    return !IsExcluded(logs, base_logs, (shifts[gap] + shifts[gap + 1]) / 2, distribution);
  };
  // The middle is kept, and what is further from it the less so.
  const size_t gaps = shifts.size() - 1;
  size_t excluded = 0;  // of the first gaps
  for (size_t most = gaps / 2; excluded < most;) {
    const size_t gap = (excluded + most) / 2;
    if (is_kept(gap)) {
      most = gap;
    } else {
      excluded = gap + 1;
    }
  }
  size_t last = gaps / 2;
  for (size_t most = gaps - 1; last < most;) {
    const size_t gap = (last + most + 1) / 2;
    if (is_kept(gap)) {
      last = gap;
    } else {
      most = gap - 1;
    }
  }
  estimate.interval =
      Interval{.low = std::exp(shifts[excluded]), .high = std::exp(shifts[last + 1])};
  return estimate;
}

}  // namespace pgring
