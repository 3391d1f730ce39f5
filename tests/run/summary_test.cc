// What is concluded from the blocks of a comparison: which figure, how sure, in which word, and
// that two scenarios which are the same are not told apart more often than the statistics promise.
#include "run/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <numbers>
#include <string_view>
#include <vector>

#include "pgring/base/random.h"
#include "support/made_up_comparison.h"

namespace pgring {
namespace {

using ::testing::DoubleNear;
using ::testing::Optional;

constexpr double kTolerance = 1e-6;

const std::vector<double> kTenSeconds = {10, 10, 10, 10, 10, 10};
const std::vector<double> kAboutFiveSeconds = {5.0, 4.9, 5.1, 4.8, 5.2, 5.0};
// By turns a fifth slower and a quarter faster than ten seconds, which is equally far from the
// same.
const std::vector<double> kAroundTenSeconds = {12.5, 8, 12.5, 8, 12.5, 8};

void MakeInvalid(pgring::Run* run) { run->verdict.reasons = {"made up"}; }

void MakeInvalid(Block* block, std::string_view label) {
  for (pgring::Run& run : block->runs) {
    if (run.scenario.label == label) MakeInvalid(&run);
  }
}

TEST(SummaryTest, ASingleRunHasARatioAndNothingToShowHowSureItIs) {
  const Summary summary = Summarize(MadeUpSingles({{"sync", {10}}, {"window", {4}}}));
  EXPECT_EQ(summary.measure, SpeedMeasure::kTime);
  ASSERT_EQ(summary.scenarios.size(), 2U);
  EXPECT_EQ(summary.scenarios[0].speed->ratio, 1);
  const ScenarioSummary& window = summary.scenarios[1];
  EXPECT_EQ(window.blocks, 1);
  EXPECT_NEAR(window.throughput_per_s.median, 250, kTolerance);
  EXPECT_NEAR(window.duration_s.median, 4, kTolerance);
  EXPECT_FALSE(window.throughput_per_s.interval.has_value());
  EXPECT_NEAR(window.speed->ratio, 2.5, kTolerance);
  EXPECT_FALSE(window.speed->interval.has_value());
  EXPECT_EQ(window.verdict, RatioVerdict::kNotDecided);
  EXPECT_FALSE(summary.noise_floor.has_value());
}

TEST(SummaryTest, SixBlocksGiveMediansAndIntervals) {
  const Summary summary =
      Summarize(MadeUpBlocks({{"sync", kTenSeconds}, {"window", kAboutFiveSeconds}}));
  EXPECT_EQ(summary.measure, SpeedMeasure::kTime);
  const ScenarioSummary& base = summary.scenarios[0];
  EXPECT_EQ(base.speed->ratio, 1);
  EXPECT_EQ(base.verdict, RatioVerdict::kNotDecided);
  EXPECT_FALSE(base.adjusted_p.has_value());
  const ScenarioSummary& window = summary.scenarios[1];
  EXPECT_EQ(window.blocks, 6);
  EXPECT_NEAR(window.throughput_per_s.median, 200, kTolerance);
  EXPECT_NEAR(window.throughput_per_s.interval->low, 1'000 / 5.2, kTolerance);
  EXPECT_NEAR(window.throughput_per_s.interval->high, 1'000 / 4.8, kTolerance);
  EXPECT_EQ(window.throughput_per_s.coverage, 0.96875);
  EXPECT_NEAR(window.duration_s.median, 5, kTolerance);
  EXPECT_NEAR(window.p50_ns->median, 10e6, kTolerance);
  EXPECT_NEAR(window.p99_ns->median, 10e6, kTolerance);
  // The first scenario's time divided by the run's.
  EXPECT_NEAR(window.speed->ratio, 2, kTolerance);
  EXPECT_NEAR(window.speed->interval->low, 10 / 5.2, kTolerance);
  EXPECT_NEAR(window.speed->interval->high, 10 / 4.8, kTolerance);
  EXPECT_EQ(window.verdict, RatioVerdict::kFaster);
  // Six blocks that all point one way: two of 64 ways.
  EXPECT_EQ(window.speed->p_value, 0.03125);
  EXPECT_THAT(window.adjusted_p, Optional(0.03125));
}

TEST(SummaryTest, TheWordsOfSixBlocks) {
  const Summary summary = Summarize(MadeUpBlocks({{"window", kTenSeconds},
                                                  {"sync", {20, 21, 19, 20, 22, 20}},
                                                  {"chunked", {10.1, 9.9, 10, 10.1, 9.9, 10.05}},
                                                  {"threads", kAroundTenSeconds}}));
  EXPECT_EQ(summary.scenarios[1].verdict, RatioVerdict::kSlower);
  EXPECT_EQ(summary.scenarios[2].verdict, RatioVerdict::kNoDifference);
  EXPECT_EQ(summary.scenarios[3].verdict, RatioVerdict::kNotDecided);
  EXPECT_EQ(RatioVerdictName(RatioVerdict::kFaster), "faster");
  EXPECT_EQ(RatioVerdictName(RatioVerdict::kSlower), "slower");
  EXPECT_EQ(RatioVerdictName(RatioVerdict::kNoDifference), "no difference");
  EXPECT_EQ(RatioVerdictName(RatioVerdict::kNotDecided), "not decided");
}

// With two comparisons the smaller p-value counts twice, and the other is no smaller than that.
TEST(SummaryTest, PValuesAreAdjustedForTheNumberOfComparisons) {
  const Summary summary = Summarize(MadeUpBlocks(
      {{"sync", kTenSeconds}, {"window", kAboutFiveSeconds}, {"chunked", kAroundTenSeconds}}));
  EXPECT_EQ(summary.scenarios[1].speed->p_value, 0.03125);
  EXPECT_THAT(summary.scenarios[1].adjusted_p, Optional(0.0625));
  EXPECT_EQ(summary.scenarios[2].speed->p_value, 1);
  EXPECT_THAT(summary.scenarios[2].adjusted_p, Optional(1.0));
}

TEST(SummaryTest, NothingIsComparedWithAnInvalidBase) {
  ComparisonResult result = MadeUpSingles({{"sync", {10}}, {"window", {4}}, {"chunked", {5}}});
  MakeInvalid(&result.runs[0]);
  const Summary summary = Summarize(result);
  for (const ScenarioSummary& scenario : summary.scenarios) {
    EXPECT_FALSE(scenario.speed.has_value());
    EXPECT_FALSE(scenario.adjusted_p.has_value());
    EXPECT_EQ(scenario.verdict, RatioVerdict::kNotDecided);
  }
  EXPECT_THAT(SpeedBetween(result, 1, 2)->ratio, DoubleNear(1.25, kTolerance));
}

TEST(SummaryTest, AnotherInvalidRunLeavesTheOthersCompared) {
  ComparisonResult result = MadeUpSingles({{"sync", {10}}, {"window", {4}}, {"chunked", {5}}});
  MakeInvalid(&result.runs[1]);
  const Summary summary = Summarize(result);
  EXPECT_FALSE(summary.scenarios[1].speed.has_value());
  EXPECT_NEAR(summary.scenarios[2].speed->ratio, 2, kTolerance);
}

// A block stands and falls as one: of a pair that was measured side by side, one half is nothing.
TEST(SummaryTest, ABlockWithARunThatDoesNotCountDoesNotCount) {
  std::vector<double> base = kTenSeconds;
  std::vector<double> window = kAboutFiveSeconds;
  for (std::vector<double>* durations : {&base, &window}) {
    durations->insert(durations->begin(), 1'000);
    durations->push_back(3'000);
  }
  ComparisonResult result = MadeUpBlocks({{"sync", base}, {"window", window}});
  MakeInvalid(&result.blocks[0], "window");
  // The last block was interrupted before its second run.
  result.blocks[7].runs.pop_back();
  result.ChooseRuns();
  const Summary summary = Summarize(result);
  const Summary without =
      Summarize(MadeUpBlocks({{"sync", kTenSeconds}, {"window", kAboutFiveSeconds}}));
  EXPECT_EQ(summary.scenarios[0].blocks, 6);
  EXPECT_EQ(summary.scenarios[1].blocks, 6);
  EXPECT_EQ(summary.scenarios[1].speed->ratio, without.scenarios[1].speed->ratio);
  EXPECT_EQ(summary.scenarios[1].throughput_per_s.median,
            without.scenarios[1].throughput_per_s.median);
  EXPECT_EQ(summary.scenarios[1].verdict, RatioVerdict::kFaster);
}

// Its medians were left without a value, and a report showed what was in memory.
TEST(SummaryTest, WithoutAWholeBlockThereIsNoFigure) {
  ComparisonResult result = MadeUpBlocks({{"sync", {10, 10}}, {"window", {5, 5}}});
  for (Block& block : result.blocks) MakeInvalid(&block, "window");
  const Summary summary = Summarize(result);
  for (const ScenarioSummary& scenario : summary.scenarios) {
    EXPECT_EQ(scenario.blocks, 0);
    EXPECT_EQ(scenario.throughput_per_s.count, 0);
    EXPECT_EQ(scenario.throughput_per_s.median, 0);
    EXPECT_EQ(scenario.duration_s.count, 0);
    EXPECT_FALSE(scenario.p99_ns.has_value());
    EXPECT_FALSE(scenario.speed.has_value());
  }
  EXPECT_FALSE(IsDecided(summary, 100));
}

TEST(SummaryTest, DifferentNumbersOfOperationsAreComparedByThroughput) {
  const Summary summary =
      Summarize(MadeUpSingles({{"sync", {10}, 1'000}, {"window", {20}, 6'000}}));
  EXPECT_EQ(summary.measure, SpeedMeasure::kThroughput);
  EXPECT_EQ(SpeedMeasureName(summary.measure), "throughput");
  EXPECT_NEAR(summary.scenarios[1].speed->ratio, 3, kTolerance);
}

TEST(SummaryTest, WhereADurationEndsTheRunsTheyAreComparedByThroughput) {
  ComparisonResult result = MadeUpSingles({{"sync", {10}}, {"window", {10}}});
  result.plan.load.duration_s = 10;
  EXPECT_EQ(Summarize(result).measure, SpeedMeasure::kThroughput);
}

// An interrupted run has fewer operations, but nobody compares it.
TEST(SummaryTest, ARunThatDoesNotCountDoesNotChangeTheMeasure) {
  ComparisonResult result = MadeUpSingles({{"sync", {10}}, {"window", {5}}, {"async", {2}, 300}});
  result.runs[2].interrupted = true;
  const Summary summary = Summarize(result);
  EXPECT_EQ(summary.measure, SpeedMeasure::kTime);
  EXPECT_EQ(SpeedMeasureName(summary.measure), "time");
  EXPECT_FALSE(summary.scenarios[2].speed.has_value());
}

TEST(SummaryTest, TooFewOperationsHaveNoPercentiles) {
  const Summary summary = Summarize(MadeUpSingles({{"sync", {10}, 99}}));
  EXPECT_TRUE(summary.scenarios[0].p50_ns.has_value());
  EXPECT_FALSE(summary.scenarios[0].p99_ns.has_value());
}

TEST(SummaryTest, TwoEqualScenariosShowTheNoiseFloor) {
  const Summary summary = Summarize(MadeUpBlocks(
      {{"sync", kTenSeconds}, {"window", kTenSeconds}, {"window#2", kAroundTenSeconds}}));
  ASSERT_TRUE(summary.noise_floor.has_value());
  EXPECT_EQ(summary.noise_floor->first, 1U);
  EXPECT_EQ(summary.noise_floor->second, 2U);
  EXPECT_NEAR(summary.noise_floor->interval.low, 0.8, kTolerance);
  EXPECT_NEAR(summary.noise_floor->interval.high, 1.25, kTolerance);
}

TEST(SummaryTest, OtherSettingsAreAnotherScenario) {
  EXPECT_FALSE(Summarize(MadeUpBlocks({{"window:20", kTenSeconds}, {"window:40", kTenSeconds}}))
                   .noise_floor.has_value());
}

TEST(IsDecidedTest, AsSoonAsEveryRatioIsKnownWellEnough) {
  // Half the width of 1.923-2.083 is 4.0 % of 2.
  const Summary narrow =
      Summarize(MadeUpBlocks({{"sync", kTenSeconds}, {"window", kAboutFiveSeconds}}));
  EXPECT_TRUE(IsDecided(narrow, 4.1));
  EXPECT_FALSE(IsDecided(narrow, 3.9));
  const Summary one_is_wide = Summarize(MadeUpBlocks(
      {{"sync", kTenSeconds}, {"window", kAboutFiveSeconds}, {"chunked", kAroundTenSeconds}}));
  EXPECT_FALSE(IsDecided(one_is_wide, 4.1));
  EXPECT_TRUE(IsDecided(one_is_wide, 23));
}

TEST(IsDecidedTest, OneScenarioIsDecidedByItsThroughput) {
  const Summary alone = Summarize(MadeUpBlocks({{"window", kAboutFiveSeconds}}));
  EXPECT_TRUE(IsDecided(alone, 4.1));
  EXPECT_FALSE(IsDecided(alone, 3.9));
}

TEST(IsDecidedTest, NeverWithoutAnInterval) {
  EXPECT_FALSE(IsDecided(Summarize(MadeUpBlocks({{"sync", {10, 10}}, {"window", {5, 5}}})), 100));
  EXPECT_FALSE(IsDecided(Summarize(MadeUpBlocks({{"window", {5, 5}}})), 100));
  EXPECT_FALSE(IsDecided(Summary(), 100));
}

double Normal(Random* random) {
  return std::sqrt(-2 * std::log(1 - random->Unit())) *
         std::cos(2 * std::numbers::pi * random->Unit());
}

// Blocks as a busy machine gives them: a state that a block's runs share, noise of each run's own,
// and now and then a run that a checkpoint or a neighbour makes half as long again.
void DrawDurations(Random* random, ComparisonResult* result) {
  for (Block& block : result->blocks) {
    const double shared = 0.1 * Normal(random);
    for (pgring::Run& run : block.runs) {
      const double outlier = random->Chance(0.05) ? 1.5 : 1;
      SetDuration(10 * outlier * std::exp(shared + 0.03 * Normal(random)), &run);
    }
  }
}

// The whole way from runs to the word, where the true answer is known: nothing differs. Six blocks
// have an interval from their smallest ratio to their largest, which leaves out 1 only where all
// six are on one side of it: twice in 64 times.
class EqualScenariosTest : public ::testing::TestWithParam<int> {};

TEST_P(EqualScenariosTest, AreToldApartAsOftenAsTheStatisticsPromise) {
  constexpr double kCoverage = 1 - 2.0 / 64;
  const int comparisons = GetParam();
  ComparisonResult result = MadeUpBlocks({{"window", kTenSeconds}, {"window#2", kTenSeconds}});
  Random random(20'261'122);
  int contain_one = 0;
  int told_apart = 0;
  for (int i = 0; i < comparisons; ++i) {
    DrawDurations(&random, &result);
    const Summary summary = Summarize(result);
    const Interval interval = *summary.scenarios[1].speed->interval;
    const bool contains_one = interval.low <= 1 && interval.high >= 1;
    contain_one += contains_one ? 1 : 0;
    const RatioVerdict verdict = summary.scenarios[1].verdict;
    const bool differ = verdict == RatioVerdict::kFaster || verdict == RatioVerdict::kSlower;
    told_apart += differ ? 1 : 0;
    EXPECT_FALSE(differ && contains_one);
    EXPECT_EQ(summary.noise_floor->interval.low, interval.low);
  }
  const double error = std::sqrt(kCoverage * (1 - kCoverage) / comparisons);
  std::cout << "of " << comparisons << " comparisons of equal scenarios " << contain_one
            << " had 1 in the ratio's interval, " << told_apart << " were called different\n";
  EXPECT_NEAR(static_cast<double>(contain_one) / comparisons, kCoverage, 4 * error);
}

INSTANTIATE_TEST_SUITE_P(Comparisons, EqualScenariosTest, ::testing::Values(200));

}  // namespace
}  // namespace pgring
