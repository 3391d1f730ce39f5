#include "pgring/statistics/median_interval.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "pgring/base/check.h"

namespace pgring {
namespace {

struct Trim {
  int left_out;  // values at each end
  double coverage;
};

// The most values that can be left out at each end of `count` sorted ones. The sum of C(count, i)
// is kept divided by 2^exponent, because the binomial coefficients of 1,030 values and more
// overflow; up to 50 or so values all of it is exact.
std::optional<Trim> LargestTrim(int count, double confidence) {
  constexpr int kRescaleExponent = 900;
  std::optional<Trim> largest;
  double coefficient = 1;
  double sum = 0;
  int exponent = 0;
  for (int left_out = 0; left_out < count - 1 - left_out; ++left_out) {
    sum += coefficient;
    const double coverage = 1 - 2 * std::ldexp(sum, exponent - count);
    if (coverage < confidence) break;
    largest = Trim{.left_out = left_out, .coverage = coverage};
    coefficient = coefficient * (count - left_out) / (left_out + 1);
    if (coefficient > std::ldexp(1.0, kRescaleExponent)) {
      coefficient = std::ldexp(coefficient, -kRescaleExponent);
      sum = std::ldexp(sum, -kRescaleExponent);
      exponent += kRescaleExponent;
    }
  }
  return largest;
}

}  // namespace

MedianEstimate EstimateMedian(std::vector<double> values, double confidence) {
  PGRING_CHECK(!values.empty(), "a median needs at least one value");
  PGRING_CHECK(
      std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }),
      "a median needs finite values");
  PGRING_CHECK(confidence > 0.0 && confidence < 1.0, "a confidence lies between 0 and 1");
  std::sort(values.begin(), values.end());
  const size_t size = values.size();
  // Of an odd count both are the same value. Halved first: the sum of two could overflow.
  const double lower_middle = values[(size - 1) / 2];
  const double upper_middle = values[size / 2];
  const double median =
      lower_middle == upper_middle ? lower_middle : lower_middle / 2 + upper_middle / 2;
  MedianEstimate estimate{
      .median = median, .interval = std::nullopt, .coverage = 0, .count = static_cast<int>(size)};
  if (estimate.count < kFewestForInterval) return estimate;
  if (const std::optional<Trim> trim = LargestTrim(estimate.count, confidence)) {
    const auto left_out = static_cast<size_t>(trim->left_out);
    estimate.interval = Interval{.low = values[left_out], .high = values[size - 1 - left_out]};
    estimate.coverage = trim->coverage;
  }
  return estimate;
}

double RelativeHalfWidth(const Interval& interval, double estimate) {
  PGRING_CHECK(estimate > 0.0, "a width is relative to a positive estimate");
  return (interval.high - interval.low) / (2 * estimate);
}

}  // namespace pgring
