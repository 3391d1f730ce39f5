#include "search/starting_limit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "search/simulated_system.h"

namespace pgring {
namespace {

// Two trials each at 1, 2, 4, .. and sqrt(2) around the best, without noise.
std::vector<Trial> RampOf(const SimulatedSystem& system, int highest, double gain) {
  SimulatedTrials exact(system, kNoNoise, 1);
  std::vector<Trial> trials;
  for (int limit = 1; limit <= highest; limit *= 2) {
    trials.push_back(exact.Measure(limit));
    trials.push_back(exact.Measure(limit));
  }
  const int best = *BestTriedLimit(trials, gain);
  for (const double factor : {std::sqrt(0.5), std::sqrt(2.0)}) {
    trials.push_back(exact.Measure(static_cast<int>(std::lround(best * factor))));
  }
  return trials;
}

TEST(StartingLimitTest, UtilityWeighsThroughputAgainstTheLimit) {
  EXPECT_DOUBLE_EQ(Utility(1, std::log(100), 0.1), std::log(100));
  EXPECT_DOUBLE_EQ(Utility(8, std::log(100), 0), std::log(100));
  // With a gain of 0.1, twice the limit is worth it from 7.2 % more throughput on.
  EXPECT_LT(Utility(8, std::log(107.1), 0.1), Utility(4, std::log(100), 0.1));
  EXPECT_GT(Utility(8, std::log(107.2), 0.1), Utility(4, std::log(100), 0.1));
  // 1/2 is throughput per response time: X / (N / X), on the scale of its square root.
  EXPECT_DOUBLE_EQ(Utility(8, std::log(100), 0.5), std::log(100 / (8 / 100.0)) / 2);
}

TEST(StartingLimitTest, BestTriedLimitIgnoresFailures) {
  const std::vector<Trial> trials = {
      {.limit = 1, .throughput_per_s = 10, .completed = 1},
      {.limit = 2, .throughput_per_s = 15, .completed = 1},
      {.limit = 4, .throughput_per_s = 40, .completed = 1, .failed = 1}};
  EXPECT_EQ(BestTriedLimit(trials, 0.1), 2);
  EXPECT_EQ(BestTriedLimit(trials, 0.9), 1);
  EXPECT_EQ(BestTriedLimit({trials[2]}, 0.1), std::nullopt);
}

TEST(StartingLimitTest, BentLineIsRecovered) {
  std::map<int, double> log_throughputs;
  for (const int limit : {4, 6, 8, 11, 16, 32}) {
    log_throughputs[limit] = 5 + (limit < 10 ? 0.9 : -0.2) * std::log(limit / 10.0);
  }
  const std::optional<BentLine> line = FitBentLine(log_throughputs);
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->knee, 10, 0.05);
  EXPECT_NEAR(line->slope_below, 0.9, 0.01);
  EXPECT_NEAR(line->slope_above, -0.2, 0.01);
  EXPECT_NEAR(line->log_throughput_at_knee, 5, 0.01);
  EXPECT_NEAR(line->LogThroughput(20), 5 - 0.2 * std::log(2.0), 0.01);
  EXPECT_LT(line->squares, 1e-4);
  EXPECT_EQ(line->Best(0.1, 200), line->knee);
  EXPECT_EQ(line->Best(0.95, 200), 1);
  log_throughputs.erase(32);
  log_throughputs.erase(4);
  EXPECT_EQ(FitBentLine(log_throughputs), std::nullopt);
}

TEST(StartingLimitTest, LineThatRisesOnHasItsBestAtTheEnd) {
  std::map<int, double> log_throughputs;
  for (const int limit : {1, 2, 4, 8, 16, 32}) log_throughputs[limit] = 0.9 * std::log(limit);
  EXPECT_EQ(FitBentLine(log_throughputs)->Best(0.1, 40), 40);
}

TEST(StartingLimitTest, IsTheKneeOfTheLawWhereASystemFollowsIt) {
  const SimulatedSystem cisco = SixSystems()[0];
  EXPECT_EQ(StartingLimit(RampOf(cisco, 128, 0.1), 0.1, 200), 31);
  EXPECT_EQ(StartingLimit(RampOf(cisco, 128, 0.5), 0.5, 200), 16);
}

TEST(StartingLimitTest, IsWhereTheLinesMeetAtASharpKnee) {
  // The law alone says 14, 4 and 35.
  EXPECT_EQ(StartingLimit(RampOf(SixSystems()[3], 32, 0.1), 0.1, 200), 8);
  EXPECT_EQ(StartingLimit(RampOf(SixSystems()[4], 16, 0.1), 0.1, 200), 2);
  EXPECT_NEAR(StartingLimit(RampOf(SixSystems()[5], 128, 0.1), 0.1, 200), 24, 1);
}

TEST(StartingLimitTest, NoiseDoesNotExcuseAModelThatIsWorseThanTheOther) {
  // Every second trial 20 % slower: so much noise that the law's error alone would be tolerated.
  std::vector<Trial> trials = RampOf(SixSystems()[3], 32, 0.1);
  for (size_t index = 1; index < 12; index += 2) trials[index].throughput_per_s *= 0.8;
  EXPECT_EQ(StartingLimit(trials, 0.1, 200), 8);
}

TEST(StartingLimitTest, IsTheBestTriedOneWhereNothingFits) {
  // Up, down and up again: no model of a single knee.
  std::vector<Trial> trials;
  const std::map<int, double> zigzag = {{1, 100}, {2, 200},  {4, 200},  {6, 800},
                                        {8, 300}, {11, 300}, {16, 280}, {32, 250}};
  for (const auto& [limit, throughput] : zigzag) {
    trials.push_back({.limit = limit, .throughput_per_s = throughput, .completed = 1});
  }
  EXPECT_EQ(StartingLimit(trials, 0.1, 200), 6);
}

TEST(StartingLimitTest, StaysNearWhatWasTried) {
  // Amdahl's curve without an end, tried up to 8: the law's own knee is at 81.
  const SimulatedSystem rising = LawSystem("rising", 0.1, 0, 100);
  std::vector<Trial> trials = RampOf(rising, 8, 0.1);
  trials.pop_back();
  EXPECT_EQ(StartingLimit(trials, 0.1, 200), 16);
  EXPECT_EQ(StartingLimit(trials, 0.1, 10), 10);
}

TEST(StartingLimitTest, StaysBelowTheFirstLimitThatFailed) {
  std::vector<Trial> trials = RampOf(LawSystem("rising", 0.05, 0, 100), 16, 0.1);
  EXPECT_EQ(StartingLimit(trials, 0.1, 200), 46);
  trials.push_back({.limit = 32, .throughput_per_s = 900, .completed = 1, .failed = 1});
  EXPECT_EQ(StartingLimit(trials, 0.1, 200), 31);
}

TEST(StartingLimitTest, OneTrialIsEnough) {
  const std::vector<Trial> one = {{.limit = 1, .throughput_per_s = 10, .completed = 1}};
  EXPECT_EQ(StartingLimit(one, 0.1, 200), 1);
  EXPECT_DEATH((void)StartingLimit({}, 0.1, 200), "succeeded");
}

}  // namespace
}  // namespace pgring
