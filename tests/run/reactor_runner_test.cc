// Runs to the end over the reactor: what starts when, what is counted, what fails. Interrupted runs
// are in reactor_interrupt_test.cc.
#include "run/reactor_runner.h"

#include <algorithm>

#include "pgring/base/random.h"
#include "pgring/base/status.h"
#include "runner_fixture.h"
#include "schedule_model.h"
#include "support/allocation_count.h"
#include "support/simulated_family.h"
#include "workload/family.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::vector<int32_t> Repeat(int32_t value, size_t count) {
  return std::vector<int32_t>(count, value);
}

// Ten operations of 10 ms, four at a time, after 5 ms of connecting: three rounds.
TEST_F(RunnerTest, ConstantServiceTime) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_connect_ns(5 * kMs);
    const auto measured = Measure(Scenario(type, 4), Repeat(10, 10));
    EXPECT_EQ(WallMs(*measured), 5 + 3 * 10);
    EXPECT_EQ(measured->recorder.succeeded(), 10);
    EXPECT_EQ(measured->connections.opened, 4);
    EXPECT_EQ(measured->connections.requested, 4);
    EXPECT_EQ(measured->connect_ns.count(), 4);
    EXPECT_EQ(server_->peak_executing(), 4);
    EXPECT_EQ(measured->tally.round_trips, 10);
    EXPECT_EQ(progress_->ended.load(), 10);
    EXPECT_EQ(progress_->failed.load(), 0);
    EXPECT_FALSE(measured->interrupted);
    EXPECT_THAT(measured->gave_up, IsEmpty());
    EXPECT_EQ(measured->ring_setup, "simulated");
  }
}

// One slow operation in each chunk holds up the whole chunk and not the window.
TEST_F(RunnerTest, ChunkWaitsForItsSlowestAndWindowDoesNot) {
  const std::vector<int32_t> values = {40, 10, 10, 10, 40, 10, 10, 10};
  const auto chunked = Measure(Scenario(FindScenarioType("chunked"), 4), values);
  EXPECT_EQ(WallMs(*chunked), 80);
  NewServer();
  const auto window = Measure(Scenario(FindScenarioType("window"), 4), values);
  // 10-50 the second slow one, beside three short ones that end at 20.
  EXPECT_EQ(WallMs(*window), 50);
}

TEST_F(RunnerTest, LastChunkMayBePartial) {
  const auto measured = Measure(Scenario(FindScenarioType("chunked"), 4), Repeat(10, 9));
  EXPECT_EQ(WallMs(*measured), 30);
  NewServer();
  const auto small = Measure(Scenario(FindScenarioType("chunked"), 100), Repeat(10, 3));
  EXPECT_EQ(WallMs(*small), 10);
  EXPECT_EQ(small->connections.opened, 3);
}

// Any service times: all four stamps of all operations are those of the model.
TEST_F(RunnerTest, EveryStampIsThatOfTheModel) {
  constexpr uint64_t kSeeds = 30;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    const int connections = static_cast<int>(random.Between(1, 9));
    const int64_t connect_ns = random.Chance(0.5) ? 0 : random.Between(1, 20) * kMs;
    std::vector<int32_t> values;
    std::vector<int64_t> service_ns;
    const int64_t operations = random.Between(1, 80);
    for (int64_t i = 0; i < operations; ++i) {
      values.push_back(static_cast<int32_t>(random.Between(1, 50)));
      service_ns.push_back(values.back() * kMs);
    }
    for (const ScenarioType* type : kReactorTypes) {
      SCOPED_TRACE(std::string(type->name) + ", seed " + std::to_string(seed));
      NewServer();
      server_->set_connect_ns(connect_ns);
      const auto measured = Measure(Scenario(type, connections), values);
      Recorder expected(1);
      int64_t end_ns = 0;
      for (const OperationStamps& stamps :
           ModelSchedule(type->limiter, connections, connect_ns, service_ns)) {
        expected.Scheduled(0, stamps.scheduled_ns);
        expected.Succeeded(0, stamps);
        end_ns = std::max(end_ns, stamps.finished_ns);
      }
      EXPECT_EQ(measured->ended_ns - measured->started_ns, end_ns);
      for (size_t part = 0; part < kLatencyPartCount; ++part) {
        const Histogram& found = measured->recorder.kind(0).latency[part];
        const Histogram& wanted = expected.kind(0).latency[part];
        EXPECT_EQ(found.counts(), wanted.counts()) << part;
        EXPECT_EQ(found.Sum(), wanted.Sum()) << part;
      }
    }
  }
}

TEST_F(RunnerTest, UnboundedSchedulesEverythingAtOnceAndWaitsForThePool) {
  const auto measured = Measure(Scenario(FindScenarioType("async"), 2), Repeat(10, 6));
  const OperationSummary& operations = measured->recorder.kind(0);
  EXPECT_EQ(operations.part(LatencyPart::kAdmissionWait).Max(), 0);
  EXPECT_EQ(operations.part(LatencyPart::kPoolWait).Sum(), 2.0 * (0 + 10 + 20) * kMs);
  EXPECT_EQ(operations.part(LatencyPart::kService).Sum(), 6.0 * 10 * kMs);
  EXPECT_EQ(measured->timeline.Peak(ConnectionGauge::kWaiting), 4);
  EXPECT_EQ(measured->timeline.Peak(ConnectionGauge::kInUse), 2);
  // 4 wait for 10 ms, 2 for another 10, none in the last 10.
  EXPECT_DOUBLE_EQ(measured->timeline.Mean(ConnectionGauge::kWaiting), (4 * 10 + 2 * 10) / 30.0);
  EXPECT_DOUBLE_EQ(measured->timeline.Mean(ConnectionGauge::kOpen), 2);
}

TEST_F(RunnerTest, FailuresAreDataAndTheRunGoesOn) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    const auto measured =
        Measure(Scenario(type, 2), {10, OneStatementWorkload::kSerializationFailure, 10,
                                    OneStatementWorkload::kLostConnection, 10,
                                    OneStatementWorkload::kSerializationFailure, 10, 10});
    const OperationSummary total = measured->recorder.Total();
    EXPECT_EQ(total.succeeded, 5);
    EXPECT_EQ(total.failed, 3);
    EXPECT_EQ(total.skipped, 0);
    EXPECT_THAT(total.failures,
                UnorderedElementsAre(Pair("40001", 2), Pair(std::string(kCauseConnectionLost), 1)));
    EXPECT_THAT(measured->first_failure, HasSubstr("40001"));
    EXPECT_EQ(measured->connections.opened, 3) << "the lost one was replaced";
    EXPECT_EQ(progress_->ended.load(), 8);
    EXPECT_EQ(progress_->failed.load(), 3);
    EXPECT_EQ(measured->tally.round_trips, 5) << "of succeeded operations only";
  }
}

TEST_F(RunnerTest, RefusedConnectionsSlowTheRunAndFailNothing) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_connect_ns(1 * kMs);
    server_->set_max_connections(3);
    const auto measured = Measure(Scenario(type, 8), Repeat(10, 40));
    EXPECT_EQ(measured->recorder.succeeded(), 40);
    EXPECT_GT(measured->connections.refused, 0);
    EXPECT_EQ(measured->connections.opened, 3);
    EXPECT_EQ(measured->connections.requested,
              measured->connections.opened + measured->connections.refused);
    EXPECT_EQ(measured->timeline.Peak(ConnectionGauge::kOpen), 3);
  }
}

TEST_F(RunnerTest, GivesUpWhenNoConnectionCouldBeOpenedForThirtySeconds) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_connect_outcome(NobodyListens());
    const auto measured = Measure(Scenario(type, 4), Repeat(10, 100));
    EXPECT_THAT(measured->gave_up, HasSubstr("no connection could be opened for 30 s"));
    EXPECT_FALSE(measured->interrupted);
    const OperationSummary total = measured->recorder.Total();
    EXPECT_EQ(total.succeeded, 0);
    // The first to hear of it fails, and with that the run stops.
    EXPECT_EQ(total.failed, 1);
    EXPECT_EQ(total.skipped, 99);
    // The pauses of the back-off end at 30.27 s.
    EXPECT_EQ(WallMs(*measured), 30'270);
  }
}

TEST_F(RunnerTest, PoolTimeoutFailsTheOperationsThatWaitedTooLong) {
  ScenarioPlan scenario = Scenario(FindScenarioType("async"), 1);
  scenario.pool.timeout_s = 0.015;
  const auto measured = Measure(scenario, Repeat(10, 5));
  const OperationSummary total = measured->recorder.Total();
  EXPECT_EQ(total.succeeded, 2);
  EXPECT_THAT(total.failures, UnorderedElementsAre(Pair(std::string(kCausePoolTimeout), 3)));
  EXPECT_EQ(WallMs(*measured), 20);
}

TEST_F(RunnerTest, WrongPasswordFailsEveryOperation) {
  server_->set_connect_outcome(WrongPassword());
  const auto measured = Measure(Scenario(FindScenarioType("window"), 4), Repeat(10, 20));
  EXPECT_THAT(measured->recorder.Total().failures, UnorderedElementsAre(Pair("28P01", 20)));
  EXPECT_EQ(measured->connections.refused, 0);
}

// The run was over before its watch for the interrupt had begun, which then waited for ever.
TEST_F(RunnerTest, NoOperationsAtAll) {
  for (const ScenarioType* type : kReactorTypes) {
    NewServer();
    const auto measured = Measure(Scenario(type, 4), {});
    EXPECT_EQ(measured->ended_ns, measured->started_ns);
    EXPECT_EQ(measured->connections.requested, 0);
  }
}

// The real workload, all of its coroutines: twice the operations, not one allocation more. libpq's
// own memory comes from malloc and is not counted.
TEST_F(RunnerTest, SteadyStateAllocatesNothingPerOperation) {
  for (const StatementStyle style : {StatementStyle::kBatched, StatementStyle::kPerRow}) {
    FamilyOptions options;
    options.statements = style;
    FamilyWorkload workload(options);
    SimulatedFamily family;
    // All of it within a second: the series of seconds allocates for each of them.
    family.set_service_ns(kMs / 20);
    const auto allocations = [&](const ScenarioType* type, int64_t count) {
      NewServer();
      server_->Answer([&family](const Statement& statement, Parameters parameters) {
        return family.Answer(statement, parameters);
      });
      const std::vector<Operation> operations = MakeFamilyOperations(count, 0.5, 42);
      const ScenarioPlan scenario = Scenario(type, 20);
      const int64_t before = AllocationCount();
      const auto measured = RunWorkload(scenario, operations, &workload);
      EXPECT_EQ(measured->recorder.succeeded(), count);
      return AllocationCount() - before;
    };
    for (const ScenarioType* type : kReactorTypes) {
      SCOPED_TRACE(std::string(type->name) + " " + std::string(StatementStyleName(style)));
      ExpectNoAllocationPerOperation(type, allocations);
      if (IsSkipped()) return;
    }
  }
}

}  // namespace
}  // namespace pgring
