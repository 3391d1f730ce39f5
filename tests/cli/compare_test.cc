// The main job as a user meets it: what a comparison prints where, what it writes, and that its
// files say what happened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli_fixture.h"
#include "pgring/base/build_info.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kEscape[] = "\033";

std::vector<std::string> CompareOn(const std::vector<std::string>& arguments) {
  return On(SharedServer().conninfo(), "compare", arguments);
}

std::vector<std::string> LabelsOf(const Json& runs) {
  std::vector<std::string> labels;
  for (const Json& run : runs) labels.push_back(run["scenario"]);
  return labels;
}

// One comparison in every scenario, looked at from many sides.
class EveryScenarioTest : public testing::Test {
 protected:
  static constexpr int64_t kOperations = 300;

  static void SetUpTestSuite() {
    program_ = std::make_unique<Program>(
        CompareOn({"--scenarios", "sync,threads:4,async:pool=20,chunked:10,window:10",
                   "--operations", std::to_string(kOperations), "--json", "copy.json"}));
    exit_code_ = program_->Wait();
    result_ = ResultOf(*program_);
  }
  static void TearDownTestSuite() { program_.reset(); }

  static std::unique_ptr<Program> program_;
  static int exit_code_;
  static Json result_;
};

std::unique_ptr<Program> EveryScenarioTest::program_;
int EveryScenarioTest::exit_code_;
Json EveryScenarioTest::result_;

TEST_F(EveryScenarioTest, Succeeds) {
  EXPECT_EQ(exit_code_, ExpectedValidExit()) << program_->stderr_text();
  EXPECT_EQ(program_->Leftovers({kOutLeft, "work/copy.json"}), "");
}

TEST_F(EveryScenarioTest, WritesItsFiles) {
  const std::string out = program_->work_directory() + "/" + kOut;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(out)) {
    names.insert(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre("connections.svg", "latency.hlog", "report.html", "report.txt",
                                 "result.json"));
  EXPECT_THAT(ReadFile(out + "/report.html"), AllOf(HasSubstr("window:10"), HasSubstr("</html>")));
  EXPECT_THAT(ReadFile(out + "/connections.svg"), AllOf(HasSubstr("<svg"), HasSubstr("</svg>")));
  EXPECT_EQ(ReadFile(program_->work_directory() + "/copy.json"), ReadFile(out + "/result.json"));
}

// The output is no terminal here, so the file and the output are the same text.
TEST_F(EveryScenarioTest, PrintsTheReportToStandardOutput) {
  const std::string out = program_->stdout_text();
  EXPECT_THAT(out, Not(HasSubstr(kEscape)));
  for (const char* part : {"server ", "workload ", "scenario", "Connections in use over time",
                           "window:10", "rows as expected"}) {
    EXPECT_THAT(out, HasSubstr(part));
  }
  const std::string report = ReadFile(program_->work_directory() + "/" + kOut + "/report.txt");
  const auto tables = [](const std::string& text) { return text.substr(text.find("scenario  ")); };
  EXPECT_EQ(tables(out), tables(report));
}

TEST_F(EveryScenarioTest, PrintsProgressAndNotesToStandardError) {
  const std::string error = program_->stderr_text();
  EXPECT_THAT(ErrorLines(error), IsEmpty()) << error;
  EXPECT_THAT(error, Not(HasSubstr(kEscape)));
  for (const char* label : {"sync ", "threads:4 ", "async:pool=20 ", "chunked:10 ", "window:10 "}) {
    EXPECT_THAT(error, ContainsRegex(std::string(label) + " *[0-9.]+ s, [0-9]+ operations/s"));
  }
  EXPECT_THAT(error, HasSubstr("note: result.json, report.txt, report.html, connections.svg and "
                               "latency.hlog are in out"));
}

TEST_F(EveryScenarioTest, EveryOperationIsAccountedForAndVerified) {
  ASSERT_EQ(result_["runs"].size(), 5U);
  for (const Json& run : result_["runs"]) {
    SCOPED_TRACE(run["scenario"]);
    ExpectAllAccountedFor(run, kOperations);
    EXPECT_EQ(run["operations"]["succeeded"], kOperations);
    EXPECT_EQ(run["latency_ns"]["response"]["count"], kOperations);
    ExpectVerified(run);
    EXPECT_THAT(ReasonsOf(run), IsEmpty());
    const int64_t creates = run["operations"]["by_kind"]["create"]["succeeded"];
    EXPECT_EQ(run["verification"]["found"]["a"], creates * 3);
    EXPECT_EQ(run["verification"]["found"]["b"], creates * 5);
    EXPECT_GT(run["rows_read"], 0);
    EXPECT_TRUE(run["server"].is_null()) << "another's server: its CPU time is not ours to see";
  }
  EXPECT_EQ(AskServer("SELECT count(*) % 3 FROM pgring.a"), "0");
}

// All scenarios run the same operation list, so the kinds are the same in each.
TEST_F(EveryScenarioTest, EveryScenarioRanTheSameOperations) {
  for (const Json& run : result_["runs"]) {
    EXPECT_EQ(run["operations"]["by_kind"]["create"]["scheduled"],
              result_["runs"][0]["operations"]["by_kind"]["create"]["scheduled"]);
  }
}

TEST_F(EveryScenarioTest, ScenariosKeepTheirOrderLabelsAndSettings) {
  const std::vector<std::string> labels = {"sync", "threads:4", "async:pool=20", "chunked:10",
                                           "window:10"};
  EXPECT_EQ(LabelsOf(result_["runs"]), labels);
  EXPECT_EQ(LabelsOf(result_["plan"]["scenarios"]), labels);
  const std::vector<int> connections = {1, 4, 20, 10, 10};
  for (size_t i = 0; i < labels.size(); ++i) {
    SCOPED_TRACE(labels[i]);
    const Json& run = result_["runs"][i];
    EXPECT_EQ(run["pool"]["size"], connections[i]);
    // async opens what it needs; 300 operations at once need all.
    EXPECT_EQ(run["connections"]["peak_open"], connections[i]);
    EXPECT_EQ(run["connections"]["requested"], connections[i]);
    EXPECT_LE(run["connections"]["peak_in_use"], connections[i]);
    const bool reactor = i >= 2;
    EXPECT_EQ(run["driver"], reactor ? "reactor" : "blocking");
    EXPECT_EQ(run["io"]["mode"].is_string(), reactor);
    EXPECT_EQ(run["client"]["enters"].is_number(), reactor);
  }
  EXPECT_TRUE(result_["runs"][2]["limiter"]["limit"].is_null());
  EXPECT_EQ(result_["runs"][3]["limiter"]["limit"], 10);
}

TEST_F(EveryScenarioTest, ValidityIsThatOfTheBuild) {
  const BuildInfo build = GetBuildInfo();
  for (const Json& run : result_["runs"]) {
    EXPECT_EQ(run["valid"], build.fit_for_measuring()) << run["reasons"];
    EXPECT_EQ(run["reasons"].size(), build.fit_for_measuring() ? 0U : 1U);
  }
  EXPECT_EQ(result_["environment"]["build_type"], build.build_type);
}

TEST(CompareTest, JsonOnStandardOutputIsNothingButJson) {
  Program program(CompareOn({"--scenarios", "window:5,sync", "--operations", "60", "--json", "-"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_EQ(Json::parse(program.stdout_text(), nullptr, false), ResultOf(program));
  EXPECT_EQ(LabelsOf(ResultOf(program)["runs"]), (std::vector<std::string>{"window:5", "sync"}));
}

TEST(CompareTest, QuietIsSilentOnStandardError) {
  Program program(CompareOn({"--scenarios", "sync,async:pool=5", "--operations", "60", "--quiet"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit());
  EXPECT_EQ(program.stderr_text(), "");
  EXPECT_THAT(program.stdout_text(), HasSubstr("rows as expected"));
}

TEST(CompareTest, ColorFollowsTheOptionThenTheEnvironment) {
  struct Case {
    std::vector<std::string> environment;
    std::string color;
    bool terminal;
    bool colored;
  };
  const Case cases[] = {
      {{}, "always", false, true},
      {{"NO_COLOR=1"}, "always", false, true},
      {{}, "auto", false, false},
      {{"PG_COLOR=always"}, "auto", false, true},
      {{"PG_COLOR=always", "NO_COLOR=1"}, "auto", false, false},
      {{"PG_COLOR=always"}, "never", false, false},
      {{}, "auto", true, true},
      {{"NO_COLOR=1"}, "auto", true, false},
      {{"NO_COLOR="}, "auto", true, true},
      {{"PG_COLOR=never"}, "auto", true, false},
      {{}, "never", true, false},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(testing::Message() << testing::PrintToString(one.environment) << " --color "
                                    << one.color << (one.terminal ? " terminal" : ""));
    ProgramOptions options;
    options.environment = one.environment;
    options.terminal = one.terminal;
    Program program(
        RunOn(SharedServer().conninfo(), "sync", 5, {"--color", one.color, "--progress", "none"}),
        options);
    EXPECT_EQ(program.Wait(), ExpectedValidExit());
    EXPECT_EQ(program.stdout_text().find(std::string(kEscape) + "[") != std::string::npos,
              one.colored);
    const std::string report = ReadFile(program.work_directory() + "/" + kOut + "/report.txt");
    EXPECT_THAT(report, Not(HasSubstr(kEscape))) << "files are plain";
  }
}

TEST(CompareTest, ProgressIsRedrawnOnATerminalOnly) {
  ProgramOptions terminal;
  terminal.terminal = true;
  terminal.environment = {"NO_COLOR=1", "TERM=xterm"};
  const std::vector<std::string> arguments = RunOn(SharedServer().conninfo(), "sync", 50);
  Program on_terminal(arguments, terminal);
  EXPECT_EQ(on_terminal.Wait(), ExpectedValidExit());
  EXPECT_THAT(on_terminal.stdout_text(), HasSubstr("\033[J"));
  Program in_pipe(arguments);
  EXPECT_EQ(in_pipe.Wait(), ExpectedValidExit());
  EXPECT_THAT(in_pipe.stderr_text(), Not(HasSubstr("\r")));
}

// An editor's terminal showed the sequences themselves.
TEST(CompareTest, DumbTerminalGetsNeitherColoursNorBars) {
  for (const auto& [type, is_plain] : {std::pair("dumb", true), std::pair("xterm", false)}) {
    ProgramOptions terminal;
    terminal.terminal = true;
    terminal.environment = {std::string("TERM=") + type};
    Program program(RunOn(SharedServer().conninfo(), "sync", 50), terminal);
    EXPECT_EQ(program.Wait(), ExpectedValidExit());
    EXPECT_EQ(program.stdout_text().find('\033') == std::string::npos, is_plain) << type;
  }
}

TEST(CompareTest, ReportKeepsToAsciiWhereTheLocaleDoes) {
  ProgramOptions options;
  options.environment = {"LC_ALL=C"};
  Program program(RunOn(SharedServer().conninfo(), "window:5", 60), options);
  EXPECT_EQ(program.Wait(), ExpectedValidExit());
  const std::string out = program.stdout_text();
  EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](char c) { return c > 0; })) << out;
}

TEST(CompareTest, DefaultDirectoryNamesTimeAndHost) {
  Program program(
      {"run", "--scenario", "sync", "--operations", "5", "-d", SharedServer().conninfo()});
  EXPECT_EQ(program.Wait(), ExpectedValidExit());
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(program.work_directory() + "/bench-results")) {
    names.push_back(entry.path().filename());
  }
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  ASSERT_EQ(names.size(), 1U);
  EXPECT_THAT(names[0], testing::MatchesRegex("[0-9]{8}T[0-9]{6}Z-.+"));
  EXPECT_THAT(names[0], testing::EndsWith(std::string("Z-") + host));
}

// -p, -U and PG* name a server just as -h does; a URI and a conninfo string are databases.
TEST(CompareTest, FindsTheServerAsEveryPostgresToolDoes) {
  const std::string directory = SharedServer().directory();
  struct Case {
    std::vector<std::string> environment;
    std::vector<std::string> arguments;
  };
  const Case cases[] = {
      {{"PGHOST=" + directory, "PGUSER=postgres", "PGDATABASE=postgres"}, {}},
      {{"PGUSER=postgres"}, {"-h", directory, "-d", "postgres"}},
      {{}, {"-d", "postgresql:///postgres?user=postgres&host=" + directory}},
      {{"PGHOST=/nonexistent"}, {"-h", directory, "-U", "postgres", "-d", "postgres"}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(testing::PrintToString(one.arguments) + testing::PrintToString(one.environment));
    ProgramOptions options;
    options.environment = one.environment;
    std::vector<std::string> arguments = {"run", "--scenario", "sync", "--operations",
                                          "5",   "--out",      kOut};
    arguments.insert(arguments.end(), one.arguments.begin(), one.arguments.end());
    Program program(arguments, options);
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    const Json target = ResultOf(program)["plan"]["target"];
    EXPECT_EQ(target["throwaway"], false);
    EXPECT_THAT(target["address"].get<std::string>(), HasSubstr(directory));
  }
}

TEST(CompareTest, NeverShowsThePassword) {
  AskServer("DROP SCHEMA IF EXISTS pgring CASCADE");
  const std::string conninfo =
      SharedServer().conninfo() + " user=" + kPasswordRole + " password=" + kPassword;
  Program program(RunOn(conninfo, "window:3", 30));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  std::string all = program.stdout_text() + program.stderr_text();
  for (const char* name : {"result.json", "report.txt", "connections.svg"}) {
    all += ReadFile(program.work_directory() + "/" + kOut + "/" + name);
  }
  EXPECT_THAT(all, AllOf(HasSubstr(kPasswordRole), Not(HasSubstr(kPassword))));
  AskServer("DROP SCHEMA pgring CASCADE");
}

TEST(CompareTest, PrintsEveryRowOfBThatIsRead) {
  for (const char* scenario : {"sync", "window:4"}) {
    SCOPED_TRACE(scenario);
    Program program(RunOn(SharedServer().conninfo(), scenario, 60, {"--print-rows"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    int64_t rows_of_b = 0;
    const std::regex row("([0-9]+)\\|([0-9]+)\\|");
    for (const std::string& line : Lines(program.stdout_text())) {
      rows_of_b += std::regex_match(line, row) ? 1 : 0;
    }
    const Json run = ResultOf(program)["runs"][0];
    // Each read folds at most ten rows of a, and here nearly always exactly ten.
    const int64_t reads = run["operations"]["by_kind"]["read"]["succeeded"];
    const int64_t rows = run["rows_read"];
    EXPECT_GT(rows_of_b, 0);
    EXPECT_LE(rows - rows_of_b, reads * 10);
    EXPECT_GE(rows, rows_of_b);
  }
}

TEST(CompareTest, TheSameSeedGivesTheSameOperations) {
  const auto creates = [](const std::string& seed) {
    Program program(
        RunOn(SharedServer().conninfo(), "window:10", 400, {"--seed", seed, "--fk-index"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit());
    return ResultOf(program)["runs"][0]["operations"]["by_kind"]["create"]["scheduled"];
  };
  const Json seven = creates("7");
  EXPECT_EQ(creates("7"), seven);
  // 400 operations: that all of these agree by chance has a probability below one in ten thousand.
  EXPECT_FALSE(creates("8") == seven && creates("9") == seven && creates("10") == seven);
}

// Against a server of pgring's own: announced, its CPU time known, and gone with everything.
TEST(ThrowawayTest, IsStartedWhenNoServerIsNamed) {
  Program program(
      {"compare", "--scenarios", "sync,window:5", "--operations", "100", "--out", kOut});
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_THAT(Lines(program.stderr_text())[0],
              HasSubstr("note: no server was named, so a throwaway PostgreSQL is started"));
  const Json result = ResultOf(program);
  EXPECT_EQ(result["plan"]["target"]["throwaway"], true);
  EXPECT_EQ(result["environment"]["settings"]["fsync"], "on");
  EXPECT_EQ(result["environment"]["settings"]["max_connections"], "2000");
  for (const Json& run : result["runs"]) {
    ExpectVerified(run);
    EXPECT_TRUE(run["server"]["user_s"].is_number());
  }
  EXPECT_EQ(program.Leftovers({kOutLeft}), "");
}

TEST(ThrowawayTest, IsForcedByItsOption) {
  ProgramOptions options;
  options.environment = {"PGHOST=/nonexistent", "PGPORT=1"};
  Program program({"run", "--scenario", "sync", "--operations", "10", "--throwaway", "--out", kOut},
                  options);
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_EQ(ResultOf(program)["plan"]["target"]["throwaway"], true);
  EXPECT_EQ(program.Leftovers({kOutLeft}), "");
}

}  // namespace
}  // namespace pgring
