#include "script/script_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "script/script_parser.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ScriptCheckTest : public ::testing::Test {
 protected:
  // Of one script, with customer, scale and client_id given.
  ScriptFindings Findings(const std::string& text, bool sends_text = true) {
    return FindingsOf({text}, sends_text);
  }

  ScriptFindings FindingsOf(const std::vector<std::string>& texts, bool sends_text = true) {
    SymbolTable symbols;
    std::vector<VariableSlot> given;
    for (const char* name : {"customer", "scale", "client_id"}) {
      given.push_back(*symbols.Intern(name));
    }
    std::deque<Script> scripts;
    std::vector<CheckedScript> checked;
    for (const std::string& text : texts) {
      const ScriptSource source = {"test.sql", text};
      auto script = ParseScript(source, &symbols);
      EXPECT_TRUE(script.ok()) << script.status();
      if (!script.ok()) return {};
      scripts.push_back(*std::move(script));
      checked.push_back({source, &scripts.back(), sends_text});
    }
    return CheckScripts(checked, given, symbols);
  }

  void ExpectSilence(const std::string& text, bool sends_text = true) {
    const ScriptFindings findings = Findings(text, sends_text);
    EXPECT_TRUE(findings.error.ok()) << findings.error;
    EXPECT_THAT(findings.warnings, IsEmpty()) << text;
  }
};

TEST_F(ScriptCheckTest, TypingErrorIsTold) {
  const std::string text = "SELECT 1;\nSELECT * FROM t WHERE id = :custmer;\n";
  const ScriptFindings simple = Findings(text);
  EXPECT_EQ(simple.error.message(),
            "test.sql:2:28: nothing gives the variable :custmer a value (-D, \\set, \\setshell, "
            "\\gset or \\aset), so the statement would go to the server with :custmer in it; did "
            "you mean "
            ":customer?\n"
            "  SELECT * FROM t WHERE id = :custmer;\n"
            "                             ^");
  // NULL may be what is wanted: pgbench sends it.
  const ScriptFindings extended = Findings(text, /*sends_text=*/false);
  EXPECT_TRUE(extended.error.ok());
  EXPECT_THAT(extended.warnings,
              ElementsAre("test.sql:2:28: nothing gives the variable :custmer a value (-D, \\set, "
                          "\\setshell, \\gset or \\aset), so NULL is sent for it; did you mean "
                          ":customer?"));
}

TEST_F(ScriptCheckTest, TextThatLooksLikeAVariableIsText) {
  for (const char* statement :
       {"SELECT '12:30', 'a:b', 'http://x:y', '{\"a\":true,\"b\":null}'::jsonb;",
        "SELECT $$ a:b $$, $x$ :y $x$, E'\\':z';", "SELECT 1 -- see :this\n+ 1;",
        "SELECT /* :that */ x::int, x::text;", "SELECT (ARRAY[1,2,3])[1:n];",
        "SELECT a[:lower], a[lower:upper] FROM t;", "SELECT \"odd:name\" FROM t;",
        "SELECT 'scales:tables';"}) {
    ExpectSilence(statement);
  }
}

TEST_F(ScriptCheckTest, TypingErrorInALiteralIsTold) {
  const ScriptFindings findings = Findings("SELECT 'c:custmer';");
  EXPECT_TRUE(findings.error.ok());
  EXPECT_THAT(findings.warnings, ElementsAre(HasSubstr("did you mean :customer?")));
}

TEST_F(ScriptCheckTest, WhateverSetsAVariableCounts) {
  ExpectSilence("SELECT :x;\n\\set x 1\n");
  ExpectSilence("\\setshell x echo 1\nSELECT :x;\n");
  ExpectSilence("SELECT 1 AS one, two FROM t \\gset\nSELECT :one, :two;\n");
  ExpectSilence("SELECT 1 AS \"One\" \\gset p_\nSELECT :p_One;\n");
  ExpectSilence("SELECT * FROM t \\gset p_\nSELECT :p_whatever;\n");
  ExpectSilence("UPDATE t SET a = 1 RETURNING a \\aset\n\\set b :a + 1\n");
  ExpectSilence("SELECT 1 AS :customer \\gset\nSELECT :whatever;\n");
  ExpectSilence("SELECT :scale, :client_id;\n", false);
  // By another script of the run.
  const ScriptFindings both = FindingsOf({"SELECT :x;\n", "\\set x 1\n"});
  EXPECT_TRUE(both.error.ok()) << both.error;
  EXPECT_THAT(both.warnings, IsEmpty());
}

// A result's columns are the server's to name: no more than a warning.
TEST_F(ScriptCheckTest, WhatAResultMayHaveIsNotRefused) {
  const ScriptFindings findings = Findings("SELECT 1 AS total \\gset\nSELECT :Total;\n");
  EXPECT_TRUE(findings.error.ok()) << findings.error;
  EXPECT_THAT(findings.warnings, ElementsAre(HasSubstr("did you mean :total?")));
  EXPECT_FALSE(Findings("SELECT 1 AS total \\gset p_\nSELECT :total;\n").error.ok());
}

TEST_F(ScriptCheckTest, WhatMayNotRunIsNotRefused) {
  for (const char* script :
       {"\\if :scale > 1\nSELECT :nothing;\n\\endif\n",
        "\\set x CASE WHEN :scale > 1 THEN :nothing END\n", "\\set x :scale > 1 and :nothing\n",
        "\\if false\n\\sleep :nothing\n\\endif\n"}) {
    const ScriptFindings findings = Findings(script);
    EXPECT_TRUE(findings.error.ok()) << findings.error;
    EXPECT_THAT(findings.warnings, ElementsAre(HasSubstr(":nothing")));
  }
}

TEST_F(ScriptCheckTest, MetaCommandsThatMustFailAreRefused) {
  for (const char* script : {"\\set x :nothing + 1\n", "\\sleep :nothing ms\n",
                             "\\shell echo :nothing\n", "\\if :nothing\n\\endif\n"}) {
    EXPECT_THAT(std::string(Findings(script, false).error.message()), HasSubstr(":nothing"))
        << script;
  }
  EXPECT_THAT(std::string(Findings("\\set x :nothing + 1\n").error.message()),
              StartsWith("test.sql:1:8: nothing gives the variable :nothing a value"));
}

TEST_F(ScriptCheckTest, NotationOfPsql) {
  EXPECT_THAT(
      std::string(Findings("SELECT :'customer';").error.message()),
      StartsWith("test.sql:1:8: :'customer' is psql's notation, which pgbench scripts do not "
                 "have; write ':customer'\n"));
  EXPECT_THAT(std::string(Findings("SELECT :'customer';", false).error.message()),
              HasSubstr("write :customer\n"));
  EXPECT_THAT(std::string(Findings("SELECT * FROM :\"customer\";").error.message()),
              HasSubstr("write \":customer\"\n"));
  ExpectSilence("SELECT ':''customer''', x::\"char\" FROM t;");
}

TEST_F(ScriptCheckTest, ManyFindingsAreCounted) {
  std::string script = "SELECT ";
  for (int i = 0; i < 100; ++i) absl::StrAppend(&script, ":nothing", i, ", ");
  const ScriptFindings findings = Findings(absl::StrCat(script, "1;"), false);
  ASSERT_EQ(findings.warnings.size(), kMaxScriptWarnings + 1);
  EXPECT_EQ(findings.warnings.back(), "and 90 more variables that nothing gives a value");
}

TEST(NearestVariable, ToleratesFewLetters) {
  const std::vector<std::string> names = {"customer", "account", "aid"};
  EXPECT_EQ(NearestVariable("custmer", names, 2), "customer");
  EXPECT_EQ(NearestVariable("cutsomer", names, 1), "customer");
  EXPECT_EQ(NearestVariable("CUSTOMER", names, 1), "customer");
  EXPECT_EQ(NearestVariable("aidd", names, 1), "aid");
  EXPECT_EQ(NearestVariable("amount", names, 1), "");
  EXPECT_EQ(NearestVariable("x", names, 2), "");
}

}  // namespace
}  // namespace pgring
