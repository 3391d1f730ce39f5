#include "search/utility.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

namespace pgring {
namespace {

TEST(UtilityTest, UtilityWeighsThroughputAgainstTheLimit) {
  EXPECT_DOUBLE_EQ(Utility(1, std::log(100), 0.1), std::log(100));
  EXPECT_DOUBLE_EQ(Utility(8, std::log(100), 0), std::log(100));
  // With a gain of 0.1, twice the limit is worth it from 7.2 % more throughput on.
  EXPECT_LT(Utility(8, std::log(107.1), 0.1), Utility(4, std::log(100), 0.1));
  EXPECT_GT(Utility(8, std::log(107.2), 0.1), Utility(4, std::log(100), 0.1));
  // 1/2 is throughput per response time: X / (N / X), on the scale of its square root.
  EXPECT_DOUBLE_EQ(Utility(8, std::log(100), 0.5), std::log(100 / (8 / 100.0)) / 2);
}

TEST(UtilityTest, BestTriedLimitIgnoresFailures) {
  const std::vector<Trial> trials = {
      {.limit = 1, .throughput_per_s = 10, .completed = 1},
      {.limit = 2, .throughput_per_s = 15, .completed = 1},
      {.limit = 4, .throughput_per_s = 40, .completed = 1, .failed = 1}};
  EXPECT_EQ(BestTriedLimit(trials, 0.1), 2);
  EXPECT_EQ(BestTriedLimit(trials, 0.9), 1);
  EXPECT_EQ(BestTriedLimit({trials[2]}, 0.1), std::nullopt);
}

}  // namespace
}  // namespace pgring
