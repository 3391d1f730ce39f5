// Workloads whose limit is known, on a real server: the samples of the server name it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diagnosis/cause.h"
#include "experiment/comparison.h"
#include "experiment/io_choice.h"
#include "experiment/workloads.h"
#include "pgring/base/status.h"
#include "script/builtin_scripts.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kClients = 8;
// Some 120 looks.
constexpr double kDurationS = 2.5;
// A busy machine gives the sampler fewer looks: then runs are added until they are enough.
constexpr int kMostRuns = 8;

class QuietObserver : public ComparisonObserver {
 public:
  void OnStart(const ComparisonResult& /*result*/) override {}
  void OnRunStart(const ScenarioPlan& /*scenario*/,
                  std::shared_ptr<const RunProgress> /*progress*/) override {}
  void OnRunEnd(const pgring::Run& /*run*/) override {}
  void OnNote(const std::string& note) override { notes.push_back(note); }

  std::vector<std::string> notes;
};

class ServerSamplesTest : public ::testing::Test {
 protected:
  ServerSamplesTest() {
    AskServer("DROP SCHEMA IF EXISTS pgring CASCADE");
    target_.parameters = ServerParameters();
    target_.postmaster_pid = ServerPostmasterPid();
    target_.throwaway = true;
  }

  void UseScript(const std::string& text, QueryMode mode = QueryMode::kPrepared) {
    plan_.workload.name = "scripts";
    ScriptText script;
    script.name = "script";
    script.text = text;
    script.default_mode = mode;
    plan_.workload.scripts = {script};
    plan_.workload.operations = kUnlimitedOperations;
    plan_.load.duration_s = kDurationS;
    plan_.load.connect_before = true;
  }

  // Of one window over as many connections.
  std::optional<pgring::Run> Measure() {
    ScenarioPlan scenario;
    scenario.type = FindScenarioType("window");
    scenario.label = "window";
    scenario.limit = kClients;
    scenario.pool.size = kClients;
    plan_.scenarios = {scenario};
    EXPECT_TRUE(ChooseIoMode(&plan_).ok());
    auto workload = MakeWorkload(plan_.workload, target_.throwaway);
    EXPECT_TRUE(workload.ok()) << workload.status();
    if (!workload.ok()) return std::nullopt;
    auto result = RunComparison(plan_, *std::move(workload), target_, &interrupt_, &observer_);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return std::nullopt;
    return std::move(result->runs.front());
  }

  // The first run, with the samples of as many others as it takes until they name a cause that can
  // be trusted, or until so many have not.
  std::optional<pgring::Run> MeasureEnough() {
    return MeasureUntil(
        [](const Cause& cause) { return cause.named.has_value() && cause.is_trusted; });
  }

  template <typename Enough>
  std::optional<pgring::Run> MeasureUntil(const Enough& enough) {
    std::optional<pgring::Run> first = Measure();
    for (int runs = 1; runs < kMostRuns; ++runs) {
      if (!first.has_value() || !first->server_samples.has_value()) return first;
      if (enough(FindCause(*first->server_samples, {}))) return first;
      const std::optional<pgring::Run> another = Measure();
      if (!another.has_value() || !another->server_samples.has_value()) return first;
      first->server_samples->Add(*another->server_samples);
    }
    return first;
  }

  // What the samples of that run say; empty, and the test failed, when there are none.
  Cause CauseOf(const std::optional<pgring::Run>& run) {
    EXPECT_TRUE(run.has_value() && run->server_samples.has_value());
    if (!run.has_value() || !run->server_samples.has_value()) return {};
    EXPECT_EQ(run->total().failed, 0) << run->first_failure;
    for (const std::string& remark : run->remarks) EXPECT_THAT(remark, Not(HasSubstr("samples:")));
    return FindCause(*run->server_samples, {});
  }

  void ExpectCause(const Cause& cause, WaitClass expected) {
    ASSERT_TRUE(cause.named.has_value()) << cause.summary;
    EXPECT_EQ(WaitClassName(*cause.named), WaitClassName(expected)) << cause.summary;
    EXPECT_TRUE(cause.is_trusted) << cause.check_text;
  }

  ComparisonPlan plan_;
  ExperimentTarget target_;
  Interrupt interrupt_;
  QuietObserver observer_;
};

TEST_F(ServerSamplesTest, SelectOnlyIsLimitedByProcessors) {
  const auto script = FindBuiltinScript("select-only");
  ASSERT_TRUE(script.ok());
  UseScript(std::string((*script)->text));
  plan_.workload.scripts[0].is_builtin = true;
  plan_.workload.scripts[0].needs_pgbench_tables = true;
  const auto run = MeasureEnough();
  const Cause cause = CauseOf(run);
  ExpectCause(cause, WaitClass::kCpu);
  EXPECT_THAT(run->server_samples->scans, IsEmpty());
  EXPECT_GT(run->server_samples->cost.queries, 20);
  EXPECT_GT(run->server_samples->cost.server_s, 0);
  EXPECT_EQ(run->server_samples->other_active, 0) << "the sampler must not see itself";
}

TEST_F(ServerSamplesTest, OneRowThatAllChangeIsRowContention) {
  AskServer(
      "DROP TABLE IF EXISTS hot; CREATE TABLE hot (id int PRIMARY KEY, n int);"
      "INSERT INTO hot VALUES (1, 0)");
  UseScript("UPDATE hot SET n = n + 1 WHERE id = 1;\n");
  const Cause cause = CauseOf(MeasureEnough());
  ExpectCause(cause, WaitClass::kRowLock);
  EXPECT_THAT(cause.summary, HasSubstr("of table hot"));
}

// commit_delay stands for a device that is slow to flush.
TEST_F(ServerSamplesTest, TinyWritesAreLimitedByTheFlush) {
  AskServer("DROP TABLE IF EXISTS tiny; CREATE TABLE tiny (n int)");
  target_.parameters = ServerParameters("options='-c commit_delay=8000 -c commit_siblings=1'");
  UseScript("INSERT INTO tiny VALUES (1);\n");
  const Cause cause = CauseOf(MeasureEnough());
  ExpectCause(cause, WaitClass::kCommitFlush);
  EXPECT_THAT(cause.summary, HasSubstr("transactions shared a flush"));
}

TEST_F(ServerSamplesTest, ManyLargeRowsAreLimitedByExtendingTheTable) {
  AskServer("DROP TABLE IF EXISTS wide; CREATE UNLOGGED TABLE wide (t text)");
  UseScript("INSERT INTO wide SELECT repeat('x', 1900) FROM generate_series(1, 400);\n");
  const Cause cause = CauseOf(MeasureEnough());
  ExpectCause(cause, WaitClass::kRelationExtension);
  EXPECT_THAT(cause.summary, HasSubstr("of table wide"));
  AskServer("DROP TABLE wide");
}

TEST_F(ServerSamplesTest, SleepingInTransactionsIsTheClients) {
  UseScript("BEGIN;\nSELECT 1;\n\\sleep 5 ms\nSELECT 2;\nEND;\n");
  const Cause cause = CauseOf(MeasureEnough());
  ExpectCause(cause, WaitClass::kClientInTransaction);
  EXPECT_EQ(cause.check, SampleCheck::kAgrees) << cause.check_text;
}

TEST_F(ServerSamplesTest, AScanNamesTheIndexToMake) {
  AskServer(
      "DROP TABLE IF EXISTS big; CREATE TABLE big (id int PRIMARY KEY, owner int, t text);"
      "INSERT INTO big SELECT i, i, repeat('x', 50) FROM generate_series(1, 20000) i;"
      "ANALYZE big");
  UseScript("\\set owner random(1, 20000)\nSELECT id FROM big WHERE owner = :owner;\n");
  const auto run = MeasureEnough();
  ExpectCause(CauseOf(run), WaitClass::kCpu);
  ASSERT_EQ(run->server_samples->scans.size(), 1U);
  const ScanFinding& scan = run->server_samples->scans.front();
  EXPECT_EQ(scan.table, "big");
  EXPECT_GT(scan.share, 0.9);
  EXPECT_EQ(scan.index_sql, "CREATE INDEX ON big (owner)");
  ASSERT_EQ(scan.statements.size(), 1U);
  EXPECT_THAT(scan.statements.front().columns, ElementsAre("owner"));
}

TEST_F(ServerSamplesTest, FamilyWithoutItsIndexLacksOneForTheForeignKey) {
  plan_.workload.operations = 1'500;
  const auto run = Measure();
  ASSERT_TRUE(run->server_samples.has_value());
  EXPECT_THAT(run->server_samples->foreign_keys,
              ElementsAre(Field(&ForeignKeyFinding::index_sql, "CREATE INDEX ON pgring.b (a_id)")));
  ASSERT_EQ(run->server_samples->scans.size(), 1U);
  EXPECT_EQ(run->server_samples->scans.front().table, "pgring.b");
  EXPECT_EQ(run->server_samples->scans.front().index_sql, "CREATE INDEX ON pgring.b (a_id)");
}

TEST_F(ServerSamplesTest, FamilyWithItsIndexLacksNothing) {
  plan_.workload.operations = 500;
  plan_.workload.fk_index = true;
  const auto run = Measure();
  ASSERT_TRUE(run->server_samples.has_value());
  EXPECT_THAT(run->server_samples->foreign_keys, IsEmpty());
  EXPECT_THAT(run->server_samples->scans, IsEmpty());
}

TEST_F(ServerSamplesTest, AnOrdinaryRoleSeesItsOwnSessions) {
  AskServer(
      "DO $$ BEGIN CREATE ROLE ordinary LOGIN; EXCEPTION WHEN duplicate_object THEN NULL;"
      " END $$");
  target_.parameters = ServerParameters("user=ordinary");
  UseScript("SELECT sum(i) FROM generate_series(1, 5000) i;\n");
  ExpectCause(CauseOf(MeasureEnough()), WaitClass::kCpu);
}

TEST_F(ServerSamplesTest, HiddenSessionsAreCountedAndNeverTakenForWork) {
  AskServer(
      "DO $$ BEGIN CREATE ROLE ordinary LOGIN; EXCEPTION WHEN duplicate_object THEN NULL;"
      " END $$");
  target_.direct = ServerParameters("user=ordinary");
  UseScript("SELECT sum(i) FROM generate_series(1, 5000) i;\n");
  plan_.load.duration_s = 0.5;
  const auto run = Measure();
  ASSERT_TRUE(run->server_samples.has_value());
  EXPECT_GT(run->server_samples->hidden_rows, 0);
  EXPECT_EQ(run->server_samples->measured.sessions(), 0);
  EXPECT_EQ(FindCause(*run->server_samples, {}).named, std::nullopt);
  EXPECT_THAT(run->remarks, Contains(HasSubstr(" hidden: the role may not see")));
}

TEST_F(ServerSamplesTest, WithoutThemThereIsNoConnectionMore) {
  target_.samples_server = false;
  UseScript(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%sampler%' \\gset\n"
      "SELECT 1 / (1 - :count);\n");
  plan_.load.duration_s = 0.3;
  const auto run = Measure();
  EXPECT_FALSE(run->server_samples.has_value());
  EXPECT_EQ(run->total().failed, 0) << run->first_failure;
}

TEST_F(ServerSamplesTest, ASamplerThatCannotConnectIsARemarkAndNoFailure) {
  target_.direct = ServerParameters("dbname=there_is_none");
  UseScript("SELECT 1;\n");
  plan_.load.duration_s = 0.3;
  const auto run = Measure();
  EXPECT_FALSE(run->server_samples.has_value());
  EXPECT_THAT(run->remarks, Contains(HasSubstr("server samples: ")));
  EXPECT_GT(run->total().succeeded, 0);
  EXPECT_EQ(run->total().failed, 0);
}

TEST_F(ServerSamplesTest, WhatAWarmUpDoesCountsForTheCheckAlone) {
  // At work and not on a processor, which the sampler would have to share.
  UseScript("SELECT pg_sleep(0.005);\n");
  plan_.load.warmup_s = 1;
  plan_.load.duration_s = 1;
  const auto run =
      MeasureUntil([](const Cause& cause) { return cause.check != SampleCheck::kNotPossible; });
  ASSERT_TRUE(run->server_samples.has_value());
  EXPECT_GT(run->server_samples->whole.samples(), run->server_samples->measured.samples());
  const Cause cause = FindCause(*run->server_samples, {});
  EXPECT_EQ(cause.check, SampleCheck::kAgrees) << cause.check_text;
}

}  // namespace
}  // namespace pgring
