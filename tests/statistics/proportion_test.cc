// Proportions whose observations come in groups: intervals against published values, and sums that
// add up exactly.
#include "pgring/statistics/proportion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pgring/base/random.h"

namespace pgring {
namespace {

TEST(StudentQuantileTest, IsThatOfPublishedTables) {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
  EXPECT_NEAR(StudentQuantile(1, 0.95), 12.706, 0.001);
  EXPECT_NEAR(StudentQuantile(2, 0.95), 4.303, 0.001);
  EXPECT_NEAR(StudentQuantile(3, 0.95), 3.182, 0.001);
  EXPECT_NEAR(StudentQuantile(4, 0.95), 2.776, 0.001);
  EXPECT_NEAR(StudentQuantile(10, 0.95), 2.228, 0.001);
  EXPECT_NEAR(StudentQuantile(100, 0.95), 1.984, 0.001);
  EXPECT_NEAR(StudentQuantile(10, 0.998), 4.144, 0.001);
  EXPECT_NEAR(StudentQuantile(1e9, 0.95), 1.960, 0.001);
}

TEST(WilsonIntervalTest, IsThatOfAPublishedExample) {
  // R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
  const Interval many = WilsonInterval(81.0 / 263, 263, 1.959964);
  EXPECT_NEAR(many.low, 0.2553, 0.0001);
  EXPECT_NEAR(many.high, 0.3662, 0.0001);
  const Interval none = WilsonInterval(0, 20, 1.959964);
  EXPECT_DOUBLE_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.1611, 0.0001);
  const Interval all = WilsonInterval(1, 29, 1.959964);
  EXPECT_NEAR(all.low, 0.8830, 0.0001);
  EXPECT_DOUBLE_EQ(all.high, 1);
}

TEST(RatioSumsTest, TheVarianceIsThatOfTheBlocks) {
  RatioSums sums;
  sums.AddBlock(1, 2);
  sums.AddBlock(3, 4);
  sums.AddBlock(2, 6);
  EXPECT_DOUBLE_EQ(sums.ratio(), 0.5);
  // The blocks differ from half of their denominators by 0, 1 and -1.
  EXPECT_DOUBLE_EQ(sums.variance(), (0.0 + 1 + 1) * 3 / 2 / (12 * 12));
}

TEST(RatioSumsTest, BlocksThatAreAlikeHaveNone) {
  RatioSums sums;
  for (int block = 0; block < 7; ++block) sums.AddBlock(3, 9);
  EXPECT_NEAR(sums.variance(), 0, 1e-12);
}

TEST(RatioSumsTest, PartsAddUpToTheWhole) {
  Random random(1);
  RatioSums parts[3];
  RatioSums whole;
  for (int block = 0; block < 100; ++block) {
    const int64_t denominator = random.Between(0, 400);
    const int64_t numerator = random.Between(0, denominator);
    parts[block % 3].AddBlock(numerator, denominator);
    whole.AddBlock(numerator, denominator);
  }
  parts[0].Add(parts[1]);
  parts[0].Add(parts[2]);
  EXPECT_EQ(parts[0], whole);
}

// What the intervals of shares rely on: of groups that are alike within, only the groups count.
TEST(RatioSumsTest, GroupsThatAreAlikeWithinCountOnce) {
  Random random(7);
  RatioSums single;
  RatioSums groups;
  for (int block = 0; block < 2'000; ++block) {
    int64_t hits = 0;
    for (int i = 0; i < 8; ++i) hits += random.Chance(0.3) ? 1 : 0;
    single.AddBlock(hits, 8);
    groups.AddBlock(random.Chance(0.3) ? 8 : 0, 8);
  }
  EXPECT_NEAR(0.3 * 0.7 / single.variance() / 16'000, 1, 0.2);
  EXPECT_NEAR(0.3 * 0.7 / groups.variance() / 2'000, 1, 0.2);
}

}  // namespace
}  // namespace pgring
