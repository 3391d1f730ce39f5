#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

// A run of `operations` that has come so far.
std::string CountedLine(const std::string& label, int64_t ended, int64_t operations, int64_t failed,
                        double recent_per_s, int bar_columns) {
  ProgressState state;
  state.phase = ProgressPhase::kMeasuring;
  state.measured_s = 3;
  state.ended = ended;
  state.failed = failed;
  state.recent_per_s = state.recent_succeeded_per_s = recent_per_s;
  return ProgressLine(label, {operations, std::nullopt}, state, bar_columns);
}

// A run of `duration_s` that has been measured for `measured_s`.
std::string TimedLine(double measured_s, double duration_s, int bar_columns) {
  ProgressState state;
  state.phase = ProgressPhase::kMeasuring;
  state.measured_s = measured_s;
  state.ended = 2'500;
  state.recent_per_s = state.recent_succeeded_per_s = 1'000;
  return ProgressLine("sync", {kUnlimitedOperations, duration_s}, state, bar_columns);
}

TEST(ProgressLineTest, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(CountedLine("window", 12'345, 35'000, 0, 1'050.4, 0),
            "window     12,345 of 35,000  1,050/s  22 s left");
}

TEST(ProgressLineTest, DrawsTheBarInProportion) {
  EXPECT_EQ(CountedLine("sync", 0, 100, 0, 0, 10), "sync       [>         ] 0 of 100  0/s");
  EXPECT_EQ(CountedLine("sync", 50, 100, 0, 10, 10),
            "sync       [=====>    ] 50 of 100  10/s  5 s left");
  EXPECT_EQ(CountedLine("sync", 100, 100, 0, 10, 10), "sync       [==========] 100 of 100  10/s");
}

// With -T there was neither a bar nor a time left.
TEST(ProgressLineTest, ADurationHasABarAndATimeLeft) {
  EXPECT_EQ(TimedLine(2.5, 10, 10), "sync       [==>       ] 2,500  1,000/s  8 s left");
  EXPECT_EQ(TimedLine(2.5, 10, 0), "sync       2,500  1,000/s  8 s left");
}

// What is in flight when the time is up is completed.
TEST(ProgressLineTest, ADurationThatIsOverIsBeingFinished) {
  EXPECT_EQ(TimedLine(10.5, 10, 10), "sync       [==========] 2,500  1,000/s  finishing");
}

TEST(ProgressLineTest, OfACountAndADurationTheNearerEndIsShown) {
  ProgressState state;
  state.phase = ProgressPhase::kMeasuring;
  state.measured_s = 5;
  state.ended = 10;
  state.recent_per_s = state.recent_succeeded_per_s = 2;
  EXPECT_EQ(ProgressLine("a", {100, 10}, state, 10),
            "a          [=====>    ] 10 of 100  2/s  5 s left");
  EXPECT_EQ(ProgressLine("a", {20, 100}, state, 10),
            "a          [=====>    ] 10 of 20  2/s  5 s left");
}

TEST(ProgressLineTest, ARunThatNothingEndsHasNeitherBarNorTimeLeft) {
  ProgressState state;
  state.phase = ProgressPhase::kMeasuring;
  state.measured_s = 5;
  state.ended = 10;
  state.recent_per_s = state.recent_succeeded_per_s = 2;
  EXPECT_EQ(ProgressLine("a", {}, state, 10), "a          10  2/s");
}

TEST(ProgressLineTest, OtherPhasesAreNamed) {
  ProgressState state;
  EXPECT_EQ(ProgressLine("sync", {100, 10}, state, 10), "sync       starting");
  state.phase = ProgressPhase::kWarmup;
  state.warmup_left_s = 2.25;
  EXPECT_EQ(ProgressLine("sync", {100, 10}, state, 10), "sync       warm-up, 3 s left");
  state.phase = ProgressPhase::kVerifying;
  state.ended = 100;
  EXPECT_EQ(ProgressLine("sync", {100, 10}, state, 10),
            "sync       [==========] 100 of 100  verifying");
}

TEST(ProgressLineTest, RoundsTheTimeLeftUp) {
  EXPECT_THAT(CountedLine("a", 99, 100, 0, 1'000, 0), testing::EndsWith("1 s left"));
}

TEST(ProgressLineTest, MentionsFailuresOnlyWhenThereAreAny) {
  EXPECT_THAT(CountedLine("a", 5, 10, 0, 1, 0), testing::Not(testing::HasSubstr("failed")));
  EXPECT_THAT(CountedLine("a", 5'000, 10'000, 1'234, 1, 0), testing::EndsWith("  1,234 failed"));
}

TEST(ProgressLineTest, LeavesOutTheTimeThatCannotBeKnown) {
  EXPECT_THAT(CountedLine("a", 5, 10, 0, 0, 0), testing::Not(testing::HasSubstr("left")));
}

TEST(ProgressLineTest, GroupsDigitsByThousands) {
  EXPECT_THAT(CountedLine("a", 999, 1'000, 0, 0, 0), testing::HasSubstr("999 of 1,000"));
  EXPECT_THAT(CountedLine("a", 1'000'000, 10'000'000, 0, 0, 0),
              testing::HasSubstr("1,000,000 of 10,000,000"));
}

TEST(ProgressLineTest, KeepsALongLabelWhole) {
  EXPECT_THAT(CountedLine("window:limit=20:pool=10", 1, 2, 0, 0, 0),
              testing::StartsWith("window:limit=20:pool=10 1 of 2"));
}

// The rate was divided by time that included the warm-up: a run of 1,000 operations a second that
// had been warming up for three seconds showed 25/s, and "4005 s left".
TEST(ProgressMeterTest, TheWarmupHasNoPartInTheRate) {
  constexpr int64_t kSecond = kNanosecondsPerSecond;
  constexpr int64_t kStartNs = 1'000 * kSecond;
  RunProgress progress;
  ProgressMeter meter;
  EXPECT_EQ(meter.Update(kStartNs, progress).phase, ProgressPhase::kStarting);
  progress.measuring_from_ns = kStartNs + 3 * kSecond;
  ProgressState state = meter.Update(kStartNs + kSecond, progress);
  EXPECT_EQ(state.phase, ProgressPhase::kWarmup);
  EXPECT_DOUBLE_EQ(state.warmup_left_s, 2);
  meter.Update(kStartNs + 2 * kSecond + kSecond / 2, progress);
  progress.ended = 100;
  state = meter.Update(kStartNs + 3 * kSecond + kSecond / 10, progress);
  EXPECT_EQ(state.phase, ProgressPhase::kMeasuring);
  EXPECT_DOUBLE_EQ(state.measured_s, 0.1);
  EXPECT_DOUBLE_EQ(state.recent_per_s, 1'000);
}

TEST(ProgressMeterTest, TheRateIsOverTheLastSeconds) {
  constexpr int64_t kSecond = kNanosecondsPerSecond;
  RunProgress progress;
  progress.measuring_from_ns = kSecond;
  ProgressMeter meter;
  for (int64_t second = 1; second <= 10; ++second) {
    progress.ended += second <= 5 ? 1'000 : 100;
    meter.Update((1 + second) * kSecond, progress);
  }
  progress.ended += 100;
  EXPECT_DOUBLE_EQ(meter.Update(12 * kSecond, progress).recent_per_s, 100);
}

TEST(ProgressMeterTest, AfterItsEndARunIsBeingVerified) {
  RunProgress progress;
  progress.measuring_from_ns = 1;
  progress.ended_ns = 2;
  ProgressMeter meter;
  EXPECT_EQ(meter.Update(3, progress).phase, ProgressPhase::kVerifying);
}

// Many short runs, so that starting and stopping meet in every order.
TEST(ProgressDisplayTest, StartsAndStopsAnyNumberOfTimes) {
  ProgressDisplay display(ProgressMode::kPlain);
  const auto progress = std::make_shared<RunProgress>();
  for (int i = 0; i < 100; ++i) {
    display.Start({.label = "sync"}, {10, std::nullopt}, progress);
    display.Stop();
    display.Stop();
  }
  display.Start({.label = "sync"}, {10, std::nullopt}, progress);
}

TEST(ProgressDisplayTest, ShowsNothingWhenThereIsToBeNone) {
  testing::internal::CaptureStderr();
  {
    ProgressDisplay display(ProgressMode::kNone);
    display.Start({.label = "sync"}, {10, std::nullopt}, std::make_shared<RunProgress>());
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ProgressDisplayTest, ClearsWhatItDrewAtTheEnd) {
  testing::internal::CaptureStderr();
  {
    ProgressDisplay display(ProgressMode::kBar);
    display.Start({.label = "sync"}, {10, std::nullopt}, std::make_shared<RunProgress>());
  }
  // Up to the first of its lines, and clear from there.
  EXPECT_THAT(
      testing::internal::GetCapturedStderr(),
      testing::AllOf(testing::HasSubstr("sync\nstarting"), testing::EndsWith("\r\033[1A\033[J")));
}

TEST(ProgressScreenTest, SaysWhichRunHowFarAndHowFast) {
  ProgressState state;
  state.phase = ProgressPhase::kMeasuring;
  state.measured_s = 2.5;
  state.ended = 2'500;
  state.recent_per_s = state.recent_succeeded_per_s = 1'000;
  state.recent_p99_ns = 21'400'000;
  state.in_flight = 40;
  state.open_connections = 40;
  state.busy_connections = 39;
  const ProgressTitle title = {
      .label = "window:40", .scenario = 2, .scenario_count = 4, .block = 1, .block_count = 6};
  EXPECT_THAT(
      ProgressScreen(title, {kUnlimitedOperations, 10}, state, 79),
      testing::ElementsAre("block 1 of 6, scenario 2 of 4: window:40",
                           "[=========>                             ] 2,500  1,000/s  8 s left",
                           "p99 21.4 ms  40 in flight  connections: 40 open, 39 in use"));
}

// The live display told 7,370/s of a run whose throughput was 1,084/s: most operations failed.
TEST(ProgressMeterTest, ThroughputIsOfOperationsThatSucceeded) {
  constexpr int64_t kSecond = kNanosecondsPerSecond;
  RunProgress progress;
  progress.measuring_from_ns = kSecond;
  progress.ended = 1'000;
  progress.failed = 900;
  ProgressMeter meter;
  const ProgressState state = meter.Update(2 * kSecond, progress);
  EXPECT_DOUBLE_EQ(state.recent_succeeded_per_s, 100);
  EXPECT_DOUBLE_EQ(state.recent_per_s, 1'000);
}

TEST(ProgressScreenTest, FailuresHaveALineWithTheFirstMessage) {
  ProgressState state;
  state.phase = ProgressPhase::kMeasuring;
  state.failed = 1'234;
  state.first_failure = "deadlock detected\033[31m";
  const std::vector<std::string> lines = ProgressScreen({.label = "sync"}, {}, state, 79);
  ASSERT_THAT(lines, testing::SizeIs(4));
  EXPECT_EQ(lines[0], "sync");
  EXPECT_THAT(lines[3], testing::StartsWith("1,234 failed; the first: deadlock detected"));
  EXPECT_THAT(lines[3], testing::Not(testing::HasSubstr("\033")));
}

// A line that wraps cannot be redrawn in place; "ä" is two bytes and one column.
TEST(ProgressScreenTest, LinesAreCutToTheTerminal) {
  ProgressState state;
  state.phase = ProgressPhase::kVerifying;
  state.failed = 1;
  state.first_failure = "ääääääääää";
  const std::vector<std::string> lines =
      ProgressScreen({.label = std::string(50, 'x')}, {}, state, 28);
  EXPECT_EQ(lines.front(), std::string(28, 'x'));
  EXPECT_EQ(lines.back(), "1 failed; the first: äääääää");
}

// Of a screen that had become narrower, the first lines were left standing.
TEST(ProgressScreenTest, LinesTakeMoreRowsOnANarrowerTerminal) {
  const std::vector<std::string> lines = {"sync", std::string(79, '='), "ä"};
  EXPECT_EQ(RowsOnScreen(lines, 80), 3);
  EXPECT_EQ(RowsOnScreen(lines, 79), 3);
  EXPECT_EQ(RowsOnScreen(lines, 40), 4);
  EXPECT_EQ(RowsOnScreen(lines, 20), 6);
  EXPECT_EQ(RowsOnScreen({}, 80), 0);
}

TEST(ProgressMeterTest, DetailsAreOfTheLastSeconds) {
  constexpr int64_t kSecond = kNanosecondsPerSecond;
  RunProgress progress;
  progress.is_detailed = true;
  progress.measuring_from_ns = kSecond;
  ProgressMeter meter;
  for (int i = 0; i < 100; ++i) progress.response_ns.Record(1'000'000'000);
  meter.Update(2 * kSecond, progress);
  for (int i = 0; i < 100; ++i) progress.response_ns.Record(1'000'000);
  progress.scheduled = 205;
  progress.ended = 200;
  progress.connections.values[static_cast<size_t>(ConnectionGauge::kOpen)] = 7;
  for (int64_t second = 3; second <= 6; ++second) {
    if (second == 6) progress.response_ns.Record(1'000'000);
    meter.Update(second * kSecond, progress);
  }
  const ProgressState state = meter.Update(6 * kSecond, progress);
  ASSERT_TRUE(state.recent_p99_ns.has_value());
  EXPECT_NEAR(static_cast<double>(*state.recent_p99_ns), 1e6, 0.07e6);
  EXPECT_EQ(state.in_flight, 5);
  EXPECT_EQ(state.open_connections, 7);
}

// pgbench's lines of a run whose measured phase began ten seconds ago, if it began, and ended
// `ended_ms` after that; two transactions of 5 ms have ended in it.
std::string PgbenchLines(bool began, int64_t ended_ms) {
  const OutputOptions output;
  TransactionWatch watch(output, LoadPlan(), 1);
  const auto progress = std::make_shared<RunProgress>();
  if (began) {
    const int64_t from_ns = SteadyClock::Get()->NowNs() - 10 * kNanosecondsPerSecond;
    progress->measuring_from_ns = from_ns;
    progress->ended_ns = from_ns + ended_ms * kNanosecondsPerMillisecond;
  }
  EndedOperation ended;
  ended.stamps.finished_ns = 5 * kNanosecondsPerMillisecond;
  watch.OnOperationEnded(ended);
  watch.OnOperationEnded(ended);
  testing::internal::CaptureStderr();
  {
    ProgressDisplay display(ProgressMode::kPlain);
    display.UsePgbenchLines(1, {}, &watch);
    display.Start({.label = "sync"}, {}, progress);
  }
  return testing::internal::GetCapturedStderr();
}

// A run of one second ends just before its line is due.
TEST(PgbenchLinesTest, TheLastIntervalHasItsLine) {
  EXPECT_EQ(PgbenchLines(true, 990),
            "progress: 1.0 s, 2.0 tps, lat 5.000 ms stddev 0.000, 0 failed\n");
}

// The display goes on while the database is verified; the lines do not.
TEST(PgbenchLinesTest, EndWithTheRun) { EXPECT_EQ(PgbenchLines(true, 500), ""); }

TEST(PgbenchLinesTest, BeginWithTheMeasuredPhase) { EXPECT_EQ(PgbenchLines(false, 0), ""); }

}  // namespace
}  // namespace pgring
