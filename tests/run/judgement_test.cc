// Which runs are valid, with which reasons and warnings: each appears when it should and no other
// beside it.
#include "run/judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kStartNs = 7 * kNanosecondsPerSecond;
constexpr int64_t kOperationNs = 10 * kNanosecondsPerMillisecond;
const std::vector<std::string> kKinds = {"create", "read"};

VerifiedFigures Rows(int64_t a, int64_t b) { return {{"a", a}, {"b", b}}; }

class JudgementTest : public ::testing::Test {
 protected:
  JudgementTest() : measured_(kKinds.size()) {
    scenario_.kind = ScenarioKind::kWindow;
    scenario_.label = "window:4";
    scenario_.limit = 4;
    build_.sanitizers = "none";
    measured_.started_ns = kStartNs;
    measured_.timeline.Start(kStartNs, 100);
    measured_.timeline.Change(kStartNs, ConnectionGauge::kOpen, 1);
  }

  // One after the other, each `kOperationNs` long, kinds in turn.
  void AddSucceeded(int count) {
    for (int i = 0; i < count; ++i) {
      const OperationStamps stamps = Next();
      measured_.recorder.Scheduled(static_cast<size_t>(i) % 2, stamps.scheduled_ns);
      measured_.recorder.Succeeded(static_cast<size_t>(i) % 2, stamps);
    }
  }
  void AddFailed(int count, std::string_view code) {
    for (int i = 0; i < count; ++i) {
      const OperationStamps stamps = Next();
      measured_.recorder.Scheduled(0, stamps.scheduled_ns);
      measured_.recorder.Failed(0, stamps, code);
    }
  }

  RunResult Finish() {
    measured_.ended_ns = now_ns_;
    measured_.timeline.Finish(now_ns_);
    RunResult result = MakeRunResult(scenario_, kKinds, measured_);
    result.verification = verification_;
    Judge(measured_, build_, load_, &result);
    return result;
  }

  OperationStamps Next() {
    OperationStamps stamps;
    stamps.scheduled_ns = stamps.admitted_ns = stamps.leased_ns = now_ns_;
    now_ns_ += kOperationNs;
    stamps.finished_ns = now_ns_;
    return stamps;
  }

  ScenarioPlan scenario_;
  LoadPlan load_;
  BuildInfo build_;
  MeasuredRun measured_;
  std::optional<Verification> verification_;
  int64_t now_ns_ = kStartNs;
};

TEST_F(JudgementTest, GoodRunIsValidWithoutRemarks) {
  AddSucceeded(100);
  verification_ = Verification{Rows(150, 250), Rows(150, 250), true, ""};
  const RunResult result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.reasons, IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(JudgementTest, FiguresOfTheResult) {
  measured_.io_setup = "SINGLE_ISSUER";
  measured_.tally = OperationTally{11, 12, 0, 13};
  measured_.connections = PoolCounters{9, 8, 1};
  measured_.ring = BackendStats{100, 200, 300, 0};
  measured_.bytes_per_connection = 4'096;
  measured_.connect_ns.Record(77);
  measured_.timeline.Change(kStartNs, ConnectionGauge::kInUse, 1);
  AddSucceeded(100);
  measured_.timeline.Change(now_ns_, ConnectionGauge::kOpen, 1);
  now_ns_ += 100 * kOperationNs;  // a second later
  const RunResult result = Finish();
  EXPECT_EQ(result.driver, Driver::kReactor);
  EXPECT_EQ(result.limiter, LimiterKind::kWindow);
  EXPECT_EQ(result.io_mode, "readiness");
  EXPECT_EQ(result.io_setup, "SINGLE_ISSUER");
  EXPECT_DOUBLE_EQ(result.wall_s, 2);
  EXPECT_DOUBLE_EQ(result.throughput_per_s, 50);
  EXPECT_EQ(result.total.succeeded, 100);
  ASSERT_EQ(result.by_kind.size(), 2u);
  EXPECT_EQ(result.by_kind[0].name, "create");
  EXPECT_EQ(result.by_kind[1].name, "read");
  EXPECT_EQ(result.by_kind[1].summary.succeeded, 50);
  EXPECT_EQ(result.rows_read, 11);
  EXPECT_EQ(result.rows_checksum, 12u);
  EXPECT_EQ(result.round_trips, 13);
  EXPECT_EQ(result.connections.requested, 9);
  EXPECT_EQ(result.connections.opened, 8);
  EXPECT_EQ(result.connections.refused, 1);
  EXPECT_EQ(result.connections.peak_open, 2);
  EXPECT_DOUBLE_EQ(result.connections.mean_open, 1.5);
  EXPECT_EQ(result.connections.peak_in_use, 1);
  EXPECT_EQ(result.connections.connect_ns.Max(), 77);
  EXPECT_EQ(result.client.enters, 100);
  EXPECT_EQ(result.client.sqes, 200);
  EXPECT_EQ(result.client.cqes, 300);
  EXPECT_EQ(result.client.bytes_per_connection, 4'096);
}

// async with a warm-up and a duration: the warm-up's queue took all of the time, every operation of
// the measured phase was cut, and "0 operations per second" was a valid result.
TEST_F(JudgementTest, ARunThatCompletedNothingIsNotValid) {
  for (int i = 0; i < 3; ++i) {
    measured_.recorder.Scheduled(0, kStartNs);
    measured_.recorder.Skipped(0, kStartNs, kStartNs + kOperationNs);
  }
  now_ns_ = kStartNs + kOperationNs;
  const RunResult result = Finish();
  EXPECT_THAT(result.reasons,
              testing::ElementsAre("none of 3 operations was completed, so nothing was measured"));
}

TEST_F(JudgementTest, BlockingRunsHaveNoRing) {
  scenario_.kind = ScenarioKind::kThreads;
  AddSucceeded(10);
  const RunResult result = Finish();
  EXPECT_EQ(result.driver, Driver::kBlocking);
  EXPECT_EQ(result.io_mode, "");
  EXPECT_EQ(result.client.enters, std::nullopt);
}

TEST_F(JudgementTest, RunWithoutAnyTime) {
  const RunResult result = Finish();
  EXPECT_EQ(result.throughput_per_s, 0);
  EXPECT_TRUE(result.valid());
}

TEST_F(JudgementTest, Interrupted) {
  AddSucceeded(100);
  measured_.interrupted = true;
  const RunResult result = Finish();
  EXPECT_TRUE(result.interrupted);
  EXPECT_THAT(result.reasons, ElementsAre("interrupted"));
}

TEST_F(JudgementTest, GivenUp) {
  AddSucceeded(100);
  measured_.gave_up = "no connection could be opened for 30 s: Connection refused";
  EXPECT_THAT(Finish().reasons,
              ElementsAre("given up: no connection could be opened for 30 s: Connection refused"));
}

TEST_F(JudgementTest, LostOperations) {
  AddSucceeded(1'000);
  measured_.recorder.Scheduled(0, now_ns_);
  EXPECT_THAT(Finish().reasons,
              ElementsAre(AllOf(HasSubstr("operations were lost"), HasSubstr("1001 scheduled"),
                                HasSubstr("1000 succeeded"))));
}

TEST_F(JudgementTest, VerificationFailed) {
  AddSucceeded(100);
  verification_ = Verification{Rows(150, 250), Rows(147, 250), false, "expected 150, found 147"};
  const RunResult result = Finish();
  EXPECT_THAT(result.reasons, ElementsAre("verification failed: expected 150, found 147"));
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(JudgementTest, VerificationWithARemark) {
  AddSucceeded(100);
  verification_ =
      Verification{Rows(150, 250), Rows(153, 255), true, "one create was not confirmed"};
  const RunResult result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.warnings, ElementsAre("one create was not confirmed"));
}

TEST_F(JudgementTest, FewFailuresWarnAndManyInvalidate) {
  AddSucceeded(99);
  AddFailed(1, "40001");
  measured_.first_failure = "could not serialize access (SQLSTATE 40001)";
  const RunResult one = Finish();
  EXPECT_TRUE(one.valid()) << "1 of 100 is not more than 1 %";
  EXPECT_THAT(one.warnings,
              ElementsAre(AllOf(HasSubstr("1 of 100 operations failed"), HasSubstr("1 with 40001"),
                                HasSubstr("could not serialize access"))));
}

TEST_F(JudgementTest, MoreThanOnePercentFailedInvalidates) {
  AddSucceeded(98);
  AddFailed(2, "40001");
  const RunResult two = Finish();
  EXPECT_THAT(two.reasons, ElementsAre(HasSubstr("2 of 100 operations failed")));
  EXPECT_THAT(two.warnings, IsEmpty());
}

TEST_F(JudgementTest, TheUserSaysHowManyMayFail) {
  AddSucceeded(90);
  AddFailed(10, "40001");
  EXPECT_FALSE(Finish().valid());
  load_.max_failed_share = 0.1;
  const RunResult allowed = Finish();
  EXPECT_TRUE(allowed.valid());
  EXPECT_THAT(allowed.warnings, ElementsAre(HasSubstr("10 of 100 operations failed")));
  load_.max_failed_share = 0.05;
  EXPECT_FALSE(Finish().valid());
}

TEST_F(JudgementTest, NothingMaySucceedOnlyWhereEverythingMayFail) {
  AddFailed(10, "40001");
  load_.max_failed_share = 0.999;
  EXPECT_FALSE(Finish().valid());
  load_.max_failed_share = 1;
  EXPECT_TRUE(Finish().valid());
}

TEST_F(JudgementTest, AnUnstableRunIsValidOnlyWhereTheUserAllowsIt) {
  AddSucceeded(100);
  load_.rate_per_s = 1000;
  measured_.last_lag_ns = 1000 * kOperationNs;
  const RunResult refused = Finish();
  EXPECT_THAT(refused.reasons, ElementsAre(HasSubstr("unstable: 1000 operations a second")));
  load_.allow_unstable = true;
  const RunResult allowed = Finish();
  EXPECT_TRUE(allowed.unstable);
  EXPECT_TRUE(allowed.valid());
  EXPECT_THAT(allowed.warnings, ElementsAre(HasSubstr("unstable: 1000 operations a second")));
}

TEST_F(JudgementTest, FailuresAreCountedByCode) {
  AddSucceeded(10);
  AddFailed(2, "40001");
  AddFailed(1, "57014");
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("(2 with 40001, 1 with 57014)")));
}

// What the recorder's running count says and what the operations' own times say differ: stamps were
// taken wrongly.
TEST_F(JudgementTest, LittlesLawViolated) {
  AddSucceeded(1'000);
  OperationStamps stamps = Next();
  now_ns_ += 1'000 * kOperationNs;
  measured_.recorder.Scheduled(0, stamps.scheduled_ns);
  stamps.finished_ns = now_ns_;
  stamps.scheduled_ns = now_ns_;  // it was in the system for ten seconds and says: for none
  stamps.admitted_ns = stamps.leased_ns = now_ns_;
  measured_.recorder.Succeeded(0, stamps);
  const RunResult result = Finish();
  EXPECT_THAT(result.reasons, ElementsAre(HasSubstr("Little's law does not hold")));
}

TEST_F(JudgementTest, LittlesLawHasATolerance) {
  AddSucceeded(1'000);
  measured_.ended_ns = now_ns_;
  const LittleCheck exact = CheckLittle(measured_);
  EXPECT_TRUE(exact.ok);
  EXPECT_DOUBLE_EQ(exact.mean_in_system, 1);
  EXPECT_DOUBLE_EQ(exact.expected, 1);
  EXPECT_DOUBLE_EQ(exact.tolerance, 0.01) << "1 % where 2 N / completions is less";
}

TEST_F(JudgementTest, LittlesToleranceGrowsForShortRuns) {
  AddSucceeded(10);
  measured_.ended_ns = now_ns_;
  EXPECT_DOUBLE_EQ(CheckLittle(measured_).tolerance, 2 * 1.0 / 10);
}

TEST_F(JudgementTest, CompletionQueueOverflow) {
  AddSucceeded(100);
  measured_.ring = BackendStats{1, 2, 3, 4};
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("overflowed 4 times")));
}

TEST_F(JudgementTest, ForgottenWaitsAreSaid) {
  AddSucceeded(100);
  measured_.rescued_waits = 2;
  const RunResult result = Finish();
  EXPECT_THAT(result.reasons, IsEmpty());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("2 times a connection waited")));
}

TEST_F(JudgementTest, SanitizerBuild) {
  AddSucceeded(100);
  build_.sanitizers = "address,undefined";
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("sanitizers (address,undefined)")));
}

TEST_F(JudgementTest, DebugBuild) {
  AddSucceeded(100);
  build_.is_optimized = false;
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("without optimisation")));
}

TEST_F(JudgementTest, RefusedConnectionsWarn) {
  AddSucceeded(100);
  measured_.connections = PoolCounters{12, 5, 7};
  const RunResult result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.warnings,
              ElementsAre(AllOf(HasSubstr("7 of 12 connection attempts were refused"),
                                HasSubstr("at most 1 connections were open"))));
}

// 283/s with a p99 of 10.8 s was valid although most of it was waiting for connections.
TEST_F(JudgementTest, WaitingForRefusedConnectionsIsNoThroughput) {
  AddSucceeded(100);
  measured_.connections = {12, 5, 7, 20 * kNanosecondsPerMillisecond};
  measured_.connect_failure = absl::ResourceExhaustedError("sorry, too many clients already");
  const RunResult result = Finish();
  EXPECT_THAT(result.reasons,
              ElementsAre(AllOf(HasSubstr("7 of 12 connection attempts were refused (sorry, too "
                                          "many clients already)"),
                                HasSubstr("none could be added for 0.02 of 1.00 s"))));
}

TEST_F(JudgementTest, ConnectionsThatCouldNotBeOpenedBeforeTheRun) {
  AddSucceeded(100);
  measured_.wanted_before = 40;
  measured_.opened_before = 3;
  measured_.connections = {60, 3, 57, 0};
  measured_.connect_failure = absl::ResourceExhaustedError("sorry, too many clients already");
  const RunResult result = Finish();
  EXPECT_THAT(result.reasons,
              ElementsAre(HasSubstr("only 3 of 40 connections could be opened before the run "
                                    "(sorry, too many clients already)")));
}

TEST_F(JudgementTest, OperationsThatWereCutAtTheEndAreTold) {
  AddSucceeded(100);
  measured_.cut_at_end = 41'960;
  EXPECT_THAT(Finish().warnings,
              ElementsAre(HasSubstr("41960 operations still waited for a connection when the time "
                                    "was up")));
}

TEST_F(JudgementTest, ThinnedTimelineWarns) {
  measured_.timeline = ConnectionTimeline(ConnectionTimeline::kMinMaxSteps);
  measured_.timeline.Start(kStartNs, 100);
  for (int i = 0; i < 1'000; ++i) {
    measured_.timeline.Change(kStartNs + i, ConnectionGauge::kInUse, i % 2 == 0 ? 1 : -1);
  }
  AddSucceeded(100);
  const RunResult result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("the timeline is thinned")));
}

TEST_F(JudgementTest, EveryReasonIsGiven) {
  AddFailed(3, "57014");
  measured_.interrupted = true;
  measured_.first_failure = "canceling statement";
  build_.is_optimized = false;
  EXPECT_THAT(Finish().reasons, ElementsAre("interrupted", HasSubstr("3 of 3 operations failed"),
                                            HasSubstr("without optimisation")));
}

}  // namespace
}  // namespace pgring
