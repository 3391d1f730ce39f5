#include "search/throughput_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "search/simulated_system.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

Trial TrialAt(int limit, double throughput_per_s) {
  return {.limit = limit, .throughput_per_s = throughput_per_s, .completed = 100};
}

std::vector<Trial> TrialsOf(const SimulatedSystem& system, const SimulatedNoise& noise,
                            uint64_t seed, const std::vector<int>& limits) {
  SimulatedTrials simulated(system, noise, seed);
  std::vector<Trial> trials;
  for (const int limit : limits) trials.push_back(simulated.Measure(limit));
  return trials;
}

TEST(ThroughputCurveTest, NeedsAFewTrialsThatSucceeded) {
  std::vector<Trial> trials = {TrialAt(1, 10), TrialAt(2, 19), TrialAt(4, 30)};
  EXPECT_FALSE(ThroughputCurve::Fit(trials, 2).has_value());
  trials.push_back(TrialAt(8, 0));
  EXPECT_FALSE(ThroughputCurve::Fit(trials, 2).has_value());
  trials.push_back(TrialAt(8, 40));
  EXPECT_TRUE(ThroughputCurve::Fit(trials, 2).has_value());
}

TEST(ThroughputCurveTest, GoesThroughExactTrials) {
  const SimulatedSystem system = LawSystem("law", 0.03, 0.001, 1'000);
  const std::optional<ThroughputCurve> curve = ThroughputCurve::Fit(
      TrialsOf(system, kNoNoise, 1, {1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32}), 8);
  ASSERT_TRUE(curve.has_value());
  for (const int limit : {2, 8, 16, 32}) {
    const ThroughputCurve::Difference difference = curve->Compare(limit, 4);
    EXPECT_NEAR(difference.mean, std::log(system.throughput(limit) / system.throughput(4)), 0.01)
        << limit;
    EXPECT_LT(difference.deviation, 0.03) << limit;
  }
  // Between trials it is sure as well, and beyond them less.
  EXPECT_NEAR(curve->Compare(11, 8).mean, std::log(system.throughput(11) / system.throughput(8)),
              0.02);
  EXPECT_GT(curve->Compare(64, 32).deviation, curve->Compare(11, 8).deviation);
}

TEST(ThroughputCurveTest, ALimitIsAsGoodAsItself) {
  const std::optional<ThroughputCurve> curve = ThroughputCurve::Fit(
      TrialsOf(KneeSystem("knee", 8, 0), {}, 1, {1, 2, 4, 8, 16, 8, 4, 8, 16}), 8);
  ASSERT_TRUE(curve.has_value());
  EXPECT_EQ(curve->Compare(8, 8).mean, 0);
  EXPECT_NEAR(curve->Compare(8, 8).deviation, 0, 1e-6);
  EXPECT_DOUBLE_EQ(curve->Compare(8, 16).mean, -curve->Compare(16, 8).mean);
  EXPECT_DOUBLE_EQ(curve->Compare(8, 16).deviation, curve->Compare(16, 8).deviation);
}

TEST(ThroughputCurveTest, APauseHardlyMovesIt) {
  std::vector<Trial> trials;
  for (int turn = 0; turn < 4; ++turn) {
    for (const int limit : {4, 8, 16}) trials.push_back(TrialAt(limit, turn % 2 == 0 ? 100 : 102));
  }
  trials[4].throughput_per_s = 60;  // of limit 8
  const std::optional<ThroughputCurve> curve = ThroughputCurve::Fit(trials, 8);
  ASSERT_TRUE(curve.has_value());
  // The mean of the four would be 12 % lower.
  EXPECT_NEAR(curve->Compare(8, 4).mean, 0, 0.03);
}

TEST(ThroughputCurveTest, DriftIsNotTakenForTheLimits) {
  // First all trials at 8, then all at 9; the machine slows down by 20 % meanwhile.
  std::vector<int> limits(40, 8);
  limits.resize(80, 9);
  const SimulatedNoise slowing = {.pause_probability = 0, .drift_per_trial = 0.0025};
  const std::optional<ThroughputCurve> curve =
      ThroughputCurve::Fit(TrialsOf(KneeSystem("knee", 2, 0), slowing, 1, limits), 8);
  ASSERT_TRUE(curve.has_value());
  EXPECT_NEAR(curve->Compare(9, 8).mean, 0, 0.03);
}

// What it says of its own certainty is true: of many curves, the difference of two limits lies
// within two deviations about as often as it should.
TEST(ThroughputCurveTest, KnowsHowSureItIs) {
  const SimulatedSystem system = LawSystem("law", 0.1, 0.005, 1'000);
  int within = 0;
  int count = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const std::optional<ThroughputCurve> curve = ThroughputCurve::Fit(
        TrialsOf(system, {.deviation = 0.04}, seed,
                 {1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 6, 6, 11, 11, 8, 12, 8, 10, 12, 8}),
        8);
    ASSERT_TRUE(curve.has_value());
    for (const int limit : {4, 6, 8, 16}) {
      const ThroughputCurve::Difference difference = curve->Compare(limit, 12);
      const double truth = std::log(system.throughput(limit) / system.throughput(12));
      within += std::abs(difference.mean - truth) <= 2 * difference.deviation ? 1 : 0;
      ++count;
    }
  }
  EXPECT_GE(within, count * 90 / 100);
  EXPECT_LT(within, count) << "it is surer than it says";
}

TEST(ThroughputCurveTest, IsFiniteWhateverTheTrials) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<Trial> trials;
    const auto count = static_cast<int>(random.Between(4, 150));
    for (int index = 0; index < count; ++index) {
      const bool is_near = index < 4 || random.Chance(0.5);
      const auto limit = static_cast<int>(random.Between(1, is_near ? 4 : 1'000'000));
      trials.push_back(TrialAt(limit, std::exp(40 * random.Unit() - 20)));
    }
    const std::optional<ThroughputCurve> curve = ThroughputCurve::Fit(trials, 2);
    ASSERT_TRUE(curve.has_value());
    const ThroughputCurve::Difference difference = curve->Compare(7, 3);
    EXPECT_TRUE(std::isfinite(difference.mean));
    EXPECT_GE(difference.deviation, 0);
  }
}

}  // namespace
}  // namespace pgring
