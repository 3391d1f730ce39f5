// Scripts as a user meets them: one command runs them in every scenario, errors are told before
// anything is run, logs and progress are pgbench's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr char kAllScenarios[] = "sync,threads:4,async:pool=6,chunked:6,window:6,pipelined:6";

std::vector<std::string> RunOn(const std::string& command,
                               const std::vector<std::string>& arguments) {
  return On(SharedServer().conninfo(), command, arguments);
}

int64_t CountLines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(ScriptsTest, OneCommandRunsAScriptInEveryScenario) {
  const ScriptFile script(
      "\\set x random(1, 1000)\n"
      "BEGIN;\n"
      "SELECT :x + 1 AS y \\gset\n"
      "SELECT :y - 1 AS z;\n"
      "COMMIT;\n");
  Program program(
      RunOn("compare", {"-f", script.path(), "--scenarios", kAllScenarios, "--operations", "200"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 6u);
  for (const Json& run : result["runs"]) {
    EXPECT_EQ(run["operations"]["succeeded"], 200);
    EXPECT_EQ(run["rows_read"], 400);
    EXPECT_TRUE(run["verification"].is_null());
  }
  EXPECT_THAT(program.stdout_text(), HasSubstr("mine.sql: 200 operations, simple protocol"));
}

// The output of shell commands stood in the middle of the JSON.
TEST(ScriptsTest, JsonOnStandardOutputIsAlone) {
  const ScriptFile script("\\shell echo from the shell\n");
  Program program(RunOn("run", {"--scenario", "window", "-c", "2", "-f", script.path(),
                                "--operations", "4", "--json", "-"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = Json::parse(program.stdout_text(), nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(result.is_object()) << program.stdout_text();
  EXPECT_EQ(result["runs"][0]["operations"]["succeeded"], 4);
  EXPECT_THAT(program.stderr_text(), HasSubstr("from the shell\n"));
}

// A server's message once coloured the terminal that it was shown on, and the report.
TEST(ScriptsTest, ControlCharactersOfAServersMessageAreShown) {
  const ScriptFile script("DO $$ BEGIN RAISE EXCEPTION E'\\x1b[31mred\\x07'; END $$;\n");
  ProgramOptions terminal;
  terminal.terminal = true;
  terminal.environment = {"TERM=dumb"};
  Program program(RunOn("run", {"--scenario", "window", "-c", "2", "-f", script.path(), "-M",
                                "simple", "--operations", "4"}),
                  terminal);
  EXPECT_EQ(program.Wait(), 2);
  const std::string report = ReadFile(program.work_directory() + "/" + kOut + "/report.txt");
  for (const std::string& text : {program.stdout_text(), report}) {
    EXPECT_THAT(text, AllOf(HasSubstr("\\x1b[31mred\\x07"), Not(HasSubstr("\x1b"))));
  }
}

// The order of completion differs between scenarios; the operations must not.
TEST(ScriptsTest, BuiltinsDoTheSameInEveryScenarioAndAreVerified) {
  Program init({"init", "-s", "1", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(init.Wait(), 0) << init.stderr_text();
  Program program(
      RunOn("compare", {"-b", "tpcb-like", "--scenarios", kAllScenarios, "--operations", "300"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 6u);
  const Json first = result["runs"][0]["verification"];
  EXPECT_EQ(first["found"]["history"], 300);
  EXPECT_EQ(first["found"]["accounts"], first["found"]["branches"]);
  for (const Json& run : result["runs"]) {
    EXPECT_TRUE(run["verification"]["ok"]);
    EXPECT_EQ(run["verification"], first) << run["scenario"];
    EXPECT_EQ(run["operations"]["failures"], Json::object());
  }
}

TEST(ScriptsTest, WeightsChooseAmongScripts) {
  const ScriptFile one("SELECT 1;\n");
  Program program(RunOn("run", {"--scenario", "window:4", "-f", one.path() + "@3", "-b", "ping@1",
                                "--operations", "2000"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json kinds = ResultOf(program)["runs"][0]["operations"]["by_kind"];
  EXPECT_NEAR(kinds[one.path()]["succeeded"].get<double>(), 1500, 120);
  EXPECT_NEAR(kinds["ping"]["succeeded"].get<double>(), 500, 120);
}

TEST(ScriptsTest, StaticErrorIsToldWithItsPlace) {
  const ScriptFile script("SELECT 1;\n\\set x foo(1)\n");
  Program program(RunOn("compare", {"-f", script.path()}));
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.stderr_text(),
              AllOf(HasSubstr("mine.sql:2:"), HasSubstr("foo"), HasSubstr("^")));
  EXPECT_THAT(program.stdout_text(), IsEmpty());
}

TEST(ScriptsTest, RunTimeErrorEndsTheClientAndTheRunGoesOn) {
  const ScriptFile script("\\set x 1 / (:client_id - 2)\nSELECT 1;\n");
  for (const std::string scenario : {"window", "chunked", "threads"}) {
    SCOPED_TRACE(scenario);
    // So many for each client: the others could otherwise do all before one that is slow to start.
    Program program(
        RunOn("run", {"--scenario", scenario, "-c", "4", "-f", script.path(), "-t", "25"}));
    EXPECT_EQ(program.Wait(), 2);
    const Json run = ResultOf(program)["runs"][0];
    EXPECT_EQ(run["operations"]["failed"], 1);
    EXPECT_EQ(run["operations"]["succeeded"], 75);
    EXPECT_EQ(run["operations"]["skipped"], 24);
    EXPECT_EQ(run["aborted_clients"], 1);
    EXPECT_THAT(program.stderr_text(), HasSubstr("INVALID"));
    EXPECT_THAT(program.stdout_text(), HasSubstr("division by zero"));
  }
}

TEST(ScriptsTest, RunEndsWhenEveryClientIsAborted) {
  const ScriptFile script("SELECT no_such_column;\n");
  for (const std::string scenario : {"sync", "threads", "async:pool=3", "chunked", "window"}) {
    SCOPED_TRACE(scenario);
    Program program(RunOn(
        "run", {"--scenario", scenario, "-c", "3", "-f", script.path(), "--operations", "100"}));
    EXPECT_EQ(program.Wait(), 2);
    const Json operations = ResultOf(program)["runs"][0]["operations"];
    EXPECT_EQ(operations["scheduled"], 100);
    EXPECT_EQ(operations["succeeded"], 0);
    EXPECT_EQ(operations["failures"]["42703"], operations["failed"]);
    EXPECT_THAT(program.stdout_text(), HasSubstr("every client was aborted"));
  }
}

// A client that has a connection to itself keeps it, and with it what it left in the session.
TEST(ScriptsTest, ClientKeepsItsConnectionWhereThereAreEnough) {
  const ScriptFile script(
      "CREATE TEMPORARY TABLE IF NOT EXISTS mine (n int);\n"
      "INSERT INTO mine VALUES (1);\n"
      "\\set count :count + 1\n"
      "SELECT 1 / (count(*) = :count)::int FROM mine;\n");
  for (const std::string scenario : {"threads", "chunked", "window"}) {
    SCOPED_TRACE(scenario);
    Program program(RunOn("run", {"--scenario", scenario, "-c", "4", "-f", script.path(), "-D",
                                  "count=0", "--operations", "100"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stdout_text();
  }
}

TEST(ScriptsTest, LogAndProgressArePgbenchs) {
  Program program(RunOn("run", {"--scenario", "window", "-c", "3", "-b", "ping", "-T", "2.5", "-P",
                                "1", "-l", "--log-prefix", "mylog", "-R", "200"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stdout_text();
  EXPECT_TRUE(std::regex_search(
      program.stderr_text(),
      std::regex(
          "progress: [0-9]+\\.[0-9] s, [0-9.]+ tps, lat [0-9.]+ ms stddev [0-9.]+, 0 failed, lag "
          "[0-9.]+ ms")))
      << program.stderr_text();
  std::string log;
  for (const auto& entry : std::filesystem::directory_iterator(program.work_directory())) {
    if (entry.path().filename().string().rfind("mylog.", 0) == 0) log = ReadFile(entry.path());
  }
  const Json run = ResultOf(program)["runs"][0];
  // A line each, but for what was due and not begun when the time was up.
  EXPECT_EQ(CountLines(log), run["operations"]["scheduled"].get<int64_t>() -
                                 run["operations"]["skipped"].get<int64_t>());
  EXPECT_TRUE(
      std::regex_search(log, std::regex("^[0-2] [0-9]+ [0-9]+ 0 [0-9]{10} [0-9]+ [0-9]+\n")))
      << log.substr(0, 200);
}

TEST(ScriptsTest, BuiltinListIsPrinted) {
  Program program({"run", "--scenario", "sync", "-b", "list"});
  EXPECT_EQ(program.Wait(), 0);
  for (const char* name : {"tpcb-like", "simple-update", "select-only", "ping"}) {
    EXPECT_THAT(program.stdout_text(), HasSubstr(name));
  }
}

TEST(ScriptsTest, BadOptionsAreOneLine) {
  const ScriptFile script("SELECT 1;\n");
  const std::string file = script.path();
  for (const auto& [arguments, complaint] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"-f", file, "-t", "5", "-T", "5"}, "-t and -T"},
           {{"-f", file + "@0"}, "total script weight"},
           {{"-f", file + "@-1"}, "weight"},
           {{"-f", "/nowhere.sql"}, "/nowhere.sql"},
           {{"-b", "s"}, "ambiguous"},
           {{"-b", "nothing"}, "no builtin script"},
           {{"-f", file, "-D", "novalue"}, "NAME=VALUE"},
           {{"-D", "x=1"}, "-f or -b"},
           {{"-f", file, "--max-tries", "0"}, "--max-tries 0"},
           {{"-f", file, "--aggregate-interval", "5"}, "add -l"},
           {{"-f", file, "-R", "-5"}, "--rate"},
           {{"-f", file, "-M", "binary"}, "--protocol"}}) {
    std::vector<std::string> all = {"--scenarios", "window"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    Program program(RunOn("compare", all));
    EXPECT_EQ(program.Wait(), 1) << complaint;
    EXPECT_THAT(program.stderr_text(), HasSubstr(complaint));
    EXPECT_EQ(CountLines(program.stderr_text()), 1) << program.stderr_text();
    EXPECT_THAT(program.stdout_text(), IsEmpty());
  }
}

constexpr char kCommandTableTitle[] = "Mean time of each command";

// The table of -r in what was printed, from its title to the empty line after it.
std::vector<std::string> CommandTableLines(const std::string& report) {
  std::vector<std::string> lines;
  bool inside = false;
  for (const std::string& line : Lines(report)) {
    inside = line.rfind(kCommandTableTitle, 0) == 0 || (inside && !line.empty());
    if (inside) lines.push_back(line);
  }
  return lines;
}

// How often each command succeeded, by its first line.
using CommandCounts = std::vector<std::pair<std::string, int64_t>>;

CommandCounts CommandCountsOf(const Json& run, const std::string& script) {
  CommandCounts counts;
  // A run without -r has no such key.
  const Json commands = run.value("commands", Json::array());
  for (const Json& command : commands) {
    if (command["script"] != script) continue;
    counts.emplace_back(command["command"], command["duration_ns"]["count"]);
  }
  return counts;
}

TEST(ScriptsTest, EveryCommandIsReportedForEveryRun) {
  constexpr int64_t kOperations = 40;
  const ScriptFile script(
      "\\set x random(1, 1000)\n"
      "\\sleep 5 ms\n"
      "SELECT :x\n"
      "  + 1;\n"
      "\\if :x < 0\n"
      "SELECT 2;\n"
      "\\endif\n");
  Program program(RunOn("compare", {"-r", "-f", script.path(), "--scenarios", kAllScenarios,
                                    "--operations", std::to_string(kOperations)}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 6U);
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"].get<std::string>());
    const CommandCounts counts = CommandCountsOf(run, script.path());
    // The count of an \\endif does not matter, only that it has a row.
    ASSERT_EQ(counts.size(), 6U);
    EXPECT_EQ(counts.back().first, "\\endif");
    EXPECT_THAT(CommandCounts(counts.begin(), counts.end() - 1),
                ElementsAre(Pair("\\set x random(1, 1000)", kOperations),
                            Pair("\\sleep 5 ms", kOperations), Pair("SELECT :x", kOperations),
                            Pair("\\if :x < 0", kOperations), Pair("SELECT 2;", 0)));
    for (const Json& command : run["commands"]) {
      EXPECT_EQ(command["failures"], 0);
      EXPECT_EQ(command["duration_ns"]["mean"].is_null(), command["duration_ns"]["count"] == 0);
    }
    EXPECT_GE(run["commands"][1]["duration_ns"]["min"], 5'000'000);
    EXPECT_GT(run["commands"][2]["duration_ns"]["mean"], 0);
  }
}

TEST(ScriptsTest, CommandTableHasARowForEachCommandAndAColumnForEachRun) {
  const ScriptFile script("\\set x 1\nSELECT :x\n  + 1;\n\\if :x > 1\nSELECT 2;\n\\endif\n");
  Program program(RunOn("compare", {"-r", "-f", script.path(), "--scenarios", "sync,window:4",
                                    "--operations", "20"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const std::vector<std::string> table = CommandTableLines(program.stdout_text());
  // A figure and its unit, or a dash for what no operation came to.
  const std::string figure = " +[0-9.]+ (us|ms|s)";
  const std::string unknown = " +-";
  const auto row = [&](const std::string& command, const std::string& cell) {
    return ContainsRegex("mine\\.sql +" + command + cell + cell + "$");
  };
  ASSERT_EQ(table.size(), 9U) << program.stdout_text();
  EXPECT_THAT(table[1], ContainsRegex("^ +sync +window:4$"));
  EXPECT_THAT(table[2], ContainsRegex("^script +command +mean +mean$"));
  EXPECT_THAT(table[4], row("\\\\set x 1", figure));
  EXPECT_THAT(table[5], row("SELECT :x", figure));
  EXPECT_THAT(table[6], row("\\\\if :x > 1", figure));
  EXPECT_THAT(table[7], row("SELECT 2;", unknown));
  EXPECT_THAT(table[8], HasSubstr("\\endif"));
  const std::string report = ReadFile(program.work_directory() + "/" + kOut + "/report.txt");
  EXPECT_EQ(CommandTableLines(report), table);
}

TEST(ScriptsTest, CommandsAreNotReportedUnlessAskedFor) {
  const ScriptFile script("SELECT 1;\n");
  Program program(
      RunOn("run", {"--scenario", "window:4", "-f", script.path(), "--operations", "20"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_FALSE(ResultOf(program)["runs"][0].contains("commands"));
  EXPECT_THAT(program.stdout_text(), Not(HasSubstr(kCommandTableTitle)));
}

// Each weight is a kind of its own, with commands of its own.
TEST(ScriptsTest, FileGivenTwiceIsTwoKinds) {
  constexpr int64_t kOperations = 400;
  const ScriptFile script("SELECT 1;\n");
  const std::string first = script.path();
  const std::string second = first + " (2)";
  Program program(RunOn("run", {"-r", "--scenario", "window:4", "-f", first + "@3", "-f", first,
                                "--operations", std::to_string(kOperations)}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, kOperations);
  const Json& kinds = run["operations"]["by_kind"];
  ASSERT_EQ(kinds.size(), 2U) << kinds;
  EXPECT_NEAR(kinds[first]["succeeded"].get<double>(), 0.75 * kOperations, 50);
  for (const std::string& kind : {first, second}) {
    EXPECT_THAT(CommandCountsOf(run, kind),
                ElementsAre(Pair("SELECT 1;", kinds[kind]["succeeded"].get<int64_t>())));
  }
  const std::vector<std::string> table = CommandTableLines(program.stdout_text());
  ASSERT_EQ(table.size(), 6U) << program.stdout_text();
  EXPECT_THAT(table[4], HasSubstr("mine.sql  "));
  EXPECT_THAT(table[5], HasSubstr("mine.sql (2)  "));
}

TEST(ScriptsTest, FailuresOfACommandAreNotInItsTimes) {
  const ScriptFile script("\\set x 1 / (:client_id - 2)\nSELECT 1;\n");
  Program program(RunOn("run", {"-r", "--scenario", "window", "-c", "4", "-f", script.path(),
                                "--operations", "100"}));
  EXPECT_EQ(program.Wait(), 2);
  const Json run = ResultOf(program)["runs"][0];
  ASSERT_THAT(CommandCountsOf(run, script.path()),
              ElementsAre(Pair("\\set x 1 / (:client_id - 2)", 99), Pair("SELECT 1;", 99)));
  EXPECT_EQ(run["commands"][0]["failures"], 1);
  EXPECT_EQ(run["commands"][1]["failures"], 0);
}

}  // namespace
}  // namespace pgring
