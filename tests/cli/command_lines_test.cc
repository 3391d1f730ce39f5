// Command lines as pgbench's users type them, through the program and on a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> RunOn(const std::string& command,
                               const std::vector<std::string>& arguments) {
  return On(SharedServer().conninfo(), command, arguments);
}

TEST(CommandLinesTest, TheDatabaseIsTheLastArgument) {
  Program program(
      InTestIoMode({"run", "--scenario", "window:2", "-b", "ping", "-c", "2", "-j", "2", "-t", "5",
                    "--progress=60", "--out", kOut, SharedServer().conninfo()}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_EQ(ResultOf(program)["runs"][0]["operations"]["succeeded"], 10);
  EXPECT_EQ(ResultOf(program)["runs"][0]["workers"].size(), 2u);
}

TEST(CommandLinesTest, TheSeedIsInTheReport) {
  Program program(RunOn(
      "run", {"--scenario", "sync", "-b", "ping", "--operations", "1", "--random-seed=rand"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const auto seed = ResultOf(program)["plan"]["workload"]["seed"].get<uint64_t>();
  EXPECT_THAT(program.stdout_text(), HasSubstr("seed " + std::to_string(seed)));
}

// A client that an error does not end: the operation list alone says which operations fail.
TEST(CommandLinesTest, ContinueOnErrorCountsFailuresAndEndsNoClient) {
  const ScriptFile script("\\set x random(1, 4)\nSELECT 1 / (:x::int - 4);\n");
  std::vector<int64_t> failed;
  for (const std::string scenario :
       {"sync", "threads:3", "async:pool=3", "chunked:3", "window:3"}) {
    SCOPED_TRACE(scenario);
    Program program(RunOn("run", {"--scenario", scenario, "-f", script.path(), "--operations",
                                  "100", "--continue-on-error"}));
    EXPECT_EQ(program.Wait(), 2) << "more than 1 % failed";
    const Json run = ResultOf(program)["runs"][0];
    EXPECT_EQ(run.value("aborted_clients", 0), 0);
    failed.push_back(run["operations"]["failures"]["22012"]);
    EXPECT_EQ(run["operations"]["succeeded"], 100 - failed.back());
    EXPECT_THAT(program.stdout_text(), Not(HasSubstr("aborted")));
  }
  EXPECT_GT(failed.front(), 5);
  EXPECT_THAT(failed, testing::Each(failed.front()));

  Program allowed(RunOn("run", {"--scenario", "sync", "-f", script.path(), "--operations", "100",
                                "--continue-on-error", "--max-failed", "50"}));
  EXPECT_EQ(allowed.Wait(), ExpectedValidExit()) << allowed.stderr_text();
  EXPECT_THAT(allowed.stdout_text(), HasSubstr(" of 100 operations failed"));
}

// What a pool is worth: without one, every operation pays for its connection.
TEST(CommandLinesTest, ConnectOpensAConnectionForEveryOperation) {
  Program program(RunOn("compare", {"--scenarios", "sync,threads:2,async:pool=2,chunked:2,window:2",
                                    "-b", "ping", "--operations", "10", "-C"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 5U);
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"]);
    EXPECT_EQ(run["operations"]["succeeded"], 10);
    EXPECT_EQ(run["connections"]["opened"], 10);
    EXPECT_LE(run["connections"]["peak_open"], 2);
    EXPECT_GT(run["connections"]["connect_ns"]["max"], 0);
  }
}

TEST(CommandLinesTest, ExitOnAbortEndsTheRunAndTheComparison) {
  const ScriptFile script("\\set x random(1, 4)\nSELECT 1 / (:x::int - 4);\n");
  for (const std::string scenarios : {"threads:2,sync", "window:2,sync"}) {
    SCOPED_TRACE(scenarios);
    Program program(RunOn(
        "compare", {"--scenarios", scenarios, "-f", script.path(), "-T", "60", "--exit-on-abort"}));
    EXPECT_EQ(program.Wait(), 2);
    const Json result = ResultOf(program);
    ASSERT_EQ(result["runs"].size(), 1U) << "the second scenario was not begun";
    EXPECT_THAT(program.stdout_text(), HasSubstr("an error aborted a client (--exit-on-abort)"));
    EXPECT_LT(result["runs"][0]["wall_s"], 50);
  }
}

// What is no error of the server's ends a client all the same, as in pgbench.
TEST(CommandLinesTest, ContinueOnErrorIsForSqlErrors) {
  const ScriptFile script("\\set x 1 / (:client_id - :client_id)\nSELECT 1;\n");
  Program program(RunOn("run", {"--scenario", "sync", "-f", script.path(), "--operations", "10",
                                "--continue-on-error", "--max-failed", "100"}));
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_EQ(ResultOf(program)["runs"][0]["aborted_clients"], 1);
}

TEST(CommandLinesTest, ARateThatIsNotKeptMayBeAllowed) {
  const ScriptFile script("SELECT pg_sleep(0.02);\n");
  Program program(RunOn("run", {"--scenario", "sync", "-f", script.path(), "-R", "1000", "-T",
                                "500ms", "--allow-unstable"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_TRUE(ResultOf(program)["runs"][0]["unstable"]);
  EXPECT_THAT(program.stdout_text(), HasSubstr("unstable: 1000 operations a second"));
}

TEST(CommandLinesTest, LogsOfScenariosHaveNamesThatEveryFileSystemTakes) {
  Program program(RunOn("compare", {"--scenarios", "sync,window:2,window:limit=3:pool=2", "-b",
                                    "ping", "--operations", "5", "-l"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const std::string end = "." + std::to_string(program.pid());
  for (const std::string label : {"sync", "window-2", "window-limit=3-pool=2"}) {
    const std::string path = absl::StrCat(program.work_directory(), "/pgbench_log.", label, end);
    EXPECT_EQ(Lines(ReadFile(path)).size(), 5U) << path;
  }
}

TEST(CommandLinesTest, VacuumAllVacuumsAccountsToo) {
  AskServer("CREATE TABLE pgbench_accounts (aid int)");
  const ScriptFile script("SELECT 1;\n");
  const std::vector<std::string> arguments = {"--scenario", "sync",         "-f", script.path(),
                                              "-v",         "--operations", "1"};
  Program vacuumed(RunOn("run", arguments));
  EXPECT_EQ(vacuumed.Wait(), ExpectedValidExit()) << vacuumed.stderr_text();
  // Of an empty table's pages and rows: -1 until it was analyzed.
  EXPECT_EQ(AskServer("SELECT reltuples FROM pg_class WHERE relname = 'pgbench_accounts'"), "0");
  AskServer("DROP TABLE pgbench_accounts");
  Program missing(RunOn("run", arguments));
  EXPECT_EQ(missing.Wait(), ExpectedValidExit()) << missing.stderr_text();
  EXPECT_THAT(
      missing.stdout_text() + missing.stderr_text(),
      AllOf(HasSubstr("-v: pgbench_accounts was not vacuumed"), HasSubstr("does not exist")));
}

}  // namespace
}  // namespace pgring
