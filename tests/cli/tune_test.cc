// `pgring tune` on a real server: what it answers where the answer is known beforehand, which files
// it leaves, and what it says where there is no answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/cli_fixture.h"
#include "pgring/base/build_info.h"
#include "support/program.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> Tune(const ScriptFile& script, std::vector<std::string> arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--budget") == arguments.end()) {
    arguments.insert(arguments.end(), {"--budget", "5"});
  }
  arguments.insert(arguments.begin(), {"-f", script.path(), "-M", "prepared"});
  return On(SharedServer().conninfo(), "tune", arguments);
}

std::string FileOf(const Program& program, const std::string& name) {
  std::ifstream file(program.work_directory() + "/" + kOut + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json TuneOf(const Program& program) {
  return Json::parse(FileOf(program, "tune.json"), nullptr, /*allow_exceptions=*/false);
}

// The report after its header.
std::string AnswerOf(const Program& program) {
  const std::string report = program.stdout_text();
  const size_t end = report.find("\n\n");
  return end == std::string::npos ? report : report.substr(end + 2);
}

TEST(TuneTest, AnswersFirstAndLeavesItsFiles) {
  const ScriptFile script("SELECT 1;\n");
  Program program(Tune(script, {"--max-limit", "16"}));
  const int exit_code = program.Wait();
  const Json tune = TuneOf(program);
  ASSERT_EQ(tune["schema"], "pgring/tune/1") << program.stderr_text();
  EXPECT_THAT(AnswerOf(program), StartsWith("Best limit: "));
  EXPECT_THAT(AnswerOf(program), HasSubstr("How sure: "));
  EXPECT_EQ(exit_code, tune["answer"]["confirmed"] == true ? 0 : 2);
  EXPECT_THAT(tune["answer"]["limit"].get<int>(), AllOf(Ge(1), Le(16)));
  EXPECT_EQ(tune["in_short"][0].get<std::string>().substr(0, 12), "Best limit: ");
  const Json& trials = tune["searches"][0]["trials"];
  EXPECT_GE(trials.size(), 6U);
  for (const Json& trial : trials) {
    EXPECT_THAT(trial["limit"].get<int>(), AllOf(Ge(1), Le(16)));
    EXPECT_EQ(trial["failed"], 0);
  }
  EXPECT_GE(tune["testing"][0]["limits"]["blocks"].size(), 1U);
  EXPECT_THAT(FileOf(program, "knee.svg"), HasSubstr("<svg"));
  EXPECT_THAT(FileOf(program, "report.txt"), HasSubstr("Best limit: "));
  EXPECT_THAT(FileOf(program, "report.html"), HasSubstr("Best limit: "));
  EXPECT_THAT(program.stderr_text(), HasSubstr("search, ramp: limit 1, "));
  EXPECT_THAT(program.stderr_text(), HasSubstr("s left"));
  EXPECT_EQ(program.Leftovers({kOutLeft}), "");
}

// Waiting costs the server nothing: twice as many in flight are twice as fast, to the end.
TEST(TuneTest, WhatGrowsToTheEndIsAtLeastTheHighestLimit) {
  const ScriptFile script("SELECT pg_sleep(0.02);\n");
  Program program(Tune(script, {"--max-limit", "4"}));
  program.Wait();
  const Json tune = TuneOf(program);
  EXPECT_EQ(tune["answer"]["limit"], 4) << program.stdout_text();
  EXPECT_EQ(tune["answer"]["capped"], true);
  EXPECT_THAT(AnswerOf(program), HasSubstr("Best limit: at least 4 operations in flight"));
}

// One at a time by the workload's own doing.
TEST(TuneTest, WhatIsDoneOneByOneNeedsOne) {
  const ScriptFile script("SELECT pg_sleep(0.01) FROM pg_advisory_xact_lock(4711);\n");
  Program program(Tune(script, {"--max-limit", "16", "--instances", "3"}));
  program.Wait();
  const Json tune = TuneOf(program);
  EXPECT_EQ(tune["answer"]["limit"], 1) << program.stdout_text();
  EXPECT_THAT(AnswerOf(program), HasSubstr("Best limit: 1 operation in flight"));
  EXPECT_THAT(AnswerOf(program),
              HasSubstr("Instances: 1 each for 3 processes, 3 together, which is more than"));
}

TEST(TuneTest, WhereEveryOperationFailsThereIsNoAnswer) {
  const ScriptFile script("SELECT 1 / 0;\n");
  Program program(Tune(script, {"--max-limit", "4"}));
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(AnswerOf(program),
              AllOf(StartsWith("Best limit: none was found: "), HasSubstr("division by zero")));
  EXPECT_EQ(TuneOf(program)["answer"], nullptr);
}

TEST(TuneTest, ABudgetThatIsTooSmallForTheStatements) {
  const ScriptFile script("SELECT pg_sleep(3);\n");
  Program program(Tune(script, {"--max-limit", "4"}));
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(AnswerOf(program), AllOf(StartsWith("Best limit: none was found: "),
                                       HasSubstr("or more: an operation took 3.")));
}

// What was found until then stays, and is not confirmed.
TEST(TuneTest, AServerThatEndsDuringTheSearch) {
  const std::unique_ptr<ThrowawayServer> server = StartServer();
  const ScriptFile script("SELECT pg_sleep(0.002);\n");
  Program program(
      On(server->conninfo(), "tune", {"-f", script.path(), "--budget", "20", "--max-limit", "8"}));
  ASSERT_TRUE(program.WaitForError("search, fit")) << program.stderr_text();
  ASSERT_TRUE(server->Stop().ok());
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_THAT(AnswerOf(program),
              AllOf(StartsWith("Best limit: "), HasSubstr("The server did not answer any more: "),
                    HasSubstr("How sure: not tested by fresh runs.")));
}

// Every tenth of a second, about as long as a trial, the server is as slow as chance has it.
TEST(TuneTest, AnUnstableMachineLeavesARange) {
  const ScriptFile script(
      "SELECT pg_sleep(0.001 + 0.000003 * abs(hashint8(floor(extract(epoch FROM clock_timestamp())"
      " * 10)::bigint) % 1000)) FROM pg_advisory_xact_lock(4712);\n");
  // So many trials that chance does not make those that follow each other alike.
  Program program(Tune(script, {"--max-limit", "8", "--budget", "12"}));
  program.Wait();
  EXPECT_GT(TuneOf(program)["answer"]["noise"], 0.1);
  EXPECT_THAT(AnswerOf(program), HasSubstr("This machine is unstable: trials at the same limit "
                                           "differ by "));
}

// The server answers at once, and the client works out so much before it asks. Whether it gets a
// processor for that is the machine's: what is said must be what was seen.
TEST(TuneTest, AClientThatIsTheLimitSaysSo) {
  std::string text;
  for (int line = 0; line < 2'000; ++line) text += "\\set x random(1, 1000000) + 1\n";
  const ScriptFile script(text + "SELECT :x;\n");
  Program program(Tune(script, {"--max-limit", "16"}));
  program.Wait();
  const Json tune = TuneOf(program);
  ASSERT_EQ(tune["schema"], "pgring/tune/1") << program.stderr_text();
  const bool says_so =
      AnswerOf(program).find("This client is the limit from ") != std::string::npos;
  EXPECT_EQ(says_so, tune["answer"]["client_limited"] == true) << program.stdout_text();
}

// The other session's change is seen at the second attempt.
TEST(TuneTest, SerializationFailuresAreTriedAgain) {
  const std::string table = "tune_conflicts";
  AskServer("DROP TABLE IF EXISTS " + table + "; CREATE TABLE " + table +
            " AS SELECT 1 AS id, 0 AS value");
  const ScriptFile script("BEGIN ISOLATION LEVEL REPEATABLE READ;\nUPDATE " + table +
                          " SET value = value + 1 WHERE id = 1;\nCOMMIT;\n");
  Program program(Tune(script, {"--max-limit", "4", "--max-tries", "1000000"}));
  program.Wait();
  const Json tune = TuneOf(program);
  EXPECT_TRUE(tune["answer"]["limit"].is_number()) << program.stdout_text();
  int64_t failed = 0;
  for (const Json& trial : tune["searches"][0]["trials"]) failed += trial["failed"].get<int64_t>();
  EXPECT_EQ(failed, 0);
}

TEST(TuneTest, AnInterruptKeepsWhatWasFound) {
  const ScriptFile script("SELECT pg_sleep(0.001);\n");
  Program program(Tune(script, {"--max-limit", "16", "--budget", "60"}));
  ASSERT_TRUE(program.WaitForError("search, fit")) << program.stderr_text();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
  EXPECT_THAT(AnswerOf(program), AllOf(StartsWith("Best limit: "), HasSubstr("INTERRUPTED")));
  EXPECT_EQ(TuneOf(program)["interrupted"], true);
}

TEST(TuneTest, TheHighestRateThatKeepsAPercentile) {
  const ScriptFile script("SELECT pg_sleep(0.005);\n");
  Program program(Tune(script, {"--max-limit", "4", "--slo", "p50=2s", "-R", "100"}));
  program.Wait();
  const Json tune = TuneOf(program);
  const Json& service_level = tune["service_level"];
  ASSERT_TRUE(service_level["highest_rate_per_s"].is_number()) << program.stdout_text();
  EXPECT_GE(service_level["trials"].size(), 1U);
  EXPECT_THAT(AnswerOf(program), HasSubstr("Highest rate within p50=2 s: "));
}

TEST(TuneTest, APercentileThatNoRateKeeps) {
  const ScriptFile script("SELECT pg_sleep(0.005);\n");
  Program program(Tune(script, {"--max-limit", "4", "--slo", "p50=1ms"}));
  program.Wait();
  EXPECT_EQ(TuneOf(program)["service_level"]["highest_rate_per_s"], nullptr);
  EXPECT_THAT(AnswerOf(program), HasSubstr("Highest rate within p50=1 ms: none of "));
}

// First how many connections, then how many in flight on them; both are tested by fresh runs.
TEST(TuneTest, TwoNumbersWhereConnectionsAreShared) {
  const ScriptFile script("SELECT 1;\n");
  Program program(Tune(script, {"--scenario", "multiplexed", "--max-limit", "32"}));
  program.Wait();
  const Json tune = TuneOf(program);
  ASSERT_EQ(tune["schema"], "pgring/tune/1") << program.stderr_text();
  ASSERT_TRUE(tune["answer"].is_object()) << program.stdout_text();
  const int connections = tune["answer"]["connections"];
  EXPECT_THAT(connections, AllOf(Ge(1), Le(4)));
  EXPECT_THAT(AnswerOf(program), HasSubstr("in flight over "));
  EXPECT_THAT(AnswerOf(program), HasSubstr("operations in flight each."));
  for (const Json& trial : tune["searches"][0]["connections"]["trials"]) {
    EXPECT_THAT(trial["limit"].get<int>(), AllOf(Ge(1), Le(4)));
    EXPECT_EQ(trial["failed"], 0);
  }
  const Json& limits = tune["testing"][0]["limits"];
  for (const Json& run : limits["runs"]) {
    EXPECT_THAT(run["scenario"].get<std::string>(), StartsWith("multiplexed:"));
    EXPECT_THAT(run["scenario"].get<std::string>(), HasSubstr(":pool="));
  }
  EXPECT_EQ(limits["runs"][0]["pool"]["size"], connections);
  EXPECT_THAT(program.stderr_text(), HasSubstr("search for connections, ramp: connections 1, "));
  EXPECT_THAT(FileOf(program, "report.html"), HasSubstr("Trials of the search for connections"));
}

TEST(TuneTest, WhatCannotShareConnectionsIsRefused) {
  const ScriptFile script("SELECT 1;\nLISTEN x;\n");
  Program program(Tune(script, {"--scenario", "multiplexed"}));
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.stderr_text(), HasSubstr("mine.sql:2: multiplexed cannot run"));
}

TEST(TuneTest, BuiltInWorkload) {
  Program program(
      On(SharedServer().conninfo(), "tune", {"--fk-index", "--budget", "5", "--max-limit", "8"}));
  program.Wait();
  const Json tune = TuneOf(program);
  ASSERT_EQ(tune["schema"], "pgring/tune/1") << program.stderr_text();
  EXPECT_TRUE(tune["answer"]["limit"].is_number()) << program.stdout_text();
  EXPECT_EQ(tune["failure"], nullptr);
}

TEST(TuneTest, OnATerminalOneLineIsRedrawn) {
  const ScriptFile script("SELECT pg_sleep(0.002);\n");
  ProgramOptions options;
  options.terminal = true;
  options.environment = {"TERM=xterm"};
  Program program(Tune(script, {"--max-limit", "2"}), options);
  program.Wait();
  EXPECT_THAT(program.stdout_text(), HasSubstr("\r\033[Ksearch, ramp: limit 1, "));
  EXPECT_THAT(program.stdout_text(), Not(HasSubstr("left\n")));
}

}  // namespace
}  // namespace pgring
