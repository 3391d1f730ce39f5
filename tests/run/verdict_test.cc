// Which runs are valid, with which reasons and warnings: each appears when it should and no other
// beside it.
#include "run/verdict.h"

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

class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() {
    ScenarioPlan scenario;
    scenario.type = FindScenarioType("window");
    scenario.label = "window:4";
    scenario.limit = 4;
    run_ = pgring::Run(scenario, load_, kKinds);
    build_.sanitizers = "none";
    run_.started_ns = kStartNs;
    run_.timeline.Start(kStartNs, 100);
    run_.timeline.Change(kStartNs, ConnectionGauge::kOpen, 1);
  }

  // One after the other, each `kOperationNs` long, kinds in turn.
  void AddSucceeded(int count) {
    for (int i = 0; i < count; ++i) {
      const OperationStamps stamps = Next();
      run_.recorder.Scheduled(static_cast<size_t>(i) % 2, stamps.scheduled_ns);
      run_.recorder.Succeeded(static_cast<size_t>(i) % 2, stamps);
    }
  }
  void AddFailed(int count, std::string_view code) {
    for (int i = 0; i < count; ++i) {
      const OperationStamps stamps = Next();
      run_.recorder.Scheduled(0, stamps.scheduled_ns);
      run_.recorder.Failed(0, stamps, code);
    }
  }

  Verdict Finish() {
    run_.ended_ns = now_ns_;
    run_.timeline.Finish(now_ns_);
    run_.load = load_;
    run_.verification = verification_;
    return Validate(run_, build_);
  }

  OperationStamps Next() {
    OperationStamps stamps;
    stamps.scheduled_ns = stamps.admitted_ns = stamps.leased_ns = now_ns_;
    now_ns_ += kOperationNs;
    stamps.finished_ns = now_ns_;
    return stamps;
  }

  LoadPlan load_;
  BuildInfo build_;
  pgring::Run run_;
  std::optional<Verification> verification_;
  int64_t now_ns_ = kStartNs;
};

TEST_F(VerdictTest, GoodRunIsValidWithoutRemarks) {
  AddSucceeded(100);
  verification_ = Verification{Rows(150, 250), Rows(150, 250), true, ""};
  const Verdict result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.reasons, IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(VerdictTest, FiguresOfTheRun) {
  run_.timeline.Change(kStartNs, ConnectionGauge::kInUse, 1);
  AddSucceeded(100);
  run_.timeline.Change(now_ns_, ConnectionGauge::kOpen, 1);
  now_ns_ += 100 * kOperationNs;  // a second later
  Finish();
  EXPECT_DOUBLE_EQ(run_.duration_s(), 2);
  EXPECT_DOUBLE_EQ(run_.throughput_per_s(), 50);
  EXPECT_EQ(run_.total().succeeded, 100);
  EXPECT_EQ(run_.recorder.kind(1).succeeded, 50);
  EXPECT_DOUBLE_EQ(run_.timeline.Mean(ConnectionGauge::kOpen), 1.5);
}

TEST_F(VerdictTest, RunThatWasNotStarted) {
  run_.not_started = "interrupted before it started";
  run_.interrupted = true;
  EXPECT_THAT(Finish().reasons, ElementsAre("interrupted before it started"));
}

TEST_F(VerdictTest, RunThatCouldNotBeVerified) {
  AddSucceeded(100);
  run_.not_verified = "connecting for the verification: Connection refused";
  run_.remarks = {"the tables were there"};
  const Verdict verdict = Finish();
  EXPECT_THAT(verdict.reasons, ElementsAre("could not be verified: connecting for the "
                                           "verification: Connection refused"));
  EXPECT_THAT(verdict.warnings, ElementsAre("the tables were there"));
}

// async with a warm-up and a duration: the warm-up's queue took all of the time, every operation of
// the measured phase was cut, and "0 operations per second" was a valid result.
TEST_F(VerdictTest, ARunThatCompletedNothingIsNotValid) {
  for (int i = 0; i < 3; ++i) {
    run_.recorder.Scheduled(0, kStartNs);
    run_.recorder.Skipped(0, kStartNs, kStartNs + kOperationNs);
  }
  now_ns_ = kStartNs + kOperationNs;
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons,
              testing::ElementsAre("none of 3 operations was completed, so nothing was measured"));
}

TEST_F(VerdictTest, RunWithoutAnyTime) {
  const Verdict result = Finish();
  EXPECT_EQ(run_.throughput_per_s(), 0);
  EXPECT_TRUE(result.valid());
}

TEST_F(VerdictTest, Interrupted) {
  AddSucceeded(100);
  run_.interrupted = true;
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons, ElementsAre("interrupted"));
}

TEST_F(VerdictTest, GivenUp) {
  AddSucceeded(100);
  run_.gave_up = "no connection could be opened for 30 s: Connection refused";
  EXPECT_THAT(Finish().reasons,
              ElementsAre("given up: no connection could be opened for 30 s: Connection refused"));
}

TEST_F(VerdictTest, LostOperations) {
  AddSucceeded(1'000);
  run_.recorder.Scheduled(0, now_ns_);
  EXPECT_THAT(Finish().reasons,
              ElementsAre(AllOf(HasSubstr("operations were lost"), HasSubstr("1001 scheduled"),
                                HasSubstr("1000 succeeded"))));
}

TEST_F(VerdictTest, VerificationFailed) {
  AddSucceeded(100);
  verification_ = Verification{Rows(150, 250), Rows(147, 250), false, "expected 150, found 147"};
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons, ElementsAre("verification failed: expected 150, found 147"));
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(VerdictTest, VerificationWithARemark) {
  AddSucceeded(100);
  verification_ =
      Verification{Rows(150, 250), Rows(153, 255), true, "one create was not confirmed"};
  const Verdict result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.warnings, ElementsAre("one create was not confirmed"));
}

TEST_F(VerdictTest, FewFailuresWarnAndManyInvalidate) {
  AddSucceeded(99);
  AddFailed(1, "40001");
  run_.first_failure = "could not serialize access (SQLSTATE 40001)";
  const Verdict one = Finish();
  EXPECT_TRUE(one.valid()) << "1 of 100 is not more than 1 %";
  EXPECT_THAT(one.warnings,
              ElementsAre(AllOf(HasSubstr("1 of 100 operations failed"), HasSubstr("1 with 40001"),
                                HasSubstr("could not serialize access"))));
}

TEST_F(VerdictTest, MoreThanOnePercentFailedInvalidates) {
  AddSucceeded(98);
  AddFailed(2, "40001");
  const Verdict two = Finish();
  EXPECT_THAT(two.reasons, ElementsAre(HasSubstr("2 of 100 operations failed")));
  EXPECT_THAT(two.warnings, IsEmpty());
}

TEST_F(VerdictTest, TheUserSaysHowManyMayFail) {
  AddSucceeded(90);
  AddFailed(10, "40001");
  EXPECT_FALSE(Finish().valid());
  load_.max_failed_share = 0.1;
  const Verdict allowed = Finish();
  EXPECT_TRUE(allowed.valid());
  EXPECT_THAT(allowed.warnings, ElementsAre(HasSubstr("10 of 100 operations failed")));
  load_.max_failed_share = 0.05;
  EXPECT_FALSE(Finish().valid());
}

TEST_F(VerdictTest, NothingMaySucceedOnlyWhereEverythingMayFail) {
  AddFailed(10, "40001");
  load_.max_failed_share = 0.999;
  EXPECT_FALSE(Finish().valid());
  load_.max_failed_share = 1;
  EXPECT_TRUE(Finish().valid());
}

TEST_F(VerdictTest, AnUnstableRunIsValidOnlyWhereTheUserAllowsIt) {
  AddSucceeded(100);
  load_.rate_per_s = 1000;
  run_.last_lag_ns = 1000 * kOperationNs;
  const Verdict refused = Finish();
  EXPECT_THAT(refused.reasons, ElementsAre(HasSubstr("unstable: 1000 operations a second")));
  load_.allow_unstable = true;
  const Verdict allowed = Finish();
  EXPECT_TRUE(allowed.unstable);
  EXPECT_TRUE(allowed.valid());
  EXPECT_THAT(allowed.warnings, ElementsAre(HasSubstr("unstable: 1000 operations a second")));
}

TEST_F(VerdictTest, FailuresAreCountedByCode) {
  AddSucceeded(10);
  AddFailed(2, "40001");
  AddFailed(1, "57014");
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("(2 with 40001, 1 with 57014)")));
}

// What the recorder's running count says and what the operations' own times say differ: stamps were
// taken wrongly.
TEST_F(VerdictTest, LittlesLawViolated) {
  AddSucceeded(1'000);
  OperationStamps stamps = Next();
  now_ns_ += 1'000 * kOperationNs;
  run_.recorder.Scheduled(0, stamps.scheduled_ns);
  stamps.finished_ns = now_ns_;
  stamps.scheduled_ns = now_ns_;  // it was in the system for ten seconds and says: for none
  stamps.admitted_ns = stamps.leased_ns = now_ns_;
  run_.recorder.Succeeded(0, stamps);
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons, ElementsAre(HasSubstr("Little's law does not hold")));
}

TEST_F(VerdictTest, LittlesLawHasATolerance) {
  AddSucceeded(1'000);
  run_.ended_ns = now_ns_;
  const LittleCheck exact = CheckLittle(run_);
  EXPECT_TRUE(exact.ok);
  EXPECT_DOUBLE_EQ(exact.mean_in_system, 1);
  EXPECT_DOUBLE_EQ(exact.expected, 1);
  EXPECT_DOUBLE_EQ(exact.tolerance, 0.01) << "1 % where 2 N / completions is less";
}

TEST_F(VerdictTest, LittlesToleranceGrowsForShortRuns) {
  AddSucceeded(10);
  run_.ended_ns = now_ns_;
  EXPECT_DOUBLE_EQ(CheckLittle(run_).tolerance, 2 * 1.0 / 10);
}

TEST_F(VerdictTest, CompletionQueueOverflow) {
  AddSucceeded(100);
  run_.ring = BackendStats{1, 2, 3, 4};
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("overflowed 4 times")));
}

TEST_F(VerdictTest, ForgottenWaitsAreSaid) {
  AddSucceeded(100);
  run_.rescued_waits = 2;
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons, IsEmpty());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("2 times a connection waited")));
}

TEST_F(VerdictTest, SanitizerBuild) {
  AddSucceeded(100);
  build_.sanitizers = "address,undefined";
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("sanitizers (address,undefined)")));
}

TEST_F(VerdictTest, DebugBuild) {
  AddSucceeded(100);
  build_.is_optimized = false;
  EXPECT_THAT(Finish().reasons, ElementsAre(HasSubstr("without optimisation")));
}

TEST_F(VerdictTest, RefusedConnectionsWarn) {
  AddSucceeded(100);
  run_.connections = PoolCounters{12, 5, 7};
  const Verdict result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.warnings,
              ElementsAre(AllOf(HasSubstr("7 of 12 connection attempts were refused"),
                                HasSubstr("at most 1 connections were open"))));
}

// 283/s with a p99 of 10.8 s was valid although most of it was waiting for connections.
TEST_F(VerdictTest, WaitingForRefusedConnectionsIsNoThroughput) {
  AddSucceeded(100);
  run_.connections = {12, 5, 7, 20 * kNanosecondsPerMillisecond};
  run_.connect_failure = absl::ResourceExhaustedError("sorry, too many clients already");
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons,
              ElementsAre(AllOf(HasSubstr("7 of 12 connection attempts were refused (sorry, too "
                                          "many clients already)"),
                                HasSubstr("none could be added for 0.02 of 1.00 s"))));
}

TEST_F(VerdictTest, ConnectionsThatCouldNotBeOpenedBeforeTheRun) {
  AddSucceeded(100);
  run_.wanted_before = 40;
  run_.opened_before = 3;
  run_.connections = {60, 3, 57, 0};
  run_.connect_failure = absl::ResourceExhaustedError("sorry, too many clients already");
  const Verdict result = Finish();
  EXPECT_THAT(result.reasons,
              ElementsAre(HasSubstr("only 3 of 40 connections could be opened before the run "
                                    "(sorry, too many clients already)")));
}

TEST_F(VerdictTest, OperationsThatWereCutAtTheEndAreTold) {
  AddSucceeded(100);
  run_.cut_at_end = 41'960;
  EXPECT_THAT(Finish().warnings,
              ElementsAre(HasSubstr("41960 operations still waited for a connection when the time "
                                    "was up")));
}

TEST_F(VerdictTest, ARunThatWasShorterThanItsRamp) {
  AddSucceeded(100);
  load_.ramp_s = 1.5;
  EXPECT_THAT(Finish().warnings,
              ElementsAre("the run was over before its ramp of 1.5 s: it never had its full size"));
  load_.warmup_s = 0.5;
  EXPECT_THAT(Finish().warnings, IsEmpty());
}

TEST_F(VerdictTest, ThinnedTimelineWarns) {
  run_.timeline = ConnectionTimeline(ConnectionTimeline::kMinMaxSteps);
  run_.timeline.Start(kStartNs, 100);
  for (int i = 0; i < 1'000; ++i) {
    run_.timeline.Change(kStartNs + i, ConnectionGauge::kInUse, i % 2 == 0 ? 1 : -1);
  }
  AddSucceeded(100);
  const Verdict result = Finish();
  EXPECT_TRUE(result.valid());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("the timeline is thinned")));
}

TEST_F(VerdictTest, EveryReasonIsGiven) {
  AddFailed(3, "57014");
  run_.interrupted = true;
  run_.first_failure = "canceling statement";
  build_.is_optimized = false;
  EXPECT_THAT(Finish().reasons, ElementsAre("interrupted", HasSubstr("3 of 3 operations failed"),
                                            HasSubstr("without optimisation")));
}

}  // namespace
}  // namespace pgring
