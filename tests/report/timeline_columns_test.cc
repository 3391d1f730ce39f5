#include "report/timeline_columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sample_result.h"

namespace pgring {
namespace {

constexpr ConnectionGauge kInUse = ConnectionGauge::kInUse;

TimelineStep InUseStep(int64_t time_ns, int32_t value) {
  TimelineStep step;
  step.time_ns = time_ns;
  step.values[static_cast<size_t>(kInUse)] = value;
  return step;
}

TEST(TimelineColumnsTest, MeanIsWeightedByTime) {
  const auto columns =
      TimelineColumns({InUseStep(0, 0), InUseStep(25, 8), InUseStep(100, 2)}, kInUse, 200, 200, 2);
  EXPECT_DOUBLE_EQ(columns[0].mean, 6);
  EXPECT_EQ(columns[0].low, 0);
  EXPECT_EQ(columns[0].high, 8);
  EXPECT_DOUBLE_EQ(columns[1].mean, 2);
  EXPECT_EQ(columns[1].low, 2);
  EXPECT_EQ(columns[1].high, 2);
}

TEST(TimelineColumnsTest, AStepLastsOverColumnsWithoutAChange) {
  const auto columns = TimelineColumns({InUseStep(0, 7)}, kInUse, 90, 100, 10);
  for (size_t c = 0; c < 9; ++c) {
    EXPECT_TRUE(columns[c].covered) << c;
    EXPECT_DOUBLE_EQ(columns[c].mean, 7) << c;
  }
  EXPECT_FALSE(columns[9].covered);
}

TEST(TimelineColumnsTest, TheMeanIsOverTheCoveredPartOfTheLastColumn) {
  const auto columns = TimelineColumns({InUseStep(0, 4)}, kInUse, 15, 100, 10);
  EXPECT_DOUBLE_EQ(columns[1].mean, 4);
  EXPECT_FALSE(columns[2].covered);
}

TEST(TimelineColumnsTest, APeakOfNoDurationIsKept) {
  const auto columns =
      TimelineColumns({InUseStep(0, 1), InUseStep(50, 9), InUseStep(50, 1)}, kInUse, 100, 100, 4);
  EXPECT_EQ(columns[2].high, 9);
  EXPECT_DOUBLE_EQ(columns[2].mean, 1);
}

TEST(TimelineColumnsTest, TheWholeMeanIsThatOfTheColumns) {
  const ComparisonResult result = SampleComparison();
  for (const pgring::Run& run : result.runs) {
    constexpr int kCount = 100;
    const int64_t end_ns = RunEndNs(run);
    double sum = 0;
    int32_t peak = 0;
    for (const TimelineColumn& column :
         TimelineColumns(run.timeline.steps(), kInUse, end_ns, end_ns, kCount)) {
      ASSERT_TRUE(column.covered);
      sum += column.mean;
      peak = std::max(peak, column.high);
    }
    EXPECT_NEAR(sum / kCount, run.timeline.Mean(kInUse), 1e-6) << run.scenario.label;
    EXPECT_EQ(peak, run.timeline.Peak(kInUse)) << run.scenario.label;
  }
}

// M4 keeps peaks and drops everything between them. A mean over what is left looks exact and is
// wrong (27.3 became about 20 for chunks of 40), so it must not be drawn, flag or no flag.
TEST(TimelineColumnsTest, ThinnedStepsAreNotTrustedForMeans) {
  ComparisonResult result = SampleComparison();
  pgring::Run& chunked = result.runs[2];
  EXPECT_TRUE(TimelineKeepsMeans(chunked));
  ThinTimeline(&chunked);
  EXPECT_TRUE(chunked.timeline.thinned());
  EXPECT_FALSE(TimelineKeepsMeans(chunked));
}

TEST(TimelineColumnsTest, RunEndIsNotBeforeTheLastStep) {
  pgring::Run run = EmptyRun(FindScenarioType("sync"), "sync");
  EXPECT_EQ(RunEndNs(run), 0);
  run.started_ns = 10;
  EXPECT_EQ(RunEndNs(run), 0);
  run.timeline.Start(0, 2);
  run.timeline.Change(77, kInUse, 1);
  EXPECT_EQ(RunEndNs(run), 77);
}

TEST(TimelineColumnsTest, AxesHaveRoundSteps) {
  EXPECT_DOUBLE_EQ(RoundStep(100, 5), 20);
  EXPECT_DOUBLE_EQ(RoundStep(86, 10), 10);
  EXPECT_DOUBLE_EQ(RoundStep(35, 10), 5);
  EXPECT_DOUBLE_EQ(RoundStep(0.002, 4), 0.0005);
  EXPECT_DOUBLE_EQ(RoundStep(1000, 10), 100);
  EXPECT_EQ(TimeUnitFor(86'000'000'000).symbol, "s");
  EXPECT_EQ(TimeUnitFor(2'000'000).symbol, "ms");
  EXPECT_EQ(TimeUnitFor(2'000).symbol, "us");
}

}  // namespace
}  // namespace pgring
