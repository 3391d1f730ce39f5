// In which order the scenarios of a block run: what one leaves behind for the next (caches, bloat,
// a checkpoint) must not always meet the same one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

#include "experiment/comparison.h"

namespace pgring {
namespace {

constexpr size_t kScenarios = 5;
constexpr int kBlocks = 1'000;
constexpr uint64_t kSeed = 42;
// Of 1,000 blocks a scenario has each of five positions 200 times, give or take five standard
// deviations of 12.6.
constexpr int kExpected = 200;
constexpr int kSpread = 63;

TEST(BlockOrderTest, EveryScenarioRunsOnce) {
  for (int number = 1; number <= 100; ++number) {
    EXPECT_THAT(BlockOrder(kScenarios, kSeed, number),
                ::testing::UnorderedElementsAre(0, 1, 2, 3, 4));
  }
  EXPECT_THAT(BlockOrder(1, kSeed, 1), ::testing::ElementsAre(0));
}

TEST(BlockOrderTest, TheSeedGivesTheOrder) {
  int others = 0;
  for (int number = 1; number <= 20; ++number) {
    EXPECT_EQ(BlockOrder(kScenarios, kSeed, number), BlockOrder(kScenarios, kSeed, number));
    if (BlockOrder(kScenarios, kSeed, number) != BlockOrder(kScenarios, kSeed + 1, number)) {
      ++others;
    }
  }
  EXPECT_GE(others, 15);
}

TEST(BlockOrderTest, BlocksDifferFromEachOther) {
  std::set<std::vector<size_t>> orders;
  for (int number = 1; number <= 20; ++number) {
    orders.insert(BlockOrder(kScenarios, kSeed, number));
  }
  EXPECT_GE(orders.size(), 15U);
}

TEST(BlockOrderTest, EveryPositionIsEveryScenariosEquallyOften) {
  std::vector<std::vector<int>> counts(kScenarios, std::vector<int>(kScenarios));
  for (int number = 1; number <= kBlocks; ++number) {
    const std::vector<size_t> order = BlockOrder(kScenarios, kSeed, number);
    for (size_t position = 0; position < kScenarios; ++position)
      ++counts[order[position]][position];
  }
  for (const std::vector<int>& of_scenario : counts) {
    EXPECT_THAT(of_scenario, ::testing::Each(::testing::AllOf(::testing::Ge(kExpected - kSpread),
                                                              ::testing::Le(kExpected + kSpread))));
  }
}

TEST(BlockOrderTest, EveryScenarioFollowsEveryOtherEquallyOften) {
  std::vector<std::vector<int>> counts(kScenarios, std::vector<int>(kScenarios));
  for (int number = 1; number <= kBlocks; ++number) {
    const std::vector<size_t> order = BlockOrder(kScenarios, kSeed, number);
    for (size_t i = 1; i < kScenarios; ++i) ++counts[order[i - 1]][order[i]];
  }
  for (size_t before = 0; before < kScenarios; ++before) {
    for (size_t after = 0; after < kScenarios; ++after) {
      EXPECT_NEAR(counts[before][after], before == after ? 0 : kExpected, kSpread)
          << before << " before " << after;
    }
  }
}

}  // namespace
}  // namespace pgring
