#include "pgring/statistics/ratio_of_samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgring {
namespace {

// Worked out by going through all 252 ways to share out ten values.
TEST(RatioOfSamplesTest, MedianOfAllPairsWithTheIntervalOfTheTest) {
  const RatioEstimate estimate =
      EstimateRatioOfSamples({103, 98, 110, 107, 101}, {90, 95, 88, 97, 92});
  EXPECT_NEAR(estimate.ratio, 1.1222222222222225, 1e-12);
  EXPECT_NEAR(estimate.p_value, 0.007936507936507936, 1e-12);
  ASSERT_TRUE(estimate.interval.has_value());
  EXPECT_NEAR(estimate.interval->low, 1.0412371134020622, 1e-12);
  EXPECT_NEAR(estimate.interval->high, 1.21590909090909, 1e-12);
  EXPECT_EQ(estimate.count, 5);
}

TEST(RatioOfSamplesTest, ExchangedSamplesTurnItUpsideDown) {
  const std::vector<double> values = {12, 15, 11, 18, 14, 13};
  const std::vector<double> base = {22, 19, 25, 17, 21};
  const RatioEstimate one = EstimateRatioOfSamples(values, base);
  const RatioEstimate other = EstimateRatioOfSamples(base, values);
  EXPECT_NEAR(one.ratio * other.ratio, 1, 1e-12);
  EXPECT_NEAR(one.interval->low * other.interval->high, 1, 1e-12);
  EXPECT_NEAR(one.interval->high * other.interval->low, 1, 1e-12);
  EXPECT_DOUBLE_EQ(one.p_value, other.p_value);
}

TEST(RatioOfSamplesTest, FewValuesHaveNoInterval) {
  const RatioEstimate one = EstimateRatioOfSamples({3}, {2});
  EXPECT_DOUBLE_EQ(one.ratio, 1.5);
  EXPECT_FALSE(one.interval.has_value());
  EXPECT_FALSE(EstimateRatioOfSamples({3, 4, 5}, {1, 1, 1, 1, 1, 1}).interval.has_value());
  EXPECT_TRUE(EstimateRatioOfSamples({3, 4, 5, 6}, {1, 1, 1, 1}).interval.has_value());
}

TEST(RatioOfSamplesTest, EqualValuesAreNoDifference) {
  const RatioEstimate same = EstimateRatioOfSamples({7, 7, 7, 7, 7}, {7, 7, 7, 7, 7});
  EXPECT_DOUBLE_EQ(same.ratio, 1);
  EXPECT_DOUBLE_EQ(same.p_value, 1);
  EXPECT_DOUBLE_EQ(same.interval->low, 1);
  EXPECT_DOUBLE_EQ(same.interval->high, 1);
}

}  // namespace
}  // namespace pgring
