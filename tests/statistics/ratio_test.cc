#include "pgring/statistics/ratio.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "pgring/base/random.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

RatioEstimate WithInterval(double low, double high) {
  return {.ratio = std::sqrt(low * high),
          .interval = Interval{.low = low, .high = high},
          .count = 6,
          .p_value = 0.5};
}

TEST(RatioTest, MedianOfTheBlocksRatios) {
  // Ratios 2, 1.5, 3, 2.5, 1.25, 4, whatever the level of their block. Six blocks: the interval
  // reaches from the smallest to the largest.
  const RatioEstimate estimate =
      EstimateRatio({2, 150, 30, 2'500, 1.25, 8}, {1, 100, 10, 1'000, 1, 2});
  EXPECT_DOUBLE_EQ(estimate.ratio, std::sqrt(2 * 2.5));
  ASSERT_TRUE(estimate.interval.has_value());
  EXPECT_DOUBLE_EQ(estimate.interval->low, 1.25);
  EXPECT_DOUBLE_EQ(estimate.interval->high, 4);
  EXPECT_EQ(estimate.count, 6);
  EXPECT_EQ(estimate.p_value, 0.03125);
}

TEST(RatioTest, FewBlocksHaveNoInterval) {
  const RatioEstimate one = EstimateRatio({3}, {2});
  EXPECT_DOUBLE_EQ(one.ratio, 1.5);
  EXPECT_FALSE(one.interval.has_value());
  EXPECT_EQ(one.count, 1);
  EXPECT_EQ(one.p_value, 1);
  const RatioEstimate five = EstimateRatio({2, 2, 2, 2, 2}, {1, 1, 1, 1, 1});
  EXPECT_DOUBLE_EQ(five.ratio, 2);
  EXPECT_FALSE(five.interval.has_value());
  EXPECT_EQ(five.p_value, 0.0625);
}

TEST(RatioTest, TheSameAgainstItselfIsExactlyOne) {
  const std::vector<double> values = {7, 8, 9, 10, 11, 12, 13};
  const RatioEstimate estimate = EstimateRatio(values, values);
  EXPECT_EQ(estimate.ratio, 1);
  EXPECT_EQ(estimate.interval->low, 1);
  EXPECT_EQ(estimate.interval->high, 1);
  EXPECT_EQ(estimate.p_value, 1);
  EXPECT_EQ(JudgeRatio(estimate), RatioVerdict::kNoDifference);
}

TEST(RatioTest, OppositeRatiosAreEquallyFar) {
  // 1.1 / 1 and 1 / 1.1, 3 / 2 and 2 / 3, ...: every magnitude is there twice, and the rank sums
  // are equal only if rounding does not tell them apart.
  const RatioEstimate estimate = EstimateRatio({1.1, 1, 3, 2, 1.7, 0.3}, {1, 1.1, 2, 3, 0.3, 1.7});
  EXPECT_EQ(estimate.ratio, 1);
  EXPECT_EQ(estimate.p_value, 1);
  // The magnitude with one sign more is the smallest: ranks 1.5 and 1.5 against 3.5 and 3.5.
  EXPECT_EQ(EstimateRatio({1.1, 1, 3, 3}, {1, 1.1, 2, 2}).p_value, 6.0 / 16);
}

TEST(RatioTest, ExchangeTurnsTheResultUpsideDown) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> values;
    std::vector<double> base;
    for (int64_t block = random.Between(6, 40); block > 0; --block) {
      values.push_back(100 + 20 * random.Unit());
      base.push_back(100 + 10 * random.Unit());
    }
    const RatioEstimate estimate = EstimateRatio(values, base);
    const RatioEstimate exchanged = EstimateRatio(base, values);
    EXPECT_DOUBLE_EQ(exchanged.ratio, 1 / estimate.ratio);
    EXPECT_DOUBLE_EQ(exchanged.interval->low, 1 / estimate.interval->high);
    EXPECT_DOUBLE_EQ(exchanged.interval->high, 1 / estimate.interval->low);
    EXPECT_EQ(exchanged.p_value, estimate.p_value);
    EXPECT_LE(estimate.interval->low, estimate.ratio);
    EXPECT_LE(estimate.ratio, estimate.interval->high);
  }
}

TEST(RatioTest, Verdicts) {
  EXPECT_EQ(JudgeRatio(WithInterval(1.01, 1.5)), RatioVerdict::kFaster);
  EXPECT_EQ(JudgeRatio(WithInterval(0.5, 0.99)), RatioVerdict::kSlower);
  EXPECT_EQ(JudgeRatio(WithInterval(0.99, 1.01)), RatioVerdict::kNoDifference);
  EXPECT_EQ(JudgeRatio(WithInterval(0.97, 1.01)), RatioVerdict::kNotDecided);
  EXPECT_EQ(JudgeRatio(WithInterval(0.99, 1.03)), RatioVerdict::kNotDecided);
  // 1 itself is not excluded.
  EXPECT_EQ(JudgeRatio(WithInterval(1, 1.5)), RatioVerdict::kNotDecided);
  EXPECT_EQ(JudgeRatio(WithInterval(0.5, 1)), RatioVerdict::kNotDecided);
  // A difference that is real and smaller than the margin.
  EXPECT_EQ(JudgeRatio(WithInterval(1.005, 1.015)), RatioVerdict::kNoDifference);
  EXPECT_EQ(JudgeRatio(WithInterval(1.005, 1.015), 0.01), RatioVerdict::kFaster);
  EXPECT_EQ(JudgeRatio(WithInterval(1.005, 1.015), 0), RatioVerdict::kFaster);
  EXPECT_EQ(JudgeRatio(WithInterval(0.985, 0.995)), RatioVerdict::kNoDifference);
}

TEST(RatioTest, TheMarginIsSymmetricInLogarithms) {
  EXPECT_EQ(JudgeRatio(WithInterval(1 / 1.02, 1.02)), RatioVerdict::kNoDifference);
  // Within 0.98 .. 1.02, but 1.0203 when turned upside down.
  EXPECT_EQ(JudgeRatio(WithInterval(0.9801, 1.01)), RatioVerdict::kNotDecided);
  EXPECT_EQ(JudgeRatio(WithInterval(1.0 / 2, 2), 1), RatioVerdict::kNoDifference);
}

TEST(RatioTest, NoIntervalDecidesNothing) {
  RatioEstimate estimate = WithInterval(2, 3);
  estimate.interval = std::nullopt;
  EXPECT_EQ(JudgeRatio(estimate), RatioVerdict::kNotDecided);
}

TEST(RatioDeathTest, RefusesWhatHasNoRatio) {
  EXPECT_DEATH(EstimateRatio({}, {}), "at least one block");
  EXPECT_DEATH(EstimateRatio({1, 2}, {1}), "a value and a base each");
  EXPECT_DEATH(EstimateRatio({0}, {1}), "above 0");
  EXPECT_DEATH(EstimateRatio({1}, {-1}), "above 0");
  EXPECT_DEATH(EstimateRatio({std::numeric_limits<double>::infinity()}, {1}), "finite");
  EXPECT_DEATH(EstimateRatio({std::nan("")}, {1}), "finite");
  EXPECT_DEATH(JudgeRatio(WithInterval(1, 2), -0.01), "negative");
}

}  // namespace
}  // namespace pgring
