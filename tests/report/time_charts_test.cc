// Charts of a comparison: thinned where a screen could not show more, with every peak.
#include "report/time_charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "pgring/base/clock.h"
#include "report/html_chart.h"
#include "sample_result.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

double Highest(const ChartValues& values) {
  double highest = 0;
  for (const std::optional<double>& value : values) highest = std::max(highest, value.value_or(0));
  return highest;
}

void Succeed(int64_t at_ns, int64_t took_ns, Run* run) {
  run->recorder.Scheduled(0, at_ns - took_ns);
  run->recorder.Succeeded(0, {at_ns - took_ns, at_ns - took_ns, at_ns - took_ns, at_ns});
}

// So many seconds of one operation each, but the given one, which has 200.
Run RunOfSeconds(int seconds, int busy_second) {
  Run run = ShortRun(1);
  run.kinds = {"a"};
  run.recorder = Recorder(1);
  run.started_ns = 0;
  run.ended_ns = int64_t{seconds} * kNanosecondsPerSecond;
  run.recorder.StartSeconds(0);
  for (int second = 0; second < seconds; ++second) {
    const int operations = second == busy_second ? 200 : 1;
    for (int i = 0; i < operations; ++i) {
      Succeed(int64_t{second} * kNanosecondsPerSecond + 1'000'000 + i, 500'000, &run);
    }
  }
  return run;
}

TEST(ConnectionChartsTest, KeepEveryPeak) {
  const ComparisonResult result = SampleComparison();
  const std::vector<Chart> charts = ConnectionCharts(result);
  ASSERT_EQ(charts.size(), 2U);
  ASSERT_EQ(charts[0].lines.size(), result.runs.size());
  for (size_t i = 0; i < result.runs.size(); ++i) {
    EXPECT_EQ(Highest(charts[0].lines[i].highs),
              result.runs[i].timeline.Peak(ConnectionGauge::kInUse));
    EXPECT_EQ(charts[0].lines[i].values.size(), charts[0].x.size());
  }
  // Only async had operations that waited.
  ASSERT_EQ(charts[1].lines.size(), 1U);
  EXPECT_EQ(charts[1].lines[0].label, "async");
}

TEST(ConnectionChartsTest, ShowHowDeepSharedConnectionsWere) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(1), ShortRun(1)};
  ASSERT_EQ(ConnectionCharts(result).size(), 1U);
  result.runs[1].depth_over_time = {1'000'000, {{3.5, 5}, {4, 6}}};
  const std::vector<Chart> charts = ConnectionCharts(result);
  ASSERT_EQ(charts.size(), 2U);
  ASSERT_EQ(charts[1].lines.size(), 1U);
  EXPECT_THAT(charts[1].title, HasSubstr("in flight on a connection"));
  EXPECT_EQ(charts[1].lines[0].series, 1U);
  EXPECT_EQ(charts[1].lines[0].values.front(), 3.5);
  EXPECT_EQ(charts[1].lines[0].values.back(), 4);
  EXPECT_EQ(Highest(charts[1].lines[0].highs), 6);
}

TEST(SecondChartsTest, ShowTheWaitBehindOthers) {
  ComparisonResult result = SamplePlan();
  result.runs = {RunOfSeconds(2, 0)};
  ASSERT_EQ(SecondCharts(result).size(), 2U);
  pgring::Run& run = result.runs[0];
  run.recorder = Recorder(1);
  run.recorder.StartSeconds(0, /*shares_connections=*/true);
  for (int i = 0; i < 400; ++i) {
    const int64_t at_ns = 1'000'000 + int64_t{i / 200} * kNanosecondsPerSecond;
    run.recorder.Scheduled(0, 0);
    OperationStamps stamps = {at_ns - 500'000, at_ns - 500'000, at_ns - 500'000, at_ns};
    stamps.queued_ns = i < 200 ? 100'000 : 200'000;
    run.recorder.Succeeded(0, stamps);
  }
  const std::vector<Chart> charts = SecondCharts(result);
  ASSERT_EQ(charts.size(), 3U);
  EXPECT_THAT(charts[2].title, HasSubstr("wait behind others"));
  ASSERT_EQ(charts[2].lines[0].values.size(), 2U);
  EXPECT_NEAR(*charts[2].lines[0].values[0], 100'000, 1'000);
  EXPECT_NEAR(*charts[2].lines[0].values[1], 200'000, 2'000);
}

TEST(SecondChartsTest, HaveASecondWithoutSuccessAsZero) {
  ComparisonResult result = SamplePlan();
  result.runs = {RunOfSeconds(3, 0)};
  result.runs[0].ended_ns = 5 * kNanosecondsPerSecond;
  const std::vector<Chart> charts = SecondCharts(result);
  ASSERT_EQ(charts.size(), 2U);
  EXPECT_THAT(charts[0].lines[0].values, ElementsAre(200, 1, 1, 0, 0));
  EXPECT_THAT(charts[0].x, ElementsAre(0.5, 1.5, 2.5, 3.5, 4.5));
  // A hundredth of one operation is not known.
  EXPECT_TRUE(charts[1].lines[0].values[0].has_value());
  EXPECT_FALSE(charts[1].lines[0].values[1].has_value());
}

TEST(SecondChartsTest, ThinnedTheyKeepTheHighestSecond) {
  ComparisonResult result = SamplePlan();
  result.runs = {RunOfSeconds(2'000, 777)};
  const std::vector<Chart> charts = SecondCharts(result);
  ASSERT_EQ(charts.size(), 2U);
  EXPECT_LE(charts[0].x.size(), static_cast<size_t>(kMostPointsOfALine));
  EXPECT_EQ(Highest(charts[0].lines[0].highs), 200);
  EXPECT_LT(Highest(charts[0].lines[0].values), 200);
}

TEST(SecondChartsTest, AreNoneOfOneSecond) {
  ComparisonResult result = SamplePlan();
  result.runs = {RunOfSeconds(1, 0)};
  EXPECT_TRUE(SecondCharts(result).empty());
}

TEST(SpectrumChartTest, EndsWhereTheSampleDoes) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(1), ShortRun(1)};
  result.runs[1].scenario.label = "other";
  SetOperations(1'000, 1, &result.runs[0]);
  SetOperations(10, 1, &result.runs[1]);
  const Chart chart = SpectrumChart(result);
  ASSERT_EQ(chart.lines.size(), 2U);
  EXPECT_NEAR(chart.x.back(), 1'000, 1);
  EXPECT_TRUE(chart.lines[0].values.back().has_value());
  EXPECT_FALSE(chart.lines[1].values.back().has_value());
}

TEST(HtmlChartTest, ALoneValueIsADotAndAGapIsNoLine) {
  Chart chart;
  chart.x = {0, 1, 2, 3};
  chart.x_end = 4;
  chart.lines = {{"a", 0, {1, std::nullopt, 1, 1}, {}, {}}};
  EXPECT_THAT(HtmlChart(chart), HasSubstr("d=\"M0 38.5h0M500 38.5h0L750 38.5\""));
}

TEST(HtmlChartTest, LogarithmicAxesHaveRoundNumbers) {
  const HtmlScale scale = ScaleFor(3e6, 4e8, true);
  EXPECT_EQ(scale.low, 2e6);
  EXPECT_EQ(scale.high, 5e8);
  std::vector<std::string> texts;
  for (const HtmlTick& tick : TicksOf(scale, ChartUnit::kNanoseconds, 5))
    texts.push_back(tick.text);
  EXPECT_THAT(texts, ElementsAre("10.0 ms", "100 ms"));
}

// An axis that held a single decade had a single tick.
TEST(HtmlChartTest, LogarithmicAxesHaveMoreThanOneTick) {
  for (const double low : {2e5, 3e5, 1e6, 6e6}) {
    for (const double factor : {1.5, 4.0, 9.0, 25.0, 49.0, 2'000.0}) {
      const HtmlScale scale = ScaleFor(low, low * factor, true);
      for (const int most : {3, 5}) {
        const size_t ticks = TicksOf(scale, ChartUnit::kNanoseconds, most).size();
        EXPECT_GE(ticks, 2U) << low << " " << factor;
        EXPECT_LE(ticks, static_cast<size_t>(most)) << low << " " << factor;
      }
    }
  }
}

// Thousandths of a second ran into each other.
TEST(HtmlChartTest, ShortRunsHaveAShortUnitOfTime) {
  Chart chart;
  chart.x = {0, 0.002, 0.004};
  chart.x_end = 0.004;
  chart.lines = {{"a", 0, {1, 2, 1}, {}, {}}};
  EXPECT_THAT(HtmlChart(chart), AllOf(HasSubstr(">2 ms</span>"), Not(HasSubstr("0.002 s"))));
}

}  // namespace
}  // namespace pgring
