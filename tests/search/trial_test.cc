#include "search/trial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "pgring/base/random.h"

namespace pgring {
namespace {

Trial Measured(int limit, double throughput_per_s, int64_t failed = 0) {
  return {.limit = limit,
          .throughput_per_s = throughput_per_s,
          .completed = 100,
          .failed = failed,
          .seconds = 1};
}

TEST(TrialTest, SucceedsOnlyWithoutFailuresAndWithWork) {
  EXPECT_TRUE(Succeeded(Measured(1, 100)));
  EXPECT_FALSE(Succeeded(Measured(1, 100, 1)));
  EXPECT_FALSE(Succeeded(Measured(1, 0)));
  Trial nothing = Measured(1, 100);
  nothing.completed = 0;
  EXPECT_FALSE(Succeeded(nothing));
}

TEST(TrialTest, FasterOfTwoAndMedianOfMore) {
  const std::vector<Trial> trials = {Measured(1, 70),    Measured(1, 100), Measured(2, 150),
                                     Measured(4, 90),    Measured(4, 200), Measured(4, 210),
                                     Measured(8, 300, 1)};
  const std::map<int, double> logs = LogThroughputs(trials);
  ASSERT_EQ(logs.size(), 3U);
  EXPECT_DOUBLE_EQ(logs.at(1), std::log(100));
  EXPECT_DOUBLE_EQ(logs.at(2), std::log(150));
  EXPECT_DOUBLE_EQ(logs.at(4), std::log(200));
}

std::vector<Trial> NoisyTrials(double deviation, double drift_per_trial, double pauses) {
  Random random(11);
  std::vector<Trial> trials;
  for (int count = 0; count < 300; ++count) {
    double deviate = 0;
    for (int part = 0; part < 12; ++part) deviate += random.Unit();
    double throughput = 100 * std::exp(deviation * (deviate - 6) - drift_per_trial * count);
    if (random.Chance(pauses)) throughput *= 0.7;
    trials.push_back(Measured(1 << random.Below(3), throughput));
  }
  return trials;
}

TEST(TrialTest, NoiseIsTheDeviationOfTrialsAtOneLimit) {
  for (const double deviation : {0.01, 0.05, 0.2}) {
    const std::optional<Noise> noise = TrialNoise(NoisyTrials(deviation, 0, 0));
    ASSERT_TRUE(noise);
    EXPECT_NEAR(noise->relative, deviation, deviation * 0.15);
    EXPECT_EQ(noise->differences, 297);
  }
}

TEST(TrialTest, DriftAndPausesAreNotNoise) {
  // Half the speed at the end, or one trial in twenty 30 % slower: standard deviations of 20 and 7
  // %.
  EXPECT_NEAR(TrialNoise(NoisyTrials(0.02, 0.7 / 300, 0))->relative, 0.02, 0.005);
  EXPECT_NEAR(TrialNoise(NoisyTrials(0.02, 0, 0.05))->relative, 0.02, 0.008);
}

TEST(TrialTest, NoNoiseWithoutRepetitions) {
  std::vector<Trial> trials = {Measured(1, 100), Measured(2, 200), Measured(4, 300),
                               Measured(8, 300)};
  EXPECT_EQ(TrialNoise(trials), std::nullopt);
  trials.insert(trials.end(), {Measured(1, 90), Measured(2, 190), Measured(4, 1, 1)});
  EXPECT_EQ(TrialNoise(trials), std::nullopt);  // two differences; the failed trial makes none
  trials.push_back(Measured(8, 290));
  EXPECT_TRUE(TrialNoise(trials));
}

TEST(TrialTest, InterpolationFollowsPowers) {
  // 100 * sqrt(N), which is a straight line in logarithms.
  const std::vector<Trial> trials = {Measured(2, 100 * std::sqrt(2)),
                                     Measured(8, 100 * std::sqrt(8)),
                                     Measured(32, 100 * std::sqrt(32))};
  for (const double limit : {2.0, 3.0, 5.5, 8.0, 20.0, 32.0}) {
    ASSERT_TRUE(InterpolateThroughput(trials, limit)) << limit;
    EXPECT_NEAR(*InterpolateThroughput(trials, limit), 100 * std::sqrt(limit), 1e-9) << limit;
  }
}

TEST(TrialTest, InterpolationPassesThroughMediansAndBendsThere) {
  const std::vector<Trial> trials = {Measured(1, 100), Measured(4, 400),    Measured(4, 350),
                                     Measured(4, 30),  Measured(4, 410, 2), Measured(16, 350)};
  EXPECT_NEAR(*InterpolateThroughput(trials, 4), 350, 1e-9);
  EXPECT_NEAR(*InterpolateThroughput(trials, 9), 350, 1e-9);
  EXPECT_NEAR(*InterpolateThroughput(trials, 2), std::sqrt(100.0 * 350), 1e-9);
}

TEST(TrialTest, NothingOutsideOfTheTriedLimits) {
  const std::vector<Trial> trials = {Measured(2, 100), Measured(8, 200), Measured(16, 300, 1)};
  EXPECT_EQ(InterpolateThroughput(trials, 1), std::nullopt);
  EXPECT_EQ(InterpolateThroughput(trials, 9), std::nullopt);
  EXPECT_EQ(InterpolateThroughput({}, 1), std::nullopt);
  EXPECT_DEATH((void)InterpolateThroughput(trials, 0.5), "1 or more");
}

}  // namespace
}  // namespace pgring
