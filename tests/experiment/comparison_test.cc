// Whole comparisons on a real server: every scenario, both statement styles, limits of the server,
// interrupts.
#include "experiment/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiment/io_choice.h"
#include "experiment/workloads.h"
#include "pgring/base/build_info.h"
#include "pgring/base/status.h"
#include "support/server_environment.h"
#include "workload/family.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr int64_t kOperations = 200;
constexpr int kLimit = 8;

// Writes down what it is told.
class RecordingObserver : public ComparisonObserver {
 public:
  void OnStart(const ComparisonResult& result) override {
    events_.push_back("start");
    server_version_ = result.environment.server_version;
  }
  void OnRunStart(const ScenarioPlan& scenario,
                  std::shared_ptr<const RunProgress> progress) override {
    progress_ = std::move(progress);
    events_.push_back(absl::StrCat("run ", scenario.label));
    if (interrupt_in_ == scenario.label) interrupt_->Raise(2);
  }
  void OnRunEnd(const pgring::Run& run) override {
    events_.push_back(absl::StrCat("end ", run.scenario.label));
    if (progress_ == nullptr) return;
    // A display reads it until now. It was gone by then, and lines of pgbench's told of 87,966 s.
    EXPECT_GT(progress_->ended_ns.load(), progress_->measuring_from_ns.load());
    if (!run.interrupted) {
      EXPECT_EQ(progress_->ended.load(), run.total().scheduled);
    }
    progress_ = nullptr;
  }
  void OnNote(const std::string& note) override { notes_.push_back(note); }

  void InterruptIn(const std::string& label, Interrupt* interrupt) {
    interrupt_in_ = label;
    interrupt_ = interrupt;
  }

  const std::vector<std::string>& events() const { return events_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::string& server_version() const { return server_version_; }

 private:
  std::vector<std::string> events_;
  std::vector<std::string> notes_;
  std::string server_version_;
  std::string interrupt_in_;
  Interrupt* interrupt_ = nullptr;
  std::shared_ptr<const RunProgress> progress_;
};

class ComparisonTest : public ::testing::Test {
 protected:
  ComparisonTest() {
    AskServer("DROP SCHEMA IF EXISTS pgring CASCADE");
    plan_.workload.operations = kOperations;
    target_.parameters = ServerParameters();
    target_.postmaster_pid = ServerPostmasterPid();
    target_.throwaway = true;
  }

  void AddScenario(const ScenarioType* type) {
    ScenarioPlan scenario;
    scenario.type = type;
    scenario.label = std::string(type->name);
    scenario.pool.size = type == FindScenarioType("sync") ? 1 : kLimit;
    if (type != FindScenarioType("async")) scenario.limit = scenario.pool.size;
    scenario.pipeline = type->pipelines;
    plan_.scenarios.push_back(scenario);
  }

  absl::StatusOr<ComparisonResult> Compare() {
    PGRING_RETURN_IF_ERROR(ChooseIoMode(&plan_));
    auto workload = MakeWorkload(plan_.workload, target_.throwaway);
    if (!workload.ok()) return workload.status();
    return RunComparison(plan_, *std::move(workload), target_, &interrupt_, &observer_);
  }

  ComparisonPlan plan_;
  ExperimentTarget target_;
  Interrupt interrupt_;
  RecordingObserver observer_;
};

// A build that is not fit for measuring says so, and nothing else may be wrong with the run.
void ExpectValidRun(const pgring::Run& run) {
  if (GetBuildInfo().fit_for_measuring()) {
    EXPECT_THAT(run.verdict.reasons, IsEmpty());
  } else {
    EXPECT_THAT(run.verdict.reasons, ElementsAre(StartsWith("this pgring was built with")));
  }
}

int64_t ExpectedCreates(const std::vector<Operation>& operations) {
  return std::count_if(operations.begin(), operations.end(),
                       [](const Operation& o) { return o.kind == kFamilyCreate; });
}

// Of a run of one operation after the other.
int64_t ExpectedRoundTrips(const std::vector<Operation>& operations, StatementStyle style) {
  int64_t round_trips = 0;
  bool empty = true;
  for (const Operation& operation : operations) {
    const bool is_create = operation.kind == kFamilyCreate;
    if (is_create) {
      round_trips += style == StatementStyle::kBatched ? 4 : 10;
    } else {
      round_trips += empty ? 3 : 4;
    }
    empty = empty && !is_create;
  }
  return round_trips;
}

class ComparisonStyleTest : public ComparisonTest,
                            public ::testing::WithParamInterface<StatementStyle> {};

INSTANTIATE_TEST_SUITE_P(BothStyles, ComparisonStyleTest,
                         ::testing::Values(StatementStyle::kBatched, StatementStyle::kPerRow),
                         [](const auto& test) {
                           return test.param == StatementStyle::kBatched ? "Batched" : "PerRow";
                         });

TEST_P(ComparisonStyleTest, AllScenariosRunTheSameListAndAreVerified) {
  plan_.workload.statements = GetParam();
  for (const ScenarioType& type : ScenarioTypes()) AddScenario(&type);
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->runs.size(), 7u);
  EXPECT_THAT(
      observer_.events(),
      ElementsAre("start", "run sync", "end sync", "run threads", "end threads", "run async",
                  "end async", "run chunked", "end chunked", "run window", "end window",
                  "run pipelined", "end pipelined", "run multiplexed", "end multiplexed"));
  EXPECT_THAT(observer_.notes(), IsEmpty());
  const std::vector<Operation> operations =
      MakeFamilyOperations(kOperations, plan_.workload.write_ratio, plan_.workload.seed);
  const int64_t creates = ExpectedCreates(operations);
  for (const pgring::Run& run : result->runs) {
    SCOPED_TRACE(run.scenario.label);
    ExpectValidRun(run);
    EXPECT_EQ(run.total().scheduled, kOperations);
    EXPECT_EQ(run.total().succeeded, kOperations);
    ASSERT_TRUE(run.verification.has_value());
    EXPECT_TRUE(run.verification->ok);
    EXPECT_EQ(run.verification->found[0].second, 3 * creates);
    EXPECT_EQ(run.verification->found[1].second, 5 * creates);
    ASSERT_EQ(run.kinds.size(), 2u);
    EXPECT_EQ(run.recorder.kind(kFamilyCreate).succeeded, creates);
    EXPECT_GT(run.duration_s(), 0);
    EXPECT_GT(run.tally.rows_read, 0);
    EXPECT_GE(run.connections.opened, 1);
    EXPECT_LE(run.connections.opened, kLimit);
    EXPECT_EQ(run.connections.refused, 0);
    EXPECT_LE(run.timeline.Peak(ConnectionGauge::kInUse),
              run.timeline.Peak(ConnectionGauge::kOpen));
    EXPECT_EQ(run.connect_ns.count(), run.connections.opened);
    EXPECT_TRUE(run.server.has_value());
    const bool on_reactor = run.scenario.type->driver->uses_io_uring;
    EXPECT_EQ(run.ring.has_value(), on_reactor);
    EXPECT_EQ(run.ring_setup.empty(), !on_reactor);
  }
  EXPECT_EQ(result->runs[0].connections.opened, 1);
  EXPECT_EQ(result->runs[0].tally.round_trips, ExpectedRoundTrips(operations, GetParam()));
  EXPECT_EQ(result->valid(), GetBuildInfo().fit_for_measuring());
  EXPECT_FALSE(result->interrupted);
}

// What each way of doing I/O asks of the kernel for one round trip of a connection that is alone.
TEST_F(ComparisonTest, SystemCallsAreCountedInEveryWayOfIo) {
  struct Case {
    const char* scenario;
    IoMode io;
    double system_calls;  // sync and readiness: send, wait, receive
    bool blocks;
  };
  for (const Case& expected :
       {Case{"sync", IoMode::kReadiness, 3, false}, Case{"window", IoMode::kReadiness, 3, false},
        // sendto, recv, and ioctl twice, so that recv waits
        Case{"window", IoMode::kCompletion, 4, true},
        // io_uring_enter, for both
        Case{"window", IoMode::kRing, 1, false}}) {
    SCOPED_TRACE(absl::StrCat(expected.scenario, " ", std::string(IoModeName(expected.io))));
    plan_.scenarios.clear();
    plan_.wanted_io = expected.io;
    plan_.load.connect_before = true;
    AddScenario(FindScenarioType(expected.scenario));
    plan_.scenarios[0].limit = 1;
    plan_.scenarios[0].pool.size = 1;
    const absl::StatusOr<ComparisonResult> result = Compare();
    ASSERT_TRUE(result.ok()) << result.status();
    const pgring::Run& run = result->runs[0];
    const auto round_trips = static_cast<double>(run.tally.round_trips);
    ASSERT_GT(round_trips, kOperations);
    EXPECT_NEAR(static_cast<double>(run.tally.system_calls) / round_trips, expected.system_calls,
                0.3);
    if (!run.ring.has_value()) continue;
    EXPECT_EQ(run.ring->blocking_receives > 0, expected.blocks);
  }
}

TEST_F(ComparisonTest, EnvironmentSaysWhatWasMeasured) {
  AddScenario(FindScenarioType("sync"));
  plan_.workload.operations = 2;
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  const Environment& environment = result->environment;
  EXPECT_EQ(environment.server_address, "Unix socket") << "whose name means nothing afterwards";
  EXPECT_EQ(environment.server_version, observer_.server_version());
  EXPECT_EQ(environment.server_version.substr(0, 2), AskServer("SHOW server_version").substr(0, 2));
  EXPECT_TRUE(environment.server_is_throwaway);
  EXPECT_THAT(environment.server_settings,
              ElementsAre(std::pair<std::string, std::string>("fsync", "on"),
                          std::pair<std::string, std::string>("synchronous_commit", "on"),
                          std::pair<std::string, std::string>("full_page_writes", "on"),
                          std::pair<std::string, std::string>("max_connections", "2000"),
                          testing::Pair("shared_buffers", AskServer("SHOW shared_buffers"))));
  EXPECT_THAT(environment.kernel, StartsWith("Linux "));
  EXPECT_GT(environment.cpu_count, 0);
  EXPECT_GT(environment.memory_bytes, 0);
  EXPECT_THAT(environment.started_at, testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

TEST_F(ComparisonTest, AddressOfAServerThatIsNotOurs) {
  AddScenario(FindScenarioType("sync"));
  plan_.workload.operations = 2;
  target_.throwaway = false;
  target_.postmaster_pid = std::nullopt;
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->environment.server_address, StartsWith("Unix socket /"));
  EXPECT_FALSE(result->environment.server_is_throwaway);
  ASSERT_EQ(result->runs.size(), 1u);
  EXPECT_FALSE(result->runs[0].server.has_value()) << "its cost is not known";
}

TEST_F(ComparisonTest, DefaultsGiveWayToWhatTheServerAllows) {
  AskServer("CREATE ROLE few LOGIN CONNECTION LIMIT 5");
  AskServer("GRANT CREATE ON DATABASE postgres TO few");
  target_.parameters = ServerParameters("user=few");
  AddScenario(FindScenarioType("window"));
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(observer_.notes(),
              ElementsAre(AllOf(HasSubstr("scenario window: 3 connections instead of 8"),
                                HasSubstr("CONNECTION LIMIT 5 of the role"))));
  ASSERT_EQ(result->runs.size(), 1u);
  ExpectValidRun(result->runs[0]);
  EXPECT_LE(result->runs[0].timeline.Peak(ConnectionGauge::kOpen), 4);
  EXPECT_EQ(result->runs[0].connections.refused, 0);
  EXPECT_THAT(result->runs[0].verdict.warnings, Contains(HasSubstr("no CHECKPOINT")));
  AskServer("DROP SCHEMA pgring CASCADE");
}

// Sessions that others hold are not to be had. They were left out of the account, and a run that
// was promised more connections than there were waited for them, refused again and again.
TEST_F(ComparisonTest, SessionsOfOthersCount) {
  AskServer("CREATE ROLE shared LOGIN CONNECTION LIMIT 7");
  AskServer("GRANT CREATE ON DATABASE postgres TO shared");
  target_.parameters = ServerParameters("user=shared");
  std::vector<std::unique_ptr<BlockingSession>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(std::make_unique<BlockingSession>(&target_.parameters, nullptr, nullptr));
    ASSERT_EQ(others.back()->ConnectNow(), absl::OkStatus());
  }
  AddScenario(FindScenarioType("window"));
  AddScenario(FindScenarioType("threads"));
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(observer_.notes(),
              ElementsAre(AllOf(HasSubstr("scenario window: 2 connections instead of 8"),
                                HasSubstr("CONNECTION LIMIT 7 of the role, 3 in use by others")),
                          HasSubstr("scenario threads: 2 connections instead of 8")));
  ASSERT_EQ(result->runs.size(), 2u);
  for (const pgring::Run& run : result->runs) {
    ExpectValidRun(run);
    EXPECT_EQ(run.connections.refused, 0);
  }
  // One that was asked for is told before anything runs.
  plan_.scenarios[0].connections_given = true;
  const absl::Status refused = Compare().status();
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("scenario window asks for 8 connections"),
                                       HasSubstr("in use by others")));
  AskServer("DROP SCHEMA pgring CASCADE");
}

TEST_F(ComparisonTest, ConnectionsThatWereAskedForAreNotCutDown) {
  AddScenario(FindScenarioType("async"));
  plan_.workload.operations = 10'000;
  plan_.scenarios[0].pool.size = 5'000;
  plan_.scenarios[0].connections_given = true;
  const absl::Status refused = Compare().status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("scenario async asks for 5000 connections"),
                                       HasSubstr("max_connections 2000"), HasSubstr("1999")));
  EXPECT_EQ(AskServer("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgring'"), "0");
}

TEST_F(ComparisonTest, ForeignSchemaStopsEverythingBeforeItBegins) {
  AskServer("CREATE SCHEMA pgring");
  AddScenario(FindScenarioType("sync"));
  EXPECT_TRUE(absl::IsAlreadyExists(Compare().status()));
  EXPECT_THAT(observer_.events(), IsEmpty());
}

TEST_F(ComparisonTest, UnreachableServerIsAnErrorThatSaysWhere) {
  target_.parameters = ServerParameters("host=/nonexistent");
  AddScenario(FindScenarioType("sync"));
  const absl::Status status = Compare().status();
  EXPECT_THAT(status.message(), HasSubstr("connecting to Unix socket /nonexistent"));
}

TEST_F(ComparisonTest, InterruptEndsTheRunInProgressAndTheComparison) {
  AddScenario(FindScenarioType("window"));
  AddScenario(FindScenarioType("sync"));
  plan_.workload.operations = 50'000;
  observer_.InterruptIn("window", &interrupt_);
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->interrupted);
  EXPECT_FALSE(result->valid());
  ASSERT_EQ(result->runs.size(), 1u) << "the second was not started";
  const pgring::Run& run = result->runs[0];
  EXPECT_TRUE(run.interrupted);
  EXPECT_THAT(run.verdict.reasons, Contains("interrupted"));
  EXPECT_TRUE(run.total().Balanced());
  EXPECT_EQ(run.total().scheduled, 50'000);
  EXPECT_GT(run.total().skipped, 0);
  ASSERT_TRUE(run.verification.has_value());
  EXPECT_TRUE(run.verification->ok) << run.verification->remark;
}

TEST_F(ComparisonTest, InterruptInABlockingRun) {
  AddScenario(FindScenarioType("threads"));
  plan_.workload.operations = 50'000;
  observer_.InterruptIn("threads", &interrupt_);
  const absl::StatusOr<ComparisonResult> result = Compare();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->runs.size(), 1u);
  const pgring::Run& run = result->runs[0];
  EXPECT_THAT(run.verdict.reasons, Contains("interrupted"));
  EXPECT_TRUE(run.total().Balanced());
  EXPECT_EQ(run.total().scheduled, 50'000);
  ASSERT_TRUE(run.verification.has_value());
  EXPECT_TRUE(run.verification->ok) << run.verification->remark;
}

TEST_F(ComparisonTest, InterruptBeforeTheFirstRun) {
  AddScenario(FindScenarioType("sync"));
  interrupt_.Raise(2);
  EXPECT_TRUE(absl::IsCancelled(Compare().status()));
  EXPECT_THAT(observer_.events(), IsEmpty());
  EXPECT_EQ(AskServer("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgring'"), "0")
      << "nothing was measured, so nothing stays behind";
}

// What repeats, a search for the best limit and several workers are made of.
TEST_F(ComparisonTest, AnExperimentMeasuresAnythingAnyNumberOfTimes) {
  AddScenario(FindScenarioType("window"));
  AddScenario(FindScenarioType("sync"));
  ASSERT_TRUE(ChooseIoMode(&plan_).ok());
  auto workload = MakeWorkload(plan_.workload, target_.throwaway);
  ASSERT_TRUE(workload.ok());
  auto opened = Experiment::Open(*std::move(workload), &target_, plan_.io, &interrupt_, &observer_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  Experiment& experiment = **opened;
  ASSERT_TRUE(experiment.PrepareFirst().ok());
  const ScenarioPlan& window = plan_.scenarios[0];
  const ScenarioPlan& sync = plan_.scenarios[1];
  LoadPlan load;
  for (const ScenarioPlan* scenario : {&sync, &window, &window, &sync}) {
    ExpectValidRun(experiment.Measure(*scenario, load, kOperations, Reset::kMakeAnew));
  }
  // Another limit, another load, on the tables as they are: what is in them is not compared.
  ScenarioPlan narrow = window;
  narrow.limit = 2;
  load.warmup_s = 0.01;
  const pgring::Run kept = experiment.Measure(narrow, load, kOperations / 2, Reset::kKeep);
  ExpectValidRun(kept);
  EXPECT_EQ(kept.total().succeeded, kOperations / 2);
  EXPECT_FALSE(kept.verification.has_value());
  EXPECT_LE(kept.timeline.Peak(ConnectionGauge::kInUse), 2);
  ExpectValidRun(experiment.Measure(window, LoadPlan(), kOperations, Reset::kMakeAnew));
}

}  // namespace
}  // namespace pgring
