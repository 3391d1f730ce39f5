#include "search/limit_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "pgring/base/random.h"
#include "search/simulated_system.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

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
  while (search.stage() != SearchStage::kCompare) {
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
  EXPECT_EQ(last, SearchStage::kCompare);
  EXPECT_EQ(search.state(), SearchState::kConverged);
  EXPECT_TRUE(search.answer().converged);
}

TEST(LimitSearchTest, PairsAreTheBestAndAChallengerInRandomOrder) {
  SimulatedTrials exact(KneeSystem("knee", 20, 0.005), {}, 1);
  LimitSearch search({.max_limit = 200, .seed = 3});
  while (search.stage() != SearchStage::kCompare) {
    search.Record(exact.Measure(search.NextLimit()));
  }
  int best_first = 0;
  int pairs = 0;
  for (; !search.done(); ++pairs) {
    const int best = *search.answer().limit;
    const int first = search.NextLimit();
    search.Record(exact.Measure(first));
    const int second = search.NextLimit();
    search.Record(exact.Measure(second));
    EXPECT_NE(first, second);
    EXPECT_TRUE(first == best || second == best) << first << " " << second << " " << best;
    best_first += first == best ? 1 : 0;
  }
  EXPECT_GT(best_first, 0);
  EXPECT_LT(best_first, pairs);
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

TEST(LimitSearchTest, AWrongStartIsCorrected) {
  // While the ramp passes, the server writes a checkpoint from 8 on; then it shows its knee at 16.
  SimulatedTrials exact(KneeSystem("knee", 16, 0.01), kNoNoise, 1);
  LimitSearch search({.max_limit = 200, .seed = 1});
  while (!search.done()) {
    Trial trial = exact.Measure(search.NextLimit());
    if (search.stage() != SearchStage::kCompare && trial.limit > 6) trial.throughput_per_s *= 0.6;
    search.Record(trial);
  }
  // As far from 16 as what contradicts it leaves open; the wrong start has its peak at 6.
  EXPECT_GE(*search.answer().limit, 14);
  EXPECT_LE(*search.answer().limit, 18);
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
    const std::map<int, double> tried = LogThroughputs(search.trials());
    for (const int limit : answer.indifferent) {
      EXPECT_TRUE(limit == *answer.limit || tried.contains(limit)) << limit;
    }
    // Half and twice of the answer cost 3 and 4 % of utility here.
    EXPECT_GT(answer.indifferent.front(), *answer.limit / 2);
    EXPECT_LT(answer.indifferent.back(), *answer.limit * 2);
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
