// What an interrupt does to a run on the reactor: nothing more is admitted; what is in flight may
// end for three seconds, is then cancelled at the server, and two seconds later dropped. Every
// operation of the list is accounted for in each case.
#include "pgring/base/status.h"
#include "runner_fixture.h"

namespace pgring {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kDrainMs = Interrupt::kDrainNs / kMs;
constexpr int64_t kAbortMs = (Interrupt::kDrainNs + Interrupt::kCancelNs) / kMs;

TEST_F(RunnerTest, InterruptLetsEndWhatIsInFlight) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    InterruptAt(15);
    const auto measured = Measure(Scenario(type, 4), std::vector<int32_t>(100, 10));
    EXPECT_TRUE(measured->interrupted);
    const OperationSummary total = measured->recorder.Total();
    EXPECT_EQ(total.succeeded, 8) << "two rounds of four";
    EXPECT_EQ(total.failed, 0);
    EXPECT_EQ(total.skipped, 92);
    EXPECT_EQ(WallMs(*measured), 20);
    EXPECT_EQ(server_->cancel_requests(), 0);
    EXPECT_EQ(server_->aborts(), 0);
  }
}

TEST_F(RunnerTest, WhatHasNotEndedAfterThreeSecondsIsCancelled) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    InterruptAt(1'000);
    // Two end within the three seconds, two would not.
    const auto measured = Measure(Scenario(type, 4), {2'000, 100'000, 3'500, 200'000, 10, 10});
    const OperationSummary total = measured->recorder.Total();
    EXPECT_EQ(total.succeeded, 2);
    EXPECT_THAT(total.failures, UnorderedElementsAre(Pair("57014", 2)));
    EXPECT_EQ(total.skipped, 2);
    EXPECT_EQ(server_->cancel_requests(), 2);
    EXPECT_EQ(server_->last_cancel_ns(), start_ns_ + (1'000 + kDrainMs) * kMs);
    EXPECT_EQ(WallMs(*measured), 1'000 + kDrainMs);
    EXPECT_EQ(server_->aborts(), 0);
  }
}

TEST_F(RunnerTest, WhatDoesNotHeedTheCancelIsDroppedAfterFiveSeconds) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    InterruptAt(1'000);
    constexpr int32_t kNever = OneStatementWorkload::kNeverAnswered;
    const auto measured = Measure(Scenario(type, 3), {kNever, 10, kNever, 10, 10});
    const OperationSummary total = measured->recorder.Total();
    EXPECT_THAT(total.failures, UnorderedElementsAre(Pair(std::string(kCauseInterrupted), 2)));
    EXPECT_EQ(server_->cancel_requests(), 2);
    EXPECT_GE(server_->aborts(), 2);
    EXPECT_EQ(server_->last_abort_ns(), start_ns_ + (1'000 + kAbortMs) * kMs);
    EXPECT_EQ(WallMs(*measured), 1'000 + kAbortMs);
  }
}

// Thousands of started operations wait for a connection. They are skipped in the moment of the
// interrupt with the time that they had waited: booked as if they had come and gone in one moment,
// as they were, they are in one side of Little's law only (Run compares the two).
TEST_F(RunnerTest, OperationsThatWaitForAConnectionAreSkipped) {
  InterruptAt(5);
  const auto measured =
      Measure(Scenario(FindScenarioType("async"), 2), std::vector<int32_t>(5'000, 10));
  const OperationSummary total = measured->recorder.Total();
  EXPECT_EQ(total.succeeded, 2);
  EXPECT_EQ(total.skipped, 4'998);
  EXPECT_EQ(WallMs(*measured), 10);
  EXPECT_EQ(progress_->ended.load(), 5'000);
}

// An operation that was never admitted was never in the system.
TEST_F(RunnerTest, OperationThatWasNotAdmittedIsSkippedAndWasNeverThere) {
  for (const ScenarioType* type : {FindScenarioType("chunked"), FindScenarioType("window")}) {
    NewServer();
    InterruptAt(5);
    const auto measured = Measure(Scenario(type, 1), {1'000, 10, 10});
    EXPECT_EQ(measured->recorder.Total().skipped, 2);
    EXPECT_EQ(WallMs(*measured), 1'000);
    EXPECT_EQ(measured->recorder.SumTimeInSystemNs(), static_cast<double>(1'000 * kMs));
  }
}

TEST_F(RunnerTest, InterruptWhileConnecting) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_connect_ns(60'000 * kMs);
    InterruptAt(1'000);
    const auto measured = Measure(Scenario(type, 2), std::vector<int32_t>(10, 10));
    EXPECT_EQ(WallMs(*measured), 1'000 + kAbortMs);
    EXPECT_EQ(measured->recorder.Total().skipped, 10);
    EXPECT_EQ(measured->connections.opened, 0);
  }
}

TEST_F(RunnerTest, InterruptWhileConnectionsAreRefused) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_connect_outcome(TooManyClients());
    InterruptAt(1'000);
    const auto measured = Measure(Scenario(type, 2), std::vector<int32_t>(10, 10));
    EXPECT_EQ(WallMs(*measured), 1'000);
    EXPECT_EQ(measured->recorder.Total().skipped, 10);
    EXPECT_THAT(measured->gave_up, IsEmpty());
  }
}

TEST_F(RunnerTest, InterruptAfterTheLastOperationChangesNothing) {
  InterruptAt(50);
  const auto measured =
      Measure(Scenario(FindScenarioType("window"), 2), std::vector<int32_t>(4, 10));
  EXPECT_EQ(measured->recorder.succeeded(), 4);
  EXPECT_FALSE(measured->interrupted);
}

// Interrupted at any moment, everything is accounted for (checked in Run).
TEST_F(RunnerTest, InterruptAtAnyMoment) {
  for (const ScenarioType* type : kReactorTypes) {
    for (int64_t ms = 0; ms <= 70; ++ms) {
      SCOPED_TRACE(std::string(type->name) + " at " + std::to_string(ms));
      NewServer();
      server_->set_connect_ns(3 * kMs);
      server_->set_max_connections(2);
      InterruptAt(ms);
      const auto measured = Measure(Scenario(type, 3), std::vector<int32_t>(12, 10));
      EXPECT_EQ(measured->recorder.failed(), 0);
      EXPECT_LE(WallMs(*measured), ms + 3 + 10) << "a connect and an operation later";
    }
  }
}

}  // namespace
}  // namespace pgring
