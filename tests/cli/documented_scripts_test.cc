// What PostgreSQL 15's documentation of pgbench prints runs here as it stands, in every scenario:
// its scripts and script fragments and its examples of expressions. The real pgbench is given the
// same files first: what it takes must be taken, and what it refuses refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "cli_fixture.h"
#include "real_pgbench.h"

namespace pgring {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

using Arguments = std::vector<std::string>;

// Pipelining is not for the simple protocol.
std::vector<std::string> ScenariosFor(const std::string& protocol) {
  std::vector<std::string> scenarios = {"sync", "threads:2", "async:pool=4", "chunked:4",
                                        "window:4"};
  if (protocol != "simple") scenarios.emplace_back("pipelined:4");
  return scenarios;
}

std::string ListedFor(const std::string& protocol) {
  return absl::StrJoin(ScenariosFor(protocol), ",");
}

struct Documented {
  const char* name;
  const char* text;
  // An expression that is true once the script has been run.
  const char* outcome = "true";
  bool runs_simple = true;    // with -M simple
  bool runs_extended = true;  // with -M extended and -M prepared
};

// The listings of the documentation, letter for letter. Where they use what they do not set, that
// is in kDefinitions, with the tables of `pgring init -s 1`, or the command of CommandDirectory.
const Documented kListings[] = {
    {"gset",
     R"(UPDATE pgbench_accounts
  SET abalance = abalance + :delta
  WHERE aid = :aid
  RETURNING abalance \gset
-- compound of two queries
SELECT 1 \;
SELECT 2 AS two, 3 AS three \gset p_
SELECT 4 AS four \; SELECT 5 AS five \aset
)",
     ":abalance is not null and :p_two = 2 and :p_three = 3 and :four = 4 and :five = 5",
     /*runs_simple=*/true, /*runs_extended=*/false},
    {"set",
     R"(\set ntellers 10 * :scale
\set aid (1021 * random(1, 100000 * :scale)) % \
           (100000 * :scale) + 1
\set divx CASE WHEN :x <> 0 THEN :y/:x ELSE NULL END
)",
     ":ntellers = 10 and :aid >= 1 and :aid <= 100000 and :divx = 2"},
    {"sleep", "\\sleep 10 ms\n"},
    {"setshell",
     "\\setshell variable_to_be_assigned command literal_argument :variable "
     "::literal_starting_with_colon\n",
     ":variable_to_be_assigned = 5"},
    {"shell", "\\shell command literal_argument :variable ::literal_starting_with_colon\n"},
    {"permute",
     R"(\set size 1000000
\set r random_zipfian(1, :size, 1.07)
\set k 1 + permute(:r, :size)
)",
     ":r >= 1 and :r <= :size and :k >= 1 and :k <= :size"},
    {"seeds",
     R"(\set k1 1 + permute(:r, :size, :default_seed + 123)
\set k2 1 + permute(:r, :size, :default_seed + 321)
)",
     ":k1 >= 1 and :k1 <= :size and :k2 >= 1 and :k2 <= :size"},
    {"hash",
     R"(\set size 1000000
\set r random_zipfian(1, 100 * :size, 1.07)
\set k 1 + abs(hash(:r)) % :size
)",
     ":r >= 1 and :r <= 100 * :size and :k >= 1 and :k <= :size"},
    {"tpcb",
     R"(\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
)"
     "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, "
     "CURRENT_TIMESTAMP);\nEND;\n"},
    // The documentation only describes the rest: every form that it names, and every unit.
    {"if",
     R"(\set taken 0
\if :x > 3
  SELECT 1 / 0;
\elif :x = 3
  \if NULL
    SELECT 1 / 0;
  \else
    \set taken 1
  \endif
\else
  SELECT 1 / 0;
\endif
)",
     ":taken = 1"},
    {"units", "\\sleep 500 us\n\\sleep :x ms\n\\sleep 0 s\n\\sleep 0\n"},
    {"aset",
     R"(SELECT generate_series(1, 3) AS last \aset
SELECT 0 AS last WHERE false \aset
)",
     ":last = 3"},
    {"pipeline",
     R"(\startpipeline
SELECT 1;
UPDATE pgbench_tellers SET tbalance = tbalance WHERE tid = 1;
SELECT 2;
\endpipeline
)",
     "true", /*runs_simple=*/false, /*runs_extended=*/true},
};

const Arguments kDefinitions = {"-D",      "x=3", "-D",  "y=7", "-D",    "variable=5", "-D",
                                "delta=5", "-D",  "r=1", "-D",  "aid=1", "-D",         "size=10"};

struct Example {
  const char* expression;
  // What the documentation says that :v is then; floating point to the digits that it prints.
  const char* outcome;
};

// Of the tables of operators and functions, but for "5 or 0" and "3 and 0": pgbench itself refuses
// them, whatever its documentation says (below).
const Example kExamples[] = {
    {"not false", ":v is true"},
    {"1 is null", ":v is false"},
    {"1 notnull", ":v is true"},
    {"5 = 4", ":v is false"},
    {"5 <> 4", ":v is true"},
    {"5 != 5", ":v is false"},
    {"5 < 4", ":v is false"},
    {"5 <= 4", ":v is false"},
    {"5 > 4", ":v is true"},
    {"5 >= 4", ":v is true"},
    {"1 | 2", ":v = 3"},
    {"1 # 3", ":v = 2"},
    {"1 & 3", ":v = 1"},
    {"~ 1", ":v = -2"},
    {"1 << 2", ":v = 4"},
    {"8 >> 2", ":v = 2"},
    {"5 + 4", ":v = 9"},
    {"3 - 2.0", ":v = 1.0"},
    {"5 * 4", ":v = 20"},
    {"5 / 3", ":v = 1"},
    {"3 % 2", ":v = 1"},
    {"- 2.0", ":v = -2.0"},
    {"abs(-17)", ":v = 17"},
    {"debug(5432.1)", ":v = 5432.1"},
    {"double(5432)", ":v = 5432.0"},
    {"exp(1.0)", "abs(:v - 2.718281828459045) < 1e-15"},
    {"greatest(5, 4, 3, 2)", ":v = 5"},
    {"hash(10, 5432)", ":v = -5817877081768721676"},
    {"hash_fnv1a(10, 5432)", ":v = -7793829335365542153"},
    {"hash_murmur2(10, 5432)", ":v = -5817877081768721676"},
    {"int(5.4 + 3.8)", ":v = 9"},
    {"least(5, 4, 3, 2.1)", ":v = 2.1"},
    {"ln(2.718281828459045)", "abs(:v - 1.0) < 1e-15"},
    {"mod(54, 32)", ":v = 22"},
    {"permute(0, 4)", ":v >= 0 and :v <= 3"},
    {"pi()", ":v = 3.14159265358979323846"},
    {"pow(2.0, 10)", ":v = 1024.0"},
    {"power(2.0, 10)", ":v = 1024.0"},
    {"random(1, 10)", ":v >= 1 and :v <= 10"},
    {"random_exponential(1, 10, 3.0)", ":v >= 1 and :v <= 10"},
    {"random_gaussian(1, 10, 2.5)", ":v >= 1 and :v <= 10"},
    {"random_zipfian(1, 10, 1.5)", ":v >= 1 and :v <= 10"},
    {"sqrt(2.0)", "abs(:v - 1.414213562) < 1e-9"},
};

std::string TextOf(const std::string& name) {
  for (const Documented& listing : kListings) {
    if (listing.name == name) return listing.text;
  }
  ADD_FAILURE() << "there is no listing " << name;
  return "";
}

// Fails the operation unless `outcome` is true.
std::string Demand(const std::string& outcome) {
  return "\\set demanded 1 / CASE WHEN " + outcome + " THEN 1 ELSE 0 END\n";
}

Arguments Joined(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// Scripts, and in PATH the command that the documentation's examples call. `command` is one of the
// shell's own, which runs the program named by its first argument.
class CommandDirectory {
 public:
  CommandDirectory() {
    char path[] = "/tmp/pgring-documented-XXXXXX";
    EXPECT_NE(mkdtemp(path), nullptr);
    path_ = path;
    const std::string command =
        Write("literal_argument", "#!/bin/sh\necho \"$*\" >> " + path_ +
                                      "/calls\n[ \"$2\" = :literal_starting_with_colon ] &&"
                                      " echo \"$1\"\n");
    std::filesystem::permissions(command, std::filesystem::perms::owner_all);
  }
  ~CommandDirectory() { std::filesystem::remove_all(path_); }
  CommandDirectory(const CommandDirectory&) = delete;
  CommandDirectory& operator=(const CommandDirectory&) = delete;

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  // With what arguments the command was called since the last time.
  Arguments TakeCalls() const {
    const Arguments calls = Lines(ReadFile(path_ + "/calls"));
    std::filesystem::remove(path_ + "/calls");
    return calls;
  }
  std::string path_variable() const {
    const char* inherited = getenv("PATH");
    return "PATH=" + path_ + ":" + (inherited == nullptr ? "/usr/bin:/bin" : inherited);
  }

 private:
  std::string path_;
};

void InitWithPgring() {
  Program program({"init", "-s", "1", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(program.Wait(), 0) << program.stderr_text();
}

// Every run did all of its operations, some of each script.
void ExpectAllDone(const Program& program, const std::string& protocol, int64_t operations,
                   const Arguments& kinds) {
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), ScenariosFor(protocol).size()) << program.stderr_text();
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"]);
    EXPECT_EQ(run["operations"]["succeeded"], operations);
    EXPECT_EQ(run["operations"]["failures"], Json::object());
    EXPECT_THAT(ReasonsOf(run), IsEmpty());
    for (const std::string& kind : kinds) {
      EXPECT_GT(run["operations"]["by_kind"][kind]["succeeded"], 0) << kind;
    }
  }
}

class DocumentedScriptsTest : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { InitWithPgring(); }

  // The listings that GetParam()'s protocol can run, one file each.
  Arguments WriteListings(bool with_demands) const {
    Arguments paths;
    for (const Documented& listing : kListings) {
      const bool runs = GetParam() == "simple" ? listing.runs_simple : listing.runs_extended;
      const std::string demand = with_demands ? Demand(listing.outcome) : "";
      if (runs) paths.push_back(directory_.Write(listing.name, listing.text + demand));
    }
    return paths;
  }

  // In pgbench and then here in every scenario.
  void ExpectRunEverywhere(const Arguments& files) const {
    constexpr int64_t kOperations = 150;
    Arguments scripts = kDefinitions;
    for (const std::string& file : files) scripts = Joined(scripts, {"-f", file});
    ExpectRealPgbenchDoes(60, Joined({"-n", "-c", "2", "-t", "30", "-M", GetParam()}, scripts),
                          directory_.path_variable());
    directory_.TakeCalls();
    ProgramOptions options;
    options.environment = {directory_.path_variable()};
    Program program(On(SharedServer().conninfo(), "compare",
                       Joined({"--scenarios", ListedFor(GetParam()), "-M", GetParam(),
                               "--operations", std::to_string(kOperations)},
                              scripts)),
                    options);
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    ExpectAllDone(program, GetParam(), kOperations, files);
    ExpectCalled(program);
  }

  // Once for each operation of the two listings that call the command.
  void ExpectCalled(const Program& program) const {
    int64_t operations = 0;
    const Json result = ResultOf(program);
    for (const Json& run : result["runs"]) {
      for (const auto& [kind, counts] : run["operations"]["by_kind"].items()) {
        if (kind.ends_with("shell")) operations += counts["succeeded"].get<int64_t>();
      }
    }
    const Arguments calls = directory_.TakeCalls();
    EXPECT_THAT(calls, SizeIs(operations));
    EXPECT_THAT(calls, Each("5 :literal_starting_with_colon"));
  }

  const CommandDirectory directory_;
};

TEST_P(DocumentedScriptsTest, RunUnchangedInEveryScenario) {
  ExpectRunEverywhere(WriteListings(/*with_demands=*/false));
}

TEST_P(DocumentedScriptsTest, ComputeWhatIsSaid) {
  ExpectRunEverywhere(WriteListings(/*with_demands=*/true));
}

INSTANTIATE_TEST_SUITE_P(Protocols, DocumentedScriptsTest,
                         testing::Values("simple", "extended", "prepared"),
                         [](const auto& protocol) { return protocol.param; });

TEST(DocumentedExpressionsTest, GiveWhatIsSaid) {
  const CommandDirectory directory;
  std::string script;
  for (const Example& example : kExamples) {
    script += std::string("\\set v ") + example.expression + "\n" + Demand(example.outcome);
  }
  const std::string file = directory.Write("examples", script);
  ExpectRealPgbenchDoes(10, {"-n", "-t", "10", "-f", file});
  Program program(On(SharedServer().conninfo(), "compare",
                     {"--scenarios", ListedFor("simple"), "--operations", "20", "-f", file}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  ExpectAllDone(program, "simple", 20, {file});
}

// Same seed, same operations: the printed script leaves the rows that the built-in one leaves.
TEST(DocumentedTpcbTest, IsTheBuiltInOne) {
  InitWithPgring();
  const CommandDirectory directory;
  const auto history_of = [](const std::string& scenario, const Arguments& script) {
    AskServer("TRUNCATE pgbench_history");
    Program program(RunOn(SharedServer().conninfo(), scenario, 100, Joined(script, {"-n"})));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    return AskServer(
        "SELECT count(*) || ' ' || string_agg(format('%s %s %s %s', tid, bid, aid, delta), ','"
        " ORDER BY aid, tid, delta) FROM pgbench_history");
  };
  const std::string expected = history_of("sync", {"-b", "tpcb-like"});
  EXPECT_THAT(expected, StartsWith("100 "));
  const std::string file = directory.Write("tpcb", TextOf("tpcb"));
  for (const std::string& scenario : ScenariosFor("prepared")) {
    EXPECT_EQ(history_of(scenario, {"-f", file, "-M", "prepared"}), expected) << scenario;
  }
}

struct Refused {
  std::string text;
  Arguments protocols;
  int exit_code;  // of both. 1: before anything is run; 2: every client is aborted
  std::string complaint;
};

void ExpectRefused(const Refused& refused, const std::string& protocol) {
  SCOPED_TRACE(protocol + ": " + refused.text);
  const CommandDirectory directory;
  const Arguments script = Joined(
      {"-f", directory.Write("refused", refused.text), "-M", protocol, "-t", "5"}, kDefinitions);
  const PgbenchRun pgbench = RunRealPgbench(Joined({"-n"}, script));
  EXPECT_EQ(pgbench.exit_code, refused.exit_code);
  EXPECT_THAT(pgbench.output, HasSubstr(refused.complaint));
  Program program(On(SharedServer().conninfo(), "compare",
                     Joined({"--scenarios", ListedFor(protocol)}, script)));
  EXPECT_EQ(program.Wait(), refused.exit_code);
  if (refused.exit_code == 1) {
    EXPECT_THAT(program.stderr_text(), HasSubstr(refused.complaint));
    EXPECT_THAT(program.stdout_text(), IsEmpty());
    return;
  }
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), ScenariosFor(protocol).size());
  for (const Json& run : result["runs"]) {
    EXPECT_EQ(run["operations"]["succeeded"], 0);
    EXPECT_TRUE(AnyContains(ReasonsOf(run), refused.complaint)) << run["reasons"];
  }
}

TEST(DocumentedRefusalsTest, WhatPgbenchRefusesIsRefused) {
  const Arguments all = {"simple", "extended", "prepared"};
  const Arguments extended = {"extended", "prepared"};
  std::string too_many = "SELECT :x";
  for (int variable = 1; variable < 256; ++variable) too_many += ", :x";
  for (const Refused& refused : std::vector<Refused>{
           {TextOf("gset"), extended, 2, "cannot insert multiple commands into a prepared"},
           {TextOf("pipeline"), {"simple"}, 2, "cannot use pipeline mode with the simple query"},
           {"\\startpipeline\nSELECT 1 AS one \\gset\n\\endpipeline\n", extended, 2,
            "not allowed in pipeline mode"},
           {"\\startpipeline\nSELECT 1 AS one \\aset\n\\endpipeline\n", extended, 2,
            "not allowed in pipeline mode"},
           {"SELECT generate_series(1, 2) AS n \\gset\n", all, 2, "expected one row, got 2"},
           {"BEGIN;\nSELECT 1;\n", all, 2, "without completing"},
           {"\\set v 5 or 0\n", {"simple"}, 2, "cannot coerce int to boolean"},
           {"\\set v 3 and 0\n", {"simple"}, 2, "cannot coerce int to boolean"},
           {"\\set v 9223372036854775807 + 1\n", {"simple"}, 2, "bigint add out of range"},
           {too_many + ";\n", extended, 1, "too many arguments (maximum is 255)"}}) {
    for (const std::string& protocol : refused.protocols) ExpectRefused(refused, protocol);
  }
}

}  // namespace
}  // namespace pgring
