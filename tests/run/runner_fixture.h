// A reactor run over a simulated server: scripted service times, an exact clock, nothing slept.
#ifndef PGRING_TESTS_RUN_RUNNER_FIXTURE_H_
#define PGRING_TESTS_RUN_RUNNER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/base/interrupt.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/transaction.h"
#include "pgring/uring/simulated_backend.h"
#include "run/connection_opener.h"
#include "run/reactor_runner.h"
#include "run/run.h"
#include "run/verdict.h"
#include "support/simulated_session.h"

namespace pgring {

inline constexpr int64_t kMs = kNanosecondsPerMillisecond;

inline const ScenarioType* const kReactorTypes[] = {
    FindScenarioType("async"), FindScenarioType("chunked"), FindScenarioType("window")};

// One statement per operation; the operation's value says what becomes of it.
class OneStatementWorkload final : public Workload {
 public:
  // Values from 0 up: a success after that many milliseconds.
  static constexpr int32_t kSerializationFailure = -1;  // 40001, at once
  static constexpr int32_t kLostConnection = -2;        // at once
  static constexpr int32_t kNeverAnswered = -3;

  const std::vector<std::string>& kinds() const override { return kinds_; }
  const std::vector<Statement>& statements() const override { return statements_; }

  Task<absl::Status> Run(Session* session, ClientState*, Operation operation,
                         OperationTally* tally) override {
    char text[16];
    std::snprintf(text, sizeof text, "%d", operation.value);
    const char* value = text;
    const Parameters parameters(&value, 1);
    const Statement* statement = statements_.data();
    Transaction transaction(session);
    auto result = co_await transaction.Execute(statement, parameters);
    if (result.ok()) ++tally->rows_read;
    co_return result.status();
  }

  // The simulated server's side.
  static SimulatedAnswer Answer(const Statement&, Parameters parameters) {
    const int value = std::atoi(parameters.values[0]);
    SimulatedAnswer answer;
    if (value >= 0) answer.service_ns = value * kMs;
    if (value == kSerializationFailure) answer.status = ServerError("40001");
    if (value == kLostConnection) answer.status = ConnectionLost();
    answer.never = value == kNeverAnswered;
    return answer;
  }

  absl::Status Prepare(BlockingSession*, std::vector<std::string>*) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Verification>> Verify(BlockingSession*,
                                                     const CommittedWork&) override {
    return std::nullopt;
  }
  bool AvoidPreparedStatements() override { return false; }
  std::vector<std::string> Observations(BlockingSession*, const CommittedWork&) override {
    return {};
  }

 private:
  const std::vector<std::string> kinds_ = {"operation"};
  const std::vector<Statement> statements_ = {{"work", "SELECT work($1)", 1}};
};

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() { NewServer(); }
  ~RunnerTest() override {
    EXPECT_EQ(server_->open(), 0) << "a session was left open";
    server_.reset();
    helpers_.reset();
    reactor_.reset();
    EXPECT_EQ(GetFramePoolStats().live_frames, frames_before_);
  }

  // A reactor and a server anew, for tests of many runs.
  void NewServer() {
    server_.reset();
    helpers_.reset();
    reactor_ =
        std::make_unique<Reactor>(std::make_unique<SimulatedBackend>(SimulatedBackendOptions()));
    helpers_ = std::make_unique<TaskGroup>(reactor_->ready());
    server_ = std::make_unique<SimulatedServer>(reactor_.get());
    server_->Answer(&OneStatementWorkload::Answer);
    interrupt_ = std::make_unique<Interrupt>();
  }

  static ScenarioPlan Scenario(const ScenarioType* type, int limit_or_pool) {
    ScenarioPlan plan;
    plan.type = type;
    plan.label = std::string(type->name);
    if (type->has_limit) plan.limit = limit_or_pool;
    plan.pool.size = limit_or_pool;
    return plan;
  }
  static std::vector<Operation> OperationsOf(const std::vector<int32_t>& values) {
    std::vector<Operation> operations;
    for (const int32_t value : values) operations.push_back({0, value});
    return operations;
  }

  // Runs and checks what holds for every run, however it ends.
  std::unique_ptr<pgring::Run> Measure(const ScenarioPlan& scenario,
                                       const std::vector<int32_t>& values) {
    return RunWorkload(scenario, OperationsOf(values), &workload_);
  }
  std::unique_ptr<pgring::Run> RunWorkload(const ScenarioPlan& scenario,
                                           const std::vector<Operation>& operations,
                                           Workload* workload) {
    auto measured = std::make_unique<pgring::Run>(scenario, load_, workload->kinds());
    progress_ = std::make_unique<RunProgress>();
    RunContext context;
    context.scenario = &scenario;
    context.workload = workload;
    const OperationList source(operations);
    context.operations = &source;
    const bool counts = !load_.duration_s.has_value();
    const int64_t mine = share_.CountOf(static_cast<int64_t>(operations.size()));
    context.operation_count = counts ? mine : kUnlimitedOperations;
    context.share = share_;
    context.load = load_;
    context.interrupt = interrupt_.get();
    context.progress = progress_.get();
    context.limits = limits_;
    start_ns_ = reactor_->clock().NowNs();
    RunOnReactor(context, reactor_.get(), server_.get(), measured.get());
    RunUntilDone(reactor_.get(), JoinHelpers());

    const OperationSummary& total = measured->total();
    if (counts) {
      EXPECT_EQ(total.scheduled, mine);
    }
    EXPECT_TRUE(total.Balanced()) << total.succeeded << " + " << total.failed << " + "
                                  << total.skipped << " of " << total.scheduled;
    EXPECT_TRUE(CheckLittle(*measured).ok);
    // On this clock both sides of Little's law are the same number, not just nearly.
    const auto duration_ns = static_cast<double>(measured->ended_ns - measured->started_ns);
    EXPECT_DOUBLE_EQ(
        measured->recorder.MeanInSystem(measured->started_ns, measured->ended_ns) * duration_ns,
        measured->recorder.SumTimeInSystemNs());
    EXPECT_EQ(measured->started_ns,
              start_ns_ + (load_.connect_before ? measured->connecting_ns : 0) +
                  static_cast<int64_t>(load_.warmup_s * kNanosecondsPerSecond));
    EXPECT_EQ(server_->executing(), 0);
    return measured;
  }

  // Raises the interrupt that many ms after the run's start.
  void InterruptAt(int64_t ms) { helpers_->Spawn(RaiseAt(ms)); }

  // Of a function that runs so many operations in a scenario of that kind and returns how often
  // memory was allocated: twice the operations, not one allocation more.
  template <typename Allocations>
  void ExpectNoAllocationPerOperation(const ScenarioType* type, const Allocations& allocations) {
    constexpr int64_t kOperations = 2'000;
    // Fills the frame pool and whatever else grows with what is in flight.
    allocations(type, 2 * kOperations);
    allocations(type, kOperations);
    if (GetFramePoolStats().reserved_bytes == 0) {
      GTEST_SKIP() << "frames come from the heap in this build";
    }
    const int64_t once = allocations(type, kOperations);
    const int64_t twice = allocations(type, 2 * kOperations);
    EXPECT_EQ(twice - once, 0) << once << " and " << twice;
  }

  double WallMs(const pgring::Run& measured) const {
    return static_cast<double>(measured.ended_ns - measured.started_ns) / kMs;
  }

  LoadPlan load_;
  WorkerShare share_;  // all of it
  LimitSource* limits_ = nullptr;
  const int64_t frames_before_ = GetFramePoolStats().live_frames;
  OneStatementWorkload workload_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<TaskGroup> helpers_;
  std::unique_ptr<SimulatedServer> server_;
  std::unique_ptr<Interrupt> interrupt_;
  std::unique_ptr<RunProgress> progress_;
  int64_t start_ns_ = 0;

 private:
  Task<void> RaiseAt(int64_t ms) {
    const int64_t raise_ns = reactor_->clock().NowNs() + ms * kMs;
    Reactor* reactor = reactor_.get();
    co_await SleepUntil(reactor, raise_ns);
    constexpr int kSomeSignal = 2;
    interrupt_->Raise(kSomeSignal);
  }
  Task<void> JoinHelpers() { co_await helpers_->Join(); }
};

}  // namespace pgring

#endif  // PGRING_TESTS_RUN_RUNNER_FIXTURE_H_
