#include "search/limit_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pgring/base/random.h"
#include "search/simulated_system.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

// Runs a search to its end; returns the limits that it tried.
std::vector<int> Finish(LimitSearch* search, SimulatedTrials* simulated) {
  while (!search->done()) search->Record(simulated->Measure(search->NextLimit()));
  std::vector<int> limits;
  for (const Trial& trial : search->trials()) limits.push_back(trial.limit);
  return limits;
}

TEST(LimitSearchTest, DoublesUntilTwoLimitsWinTooLittleThenLooksBetween) {
  SimulatedTrials exact(KneeSystem("knee", 8, 0.005), kNoNoise, 1);
  LimitSearch search({.max_limit = 200, .seed = 1});
  std::vector<int> limits;
  while (search.stage() != SearchStage::kRefine) {
    limits.push_back(search.NextLimit());
    search.Record(exact.Measure(limits.back()));
  }
  EXPECT_THAT(limits, ElementsAre(1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 6, 6, 11, 11));
}

TEST(LimitSearchTest, StagesFollowEachOther) {
  SimulatedTrials simulated(SixSystems()[0], {}, 1);
  LimitSearch search({.max_limit = 200, .seed = 1});
  EXPECT_EQ(search.stage(), SearchStage::kRamp);
  EXPECT_EQ(search.state(), SearchState::kSearching);
  SearchStage last = search.stage();
  while (!search.done()) {
    search.Record(simulated.Measure(search.NextLimit()));
    EXPECT_GE(search.stage(), last);
    last = search.stage();
  }
  EXPECT_EQ(last, SearchStage::kRefine);
  EXPECT_EQ(search.state(), SearchState::kConverged);
  EXPECT_TRUE(search.answer().converged);
}

TEST(LimitSearchTest, BlocksHaveOneTrialOfEachInRandomOrder) {
  SimulatedTrials exact(KneeSystem("knee", 20, 0.005), kNoNoise, 1);
  LimitSearch search({.max_limit = 200, .seed = 3});
  while (search.stage() != SearchStage::kRefine) {
    search.Record(exact.Measure(search.NextLimit()));
  }
  const int incumbent = search.answer().incumbent;
  const int low = static_cast<int>(std::lround(incumbent / 1.35));
  const int high = static_cast<int>(std::lround(incumbent * 1.35));
  std::vector<std::vector<int>> blocks;
  for (int block = 0; block < 4; ++block) {
    blocks.emplace_back();
    for (int count = 0; count < 3; ++count) {
      blocks.back().push_back(search.NextLimit());
      search.Record(exact.Measure(search.NextLimit()));
    }
    std::vector<int> sorted = blocks.back();
    std::sort(sorted.begin(), sorted.end());
    EXPECT_THAT(sorted, ElementsAre(low, incumbent, high));
  }
  EXPECT_TRUE(std::any_of(blocks.begin(), blocks.end(),
                          [&blocks](const auto& block) { return block != blocks[0]; }));
}

TEST(LimitSearchTest, TheSeedDecidesTheOrderAndNothingElseDoes) {
  const auto limits_of = [](uint64_t seed) {
    SimulatedTrials simulated(SixSystems()[0], {}, 1);
    LimitSearch search({.max_limit = 200, .seed = seed});
    return Finish(&search, &simulated);
  };
  EXPECT_EQ(limits_of(7), limits_of(7));
  EXPECT_NE(limits_of(7), limits_of(8));
}

TEST(LimitSearchTest, AWrongStartIsCorrectedByChallengers) {
  // A dip at 8, 11 and 16 while the ramp passes; then the system shows its knee at 16.
  SimulatedTrials exact(KneeSystem("knee", 16, 0.01), kNoNoise, 1);
  LimitSearch search({.max_limit = 200, .seed = 1});
  while (!search.done()) {
    Trial trial = exact.Measure(search.NextLimit());
    if (search.stage() != SearchStage::kRefine && trial.limit > 6) trial.throughput_per_s = 400;
    search.Record(trial);
  }
  EXPECT_EQ(search.answer().limit, 16);
  EXPECT_TRUE(search.answer().converged);
}

TEST(LimitSearchTest, IndifferentLimitsSurroundTheAnswer) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    SimulatedTrials simulated(SixSystems()[0], {}, seed);
    LimitSearch search({.max_limit = 200, .seed = seed});
    Finish(&search, &simulated);
    const SearchAnswer answer = search.answer();
    EXPECT_TRUE(std::is_sorted(answer.indifferent.begin(), answer.indifferent.end()));
    EXPECT_THAT(answer.indifferent, Contains(*answer.limit));
    EXPECT_THAT(answer.indifferent, Contains(answer.incumbent));
    std::vector<int> compared = {answer.incumbent};
    for (const ComparedLimit& one : answer.compared) {
      compared.push_back(one.limit);
      if (one.verdict == ContestVerdict::kNoDifference) continue;
      // Whatever differs lies outside.
      EXPECT_TRUE(one.limit < answer.indifferent.front() || one.limit > answer.indifferent.back());
    }
    EXPECT_THAT(compared, IsSupersetOf(answer.indifferent));
  }
}

TEST(LimitSearchTest, ReportsTheLawAndItsKnees) {
  SimulatedTrials simulated(SixSystems()[0], {.pause_probability = 0}, 4);
  LimitSearch search({.max_limit = 200, .seed = 4});
  Finish(&search, &simulated);
  const SearchAnswer answer = search.answer();
  ASSERT_TRUE(answer.scalability);
  EXPECT_NEAR(answer.scalability->model.sigma, 0.0267, 0.01);
  EXPECT_NEAR(answer.scalability->model.kappa, 7.7e-4, 2e-4);
  ASSERT_TRUE(answer.scalability->standard_errors);
  ASSERT_EQ(answer.knees.size(), 3U);
  EXPECT_EQ(answer.knees[0].gain, 0);
  EXPECT_NEAR(*answer.knees[0].limit, 35.6, 3);
  EXPECT_EQ(answer.knees[1].gain, 0.1);
  EXPECT_NEAR(*answer.knees[1].limit, 31, 2);
  EXPECT_EQ(answer.knees[2].gain, 0.5);
  EXPECT_NEAR(*answer.knees[2].limit, 16, 1.5);
  for (const KneeEstimate& knee : answer.knees) EXPECT_TRUE(knee.tested);
}

TEST(LimitSearchTest, AKneeBeyondTheTrialsIsAForecast) {
  SimulatedSystem cisco = SixSystems()[0];
  cisco.max_limit = 20;
  SimulatedTrials exact(cisco, kNoNoise, 1);
  LimitSearch search({.max_limit = 20, .seed = 1});
  Finish(&search, &exact);
  const SearchAnswer answer = search.answer();
  EXPECT_EQ(answer.limit, 20);
  EXPECT_TRUE(answer.capped);
  ASSERT_EQ(answer.knees.size(), 3U);
  EXPECT_NEAR(*answer.knees[0].limit, 35.6, 0.1);
  EXPECT_FALSE(answer.knees[0].tested);
  EXPECT_FALSE(answer.knees[1].tested);
  EXPECT_TRUE(answer.knees[2].tested);
}

TEST(LimitSearchTest, ReportsTheNoiseOfTrials) {
  for (const double deviation : {0.02, 0.2}) {
    SimulatedTrials simulated(SixSystems()[0], {.deviation = deviation, .correlation = 0}, 2);
    LimitSearch search({.max_limit = 200, .seed = 2});
    Finish(&search, &simulated);
    ASSERT_TRUE(search.answer().noise);
    EXPECT_NEAR(*search.answer().noise, deviation, deviation / 3);
  }
}

TEST(LimitSearchTest, TrialsLeftIsAnEstimateOfWhatIsLeft) {
  double error = 0;
  double actual = 0;
  int estimates = 0;
  for (const SimulatedSystem& system : SixSystems()) {
    for (const uint64_t seed : {1, 2, 3, 4, 5}) {
      SimulatedTrials simulated(system, {}, seed);
      LimitSearch search({.max_limit = 200, .seed = seed});
      std::vector<int> left;
      while (!search.done()) {
        left.push_back(search.TrialsLeft());
        ASSERT_GE(left.back(), 1);
        ASSERT_LE(left.size() - 1 + static_cast<size_t>(left.back()), kDefaultMostTrials);
        search.Record(simulated.Measure(search.NextLimit()));
      }
      EXPECT_EQ(search.TrialsLeft(), 0);
      for (size_t index = 0; index < left.size(); ++index) {
        const auto really = static_cast<double>(left.size() - index);
        error += std::abs(left[index] - really);
        actual += really;
        ++estimates;
      }
    }
  }
  // Off by less than a third of what is left, on average.
  EXPECT_LT(error / estimates, actual / estimates / 3);
}

TEST(LimitSearchTest, EveryPrefixHasAnAnswer) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<SimulatedSystem> systems = SixSystems();
    const std::vector<SimulatedSystem> others = OtherSystems();
    systems.insert(systems.end(), others.begin(), others.end());
    const SimulatedSystem& system = systems[random.Below(systems.size())];
    const int max_limit = static_cast<int>(random.Between(1, 300));
    const double failures = random.Chance(0.3) ? 0.3 * random.Unit() : 0;
    SimulatedTrials simulated(system, {.deviation = 0.1 * random.Unit()}, seed);
    const int most_trials = static_cast<int>(random.Between(1, 150));
    LimitSearch search({.gain = 0.5 * random.Unit(),
                        .max_limit = max_limit,
                        .seed = seed,
                        .most_trials = most_trials});
    bool any_succeeded = false;
    while (!search.done()) {
      ASSERT_GE(search.NextLimit(), 1);
      ASSERT_LE(search.NextLimit(), max_limit);
      Trial trial = simulated.Measure(search.NextLimit());
      trial.failed = random.Chance(failures) ? 1 : 0;
      trial.client_limited = random.Chance(failures);
      any_succeeded = any_succeeded || trial.failed == 0;
      search.Record(trial);
      const SearchAnswer answer = search.answer();
      ASSERT_EQ(answer.limit.has_value(), any_succeeded);
      EXPECT_EQ(answer.trials, static_cast<int>(search.trials().size()));
      EXPECT_LE(answer.trials, most_trials);
      EXPECT_EQ(answer.converged, search.state() == SearchState::kConverged);
      if (!answer.limit) continue;
      EXPECT_GE(*answer.limit, 1);
      EXPECT_LE(*answer.limit, max_limit);
      EXPECT_THAT(answer.indifferent, Contains(*answer.limit));
      if (answer.capped) {
        EXPECT_EQ(answer.limit, max_limit);
      }
      for (const ComparedLimit& compared : answer.compared) {
        EXPECT_TRUE(std::isfinite(compared.utility_difference));
        EXPECT_NE(compared.limit, answer.incumbent);
      }
    }
  }
}

TEST(LimitSearchDeathTest, TakesOnlyTheTrialThatItAskedFor) {
  LimitSearch search({.max_limit = 8});
  EXPECT_DEATH(search.Record({.limit = 2, .throughput_per_s = 1, .completed = 1}), "asked for");
  EXPECT_DEATH(search.Record({.limit = 1, .throughput_per_s = std::nan(""), .completed = 1}),
               "finite");
  EXPECT_DEATH(LimitSearch({.gain = 0.6, .max_limit = 8}), "0 to 0.5");
  EXPECT_DEATH(LimitSearch({.max_limit = 0}), "1 or more");
  EXPECT_DEATH(LimitSearch({.max_limit = 8, .most_trials = 0}), "a trial or more");
}

TEST(LimitSearchDeathTest, MeasuresNothingAfterItsEnd) {
  SimulatedTrials exact(KneeSystem("knee", 2, 0), kNoNoise, 1);
  LimitSearch search({.max_limit = 4});
  Finish(&search, &exact);
  EXPECT_DEATH((void)search.NextLimit(), "done");
}

}  // namespace
}  // namespace pgring
