#include "pgring/statistics/ratio.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/statistics/signed_rank.h"

namespace pgring {
namespace {

// ln(value / base), with exactly the opposite sign for exchanged arguments: otherwise rounding
// would tell 3/2 and 2/3 apart, which the signed-rank test must take for equal.
double LogRatio(double value, double base) {
  return value >= base ? std::log(value / base) : -std::log(base / value);
}

}  // namespace

RatioEstimate EstimateRatio(const std::vector<double>& values, const std::vector<double>& base) {
  PGRING_CHECK(!values.empty() && values.size() == base.size(),
               "a ratio needs at least one block, with a value and a base each");
  std::vector<double> logs;
  for (size_t block = 0; block < values.size(); ++block) {
    PGRING_CHECK(std::isfinite(values[block]) && std::isfinite(base[block]) &&
                     values[block] > 0.0 && base[block] > 0.0,
                 "a ratio needs finite values above 0");
    logs.push_back(LogRatio(values[block], base[block]));
  }
  const double p_value = SignedRankTest(logs).p_value;
  const MedianEstimate median = EstimateMedian(std::move(logs));
  RatioEstimate estimate{.ratio = std::exp(median.median),
                         .interval = std::nullopt,
                         .count = median.count,
                         .p_value = p_value};
  if (median.interval) {
    estimate.interval =
        Interval{.low = std::exp(median.interval->low), .high = std::exp(median.interval->high)};
  }
  return estimate;
}

RatioVerdict JudgeRatio(const RatioEstimate& estimate, double margin) {
  PGRING_CHECK(margin >= 0.0, "a margin is not negative");
  if (!estimate.interval) return RatioVerdict::kNotDecided;
  const auto [low, high] = *estimate.interval;
  if (low >= 1 / (1 + margin) && high <= 1 + margin) return RatioVerdict::kNoDifference;
  if (low > 1) return RatioVerdict::kFaster;
  if (high < 1) return RatioVerdict::kSlower;
  return RatioVerdict::kNotDecided;
}

}  // namespace pgring
