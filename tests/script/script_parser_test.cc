#include "script/script_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "script/script_runner.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class ScriptParserTest : public ::testing::Test {
 protected:
  // The commands' texts: SQL as it is, others by their first lines.
  std::vector<std::string> Commands(const std::string& text) {
    const auto script = runner_.Parse(text);
    if (!script.ok()) return {std::string(script.status().message())};
    std::vector<std::string> texts;
    for (const Command& command : script->commands) {
      texts.push_back(command.kind == CommandKind::kSql ? command.sql.text : command.first_line);
    }
    return texts;
  }

  std::string Error(const std::string& text) {
    const auto script = runner_.Parse(text);
    return script.ok() ? "no error" : std::string(script.status().message());
  }

  // What a run sends.
  std::vector<std::string> Sent(const std::string& text) {
    const auto script = runner_.Parse(text);
    if (!script.ok()) return {std::string(script.status().message())};
    runner_.sent().clear();
    const absl::Status status = runner_.Run(*script);
    if (!status.ok()) runner_.sent().emplace_back(status.message());
    return runner_.sent();
  }

  ScriptRunner runner_{1};
};

TEST_F(ScriptParserTest, StatementsEndAtSemicolons) {
  EXPECT_THAT(Commands("SELECT 1;\n SELECT\n 2 ;SELECT 3"),
              ElementsAre("SELECT 1;", "SELECT\n 2 ;", "SELECT 3"));
  EXPECT_THAT(Commands(";;"), ElementsAre(";", ";"));
}

TEST_F(ScriptParserTest, QuotesAndCommentsHideSemicolons) {
  for (const std::string statement :
       {"SELECT 'a;b';", "SELECT 'a'';b';", "SELECT \"a;\"\";b\";", "SELECT E'a\\';b';",
        "SELECT e'a\\\\';", "SELECT $$a;b$$;", "SELECT $x$ a; $$ ; $y$ $x$;",
        "SELECT /* ; /* ; */ ; */ 1;", "SELECT 1 -- ;\n+ 2;", "SELECT (1; 2);", "SELECT 'a\\';",
        "SELECT a$b;", "SELECT $1;", "SELECT E'a' \n 'b\\';';", "/* c */ SELECT 1;",
        "SELECT '\\set x 1';", "SELECT U&'a;\\';"}) {
    EXPECT_THAT(Commands(statement + "SELECT 2;"), ElementsAre(statement, "SELECT 2;"));
  }
}

TEST_F(ScriptParserTest, WhatIsLeftOpenBelongsToTheLastStatement) {
  for (const std::string statement :
       {"SELECT 'a;", "SELECT \"a;", "SELECT $$a;", "SELECT /* ;", "SELECT E'\\", "SELECT (1;"}) {
    EXPECT_THAT(Commands(statement), ElementsAre(statement));
  }
}

TEST_F(ScriptParserTest, LeadingCommentsGo) {
  EXPECT_THAT(Commands("-- a\n\n  -- b\nSELECT 1; -- c\n"), ElementsAre("SELECT 1;"));
}

TEST_F(ScriptParserTest, FunctionBodies) {
  const std::string body =
      "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; "
      "SELECT 2; END;";
  EXPECT_THAT(Commands(body + " SELECT 3;"), ElementsAre(body, "SELECT 3;"));
  EXPECT_THAT(Commands("BEGIN; SELECT 1; END;"), ElementsAre("BEGIN;", "SELECT 1;", "END;"));
  EXPECT_THAT(Commands("create table begin (a int); select 1;"),
              ElementsAre("create table begin (a int);", "select 1;"));
}

TEST_F(ScriptParserTest, CombinedStatements) {
  EXPECT_THAT(Commands("SELECT 1\\; SELECT 2\\;\nSELECT 3;"),
              ElementsAre("SELECT 1; SELECT 2;\nSELECT 3;"));
}

TEST_F(ScriptParserTest, VariablesInSql) {
  EXPECT_THAT(
      Sent("\\set a 5\n\\set b 1.50\nSELECT :a, ':b', :a::int, :::a, :nope, '12:34:56' --:b\n;"),
      ElementsAre("SELECT 5, '1.5', 5::int, :::a, :nope, '12:34:56' --1.5\n;"));
}

TEST_F(ScriptParserTest, ParametersForTheExtendedProtocol) {
  const auto script = runner_.Parse("SELECT :a, :b, :a::int, ':b' /* x */;");
  ASSERT_TRUE(script.ok());
  const SqlCommand& sql = script->commands[0].sql;
  EXPECT_EQ(sql.parameterized_text, "SELECT $1, $2, $3::int, '$4' /* x */;");
  const VariableSlot a = *runner_.symbols().Find("a");
  const VariableSlot b = *runner_.symbols().Find("b");
  EXPECT_THAT(sql.parameters, ElementsAre(a, b, a, b));
  EXPECT_TRUE(CheckExtendedProtocol(*script).ok());
}

TEST_F(ScriptParserTest, ParametersHaveALimit) {
  const auto parse = [this](int count) {
    std::string text = "SELECT ";
    for (int i = 0; i < count; ++i) text += i == 0 ? ":a" : ",:a";
    return *runner_.Parse(text + ";");
  };
  EXPECT_TRUE(CheckExtendedProtocol(parse(255)).ok());
  // "SELECT " and 255 times ":a,".
  EXPECT_THAT(
      std::string(CheckExtendedProtocol(parse(256)).message()),
      StartsWith("test.sql:1:773: statement has too many arguments (maximum is 255)\n  ..."));
}

// The error named the file and the line and no more, and repeated the statement without a caret,
// control characters included. It is the first argument too many that is pointed at, also where
// backslashes of the script are no part of the statement.
TEST_F(ScriptParserTest, FirstParameterTooManyIsPointedAt) {
  std::string text = "SELECT 1;\nSELECT \\;\\;\n";
  for (int i = 0; i < 255; ++i) text += ":a,";
  const auto script = runner_.Parse(text + "\n  1,\x1b:a, :b;\nSELECT 2;");
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(std::string(CheckExtendedProtocol(*script).message()),
            "test.sql:4:6: statement has too many arguments (maximum is 255)\n"
            "    1,?:a, :b;\n"
            "       ^");
}

TEST_F(ScriptParserTest, FirstWordAndLine) {
  const auto script = runner_.Parse("\n/* c */ -- d\n insert into a\nvalues (1);\n;\n\\set x 1\n");
  ASSERT_TRUE(script.ok());
  EXPECT_EQ(script->commands[0].sql.first_word, "INSERT");
  EXPECT_EQ(script->commands[0].first_line, "/* c */ -- d");
  EXPECT_EQ(script->commands[0].line, 2);
  EXPECT_EQ(script->commands[1].sql.first_word, "");
  EXPECT_EQ(script->commands[1].line, 5);
  EXPECT_EQ(script->commands[2].first_line, "\\set x 1");
  EXPECT_EQ(script->commands[2].line, 6);
}

// The table of -r ended its cells with the blanks between a statement and its \gset.
TEST_F(ScriptParserTest, FirstLinesEndWithoutBlanks) {
  const auto script =
      runner_.Parse("SELECT 1 AS a \t\\gset\n\\set x 1 \t \r\nSELECT 2 \r\n+ 1 \\gset\n");
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(script->commands[0].first_line, "SELECT 1 AS a");
  EXPECT_EQ(script->commands[1].first_line, "\\set x 1");
  EXPECT_EQ(script->commands[2].first_line, "SELECT 2");
  EXPECT_EQ(script->commands[0].sql.text, "SELECT 1 AS a \t") << "which is sent as it is";
}

TEST_F(ScriptParserTest, MetaCommandsContinue) {
  EXPECT_EQ(runner_.Value("1 + \\\n 2"), "int 3");
  EXPECT_EQ(runner_.Value("1 + \\\r\n 2"), "int 3");
  EXPECT_THAT(Commands("\\shell a \\\n b\nSELECT 1;"), ElementsAre("\\shell a \\", "SELECT 1;"));
  EXPECT_THAT(Commands("\\\nSELECT 1; \\SET x 2"), ElementsAre("SELECT 1;", "\\SET x 2"));
}

TEST_F(ScriptParserTest, ResultsGoIntoVariables) {
  const auto script =
      runner_.Parse("SELECT 1 \\gset\nSELECT 2 \\; SELECT 3 \\aset p_\nSELECT 4;\n\\gset q\n");
  ASSERT_TRUE(script.ok()) << script.status();
  ASSERT_EQ(script->commands.size(), 3u);
  EXPECT_EQ(script->commands[0].sql.result_use, ResultUse::kGset);
  EXPECT_EQ(script->commands[0].sql.variable_prefix, "");
  EXPECT_EQ(script->commands[1].sql.result_use, ResultUse::kAset);
  EXPECT_EQ(script->commands[1].sql.variable_prefix, "p_");
  EXPECT_EQ(script->commands[2].sql.result_use, ResultUse::kGset);
  EXPECT_EQ(script->commands[2].sql.variable_prefix, "q");
}

TEST_F(ScriptParserTest, Conditions) {
  const std::string text =
      "\\if :a = 1\nA;\n\\elif :a = 2\nB;\n\\if :b\nBB;\n\\endif\n\\elif :a = 3\n\\else\nC;\n"
      "\\if :b\nCB;\n\\else\nCN;\n\\endif\n\\endif\nD;";
  const auto with = [this, &text](const std::string& a, const std::string& b) {
    runner_.variables().SetText(*runner_.symbols().Intern("a"), a);
    runner_.variables().SetText(*runner_.symbols().Intern("b"), b);
    return Sent(text);
  };
  EXPECT_THAT(with("1", "1"), ElementsAre("A;", "D;"));
  EXPECT_THAT(with("2", "1"), ElementsAre("B;", "BB;", "D;"));
  EXPECT_THAT(with("2", "0"), ElementsAre("B;", "D;"));
  EXPECT_THAT(with("3", "1"), ElementsAre("D;"));
  EXPECT_THAT(with("4", "1"), ElementsAre("C;", "CB;", "D;"));
  EXPECT_THAT(with("4", "null"), ElementsAre("C;", "CN;", "D;"));
}

TEST_F(ScriptParserTest, ConditionsWithNothingInThem) {
  EXPECT_THAT(Sent("\\if 0\n\\endif\n"), ElementsAre());
  EXPECT_THAT(Sent("\\if 1\n\\elif 1 / 0\n\\else\n\\endif\n"), ElementsAre());
  EXPECT_THAT(Sent("\\if 0\n\\if 1 / 0\n\\elif 1 / 0\n\\endif\n\\endif\nA;"), ElementsAre("A;"));
}

TEST_F(ScriptParserTest, ConditionErrors) {
  EXPECT_EQ(Error("\\else\n"), "test.sql:1:1: \\else without matching \\if\n  \\else\n  ^");
  EXPECT_EQ(Error("A;\n\\if 1\n \\else\n  \\else\n\\endif\n"),
            "test.sql:4:3: \\else after \\else\n    \\else\n    ^");
  EXPECT_THAT(Error("\\if 1\n\\else\n\\elif 1\n\\endif\n"),
              StartsWith("test.sql:3:1: \\elif after \\else"));
  EXPECT_THAT(Error("\\if 1\n"), StartsWith("test.sql:1:1: \\if without matching \\endif"));
  EXPECT_THAT(Error("\\if 1\n\\endif\n\\endif\n"),
              StartsWith("test.sql:3:1: \\endif without matching \\if"));
  EXPECT_THAT(Error("\\elif 1\n"), StartsWith("test.sql:1:1: \\elif without matching \\if"));
  // pgbench has no limit to nesting.
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "\\if 1\n";
  deep += "SELECT 1;\n";
  EXPECT_THAT(Error(deep), StartsWith("test.sql:20000:1: \\if without matching \\endif"));
  for (int i = 0; i < 20'000; ++i) deep += "\\endif\n";
  EXPECT_THAT(Sent(deep), ElementsAre("SELECT 1;"));
}

TEST_F(ScriptParserTest, ErrorsPointAtWhatIsWrong) {
  EXPECT_EQ(Error("SELECT 1;\n\n  \\set x foo(1)\nSELECT 2;"),
            "test.sql:3:10: unexpected function name (foo) in command \"set\"\n"
            "    \\set x foo(1)\n"
            "           ^");
  EXPECT_EQ(Error("\\set x 1 +\n"),
            "test.sql:1:11: syntax error (unexpected end of command) in command \"set\"\n"
            "  \\set x 1 +\n"
            "            ^");
  // The line that holds it, not the command's first; columns are characters.
  EXPECT_EQ(Error("\\set x '\n"),
            "test.sql:1:8: unexpected character (') in command \"set\"\n"
            "  \\set x '\n"
            "         ^");
  EXPECT_EQ(Error("\\set x 1 + \\\n\t:\xc3\xa4 + foo\n"),
            "test.sql:2:7: unexpected function name (foo) in command \"set\"\n"
            "   :\xc3\xa4 + foo\n"
            "        ^");
}

// Every error of a meta command says where it is and shows the text at fault.
TEST_F(ScriptParserTest, MetaCommandErrorsPointAtWhatIsWrong) {
  struct Case {
    std::string line;
    int column;
    std::string complaint;
  };
  for (const Case& bad : std::vector<Case>{
           {"SELECT 1 \\gset a b", 18, "too many arguments in command \"gset\""},
           {"SELECT 1 \\aset a b", 18, "too many arguments in command \"aset\""},
           {"SELECT 1 \\gset 1-", 16, "invalid variable name (1-) in command \"gset\""},
           {"\\sleep 1 s now", 12, "too many arguments in command \"sleep\""},
           {"\\sleep", 7, "missing argument in command \"sleep\""},
           {"\\sleep abc", 8, "invalid sleep time, must be an integer (abc) in command \"sleep\""},
           {"\\sleep :1- us", 8, "invalid variable name: \"1-\" in command \"sleep\""},
           {"\\set", 5, "missing argument in command \"set\""},
           {"\\set x abs(1, 2)", 16, "unexpected number of arguments (abs) in command \"set\""},
           {"\\shell", 7, "missing command in command \"shell\""},
           {"\\setshell x", 12, "missing argument in command \"setshell\""},
           {"\\else now", 7, "unexpected argument in command \"else\""},
           {"\\endif now", 8, "unexpected argument in command \"endif\""},
           {"\\startpipeline now", 16, "unexpected argument in command \"startpipeline\""},
           {"\\syncpipeline now", 15, "unexpected argument in command \"syncpipeline\""},
           {"\\endpipeline now", 14, "unexpected argument in command \"endpipeline\""},
           {"\\nonsense now", 1, "invalid command in command \"nonsense\""},
           {"\\setrandom aid 1 :naccounts", 1,
            "invalid command: \\setrandom is gone since pgbench 9.6, write \\set aid random(1, "
            ":naccounts) in command \"setrandom\""},
           {"\\setrandom aid 1 10 GAUSSIAN 2.5", 1,
            "invalid command: \\setrandom is gone since pgbench 9.6, write \\set aid "
            "random_gaussian(1, 10, 2.5) in command \"setrandom\""},
           {"\\setrandom aid", 1,
            "invalid command: \\setrandom is gone since pgbench 9.6, write \\set NAME random(FROM, "
            "TO) in command \"setrandom\""},
           {"\\gset", 1, "\\gset must follow an SQL command (\\set a 1)"},
           {"\\aset", 1, "\\aset must follow an SQL command (\\set a 1)"},
       }) {
    EXPECT_EQ(Error(absl::StrCat("\\set a 1 \n", bad.line, "\nSELECT 2;\n")),
              absl::StrCat("test.sql:2:", bad.column, ": ", bad.complaint, "\n  ", bad.line, "\n",
                           std::string(static_cast<size_t>(bad.column) + 1, ' '), "^"));
  }
}

TEST_F(ScriptParserTest, LongLinesAreCut) {
  const std::string error =
      Error(absl::StrCat("\\set x 1", std::string(5000, ' '), "@", std::string(5000, '+')));
  EXPECT_THAT(error, StartsWith("test.sql:1:5009: unexpected character (@) in command \"set\"\n"));
  EXPECT_LT(error.size(), 500u);
  const size_t caret_line = error.rfind('\n') + 1;
  const size_t shown_line = error.rfind('\n', caret_line - 2) + 1;
  EXPECT_EQ(error.rfind('^') - caret_line, error.rfind('@') - shown_line);
}

TEST_F(ScriptParserTest, NamesAreCheckedBeforeTheRun) {
  EXPECT_THAT(Error("\\set 1x 5\n"), StartsWith("test.sql:1:6: invalid variable name: \"1x\""));
  EXPECT_THAT(Error("\\setshell a.b echo\n"), StartsWith("test.sql:1:11: invalid variable name"));
  EXPECT_THAT(Error("SELECT 1 \\gset 1\n"), StartsWith("test.sql:1:16: invalid variable name"));
}

TEST_F(ScriptParserTest, WholeScriptErrors) {
  EXPECT_EQ(Error(""), "empty command list for script \"test.sql\"");
  EXPECT_EQ(Error("-- nothing\n\\\n"), "empty command list for script \"test.sql\"");
  EXPECT_THAT(Error(std::string("SELECT\0001;", 9)),
              StartsWith("test.sql:1:7: NUL byte in script"));
  EXPECT_THAT(Error(std::string(kMaxScriptBytes + 1, ' ')),
              StartsWith("script \"test.sql\" is larger than"));
}

TEST_F(ScriptParserTest, Sleep) {
  const auto sleep_us = [this](const std::string& arguments) -> std::string {
    const auto script = runner_.Parse("\\sleep " + arguments);
    if (!script.ok()) return std::string(script.status().message());
    const auto result =
        SleepMicroseconds(script->commands[0].sleep, &runner_.variables(), runner_.symbols());
    return result.ok() ? absl::StrCat(*result) : std::string(result.status().message());
  };
  EXPECT_EQ(sleep_us("2"), "2000000");
  EXPECT_EQ(sleep_us("3 ms"), "3000");
  EXPECT_EQ(sleep_us("3MS"), "3000");
  EXPECT_EQ(sleep_us("4 us"), "4");
  EXPECT_EQ(sleep_us("-4 us"), "0");
  EXPECT_EQ(sleep_us("10000 s"), "10000000000");
  EXPECT_EQ(sleep_us("99999999999999999999 s"), "9223372036854775807");
  EXPECT_EQ(sleep_us(":x"), "sleep: undefined variable \"x\"");
  runner_.variables().SetText(*runner_.symbols().Find("x"), "abc");
  EXPECT_EQ(sleep_us(":x"), "sleep: invalid sleep time \"abc\" for variable \"x\"");
  runner_.variables().SetText(*runner_.symbols().Find("x"), "7");
  EXPECT_EQ(sleep_us(":x ms"), "7000");
  EXPECT_THAT(sleep_us("1 h"), StartsWith("test.sql:1:10: unrecognized time unit, must be us, ms"));
}

TEST_F(ScriptParserTest, Shell) {
  const auto line = [this](const std::string& arguments) -> std::string {
    const auto script = runner_.Parse("\\shell " + arguments);
    if (!script.ok()) return std::string(script.status().message());
    std::string text;
    const absl::Status status =
        ShellCommandLine(script->commands[0].words, &runner_.variables(), &text);
    return status.ok() ? text : std::string(status.message());
  };
  EXPECT_EQ(line("echo   a ::b :client_id"), "echo a :b 0");
  EXPECT_EQ(line("echo :nowhere"), "echo: undefined variable \":nowhere\"");
  EXPECT_EQ(line("echo " + std::string(249, 'a')), "echo " + std::string(249, 'a'));
  EXPECT_EQ(line("echo " + std::string(250, 'a')), "echo: shell command is too long");
  std::string many;
  for (int i = 0; i < 256; ++i) many += "a ";
  EXPECT_THAT(line(many), StartsWith("test.sql:1:518: too many arguments in command \"shell\""));
}

TEST_F(ScriptParserTest, SetShell) {
  const std::vector<ShellWord> words = {{"echo", kNoVariable}};
  EXPECT_EQ(*SetShellValue(words, " 12\n"), 12);
  EXPECT_EQ(*SetShellValue(words, "-3"), -3);
  EXPECT_EQ(SetShellValue(words, "x").status().message(),
            "echo: shell command must return an integer (not \"x\")");
  EXPECT_FALSE(SetShellValue(words, "").ok());
  EXPECT_FALSE(SetShellValue(words, "99999999999999999999").ok());
}

TEST_F(ScriptParserTest, Pipelines) {
  const auto script = runner_.Parse("\\startpipeline\nSELECT 1;\n\\syncpipeline\n\\endpipeline\n");
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(script->commands[0].kind, CommandKind::kStartPipeline);
  EXPECT_EQ(script->commands[2].kind, CommandKind::kSyncPipeline);
  EXPECT_EQ(script->commands[3].kind, CommandKind::kEndPipeline);
}

TEST(ReadScriptFile, Errors) {
  EXPECT_EQ(ReadScriptFile("/nowhere/x.sql").status().message(),
            "could not open file \"/nowhere/x.sql\": No such file or directory");
  EXPECT_EQ(ReadScriptFile("/").status().message(), "could not read file \"/\": Is a directory");
}

}  // namespace
}  // namespace pgring
