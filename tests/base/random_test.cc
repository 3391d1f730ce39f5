#include "pgring/base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace pgring {
namespace {

using ::testing::ElementsAre;

TEST(RandomTest, IsTheStandardsGenerator) {
  // [rand.predef]: the 10000th value of a default-constructed mt19937_64, whose seed is 5489.
  Random random(5489);
  for (int skipped = 1; skipped < 10'000; ++skipped) random.Next();
  EXPECT_EQ(random.Next(), 9981545732273789042u);
}

// The sequences below were computed by an independent implementation of MT19937-64: an operation
// list that changes with the compiler would make two machines' reports incomparable.
TEST(RandomTest, BelowIsFixedForASeed) {
  Random random(42);
  std::vector<uint64_t> values;
  for (int index = 0; index < 5; ++index) values.push_back(random.Below(100'000) + 1);
  EXPECT_THAT(values, ElementsAre(20407, 94825, 41451, 55663, 39382));
  EXPECT_DOUBLE_EQ(random.Unit(), 0.09406831176283703);
}

TEST(RandomTest, BelowRejectsTheUnevenRest) {
  // Of 2^64 raw values only 2^63 + 1 may be used for this bound, so about every second one is
  // drawn again; a plain modulo would give the second value twice as often as it should.
  Random random(42);
  std::vector<uint64_t> values;
  for (int index = 0; index < 4; ++index) values.push_back(random.Below((uint64_t{1} << 63) + 1));
  EXPECT_THAT(values, ElementsAre(4706788815403344597u, 2564676540648719015u, 4651257987612965641u,
                                  7438999416573663572u));
}

TEST(RandomTest, BelowStaysInBounds) {
  Random random(7);
  for (const uint64_t bound :
       {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{1000}, uint64_t{1} << 63, ~uint64_t{0}}) {
    for (int index = 0; index < 1'000; ++index) ASSERT_LT(random.Below(bound), bound);
  }
}

TEST(RandomTest, BelowIsUniform) {
  constexpr int kBound = 10;
  constexpr int kDraws = 100'000;
  Random random(42);
  std::array<int, kBound> counts{};
  for (int draw = 0; draw < kDraws; ++draw) ++counts[random.Below(kBound)];
  double chi_square = 0;
  for (const int count : counts) {
    const double expected = static_cast<double>(kDraws) / kBound;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  // The 99.9 % quantile for 9 degrees of freedom. The seed is fixed, so this never flickers.
  EXPECT_LT(chi_square, 27.88);
}

TEST(RandomTest, BetweenIncludesBothEnds) {
  Random random(42);
  int64_t lowest = 100;
  int64_t highest = -100;
  for (int draw = 0; draw < 1'000; ++draw) {
    const int64_t value = random.Between(-3, 3);
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  EXPECT_EQ(lowest, -3);
  EXPECT_EQ(highest, 3);
  EXPECT_EQ(random.Between(5, 5), 5);
}

TEST(RandomTest, UnitIsInTheHalfOpenInterval) {
  Random random(42);
  double sum = 0;
  for (int draw = 0; draw < 10'000; ++draw) {
    const double value = random.Unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(RandomTest, ChanceIsCertainAtTheEnds) {
  Random random(42);
  for (int draw = 0; draw < 10'000; ++draw) {
    ASSERT_FALSE(random.Chance(0));
    ASSERT_TRUE(random.Chance(1));
  }
}

TEST(RandomTest, ShuffleIsFixedForASeed) {
  std::vector<int> values(10);
  std::iota(values.begin(), values.end(), 1);
  Random random(42);
  random.Shuffle(&values);
  EXPECT_THAT(values, ElementsAre(2, 8, 10, 1, 4, 9, 5, 3, 6, 7));
}

TEST(RandomTest, ShuffleKeepsEveryElement) {
  std::vector<int> values(1'000);
  std::iota(values.begin(), values.end(), 0);
  const std::vector<int> sorted = values;
  Random random(1);
  random.Shuffle(&values);
  EXPECT_NE(values, sorted);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, sorted);
}

TEST(RandomTest, ShuffleOfNothingAndOfOne) {
  std::vector<int> none;
  std::vector<int> one = {1};
  Random random(1);
  random.Shuffle(&none);
  random.Shuffle(&one);
  EXPECT_TRUE(none.empty());
  EXPECT_THAT(one, ElementsAre(1));
}

TEST(RandomDeathTest, BelowNothing) {
  Random random(1);
  EXPECT_DEATH(random.Below(0), "positive bound");
}

}  // namespace
}  // namespace pgring
