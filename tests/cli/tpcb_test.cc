// TPC-B here and in the real pgbench, on each other's tables: every count and every balance is what
// PostgreSQL itself says, and what result.json says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "cli_fixture.h"
#include "real_pgbench.h"

namespace pgring {
namespace {

using testing::IsEmpty;

constexpr int64_t kTransactions = 200;
const std::vector<std::string> kLoad = {"-n", "-c", "4", "-t", "50"};
// As many operations in every scenario, whose clients -t counts for.
const std::vector<std::string> kSameLoad = {"-n", "-c", "4", "--operations",
                                            std::to_string(kTransactions)};
const std::vector<std::string> kTpcbScenarios = {"sync",    "threads", "async:pool=4",
                                                 "chunked", "window",  "pipelined"};

// What pgbench's tables hold; of differences, what a run did to them.
struct Sums {
  int64_t history = 0;  // rows
  int64_t delta = 0;
  int64_t accounts = 0;
  int64_t tellers = 0;
  int64_t branches = 0;
};

Sums ReadSums() {
  std::istringstream text(
      AskServer("SELECT format('%s %s %s %s %s', (SELECT count(*) FROM pgbench_history),"
                " (SELECT coalesce(sum(delta), 0) FROM pgbench_history),"
                " (SELECT sum(abalance) FROM pgbench_accounts),"
                " (SELECT sum(tbalance) FROM pgbench_tellers),"
                " (SELECT sum(bbalance) FROM pgbench_branches))"));
  Sums sums;
  text >> sums.history >> sums.delta >> sums.accounts >> sums.tellers >> sums.branches;
  EXPECT_FALSE(text.fail()) << text.str();
  return sums;
}

Sums operator-(const Sums& after, const Sums& before) {
  return {after.history - before.history, after.delta - before.delta,
          after.accounts - before.accounts, after.tellers - before.tellers,
          after.branches - before.branches};
}

// How many rows of `table` have another balance than the whole history says.
std::string CountUnequal(const std::string& table, const std::string& id) {
  return AskServer("SELECT count(*) FROM pgbench_" + table + " LEFT JOIN (SELECT " + id +
                   ", sum(delta) AS moved FROM pgbench_history GROUP BY 1) h USING (" + id +
                   ") WHERE " + id[0] + "balance <> coalesce(moved, 0)");
}

void ExpectTpcb(const Sums& done, int64_t transactions) {
  EXPECT_EQ(done.history, transactions);
  EXPECT_NE(done.delta, 0);
  EXPECT_EQ(done.accounts, done.delta);
  EXPECT_EQ(done.tellers, done.delta);
  EXPECT_EQ(done.branches, done.delta);
}

void ExpectEveryBalanceIsOfHistory() {
  EXPECT_EQ(CountUnequal("accounts", "aid"), "0");
  EXPECT_EQ(CountUnequal("tellers", "tid"), "0");
  EXPECT_EQ(CountUnequal("branches", "bid"), "0");
}

void InitWithPgring() {
  Program program({"init", "-s", "1", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(program.Wait(), 0) << program.stderr_text();
}

void InitWithPgbench() {
  const PgbenchRun run = RunRealPgbench({"-i", "-q", "-s", "1"});
  ASSERT_EQ(run.exit_code, 0) << run.output;
}

// What it did to the tables, by SQL.
Sums RunPgbench(const std::string& script) {
  std::vector<std::string> arguments = kLoad;
  arguments.insert(arguments.end(),
                   {"-b", script, "-j", "1", "--random-seed=42", "-M", "prepared"});
  const Sums before = ReadSums();
  ExpectRealPgbenchDoes(kTransactions, arguments);
  return ReadSums() - before;
}

struct PgringRun {
  Sums done;
  Json result;  // of its one run
};

PgringRun RunPgring(const std::string& scenario, const std::string& script) {
  std::vector<std::string> arguments = kSameLoad;
  arguments.insert(arguments.end(), {"--scenario", scenario, "-b", script});
  const Sums before = ReadSums();
  Program program(On(SharedServer().conninfo(), "run", arguments));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  PgringRun run{ReadSums() - before, result["runs"][0]};
  EXPECT_THAT(ReasonsOf(run.result), IsEmpty());
  EXPECT_EQ(run.result["operations"]["scheduled"], kTransactions);
  EXPECT_EQ(run.result["operations"]["succeeded"], kTransactions);
  return run;
}

// The run found in the database what SQL says, and that is what it expected.
void ExpectVerifiedTpcb(const PgringRun& run) {
  const Json sums = {{"history", run.done.history},
                     {"accounts", run.done.accounts},
                     {"tellers", run.done.tellers},
                     {"branches", run.done.branches}};
  ExpectVerified(run.result);
  EXPECT_EQ(run.result["verification"]["found"], sums);
  EXPECT_EQ(run.result["verification"]["expected"], sums);
}

TEST(TpcbTest, AgreesWithPgbenchInEveryScenario) {
  InitWithPgring();
  ExpectTpcb(RunPgbench("tpcb-like"), kTransactions);
  ExpectEveryBalanceIsOfHistory();

  InitWithPgring();
  ASSERT_EQ(ReadSums().history, 0);
  for (const std::string& scenario : kTpcbScenarios) {
    SCOPED_TRACE(scenario);
    const PgringRun run = RunPgring(scenario, "tpcb-like");
    ExpectTpcb(run.done, kTransactions);
    ExpectVerifiedTpcb(run);
    ExpectEveryBalanceIsOfHistory();
  }
}

TEST(TpcbTest, ComparisonEmptiesHistoryForEachScenario) {
  InitWithPgring();
  Program program(On(SharedServer().conninfo(), "compare",
                     {"--scenarios", "sync,threads,async:pool=4,chunked,window,pipelined", "-b",
                      "tpcb-like", "-c", "4", "--operations", std::to_string(kTransactions)}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Sums sums = ReadSums();
  EXPECT_EQ(sums.history, kTransactions);
  EXPECT_EQ(sums.accounts, static_cast<int64_t>(kTpcbScenarios.size()) * sums.delta)
      << "the same operations each time";
  EXPECT_EQ(sums.tellers, sums.accounts);
  EXPECT_EQ(sums.branches, sums.accounts);
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), kTpcbScenarios.size());
  for (const Json& run : result["runs"]) {
    ExpectVerified(run);
    EXPECT_EQ(run["verification"]["found"]["history"], kTransactions);
    EXPECT_EQ(run["verification"]["found"]["accounts"], sums.delta);
  }
}

TEST(TpcbTest, RunsOnTablesOfPgbenchs) {
  InitWithPgbench();
  const PgringRun run = RunPgring("window", "tpcb-like");
  ExpectTpcb(run.done, kTransactions);
  ExpectVerifiedTpcb(run);
  ExpectTpcb(RunPgbench("tpcb-like"), kTransactions);
  ExpectTpcb(ReadSums(), 2 * kTransactions);
  ExpectEveryBalanceIsOfHistory();
}

TEST(TpcbTest, GoesOnWherePgbenchEnded) {
  InitWithPgring();
  ExpectTpcb(RunPgbench("tpcb-like"), kTransactions);
  const PgringRun run = RunPgring("chunked", "tpcb-like");
  ExpectTpcb(run.done, kTransactions);
  ExpectVerifiedTpcb(run);
  ExpectTpcb(ReadSums(), 2 * kTransactions);
  ExpectEveryBalanceIsOfHistory();
}

void ExpectSimpleUpdate(const Sums& done) {
  EXPECT_EQ(done.history, kTransactions);
  EXPECT_NE(done.delta, 0);
  EXPECT_EQ(done.accounts, done.delta);
  EXPECT_EQ(CountUnequal("accounts", "aid"), "0");
  EXPECT_EQ(AskServer("SELECT count(*) FROM pgbench_tellers WHERE tbalance <> 0"), "0");
  EXPECT_EQ(AskServer("SELECT count(*) FROM pgbench_branches WHERE bbalance <> 0"), "0");
}

TEST(TpcbTest, SimpleUpdateLeavesTellersAndBranchesAlone) {
  InitWithPgring();
  ExpectSimpleUpdate(RunPgbench("simple-update"));
  for (const std::string& scenario : kTpcbScenarios) {
    SCOPED_TRACE(scenario);
    const PgringRun run = RunPgring(scenario, "simple-update");
    ExpectSimpleUpdate(run.done);
    ExpectVerified(run.result);
    const Json sums = {{"history", run.done.history}, {"accounts", run.done.accounts}};
    EXPECT_EQ(run.result["verification"]["found"], sums);
    EXPECT_EQ(run.result["verification"]["expected"], sums);
  }
}

void ExpectNothingDone(const Sums& done) {
  EXPECT_EQ(done.history, 0);
  EXPECT_EQ(done.delta, 0);
  ExpectEveryBalanceIsOfHistory();
}

// On tables that have something in them.
TEST(TpcbTest, SelectOnlyChangesNothing) {
  InitWithPgbench();
  ExpectTpcb(RunPgbench("tpcb-like"), kTransactions);
  ExpectNothingDone(RunPgbench("select-only"));
  for (const std::string& scenario : kTpcbScenarios) {
    SCOPED_TRACE(scenario);
    const PgringRun run = RunPgring(scenario, "select-only");
    ExpectNothingDone(run.done);
    EXPECT_EQ(run.result["rows_read"], kTransactions);
  }
}

// The notes of `script`'s one run as `role`, which must be valid.
std::vector<std::string> NotesOfRunAs(const std::string& role, const std::string& script,
                                      Json* run) {
  Program program(On(SharedServer().conninfo() + " user=" + role, "run",
                     {"--scenario", "window", "-b", script, "-c", "4", "-t", "50"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stdout_text() << program.stderr_text();
  *run = ResultOf(program)["runs"][0];
  EXPECT_EQ((*run)["operations"]["succeeded"], kTransactions);
  return (*run)["warnings"];
}

// A standby, in effect: nothing may be written, and the role may read the accounts and no more. The
// run was refused, because TRUNCATE failed; pgbench runs. All accounts were summed up twice as
// well.
TEST(TpcbTest, SelectOnlyNeedsNothingButToReadTheAccounts) {
  InitWithPgring();
  AskServer(
      "DROP TABLE pgbench_history; CREATE ROLE reader LOGIN;"
      "ALTER ROLE reader SET default_transaction_read_only = on;"
      "ALTER ROLE reader SET statement_timeout = '30s';"
      "GRANT SELECT ON pgbench_accounts TO reader; SELECT pg_stat_reset()");
  Json run;
  const std::vector<std::string> notes = NotesOfRunAs("reader", "select-only", &run);
  EXPECT_EQ(run["rows_read"], kTransactions);
  EXPECT_TRUE(run["verification"].is_null()) << "there was nothing to verify";
  EXPECT_TRUE(AnyContains(notes, "the scale is 1 by pgbench_accounts"))
      << testing::PrintToString(notes);
  EXPECT_TRUE(AnyContains(notes, "no CHECKPOINT")) << testing::PrintToString(notes);
  EXPECT_FALSE(AnyContains(notes, "TRUNCATE")) << testing::PrintToString(notes);
  EXPECT_EQ(AskServer("SELECT coalesce(max(seq_scan), 0) FROM pg_stat_user_tables WHERE relname ="
                      " 'pgbench_accounts'"),
            "0");
  AskServer("DROP OWNED BY reader; DROP ROLE reader");
}

TEST(TpcbTest, WithoutTheRightToTruncateHistoryStaysAndANoteSaysSo) {
  InitWithPgring();
  AskServer(
      "INSERT INTO pgbench_history (tid, bid, aid, delta) VALUES (1, 1, 1, 0);"
      "CREATE ROLE writer LOGIN;"
      "GRANT SELECT, INSERT, UPDATE ON pgbench_accounts, pgbench_branches, pgbench_history,"
      " pgbench_tellers TO writer");
  Json run;
  const std::vector<std::string> notes = NotesOfRunAs("writer", "tpcb-like", &run);
  ExpectVerified(run);
  EXPECT_EQ(run["verification"]["found"]["history"], kTransactions);
  EXPECT_EQ(ReadSums().history, kTransactions + 1);
  EXPECT_TRUE(AnyContains(notes, "no TRUNCATE pgbench_history before the run"))
      << testing::PrintToString(notes);
  // A VACUUM that is not permitted succeeds with a warning, of which nothing was to be seen.
  EXPECT_TRUE(AnyContains(notes, "the server warned: skipping \"pgbench_branches\""))
      << testing::PrintToString(notes);
  AskServer("DROP OWNED BY writer; DROP ROLE writer");
}

// Another session keeps TRUNCATE waiting until the role's statement_timeout.
TEST(TpcbTest, StatementTimeoutBeforeTheRunIsNotItsEnd) {
  InitWithPgring();
  AskServer(
      "CREATE ROLE hurried SUPERUSER LOGIN;"
      "ALTER ROLE hurried SET statement_timeout = '2s'");
  Client reader(SharedServer().conninfo());
  reader.Ask("BEGIN; SELECT count(*) FROM pgbench_history");
  Json run;
  const std::vector<std::string> notes = NotesOfRunAs("hurried", "tpcb-like", &run);
  ExpectVerified(run);
  EXPECT_TRUE(AnyContains(notes, "no TRUNCATE pgbench_history before the run"))
      << testing::PrintToString(notes);
  EXPECT_TRUE(AnyContains(notes, "statement timeout")) << testing::PrintToString(notes);
  reader.Ask("ROLLBACK");
  AskServer("DROP ROLE hurried");
}

}  // namespace
}  // namespace pgring
