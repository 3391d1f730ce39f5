#include "script/script_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "script/builtin_scripts.h"
#include "script/script_parser.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Parsed(const std::string& text) {
  const auto parsed = ParseWeightedName(text);
  if (!parsed.ok()) return std::string(parsed.status().message());
  return parsed->name + " " + std::to_string(parsed->weight);
}

TEST(WeightedName, Notation) {
  EXPECT_EQ(Parsed("a.sql"), "a.sql 1");
  EXPECT_EQ(Parsed("a.sql@5"), "a.sql 5");
  EXPECT_EQ(Parsed("a@b.sql@0"), "a@b.sql 0");
  EXPECT_EQ(Parsed("a@2147483647"), "a 2147483647");
  EXPECT_EQ(Parsed("a@x"), "invalid weight specification: @x");
  EXPECT_EQ(Parsed("a@"), "invalid weight specification: @");
  EXPECT_EQ(Parsed("a@5x"), "invalid weight specification: @5x");
  EXPECT_EQ(Parsed("a@-1"), "weight specification out of range (0 .. 2147483647): -1");
  EXPECT_EQ(Parsed("a@2147483648"),
            "weight specification out of range (0 .. 2147483647): 2147483648");
}

TEST(ScriptChooser, RefusesWhatCannotBeChosenFrom) {
  EXPECT_EQ(ScriptChooser::Make({}).status().message(), "total script weight must not be zero");
  EXPECT_EQ(ScriptChooser::Make({0, 0}).status().message(), "total script weight must not be zero");
  EXPECT_TRUE(ScriptChooser::Make(std::vector<int64_t>(128, kMaxScriptWeight)).ok());
  EXPECT_EQ(ScriptChooser::Make(std::vector<int64_t>(129, 1)).status().message(),
            "at most 128 SQL scripts are allowed");
}

TEST(ScriptChooser, FollowsTheWeights) {
  const auto chooser = ScriptChooser::Make({0, 3, 0, 1, 0});
  ASSERT_TRUE(chooser.ok());
  RandomSource random(5);
  std::vector<int> counts(5);
  constexpr int kDraws = 40'000;
  for (int i = 0; i < kDraws; ++i) ++counts[chooser->Choose(&random)];
  EXPECT_EQ(counts[0] + counts[2] + counts[4], 0);
  EXPECT_NEAR(counts[1], kDraws * 0.75, 500);
}

TEST(ScriptChooser, OneScriptDrawsNothing) {
  const auto chooser = ScriptChooser::Make({7});
  ASSERT_TRUE(chooser.ok());
  RandomSource random(5);
  EXPECT_EQ(chooser->Choose(&random), 0u);
  EXPECT_EQ(random, RandomSource(5));
}

TEST(BuiltinScripts, AllParse) {
  for (const BuiltinScript& script : BuiltinScripts()) {
    SymbolTable symbols;
    const auto parsed = ParseScript({script.description, script.text}, &symbols);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_TRUE(CheckExtendedProtocol(*parsed).ok());
    EXPECT_EQ(parsed->name, script.description);
  }
}

TEST(BuiltinScripts, AreFoundByPrefix) {
  EXPECT_EQ((*FindBuiltinScript("tpcb-like"))->name, "tpcb-like");
  EXPECT_EQ((*FindBuiltinScript("t"))->name, "tpcb-like");
  EXPECT_EQ((*FindBuiltinScript("si"))->name, "simple-update");
  EXPECT_EQ((*FindBuiltinScript("pi"))->text, "SELECT 1;\n");
  EXPECT_THAT(std::string(FindBuiltinScript("foo").status().message()),
              StartsWith("no builtin script found for name \"foo\"\nAvailable builtin scripts:\n"));
  EXPECT_THAT(
      std::string(FindBuiltinScript("s").status().message()),
      StartsWith("ambiguous builtin name: 2 builtin scripts found for prefix \"s\"\nAvail"));
  EXPECT_THAT(BuiltinScriptList(), HasSubstr("  simple-update: <builtin: simple update>\n"));
}

}  // namespace
}  // namespace pgring
