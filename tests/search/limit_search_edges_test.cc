// What a search does where there is little or nothing to be found: failures, a busy client, few
// limits, few trials.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "search/limit_search.h"
#include "search/simulated_system.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

// Runs a search to its end over trials that `change` may spoil.
SearchAnswer Search(
    LimitSearch* search, const SimulatedSystem& system, const SimulatedNoise& noise = kNoNoise,
    const std::function<void(Trial*)>& change = [](Trial*) {}) {
  SimulatedTrials simulated(system, noise, 1);
  while (!search->done()) {
    Trial trial = simulated.Measure(search->NextLimit());
    change(&trial);
    search->Record(trial);
  }
  return search->answer();
}

TEST(LimitSearchEdgesTest, LimitsWithFailuresLose) {
  // The server refuses connections above 20, and would be fastest at 40.
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer = Search(&search, KneeSystem("knee", 40, 0), {}, [](Trial* trial) {
    if (trial->limit > 20) trial->failed = 3;
  });
  ASSERT_TRUE(answer.limit);
  EXPECT_GE(*answer.limit, 19);
  EXPECT_LE(*answer.limit, 20);
  EXPECT_TRUE(answer.converged);
  EXPECT_FALSE(answer.capped);
  for (const int limit : answer.indifferent) EXPECT_LE(limit, 20);
}

TEST(LimitSearchEdgesTest, ComesBackFromAStartWhereAllFails) {
  // 91 is tried and succeeds, 128 fails: the models lead to 127, and 94 below it fails as well.
  LimitSearch search({.max_limit = 400, .seed = 1});
  const SearchAnswer answer = Search(&search, LawSystem("rising", 0, 0, 100), {},
                                     [](Trial* trial) { trial->failed = trial->limit > 92; });
  ASSERT_TRUE(answer.limit);
  EXPECT_GE(*answer.limit, 88);
  EXPECT_LE(*answer.limit, 92);
}

TEST(LimitSearchEdgesTest, OneFailureInAWhileDoesNotDecide) {
  int count = 0;
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer =
      Search(&search, KneeSystem("knee", 8, 0.005), kNoNoise, [&count](Trial* trial) {
        if (++count % 13 == 0) trial->failed = 1;
      });
  EXPECT_EQ(answer.limit, 8);
  EXPECT_TRUE(answer.converged);
}

TEST(LimitSearchEdgesTest, EveryTrialFails) {
  LimitSearch search({.max_limit = 200});
  const SearchAnswer answer =
      Search(&search, KneeSystem("knee", 8, 0), kNoNoise, [](Trial* trial) { trial->failed = 1; });
  EXPECT_EQ(search.state(), SearchState::kEveryTrialFailed);
  EXPECT_EQ(answer.limit, std::nullopt);
  EXPECT_FALSE(answer.converged);
  EXPECT_EQ(answer.trials, 6);  // twice at 1, 2 and 4
  EXPECT_EQ(answer.scalability, std::nullopt);
  EXPECT_TRUE(answer.indifferent.empty());
}

TEST(LimitSearchEdgesTest, EveryTrialFailsUntilTheTrialsAreUsedUp) {
  LimitSearch search({.max_limit = 200, .most_trials = 3});
  Search(&search, KneeSystem("knee", 8, 0), kNoNoise, [](Trial* trial) { trial->completed = 0; });
  EXPECT_EQ(search.state(), SearchState::kEveryTrialFailed);
}

TEST(LimitSearchEdgesTest, FailuresAtTheBeginningPass) {
  int count = 0;
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer =
      Search(&search, KneeSystem("knee", 8, 0.005), kNoNoise, [&count](Trial* trial) {
        if (++count <= 4) trial->failed = 1;  // all trials at 1 and 2
      });
  EXPECT_EQ(answer.limit, 8);
}

TEST(LimitSearchEdgesTest, TheServerDiesAfterTheRamp) {
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer =
      Search(&search, KneeSystem("knee", 8, 0.005), kNoNoise, [&search](Trial* trial) {
        if (search.stage() == SearchStage::kCompare) trial->failed = 1;
      });
  EXPECT_EQ(answer.limit, 8);
  EXPECT_LE(answer.trials, kDefaultMostTrials);
}

TEST(LimitSearchEdgesTest, OnlyOneLimitMayBeTried) {
  LimitSearch search({.max_limit = 1});
  const SearchAnswer answer = Search(&search, KneeSystem("knee", 8, 0));
  EXPECT_EQ(answer.limit, 1);
  EXPECT_EQ(answer.trials, 2);
  EXPECT_TRUE(answer.converged);
  EXPECT_TRUE(answer.capped);  // nobody knows what 2 would give
  EXPECT_THAT(answer.indifferent, ElementsAre(1));
  EXPECT_EQ(answer.scalability, std::nullopt);
}

TEST(LimitSearchEdgesTest, OnlyTwoLimitsMayBeTried) {
  LimitSearch rising({.max_limit = 2, .seed = 1});
  const SearchAnswer two = Search(&rising, KneeSystem("knee", 8, 0), {});
  EXPECT_EQ(two.limit, 2);
  EXPECT_TRUE(two.capped);
  EXPECT_TRUE(two.converged);
  EXPECT_EQ(two.scalability, std::nullopt);
  LimitSearch flat({.max_limit = 2, .seed = 1});
  const SearchAnswer one = Search(&flat, KneeSystem("knee", 1, 0), {});
  EXPECT_EQ(one.limit, 1);
  EXPECT_FALSE(one.capped);
  EXPECT_TRUE(one.converged);
}

TEST(LimitSearchEdgesTest, AKneeOfTheClientIsNotOneOfTheServer) {
  // The client is busy from 12 on, and that is why throughput stops there.
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer = Search(&search, KneeSystem("client", 12, 0), {}, [](Trial* trial) {
    trial->client_limited = trial->limit > 11;
  });
  EXPECT_EQ(answer.limit, 12);
  EXPECT_TRUE(answer.client_limited);
  // The law is fitted to what the server showed: proportional, without a knee.
  ASSERT_TRUE(answer.scalability);
  EXPECT_LE(answer.scalability->highest_limit, 11);
  EXPECT_LT(answer.scalability->model.sigma, 0.02);
}

TEST(LimitSearchEdgesTest, AKneeFromWhichOnTheClientIsTheLimitIsTheClients) {
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer = Search(&search, KneeSystem("client", 12, 0), {}, [](Trial* trial) {
    trial->client_limited = trial->limit > 12;
  });
  EXPECT_EQ(answer.limit, 12);
  EXPECT_TRUE(answer.client_limited);
}

TEST(LimitSearchEdgesTest, AClientThatIsTheLimitFarAboveTheAnswerDoesNotMatter) {
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer = Search(&search, KneeSystem("knee", 8, 0.01), {}, [](Trial* trial) {
    trial->client_limited = trial->limit > 15;
  });
  EXPECT_EQ(answer.limit, 8);
  EXPECT_FALSE(answer.client_limited);
}

TEST(LimitSearchEdgesTest, TheClientIsTheLimitOnlyWhereItIsInHalfOfTheTrials) {
  int count = 0;
  LimitSearch search({.max_limit = 200, .seed = 1});
  const SearchAnswer answer =
      Search(&search, KneeSystem("knee", 8, 0.01), {},
             [&count](Trial* trial) { trial->client_limited = ++count % 5 == 0; });
  EXPECT_FALSE(answer.client_limited);
}

TEST(LimitSearchEdgesTest, StopsWhenTheTrialsAreUsedUp) {
  LimitSearch search({.max_limit = 200, .seed = 1, .most_trials = 40});
  const SearchAnswer answer = Search(&search, SixSystems()[0], {});
  EXPECT_EQ(search.state(), SearchState::kOutOfTrials);
  EXPECT_EQ(answer.trials, 40);
  EXPECT_FALSE(answer.converged);
  EXPECT_NEAR(*answer.limit, 31, 3);
}

TEST(LimitSearchEdgesTest, FewTrialsAreNotSpentOnTheRamp) {
  LimitSearch search({.max_limit = 200, .seed = 1, .most_trials = 29});
  Search(&search, KneeSystem("knee", 8, 0.005));
  std::vector<int> limits;
  for (const Trial& trial : search.trials()) limits.push_back(trial.limit);
  limits.resize(13);
  // Twice only where the first trial does not show that throughput grows.
  EXPECT_THAT(limits, ElementsAre(1, 1, 2, 4, 8, 16, 16, 32, 32, 6, 6, 11, 11));
}

TEST(LimitSearchEdgesTest, TheLargestLimitsDoNotOverflow) {
  const int largest = std::numeric_limits<int>::max();
  LimitSearch search({.max_limit = largest, .seed = 1});
  const SearchAnswer answer =
      Search(&search, {.name = "endless", .throughput = [](double limit) { return limit; }});
  EXPECT_EQ(answer.limit, largest);
  EXPECT_TRUE(answer.capped);
}

}  // namespace
}  // namespace pgring
