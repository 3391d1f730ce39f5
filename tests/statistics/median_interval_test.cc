#include "pgring/statistics/median_interval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "pgring/base/random.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

// 1 .. count: each value is its own rank.
std::vector<double> Ranks(int count) {
  std::vector<double> values;
  for (int rank = 1; rank <= count; ++rank) values.push_back(rank);
  return values;
}

TEST(MedianIntervalTest, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(EstimateMedian({7}).median, 7);
  EXPECT_EQ(EstimateMedian({7, 2}).median, 4.5);
  EXPECT_EQ(EstimateMedian({9, 1, 2}).median, 2);
  EXPECT_EQ(EstimateMedian({40, 1, 3, 2}).median, 2.5);
  EXPECT_EQ(EstimateMedian({40, 1, 3, 2}).count, 4);
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(EstimateMedian({huge, huge / 2}).median, huge / 4 * 3);
  const double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(EstimateMedian({tiny, tiny}).median, tiny);
}

struct CoverageCase {
  int count;
  int low_rank;
  int high_rank;
  double coverage_percent;
};

TEST(MedianIntervalTest, PublishedRanksAndCoverages) {
  // Those of the sign test's interval, rounded to a tenth of a percent.
  const CoverageCase cases[] = {{6, 1, 6, 96.9},   {7, 1, 7, 98.4},   {8, 1, 8, 99.2},
                                {9, 2, 8, 96.1},   {10, 2, 9, 97.9},  {12, 3, 10, 96.1},
                                {15, 4, 12, 96.5}, {20, 6, 15, 95.9}, {30, 10, 21, 95.7}};
  for (const CoverageCase& expected : cases) {
    SCOPED_TRACE(expected.count);
    const MedianEstimate estimate = EstimateMedian(Ranks(expected.count));
    ASSERT_TRUE(estimate.interval.has_value());
    EXPECT_EQ(estimate.interval->low, expected.low_rank);
    EXPECT_EQ(estimate.interval->high, expected.high_rank);
    EXPECT_NEAR(100 * estimate.coverage, expected.coverage_percent, 0.05);
  }
}

TEST(MedianIntervalTest, FewValuesHaveNoInterval) {
  for (int count = 1; count < kFewestForInterval; ++count) {
    // 0.5 is reached from three values on.
    for (const double confidence : {0.5, 0.95}) {
      const MedianEstimate estimate = EstimateMedian(Ranks(count), confidence);
      EXPECT_FALSE(estimate.interval.has_value()) << count;
      EXPECT_EQ(estimate.coverage, 0) << count;
    }
  }
}

TEST(MedianIntervalTest, NoIntervalWhereEvenTheWidestDoesNotReachTheConfidence) {
  // Six values cover 31/32 at most, exactly.
  EXPECT_TRUE(EstimateMedian(Ranks(6), 0.96875).interval.has_value());
  EXPECT_FALSE(EstimateMedian(Ranks(6), 0.96876).interval.has_value());
  EXPECT_FALSE(EstimateMedian(Ranks(7), 0.99).interval.has_value());
  EXPECT_TRUE(EstimateMedian(Ranks(8), 0.99).interval.has_value());
}

TEST(MedianIntervalTest, ManyValues) {
  // From the binomial distribution in exact integers. 2,000 needs binomial coefficients that no
  // double holds.
  const CoverageCase cases[] = {{100, 40, 61, 96.4799800},
                                {1'000, 469, 532, 95.3708803},
                                {1'030, 484, 547, 95.0407373},
                                {2'000, 956, 1'045, 95.3447180}};
  for (const CoverageCase& expected : cases) {
    SCOPED_TRACE(expected.count);
    const MedianEstimate estimate = EstimateMedian(Ranks(expected.count));
    ASSERT_TRUE(estimate.interval.has_value());
    EXPECT_EQ(estimate.interval->low, expected.low_rank);
    EXPECT_EQ(estimate.interval->high, expected.high_rank);
    EXPECT_NEAR(100 * estimate.coverage, expected.coverage_percent, 1e-6);
  }
}

TEST(MedianIntervalTest, OrderOfTheValuesDoesNotMatter) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> values = Ranks(static_cast<int>(random.Between(6, 60)));
    const MedianEstimate sorted = EstimateMedian(values);
    random.Shuffle(&values);
    const MedianEstimate shuffled = EstimateMedian(values);
    EXPECT_EQ(shuffled.median, sorted.median);
    EXPECT_EQ(shuffled.interval->low, sorted.interval->low);
    EXPECT_EQ(shuffled.interval->high, sorted.interval->high);
  }
}

TEST(MedianIntervalTest, CoversTheTrueMedianAsOftenAsItSays) {
  constexpr int kSamples = 200;
  int64_t covered = 0;
  int64_t samples = 0;
  double coverage = 0;
  for (const uint64_t seed : PropertySeeds()) {
    Random random(seed);
    for (int sample = 0; sample < kSamples; ++sample) {
      std::vector<double> values(9);
      for (double& value : values) value = random.Unit();
      const MedianEstimate estimate = EstimateMedian(values);
      coverage = estimate.coverage;
      covered += estimate.interval->low <= 0.5 && estimate.interval->high >= 0.5 ? 1 : 0;
      ++samples;
    }
  }
  const auto count = static_cast<double>(samples);
  // Five standard deviations.
  EXPECT_NEAR(static_cast<double>(covered) / count, coverage,
              5 * std::sqrt(coverage * (1 - coverage) / count));
}

TEST(MedianIntervalTest, RelativeHalfWidthIsHalfTheWidthByTheEstimate) {
  EXPECT_DOUBLE_EQ(RelativeHalfWidth({.low = 1.875, .high = 2.125}, 2), 0.0625);
  EXPECT_DOUBLE_EQ(RelativeHalfWidth({.low = 90, .high = 130}, 100), 0.2);
  EXPECT_EQ(RelativeHalfWidth({.low = 3, .high = 3}, 3), 0);
}

TEST(MedianIntervalDeathTest, RefusesWhatHasNoMedian) {
  EXPECT_DEATH(EstimateMedian({}), "at least one value");
  EXPECT_DEATH(EstimateMedian({1, std::nan("")}), "finite");
  EXPECT_DEATH(EstimateMedian({1, 2}, 0), "between 0 and 1");
  EXPECT_DEATH(EstimateMedian({1, 2}, 1), "between 0 and 1");
  EXPECT_DEATH(RelativeHalfWidth({.low = 0, .high = 1}, 0), "positive");
}

}  // namespace
}  // namespace pgring
