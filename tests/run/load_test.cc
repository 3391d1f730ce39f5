// How long a run lasts and when its operations are begun: durations, warm-up, schedules, latency
// limits, retries, ramps. On the simulated server, so every figure is exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "run/arrivals.h"
#include "runner_fixture.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

class LoadTest : public RunnerTest {
 protected:
  // `count` operations of `service_ms` each.
  static std::vector<int32_t> Same(int count, int32_t service_ms) {
    return std::vector<int32_t>(static_cast<size_t>(count), service_ms);
  }
  // "ms: connections in use" whenever there are more than ever before.
  static std::vector<std::string> InUseSteps(const pgring::Run& measured) {
    std::vector<std::string> lines;
    int most = 0;
    for (const TimelineStep& step : measured.timeline.Steps(ConnectionTimeline::kMaxSteps)) {
      if (step.value(ConnectionGauge::kInUse) <= most) continue;
      most = step.value(ConnectionGauge::kInUse);
      lines.push_back(absl::StrCat(step.time_ns / kMs, ": ", most));
    }
    return lines;
  }
  static OperationSummary TotalOf(const pgring::Run& measured) { return measured.recorder.Total(); }
};

TEST_F(LoadTest, DurationEndsTheRunAndWhatIsInFlightCounts) {
  load_.duration_s = 0.1;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 4), Same(3, 30));
  // Four at a time at 0, 30, 60 and 90 ms; those begun at 90 end at 120.
  EXPECT_EQ(TotalOf(*measured).succeeded, 16);
  EXPECT_EQ(TotalOf(*measured).skipped, 0);
  EXPECT_DOUBLE_EQ(WallMs(*measured), 120);
}

// One operation always waited at the limiter and counted as in the system: window:1 showed 1.99 in
// flight and twice the latency.
TEST_F(LoadTest, NeverMoreInTheSystemThanTheLimit) {
  for (const ScenarioType* type : {FindScenarioType("chunked"), FindScenarioType("window")}) {
    SCOPED_TRACE(type->name);
    NewServer();
    const auto measured = Measure(Scenario(type, 1), Same(10, 20));
    EXPECT_DOUBLE_EQ(measured->recorder.MeanInSystem(measured->started_ns, measured->ended_ns), 1);
    const OperationSummary total = TotalOf(*measured);
    EXPECT_EQ(total.part(LatencyPart::kResponse).Max(), 20 * kMs);
    EXPECT_EQ(total.part(LatencyPart::kAdmissionWait).Max(), 0);
  }
}

// async queued what it could until T, and then worked it off for minutes.
TEST_F(LoadTest, WhatWaitsForAConnectionWhenTheTimeIsUpIsCut) {
  load_.duration_s = 0.1;
  load_.rate_per_s = 1'000;
  load_.arrivals = ArrivalKind::kConstant;
  const auto measured = Measure(Scenario(FindScenarioType("async"), 2), Same(3, 30));
  const OperationSummary total = TotalOf(*measured);
  EXPECT_EQ(total.scheduled, 100);
  // Two at 0, 30, 60 and 90 ms.
  EXPECT_EQ(total.succeeded, 8);
  EXPECT_EQ(total.skipped, 92);
  EXPECT_EQ(measured->cut_at_end, 92);
  EXPECT_NEAR(WallMs(*measured), 121, 1);
}

// -L was looked at when an operation was admitted only: what waited for a connection beyond it was
// begun all the same.
TEST_F(LoadTest, TooLateWhenItGetsItsConnectionIsSkipped) {
  load_.rate_per_s = 1'000;
  load_.arrivals = ArrivalKind::kConstant;
  load_.latency_limit_ms = 15;
  const auto measured = Measure(Scenario(FindScenarioType("async"), 1), Same(30, 10));
  // Due at 0, 1, 2 ... 29 ms. Begun are those of 0, 1 (at 10) and 5 (at 20, 15 late), 15 (at 30)
  // and 25 (at 40).
  const OperationSummary total = TotalOf(*measured);
  EXPECT_EQ(total.succeeded, 5);
  EXPECT_EQ(total.skipped, 25);
  EXPECT_EQ(measured->cut_at_end, 0);
  EXPECT_EQ(total.part(LatencyPart::kPoolWait).Max(), 15 * kMs);
}

TEST_F(LoadTest, DurationOfAnUnboundedRunEndsIt) {
  load_.duration_s = 0.05;
  ScenarioPlan scenario = Scenario(FindScenarioType("async"), 2);
  load_.rate_per_s = 100;
  load_.arrivals = ArrivalKind::kConstant;
  const auto measured = Measure(scenario, Same(3, 1));
  EXPECT_EQ(TotalOf(*measured).succeeded, 5);
}

TEST_F(LoadTest, InterruptedDurationSkipsNothing) {
  load_.duration_s = 10;
  InterruptAt(100);
  const auto measured = Measure(Scenario(FindScenarioType("window"), 2), Same(3, 30));
  EXPECT_TRUE(measured->interrupted);
  EXPECT_EQ(TotalOf(*measured).succeeded, 8);
  EXPECT_EQ(TotalOf(*measured).skipped, 0);
}

TEST_F(LoadTest, WarmupCountsNowhereButInTheVerification) {
  load_.warmup_s = 0.1;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 1), Same(5, 30));
  // Admitted at 0, 30, 60 and 90 ms, the last one done at 120; then the list as a whole.
  EXPECT_EQ(TotalOf(*measured).succeeded, 5);
  EXPECT_EQ(measured->succeeded_by_kind[0], 9);
  EXPECT_EQ(measured->tally.rows_read, 5);
  EXPECT_EQ(measured->warmup_tally.rows_read, 4);
  EXPECT_DOUBLE_EQ(WallMs(*measured), 170);
  // The connection was open before, and in use.
  EXPECT_EQ(
      measured->timeline.Steps(ConnectionTimeline::kMaxSteps).front().value(ConnectionGauge::kOpen),
      1);
}

// async filled its queue during the warm-up, and the measured phase had no turn before it was over:
// 0 operations a second.
TEST_F(LoadTest, TheWarmupLeavesNoQueueToTheMeasuredPhase) {
  load_.warmup_s = 0.1;
  load_.duration_s = 0.1;
  const auto measured = Measure(Scenario(FindScenarioType("async"), 2), Same(3, 30));
  const OperationSummary total = TotalOf(*measured);
  // The warm-up's last two end at 120 ms; then two at 120, 150 and 180 ms.
  EXPECT_EQ(total.succeeded, 6);
  EXPECT_EQ(total.skipped, measured->cut_at_end);
  EXPECT_NEAR(WallMs(*measured), 110, 1);
}

TEST_F(LoadTest, ConstantArrivalsAreStampedFromTheSchedule) {
  load_.rate_per_s = 100;
  load_.arrivals = ArrivalKind::kConstant;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 1), Same(4, 25));
  // Due at 0, 10, 20 and 30 ms, done at 25, 50, 75 and 100.
  const OperationSummary total = TotalOf(*measured);
  const Histogram& response = total.part(LatencyPart::kResponse);
  EXPECT_EQ(response.count(), 4);
  EXPECT_EQ(response.Min(), 25 * kMs);
  EXPECT_NEAR(static_cast<double>(response.Max()), 70 * kMs, 0.1 * kMs);
  EXPECT_EQ(measured->last_lag_ns, 45 * kMs);
}

TEST_F(LoadTest, TooLateToBeginIsSkippedAndSlowIsLate) {
  load_.rate_per_s = 100;
  load_.arrivals = ArrivalKind::kConstant;
  load_.latency_limit_ms = 30;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 1), Same(5, 25));
  // Due at 0, 10, 20, 30, 40: begun at 0, 25 (15 late), 50 (30 late: just in time), then at 75 the
  // fourth is 45 late and the fifth 35.
  EXPECT_EQ(TotalOf(*measured).succeeded, 3);
  EXPECT_EQ(TotalOf(*measured).skipped, 2);
  EXPECT_EQ(measured->late, 2);
}

TEST_F(LoadTest, ScheduleThatRanOutOfTimeIsSkipped) {
  load_.rate_per_s = 100;
  load_.arrivals = ArrivalKind::kConstant;
  load_.duration_s = 0.1;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 1), Same(3, 45));
  // Ten are due; three are begun, at 0, 45 and 90 ms.
  EXPECT_EQ(TotalOf(*measured).scheduled, 10);
  EXPECT_EQ(TotalOf(*measured).succeeded, 3);
  EXPECT_EQ(TotalOf(*measured).skipped, 7);
}

// What a schedule needs of a run.
struct Schedule {
  Schedule(uint64_t seed, const OperationSource* operations) {
    context.operations = operations;
    context.operation_count = kUnlimitedOperations;
    context.load.rate_per_s = 1'000;
    context.load.arrival_seed = seed;
    arrivals = MakeArrivals(context);
    arrivals->Start(0);
  }
  int64_t NextNs() { return arrivals->Next(0)->due_ns; }

  RunContext context;
  std::unique_ptr<Arrivals> arrivals;
};

TEST_F(LoadTest, ScheduleIsTheSeeds) {
  const OperationList operations(OperationsOf({0}));
  Schedule one(7, &operations), same(7, &operations), other(8, &operations);
  int64_t last_ns = 0;
  int equal = 0;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    const int64_t due_ns = one.NextNs();
    EXPECT_EQ(due_ns, same.NextNs());
    equal += due_ns == other.NextNs() ? 1 : 0;
    EXPECT_GE(due_ns, last_ns);
    last_ns = due_ns;
  }
  EXPECT_LT(equal, kCount / 100);
  // 100 s for 100,000 arrivals, give or take four standard deviations.
  EXPECT_NEAR(static_cast<double>(last_ns) / kNanosecondsPerSecond, 100, 4 * 0.317);
}

TEST_F(LoadTest, ArrivalsCarryTheirPhaseAndCanBePutBack) {
  const OperationList operations(OperationsOf({1, 2, 3}));
  RunContext context;
  context.operations = &operations;
  context.operation_count = 3;
  context.load.warmup_s = 1;
  const std::unique_ptr<Arrivals> arrivals = MakeArrivals(context);
  arrivals->Start(0);
  EXPECT_EQ(arrivals->Next(0)->phase, Phase::kWarmup);
  const std::optional<Arrival> first = arrivals->Next(kNanosecondsPerSecond);
  EXPECT_EQ(first->phase, Phase::kMeasured);
  EXPECT_EQ(first->operation.value, 1);
  EXPECT_EQ(first->due_ns, kNanosecondsPerSecond)
      << "in a closed loop it is due when there is room";
  arrivals->PutBack(*first);
  for (const int32_t value : {1, 2, 3}) {
    EXPECT_EQ(arrivals->Next(2 * kNanosecondsPerSecond)->operation.value, value);
  }
  EXPECT_FALSE(arrivals->Next(2 * kNanosecondsPerSecond).has_value());
}

TEST_F(LoadTest, SerializationFailuresAreTriedAgain) {
  int answers = 0;
  server_->Answer([&answers](const Statement&, Parameters) {
    SimulatedAnswer answer;
    answer.service_ns = 10 * kMs;
    if (++answers % 3 != 0) answer.status = ServerError(answers % 3 == 1 ? "40001" : "40P01");
    return answer;
  });
  load_.max_tries = 3;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 1), Same(4, 0));
  EXPECT_EQ(TotalOf(*measured).succeeded, 4);
  EXPECT_EQ(measured->retried, 4);
  EXPECT_EQ(measured->retries, 8);
  // All tries are in the response.
  EXPECT_EQ(TotalOf(*measured).part(LatencyPart::kResponse).Min(), 30 * kMs);
}

TEST_F(LoadTest, TriesComeToAnEnd) {
  load_.max_tries = 2;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 1),
                                {OneStatementWorkload::kSerializationFailure, 5});
  EXPECT_EQ(TotalOf(*measured).failed, 1);
  EXPECT_EQ(TotalOf(*measured).succeeded, 1);
  EXPECT_EQ(measured->retries, 1);
}

TEST_F(LoadTest, OtherErrorsAreNotTriedAgain) {
  load_.max_tries = 5;
  const auto measured =
      Measure(Scenario(FindScenarioType("window"), 1), {OneStatementWorkload::kLostConnection, 5});
  EXPECT_EQ(TotalOf(*measured).failed, 1);
  EXPECT_EQ(measured->retries, 0);
}

// The ramp began a turn after the first operations, so that all of them were started at once and
// the limit grew after that.
TEST_F(LoadTest, RampLetsTheLimitGrow) {
  load_.ramp_s = 0.3;
  const auto measured = Measure(Scenario(FindScenarioType("window"), 4), Same(60 + 40, 10));
  // 10 + 20 + 30 operations until 300 ms, 40 after it.
  EXPECT_DOUBLE_EQ(WallMs(*measured), 400);
  EXPECT_THAT(InUseSteps(*measured), ElementsAre("0: 1", "100: 2", "200: 3", "300: 4"));
}

// A chunk took all its places in the first turn, before the ramp had begun; later a step in the
// middle of a chunk let the next one begin before all of it had ended.
TEST_F(LoadTest, RampLetsTheChunksGrow) {
  load_.ramp_s = 0.3;
  // Each lasts 70 ms: those of 0 and 70 have one operation, of 140 two, of 210 three, of 280 three,
  // of 350 four.
  const auto measured = Measure(Scenario(FindScenarioType("chunked"), 4), Same(14, 70));
  EXPECT_THAT(InUseSteps(*measured), ElementsAre("0: 1", "140: 2", "210: 3", "350: 4"));
  EXPECT_DOUBLE_EQ(WallMs(*measured), 420);
}

// Nothing bounds the operations of async: with --ramp they all went to the pool at once as without.
TEST_F(LoadTest, RampLetsThePoolOfAsyncGrow) {
  load_.ramp_s = 0.3;
  ScenarioPlan scenario = Scenario(FindScenarioType("async"), 3);
  scenario.pool.max_overflow = 1;
  const auto measured = Measure(scenario, Same(60 + 40, 10));
  EXPECT_THAT(InUseSteps(*measured), ElementsAre("0: 1", "100: 2", "200: 3", "300: 4"));
  // 10 + 20 + 30 operations until 300 ms, 40 after it.
  EXPECT_DOUBLE_EQ(WallMs(*measured), 400);
  EXPECT_EQ(measured->connections.opened, 4);
}

TEST_F(LoadTest, RampOfAScheduleWithoutALimit) {
  load_.ramp_s = 0.1;
  load_.rate_per_s = 1'000;
  load_.arrivals = ArrivalKind::kConstant;
  const auto measured = Measure(Scenario(FindScenarioType("async"), 2), Same(30, 10));
  EXPECT_THAT(InUseSteps(*measured), ElementsAre("0: 1", "100: 2"));
}

TEST_F(LoadTest, InterruptEndsTheRamp) {
  load_.ramp_s = 1'000;
  for (const ScenarioType* type : kReactorTypes) {
    NewServer();
    InterruptAt(25);
    const auto measured = Measure(Scenario(type, 4), Same(10, 10));
    EXPECT_TRUE(measured->interrupted);
    EXPECT_EQ(TotalOf(*measured).succeeded, 3);
    EXPECT_DOUBLE_EQ(WallMs(*measured), 30);
  }
}

}  // namespace
}  // namespace pgring
