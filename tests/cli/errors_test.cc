// Errors as a user meets them: told at once and in full, counted where they are many, beside what
// pgbench says of the same script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli_fixture.h"
#include "real_pgbench.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> RunScript(const std::string& scenario, const std::string& script,
                                   const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--scenario", scenario, "-f", script};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return On(SharedServer().conninfo(), "run", arguments);
}

int64_t Count(const std::string& text, const std::string& part) {
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Under -T 3600 the error of a client that had been aborted in the first second was told an hour
// later, in the report.
TEST(ErrorsTest, AbortedClientIsToldWhileTheRunGoesOn) {
  const ScriptFile script("\\sleep 1 ms\nSELECT 1 / (:client_id - 2);\n");
  for (const std::string scenario : {"window:4", "threads:4"}) {
    SCOPED_TRACE(scenario);
    Program program(RunScript(scenario, script.path(), {"-T", "3600"}));
    EXPECT_TRUE(program.WaitForError(
        absl::StrCat("pgring: ", scenario, ": client 2 was aborted in command 1 (line 2) of ",
                     script.path(), ": ERROR 22012: division by zero")))
        << program.stderr_text();
    program.Signal(SIGINT);
    EXPECT_EQ(program.Wait(), 128 + SIGINT);
    EXPECT_EQ(Count(program.stderr_text(), "was aborted in"), 1);
    EXPECT_THAT(program.stdout_text(), HasSubstr("division by zero")) << "the report has it too";
  }
}

// Only the primary message, its detail and its hint were told: not where in the statement, nor in
// which function.
TEST(ErrorsTest, ServerSaysWhereAndWhy) {
  const ScriptFile script(
      "DO $$ BEGIN\n"
      "  RAISE EXCEPTION 'it failed' USING DETAIL = 'here', HINT = 'again';\n"
      "END $$;\n");
  Program raised(RunScript("window:1", script.path(), {"--operations", "3"}));
  EXPECT_EQ(raised.Wait(), 2);
  EXPECT_THAT(raised.stderr_text(),
              HasSubstr("ERROR P0001: it failed\nDETAIL:  here\nHINT:  again\n"
                        "CONTEXT:  PL/pgSQL function inline_code_block line 2 at RAISE\n"));

  const ScriptFile wrong("SELECT 1,\n  nosuch;\n");
  Program program(RunScript("window:1", wrong.path(), {"-M", "simple", "--operations", "3"}));
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(program.stderr_text(),
              HasSubstr("ERROR 42703: column \"nosuch\" does not exist\nLINE 2:   nosuch;\n"
                        "          ^\n"));
  EXPECT_TRUE(AnyContains(ReasonsOf(ResultOf(program)["runs"][0]), "(LINE 2:   nosuch;)"));
}

TEST(ErrorsTest, ParametersAreInTheContextWhereTheServerGivesThem) {
  const ScriptFile script("\\set divisor 0\nSELECT 1 / :divisor;\n");
  ProgramOptions options;
  options.environment = {"PGOPTIONS=-c log_parameter_max_length_on_error=-1"};
  Program program(RunScript("window:1", script.path(), {"-M", "prepared", "--operations", "1"}),
                  options);
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(program.stderr_text(), HasSubstr("with parameters: $1 = '0'"));
}

TEST(ErrorsTest, ManyAbortedClientsAreCounted) {
  const ScriptFile script("SELECT no_such_column;\n");
  const std::vector<std::string> more = {"--operations", "100", "-c", "30"};
  Program program(RunScript("window", script.path(), more));
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_EQ(Count(program.stderr_text(), "was aborted in"), 20);
  EXPECT_EQ(Count(program.stderr_text(), "further aborted clients are only counted"), 1);
  EXPECT_EQ(ResultOf(program)["runs"][0]["aborted_clients"], 30);

  std::vector<std::string> all = more;
  all.emplace_back("--verbose-errors");
  Program verbose(RunScript("window", script.path(), all));
  EXPECT_EQ(verbose.Wait(), 2);
  EXPECT_EQ(Count(verbose.stderr_text(), "was aborted in"), 30);

  std::vector<std::string> none = more;
  none.emplace_back("--quiet");
  Program quiet(RunScript("window", script.path(), none));
  EXPECT_EQ(quiet.Wait(), 2);
  EXPECT_EQ(quiet.stderr_text(), "");
  EXPECT_THAT(quiet.stdout_text(), HasSubstr("no_such_column"));
}

TEST(ErrorsTest, ProgressBarMakesRoom) {
  const ScriptFile script("\\sleep 300 ms\nSELECT 1 / (:client_id - 1);\n");
  ProgramOptions options;
  options.terminal = true;
  Program program(RunScript("window:3", script.path(), {"--operations", "9", "--progress", "bar"}),
                  options);
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(program.stdout_text(), HasSubstr("\033[Jpgring: window:3: client 1 was aborted"));
}

// The figures of -r beside pgbench's: "latency failures retries command". Of three attempts in a
// row two fail, and an operation has two: one is retried and fails, the next one succeeds at once.
TEST(ErrorsTest, FailuresAndRetriesOfACommandArePgbenchs) {
  const ScriptFile script(
      "SELECT 1;\n"
      "DO $$ BEGIN IF nextval('attempts') % 3 <> 0 THEN\n"
      "  RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF; END $$;\n"
      "SELECT 2;\n");
  const std::string sequence = "DROP SEQUENCE IF EXISTS attempts; CREATE SEQUENCE attempts";
  const std::vector<std::string> load = {
      "-r", "--max-tries", "2", "-t", "10", "-c", "1", "-f", script.path(), "--verbose-errors"};
  std::vector<std::string> arguments = load;
  arguments.emplace_back("-n");
  AskServer(sequence);
  const PgbenchRun pgbench = RunRealPgbench(arguments);
  EXPECT_THAT(pgbench.output, ContainsRegex(" +[0-9.]+ +0 +0 +SELECT 1;"));
  EXPECT_THAT(pgbench.output, ContainsRegex(" +[0-9.]+ +5 +5 +DO "));
  EXPECT_EQ(Count(pgbench.output, "got an error in command 1 (SQL)"), 10);
  EXPECT_EQ(Count(pgbench.output, "repeats the transaction after the error"), 5);

  for (const std::string scenario : {"window", "threads"}) {
    SCOPED_TRACE(scenario);
    std::vector<std::string> ours = {"--scenario", scenario, "-M", "simple"};
    ours.insert(ours.end(), load.begin(), load.end());
    AskServer(sequence);
    Program program(On(SharedServer().conninfo(), "run", ours));
    EXPECT_EQ(program.Wait(), 2);
    const Json run = ResultOf(program)["runs"][0];
    EXPECT_EQ(run["operations"]["failed"], 5);
    EXPECT_EQ(run["commands"][0]["failures"], 0);
    EXPECT_EQ(run["commands"][1]["failures"], 5);
    EXPECT_EQ(run["commands"][1]["retries"], 5);
    EXPECT_EQ(run["commands"][1]["duration_ns"]["count"], 5);
    EXPECT_EQ(run["commands"][2]["failures"], 0);
    EXPECT_THAT(program.stdout_text(),
                AllOf(HasSubstr("Mean time of each command, failures and retries"),
                      ContainsRegex("DO [^\n]* [0-9.]+ (us|ms|s) +5 +5\n")));
    EXPECT_EQ(Count(program.stderr_text(), "in command 1 (line 2)"), 10);
    EXPECT_EQ(Count(program.stderr_text(), "repeats an operation that failed in"), 5);
    EXPECT_THAT(program.stderr_text(), HasSubstr("(attempt 2): ERROR 40001: again\n"));
  }
}

TEST(ErrorsTest, StatementsOfAPipelineHaveNoTimesOfTheirOwn) {
  const ScriptFile script("\\startpipeline\nSELECT 1;\nSELECT 2;\n\\endpipeline\n");
  Program program(
      RunScript("window:2", script.path(), {"-r", "-M", "extended", "--operations", "40"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json commands = ResultOf(program)["runs"][0]["commands"];
  EXPECT_EQ(commands[1]["pipelined"], 40);
  EXPECT_EQ(commands[1]["duration_ns"]["count"], 0);
  EXPECT_EQ(commands[3]["pipelined"], 0);
  EXPECT_EQ(commands[3]["duration_ns"]["count"], 40);
  EXPECT_THAT(program.stdout_text(),
              AllOf(ContainsRegex("SELECT 1; +- +0\n"),
                    HasSubstr("statements of a pipeline have no times of their own")));

  const ScriptFile transaction("BEGIN;\nSELECT 1;\nSELECT 2;\nEND;\n");
  Program pipelined(
      RunScript("pipelined:2", transaction.path(), {"-r", "-M", "extended", "--operations", "40"}));
  EXPECT_EQ(pipelined.Wait(), ExpectedValidExit()) << pipelined.stderr_text();
  const Json run = ResultOf(pipelined)["runs"][0];
  EXPECT_EQ(run["commands"][0]["pipelined"], 40);
  EXPECT_EQ(run["commands"][3]["duration_ns"]["count"], 40);
}

// Notices went nowhere.
TEST(ErrorsTest, NoticesAndWarningsAreCounted) {
  const ScriptFile script(
      "DO $$ BEGIN\n"
      "  RAISE NOTICE 'by the way';\n"
      "  RAISE WARNING 'take care' USING HINT = 'of yourself';\n"
      "END $$;\n");
  for (const std::string scenario : {"window:4", "threads:4"}) {
    SCOPED_TRACE(scenario);
    Program program(RunScript(scenario, script.path(), {"--operations", "1200"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    const Json messages = ResultOf(program)["runs"][0]["server_messages"];
    EXPECT_EQ(messages["notices"], 1200);
    EXPECT_EQ(messages["warnings"], 1200);
    EXPECT_EQ(messages["first_warning"], "take care (SQLSTATE 01000)");
    EXPECT_THAT(program.stdout_text(), HasSubstr("1,200 warnings from the server"));
    EXPECT_THAT(program.stderr_text(), Not(HasSubstr("take care")));

    Program verbose(RunScript(scenario, script.path(), {"--operations", "7", "--verbose-errors"}));
    EXPECT_EQ(verbose.Wait(), ExpectedValidExit()) << verbose.stderr_text();
    EXPECT_EQ(Count(verbose.stderr_text(), "NOTICE:  by the way\n"), 7);
    EXPECT_EQ(Count(verbose.stderr_text(), "WARNING:  take care\nHINT:  of yourself\n"), 7);
  }
}

// libpq kept every notification until the end of the run: 479 MB in 3 s. What is counted has been
// taken off the connection.
TEST(ErrorsTest, NotificationsAreTakenOffTheConnection) {
  const ScriptFile script("LISTEN told;\nNOTIFY told;\n");
  for (const std::string scenario : {"sync", "window:1"}) {
    SCOPED_TRACE(scenario);
    Program program(RunScript(scenario, script.path(), {"--operations", "500"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    EXPECT_EQ(ResultOf(program)["runs"][0]["server_messages"]["notifications"], 500);
    EXPECT_THAT(program.stdout_text(), HasSubstr("500 notifications from the server (LISTEN)"));
  }
}

}  // namespace
}  // namespace pgring
