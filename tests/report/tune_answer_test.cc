// The lines that answer: every sentence, in the case that asks for it and in no other.
#include "report/tune_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sample_tune.h"
#include "support/made_up_comparison.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TuneAnswerTest, TheAnswerComesFirst) {
  EXPECT_THAT(
      TuneAnswer(SampleTune()),
      ElementsAre("Best limit: 12 operations in flight (9 to 16 do as well).",
                  "  12  100/s  p99 10.0 ms | 6  0.80 x (0.80-0.80)  p99 10.0 ms | 24  1.00 x "
                  "(1.00-1.00)  p99 10.0 ms",
                  "How sure: 6 blocks of fresh runs confirm it; neither half of it nor twice as "
                  "much is better.",
                  "Connections: 12, one for each operation in flight.",
                  "Driven by: pipelined:12, the fastest. Against window:12: sync 0.25 x "
                  "(0.25-0.25), pipelined:12 1.25 x (1.25-1.25).",
                  "Why not more: not known, because the server's sessions were not sampled (see "
                  "--server-samples and --control).",
                  "The client used 18 % of its processor: it was not the limit."));
}

TEST(TuneAnswerTest, NothingIsFaster) {
  EXPECT_THAT(TuneAnswer(SampleTune(/*pipelined_s=*/10)),
              Contains("Driven by: window:12, and nothing is shown to be faster. Against "
                       "window:12: sync 0.25 x (0.25-0.25), pipelined:12 1.00 x (1.00-1.00)."));
}

TuneResult SampleOfShared() {
  TuneResult result = SampleTune();
  result.plan.type = FindScenarioType("multiplexed");
  SearchAnswer connections;
  connections.limit = 4;
  result.connection_searches = {{connections, result.trials[0]}};
  TestingStage& stage = result.testing[0];
  stage.connections = 4;
  stage.half = "multiplexed:6:pool=4";
  stage.twice = "multiplexed:24:pool=4";
  stage.fewer_connections = "multiplexed:12:pool=2";
  stage.more_connections = "multiplexed:12:pool=8";
  const std::vector<double> ten_s(6, 10.0);
  const std::vector<double> more_s(6, 12.5);
  stage.limits = MadeUpBlocks({{"multiplexed:12:pool=4", ten_s},
                               {stage.half, more_s},
                               {stage.twice, ten_s},
                               {stage.fewer_connections, more_s},
                               {stage.more_connections, ten_s}});
  stage.ways = MadeUpBlocks({{"multiplexed:12:pool=4", ten_s}, {"window:12", more_s}});
  for (ComparisonResult* part : {&stage.limits, &stage.ways}) part->plan.load.duration_s = 10;
  return result;
}

TEST(TuneAnswerTest, TwoNumbersWhereConnectionsAreShared) {
  const TuneResult result = SampleOfShared();
  EXPECT_THAT(
      TuneAnswer(result),
      AllOf(Contains("Best limit: 12 operations in flight over 4 connections (9 to 16 do as "
                     "well)."),
            Contains("  12  100/s  p99 10.0 ms | 6  0.80 x (0.80-0.80)  p99 10.0 ms | 24  1.00 x "
                     "(1.00-1.00)  p99 10.0 ms | 12 over 2  0.80 x (0.80-0.80)  p99 10.0 ms | 12 "
                     "over 8  1.00 x (1.00-1.00)  p99 10.0 ms"),
            Contains("How sure: 6 blocks of fresh runs confirm it; neither half of it nor twice as "
                     "much is better, nor are fewer or more connections."),
            Contains("Connections: 4, for 3 operations in flight each."),
            Contains("Driven by: multiplexed:12:pool=4, and nothing is shown to be faster. Against "
                     "multiplexed:12:pool=4: window:12 0.80 x (0.80-0.80).")));
}

TEST(TuneAnswerTest, OtherConnectionsWereBetter) {
  TuneResult result = SampleOfShared();
  result.testing[0].confirmation = Confirmation::kContradicted;
  result.testing[0].better_connections = 8;
  EXPECT_THAT(TuneAnswer(result),
              Contains("How sure: CONTRADICTED. In 6 blocks of fresh runs, 8 connections did "
                       "better than 4, which the search had found."));
}

TEST(TuneAnswerTest, TheConnectionsThatSharingWouldTake) {
  TuneResult result = SampleTune();
  const std::vector<double> ten_s(6, 10.0);
  result.testing[0].ways =
      MadeUpBlocks({{"window:12", ten_s}, {"multiplexed:12:pool=2", std::vector<double>(6, 5.0)}});
  result.testing[0].ways.plan.load.duration_s = 10;
  EXPECT_THAT(TuneAnswer(result),
              AllOf(Contains("Connections: 12, one for each operation in flight; multiplexed over "
                             "2 connections 2.00 x (2.00-2.00)."),
                    Contains("Driven by: multiplexed:12:pool=2, the fastest. Against window:12: "
                             "multiplexed:12:pool=2 2.00 x (2.00-2.00).")));
}

TEST(TuneAnswerTest, AtLeastWhereTheConnectionsEnd) {
  TuneResult result = SampleTune();
  result.searches[0].capped = true;
  result.searches[0].indifferent = {12};
  EXPECT_EQ(TuneAnswer(result).front(),
            "Best limit: at least 12 operations in flight: more connections could not be had.");
}

TEST(TuneAnswerTest, OneOperation) {
  TuneResult result = SampleTune();
  result.searches[0].limit = 1;
  result.searches[0].indifferent = {1};
  EXPECT_EQ(TuneAnswer(result).front(), "Best limit: 1 operation in flight.");
}

TEST(TuneAnswerTest, AnUnstableMachineLeavesARange) {
  TuneResult result = SampleTune();
  result.searches[0].noise = 0.14;
  EXPECT_THAT(TuneAnswer(result),
              Contains("This machine is unstable: trials at the same limit differ by 14 %, so take "
                       "the range 9 to 16, not the number."));
}

TEST(TuneAnswerTest, ASearchThatWasNotFinished) {
  TuneResult result = SampleTune();
  result.searches[0].converged = false;
  EXPECT_THAT(TuneAnswer(result), Contains(HasSubstr("had not ended after 80 trials")));
}

// Of the two neighbours the one that may be better, its limit's cost included, is told.
TEST(TuneAnswerTest, BlocksThatDecideNothing) {
  TuneResult result = SampleTune();
  TestingStage& stage = result.testing[0];
  stage.confirmation = Confirmation::kUndecided;
  stage.limits = MadeUpBlocks({{"window:12", std::vector<double>(6, 10.0)},
                               {"window:6", std::vector<double>(6, 12.5)},
                               {"window:24", {8, 12, 9, 11, 8, 10}}});
  stage.limits.plan.load.duration_s = 10;
  EXPECT_THAT(
      TuneAnswer(result),
      Contains("How sure: NOT CONFIRMED. 6 blocks of fresh runs do not tell it from half of "
               "it or twice as much: 24 may be up to 1.25 x as fast; a larger --budget "
               "gives more of them."));
}

// The search found 6 and 24 as good; fresh runs show that half is worse by a fifth.
TEST(TuneAnswerTest, FreshRunsNarrowTheRange) {
  TuneResult result = SampleTune();
  result.searches[0].indifferent = {5, 6, 9, 12, 24};
  EXPECT_EQ(TuneAnswer(result).front(),
            "Best limit: 12 operations in flight (9 to 12 do as well).");
}

TEST(TuneAnswerTest, WithoutNeighboursNothingIsConfirmed) {
  TuneResult result = SampleTune();
  TestingStage& stage = result.testing[0];
  stage.confirmation = Confirmation::kUndecided;
  stage.half.clear();
  stage.twice.clear();
  EXPECT_THAT(TuneAnswer(result), Contains(HasSubstr("NOT CONFIRMED. There is no other limit")));
}

TEST(TuneAnswerTest, WhatCouldNotBeTriedIsNotClaimed) {
  TuneResult result = SampleTune();
  result.testing[0].twice.clear();
  EXPECT_THAT(TuneAnswer(result),
              Contains("How sure: 6 blocks of fresh runs confirm it; half of it "
                       "is not better, and twice as much could not be tried."));
}

TEST(TuneAnswerTest, AtLeastWhereTheTimeOfTheSearchEnds) {
  TuneResult result = SampleTune();
  result.searches[0].still_grows = true;
  EXPECT_EQ(TuneAnswer(result).front(),
            "Best limit: at least 12 operations in flight (9 to 16 do as well): throughput still "
            "grew when the time for the search was up.");
}

TEST(TuneAnswerTest, AnUnstableMachineWithoutARange) {
  TuneResult result = SampleTune();
  result.searches[0].noise = 0.2;
  result.searches[0].indifferent = {12};
  EXPECT_THAT(TuneAnswer(result), Contains("This machine is unstable: trials at the same limit "
                                           "differ by 20 %, so the number may as well be another "
                                           "one nearby."));
}

// An interrupt in the first block, before the answer had its turn.
TEST(TuneAnswerTest, NothingIsSaidOfRunsThatWereNotMade) {
  TuneResult result = SampleTune();
  result.interrupted = true;
  TestingStage& stage = result.testing[0];
  stage.confirmation = Confirmation::kUndecided;
  stage.limits.runs.erase(stage.limits.runs.begin());
  stage.ways.runs.erase(stage.ways.runs.begin());
  EXPECT_THAT(TuneAnswer(result),
              ElementsAre("Best limit: 12 operations in flight (9 to 16 do as well).",
                          "How sure: not tested by fresh runs.",
                          "The client used 18 % of its processor: it was not the limit.",
                          "INTERRUPTED: what is above is not the whole."));
}

TEST(TuneAnswerTest, FreshRunsThatFailSayWhy) {
  TuneResult result = SampleTune();
  TestingStage& stage = result.testing[0];
  stage.confirmation = Confirmation::kUndecided;
  stage.limits.blocks.resize(1);
  stage.limits.blocks[0].runs.resize(2);
  stage.limits.blocks[0].runs[1].verdict.reasons = {"the server is gone"};
  EXPECT_THAT(TuneAnswer(result), Contains("How sure: NOT CONFIRMED. The fresh runs failed: "
                                           "window:6: the server is gone."));
}

TEST(TuneAnswerTest, ASecondSearchThatIsConfirmed) {
  TuneResult result = SampleTune();
  result.searches.insert(result.searches.begin(), result.searches[0]);
  result.searches[0].limit = 40;
  result.trials.push_back(result.trials[0]);
  TestingStage first = result.testing[0];
  first.confirmation = Confirmation::kContradicted;
  first.answer = 40;
  result.testing.insert(result.testing.begin(), std::move(first));
  const std::vector<std::string> lines = TuneAnswer(result);
  EXPECT_EQ(lines.front(), "Best limit: 12 operations in flight (9 to 16 do as well).");
  EXPECT_THAT(lines, Contains("  A first search had found 40; fresh runs contradicted it."));
}

TEST(TuneAnswerTest, TwiceContradicted) {
  TuneResult result = SampleTune();
  result.testing[0].confirmation = Confirmation::kContradicted;
  result.testing[0].better = 24;
  EXPECT_THAT(TuneAnswer(result),
              Contains("How sure: CONTRADICTED. In 6 blocks of fresh runs, 24 in flight was better "
                       "than 12, which the search had found."));
}

TEST(TuneAnswerTest, Formulas) {
  TuneResult result = SampleTune();
  result.formulas = {{"2 x cores + 1", 5, 0.88, 2e6}, {"4 x cores", 400, std::nullopt, {}}};
  const std::vector<std::string> lines = TuneAnswer(result);
  EXPECT_THAT(lines, Contains("Formula 2 x cores + 1: 5 would give 0.88 x with a p99 of 2.00 ms."));
  EXPECT_THAT(lines,
              Contains("Formula 4 x cores: 400 lies outside of the limits that were measured."));
}

TEST(TuneAnswerTest, Instances) {
  TuneResult result = SampleTune();
  result.plan.instances = 3;
  EXPECT_THAT(TuneAnswer(result), Contains("Instances: 4 each for 3 processes, 12 together: "
                                           "nothing is lost by rounding."));
  result.plan.instances = 4;
  result.searches[0].limit = 11;
  // 8 together: between 6 and 9.
  EXPECT_THAT(TuneAnswer(result), Contains(HasSubstr("2 each for 4 processes, 8 together: rounding "
                                                     "gives 0.97 x.")));
  result.plan.instances = 40;
  EXPECT_THAT(
      TuneAnswer(result),
      Contains("Instances: 1 each for 40 processes, 40 together, which is more than the best "
               "limit: what rounding costs lies outside of what was measured."));
}

TEST(TuneAnswerTest, ServiceLevels) {
  TuneResult result = SampleTune();
  result.plan.service_levels = {{99, 20}, {50, 5}};
  result.service_level = ServiceLevelStage();
  result.service_level->limit = 12;
  result.service_level->trials.resize(2);
  result.service_level->trials.back().offered_per_s = 4'000;
  result.service_level->highest_rate_per_s = 3'000;
  result.service_level->held_twice = true;
  result.service_level->is_bounded = true;
  EXPECT_THAT(TuneAnswer(result), Contains("Highest rate within p99=20 ms and p50=5 ms: 3,000/s, "
                                           "with at most 12 operations in flight."));
  result.service_level->is_bounded = result.service_level->held_twice = false;
  EXPECT_THAT(TuneAnswer(result),
              Contains("Highest rate within p99=20 ms and p50=5 ms: at least 3,000/s, with at most "
                       "12 operations in flight; no higher one was tried that does not keep it; it "
                       "was tried once, for lack of time."));
  result.plan.rate_per_s = 1'500;
  EXPECT_THAT(TuneAnswer(result), Contains(HasSubstr("; that is 2.00 x your 1,500/s.")));
  result.plan.rate_per_s = 6'000;
  EXPECT_THAT(TuneAnswer(result),
              Contains(HasSubstr("; whether your 6,000/s is kept is not known.")));
  result.service_level->is_bounded = true;
  EXPECT_THAT(TuneAnswer(result),
              Contains(HasSubstr("; your 6,000/s is too much: 0.50 x of it is kept.")));
  result.service_level->highest_rate_per_s.reset();
  EXPECT_THAT(TuneAnswer(result), Contains("Highest rate within p99=20 ms and p50=5 ms: none of 2 "
                                           "rates that were tried keeps it."));
}

TEST(TuneAnswerTest, AClientThatIsTheLimit) {
  TuneResult result = SampleTune();
  result.searches[0].client_limited = true;
  EXPECT_EQ(TuneAnswer(result).back(),
            "This client is the limit from 12 on: run pgring on another machine, or on a faster "
            "one.");
  result.searches[0].client_limited = false;
  result.client_share = 0.85;
  EXPECT_EQ(TuneAnswer(result).back(),
            "The client used 85 % of its processor: it was nearly the limit.");
}

TEST(TuneAnswerTest, NoAnswer) {
  TuneResult result;
  result.failure = "operations failed in every trial: division by zero";
  EXPECT_THAT(TuneAnswer(result), ElementsAre("Best limit: none was found: operations failed in "
                                              "every trial: division by zero"));
  result = TuneResult();
  result.interrupted = true;
  EXPECT_THAT(TuneAnswer(result), ElementsAre(HasSubstr("interrupted before its first trial")));
}

TEST(TuneAnswerTest, AnInterruptIsSaidLast) {
  TuneResult result = SampleTune();
  EXPECT_THAT(TuneAnswer(result), Not(Contains(HasSubstr("INTERRUPTED"))));
  result.interrupted = true;
  EXPECT_THAT(TuneAnswer(result).back(), HasSubstr("INTERRUPTED"));
}

}  // namespace
}  // namespace pgring
