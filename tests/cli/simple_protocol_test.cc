// Scripts that rely on pgbench's default protocol, in which a variable's value goes into the text
// of the statement: what they do in the real pgbench, they do here, without an option, in every
// scenario that does not pipeline. Those that pipeline say what they did instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli_fixture.h"
#include "real_pgbench.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kOperations = 3;
// One client each, as pgbench without -c.
constexpr char kScenarios[] = "sync,threads:1,chunked:1,window:1";
constexpr int kScenarioCount = 4;

struct SimpleScript {
  const char* name;
  std::string text;
};

std::string ManyReferences() {
  std::string text = "\\set x 2\nINSERT INTO said SELECT 0";
  for (int i = 0; i < 300; ++i) text += " + :x";
  return text + ";\n";
}

// What they find out, they write into the table `said`.
std::vector<SimpleScript> SimpleScripts() {
  return {
      {"in_json",
       "\\set n 5\n"
       "INSERT INTO said VALUES ('{\"a\":true,\"n\": :n}'::jsonb ->> 'n'), "
       "('[:n]'::jsonb::text);\n"},
      {"in_interval", "\\set d 3\nINSERT INTO said VALUES (interval ':d days');\n"},
      {"in_text",
       "INSERT INTO said VALUES ('g:client_id'), (E'it\\'s :client_id'), ('12:30:59');\n"},
      {"in_comments",
       "\\set n 5\n/* :n */ INSERT INTO said -- :n and :other\n VALUES (:n /* :n */);\n"},
      {"identifiers",
       "\\set n 7\n"
       "CREATE TABLE IF NOT EXISTS t_:client_id (n int);\n"
       "INSERT INTO t_:client_id VALUES (:n);\n"
       "INSERT INTO :t SELECT max(n) AS \"c:n\" FROM t_:client_id;\n"},
      {"utility",
       "\\set v 128\n"
       "SET work_mem = :v;\n"
       "INSERT INTO said VALUES (current_setting('work_mem'));\n"
       "RESET work_mem;\n"},
      {"untyped",
       "\\set hi 9\n\\set lo 4\n\\set k 1\n"
       "INSERT INTO said VALUES (:hi - :lo), (CASE :k WHEN 1 THEN 'one' ELSE 'more' END),\n"
       "  ((ARRAY[:hi, :lo])[1:1]), (format('%s', :hi)), (pg_typeof(:lo)), (:hi / 2.0);\n"},
      {"order",
       "\\set c 2\n"
       "SELECT x, y FROM (VALUES (1, 'b'), (2, 'a')) AS v (x, y) ORDER BY :c LIMIT 1 \\gset\n"
       "INSERT INTO said VALUES (':y');\n"},
      {"compound",
       "\\set n 5\n"
       "INSERT INTO said VALUES (:n) \\; INSERT INTO said VALUES ('two') \\; SELECT 8 AS eight "
       "\\gset\nINSERT INTO said VALUES (:eight);\n"},
      {"many_references", ManyReferences()},
      {"deallocate", "DEALLOCATE ALL;\nINSERT INTO said VALUES ('still there');\n"},
      {"changed_plan",
       "\\set n :n + 1\n"
       "\\if :n = 1\nDROP TABLE IF EXISTS w;\nCREATE TABLE w (a int);\n\\endif\n"
       "ALTER TABLE w ADD COLUMN c:n int;\n"
       "SELECT * FROM w;\n"
       "INSERT INTO said SELECT count(*) FROM pg_attribute WHERE attrelid = 'w'::regclass AND "
       "attnum "
       "> 0;\n"},
      {"dollar_quotes",
       "\\set n 5\n"
       "INSERT INTO said VALUES ($\xc3\xa9$it's :n; $x$ $\xc3\xa9$), ($$:n$$), ($a1$:n$a1$);\n"},
      {"casts",
       "\\set n 5\n"
       "INSERT INTO said VALUES (:n::text), ('12:30'::time::text), (('{1,2,3}'::int[])[2:3]);\n"},
      {"unknown_names", "INSERT INTO said VALUES ('a:b :c ::d'), (' :nothing ');\n"},
      {"code_block", "\\set n 5\nDO $$ BEGIN INSERT INTO said VALUES (:n); END $$;\n"},
  };
}

class SimpleProtocolTest : public testing::TestWithParam<SimpleScript> {
 protected:
  static void Clear() {
    AskServer("DROP TABLE IF EXISTS said, w, t_0; CREATE TABLE said (what text)");
  }
  // What was said and how often, `runs` runs together.
  static std::string Said(int runs) {
    return AskServer(
        absl::StrCat("SELECT string_agg(what || ' x' || n::numeric / ", runs,
                     ", ', ' ORDER BY what) FROM (SELECT what, count(*) AS n FROM said "
                     "GROUP BY what) AS counted"));
  }
};

TEST_P(SimpleProtocolTest, RunsUnchangedAndMeansTheSame) {
  const ScriptFile file(GetParam().text);
  const std::vector<std::string> script = {"-f", file.path(), "-D", "t=said", "-D", "n=0"};
  Clear();
  std::vector<std::string> arguments = {"-n", "-t", std::to_string(kOperations)};
  arguments.insert(arguments.end(), script.begin(), script.end());
  ExpectRealPgbenchDoes(kOperations, arguments);
  const std::string expected = Said(1);
  EXPECT_THAT(expected, Not(IsEmpty()));
  Clear();
  arguments = {"--scenarios", kScenarios, "--operations", std::to_string(kOperations)};
  arguments.insert(arguments.end(), script.begin(), script.end());
  Program program(On(SharedServer().conninfo(), "compare", arguments));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  EXPECT_EQ(result["plan"]["workload"]["protocol"], "simple");
  ASSERT_EQ(result["runs"].size(), static_cast<size_t>(kScenarioCount));
  for (const Json& run : result["runs"]) {
    EXPECT_EQ(run["operations"]["succeeded"], kOperations);
    EXPECT_THAT(ReasonsOf(run), IsEmpty());
    EXPECT_THAT(run["warnings"], IsEmpty());
  }
  EXPECT_EQ(Said(kScenarioCount), expected);
}

INSTANTIATE_TEST_SUITE_P(Scripts, SimpleProtocolTest, testing::ValuesIn(SimpleScripts()),
                         [](const auto& script) { return std::string(script.param.name); });

std::vector<std::string> WarningsOf(const Json& run) {
  return run["warnings"].get<std::vector<std::string>>();
}

TEST(SimpleProtocolDefaultTest, PipeliningSaysWhichProtocolItUsedInstead) {
  const ScriptFile file("\\set x 1\nBEGIN;\nSELECT :x + 1;\nSELECT :x + 2;\nEND;\n");
  const auto warnings = [&file](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "-f", file.path(),   "--operations",
        "50", "--scenarios", "window:2,pipelined:2,async:pool=2:pipeline"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Program program(On(SharedServer().conninfo(), "compare", arguments));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    std::vector<std::string> texts;
    const Json result = ResultOf(program);
    for (const Json& run : result["runs"]) {
      EXPECT_EQ(run["operations"]["succeeded"], 50);
      std::string text;
      for (const std::string& warning : WarningsOf(run)) text += warning + "\n";
      texts.push_back(text);
    }
    EXPECT_EQ(texts.size(), 3u);
    texts.resize(3);
    return texts;
  };
  const std::vector<std::string> by_default = warnings({});
  EXPECT_EQ(by_default[0], "");
  for (const int pipelined : {1, 2}) {
    EXPECT_THAT(by_default[pipelined],
                AllOf(HasSubstr("sent as prepared statements"), HasSubstr("mine.sql"),
                      HasSubstr("compare this one with runs of -M prepared only")));
  }
  for (const std::string& text : warnings({"-M", "prepared"})) EXPECT_EQ(text, "");
  for (const std::string& text : warnings({"-M", "extended"})) EXPECT_EQ(text, "");
}

TEST(SimpleProtocolDefaultTest, WhatOnlySimpleCanDoFailsInAPipelineWithAHint) {
  const ScriptFile file("\\set d 3\nBEGIN;\nSELECT interval ':d days';\nEND;\n");
  Program program(
      On(SharedServer().conninfo(), "compare",
         {"-f", file.path(), "--operations", "10", "--scenarios", "window:2,pipelined:2"}));
  EXPECT_EQ(program.Wait(), 2);
  const Json result = ResultOf(program);
  EXPECT_EQ(result["runs"][0]["operations"]["succeeded"], 10);
  EXPECT_EQ(result["runs"][1]["operations"]["succeeded"], 0);
  EXPECT_TRUE(AnyContains(ReasonsOf(result["runs"][1]), "use -M simple without pipelining"))
      << result["runs"][1]["reasons"];
}

TEST(SimpleProtocolDefaultTest, EachScriptHasItsOwnProtocol) {
  const ScriptFile text("SELECT 'a:b';\n");
  const ScriptFile pipeline("\\startpipeline\nSELECT 1;\nSELECT 2;\n\\endpipeline\n");
  Program program(On(SharedServer().conninfo(), "run",
                     {"--scenario", "window:2", "-f", text.path(), "-f", pipeline.path(), "-b",
                      "ping", "--operations", "60"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json workload = ResultOf(program)["plan"]["workload"];
  EXPECT_TRUE(workload["protocol"].is_null());
  EXPECT_EQ(workload["scripts"][0]["protocol"], "simple");
  EXPECT_EQ(workload["scripts"][1]["protocol"], "prepared");
  EXPECT_EQ(workload["scripts"][2]["protocol"], "prepared");
  EXPECT_THAT(program.stdout_text(), AllOf(HasSubstr("mine.sql (weight 1, simple)"),
                                           HasSubstr("ping (weight 1, prepared)")));
}

TEST(UndefinedVariableTest, IsToldBeforeTheRun) {
  const ScriptFile file("\\set customer 5\nSELECT 1 WHERE 1 = :custmer;\n");
  const auto run = [&file](const std::string& protocol) {
    return On(SharedServer().conninfo(), "run",
              {"--scenario", "sync", "-M", protocol, "-f", file.path(), "--operations", "5"});
  };
  Program simple(run("simple"));
  EXPECT_EQ(simple.Wait(), 1);
  EXPECT_THAT(simple.stderr_text(), AllOf(HasSubstr("mine.sql:2:20: "), HasSubstr(":custmer"),
                                          HasSubstr("did you mean :customer?")));
  EXPECT_THAT(simple.stdout_text(), IsEmpty());
  // pgbench sends NULL, too: the run goes on, and its report says so.
  Program prepared(run("prepared"));
  EXPECT_EQ(prepared.Wait(), ExpectedValidExit());
  const std::string warning = "mine.sql:2:20: nothing gives the variable :custmer a value";
  EXPECT_THAT(prepared.stderr_text(), HasSubstr(warning));
  EXPECT_TRUE(AnyContains(WarningsOf(ResultOf(prepared)["runs"][0]), warning));
}

TEST(ScriptNotationTest, ByteOrderMarkIsSkipped) {
  const ScriptFile file("\xef\xbb\xbfSELECT 1;\n");
  Program program(On(SharedServer().conninfo(), "run",
                     {"--scenario", "sync", "-f", file.path(), "--operations", "5"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
}

TEST(ScriptNotationTest, SignInAFileNameGetsAHint) {
  const ScriptFile file("SELECT 1;\n");
  for (const std::string name : {"/nowhere/me@host/x.sql", "/nowhere/x@y"}) {
    Program program(On(SharedServer().conninfo(), "run", {"--scenario", "sync", "-f", name}));
    EXPECT_EQ(program.Wait(), 1);
    EXPECT_THAT(program.stderr_text(), HasSubstr("is written " + name + "@1"));
  }
}

}  // namespace
}  // namespace pgring
