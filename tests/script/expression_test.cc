// What the corpus that goes through the real pgbench (expressions.txt) cannot show.
#include "script/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "script/expression_compiler.h"
#include "script/script_runner.h"
#include "support/allocation_count.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

class ExpressionTest : public ::testing::Test {
 protected:
  std::string Value(const std::string& expression) { return runner_.Value(expression); }
  ScriptRunner runner_{1};
};

TEST_F(ExpressionTest, Precedence) {
  EXPECT_EQ(Value("1 + 2 * 3"), "int 7");
  EXPECT_EQ(Value("~5 + 2"), "int -8");
  EXPECT_EQ(Value("not 1 = 2"), "boolean true");
  EXPECT_EQ(Value("2 - 3 - 4"), "int -5");
  EXPECT_EQ(Value("true or true and false"), "boolean true");
  EXPECT_EQ(Value("1 | 2 = 3"), "boolean true");
}

TEST_F(ExpressionTest, LazyPartsAreNotEvaluated) {
  EXPECT_EQ(Value("false and 1 / 0 = 1"), "boolean false");
  EXPECT_EQ(Value("true or 1 / 0 = 1"), "boolean true");
  EXPECT_EQ(Value("case when true then 1 else 1 / 0 end"), "int 1");
  EXPECT_EQ(Value("true and 1 / 0 = 1"), "error: division by zero");
}

TEST_F(ExpressionTest, Overflow) {
  EXPECT_EQ(Value("9223372036854775807 + 1"), "error: bigint add out of range");
  EXPECT_EQ(Value("-9223372036854775808"), "int -9223372036854775808");
  EXPECT_EQ(Value("abs(-9223372036854775808)"), "int -9223372036854775808");
  EXPECT_EQ(Value("-9223372036854775808 / -1"), "error: bigint div out of range");
}

// pgbench reads the boolean's bytes as a double.
TEST_F(ExpressionTest, AbsOfABooleanIsRefused) {
  EXPECT_EQ(Value("abs(true)"), "error: cannot coerce boolean to double");
}

// pgbench says so when it runs.
TEST_F(ExpressionTest, TooManyArgumentsAreAStaticError) {
  EXPECT_EQ(Value("least(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)"), "int 1");
  EXPECT_EQ(Value("least(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17)"),
            "error: test.sql:1:65: too many function arguments, maximum is 16 (least) in command "
            "\"set\"");
}

// These would draw for ever, or nothing that is a number.
TEST_F(ExpressionTest, RandomParametersThatAreNoNumbers) {
  EXPECT_THAT(Value("random_zipfian(1, 10, 0.0 / 0)"), HasSubstr("(not NaN)"));
  EXPECT_THAT(Value("random_gaussian(1, 10, 1 / 0.0)"), HasSubstr("(not Infinity)"));
  EXPECT_THAT(Value("random_exponential(1, 10, 0.0 / 0)"), HasSubstr("(not NaN)"));
}

TEST_F(ExpressionTest, UndefinedVariable) {
  EXPECT_EQ(Value(":nowhere + 1"), "error: undefined variable \"nowhere\"");
}

TEST_F(ExpressionTest, NestingHasALimit) {
  const auto nested = [](int depth) {
    return absl::StrCat(std::string(depth, '('), "1", std::string(depth, ')'));
  };
  // debug() and the expression itself take one level each.
  EXPECT_EQ(Value(nested(kMaxExpressionNesting - 2)), "int 1");
  EXPECT_THAT(Value(nested(kMaxExpressionNesting - 1)),
              HasSubstr("expression is nested too deeply, maximum is 200"));
  EXPECT_THAT(Value(std::string(100'000, '(')), HasSubstr("nested too deeply"));
  EXPECT_THAT(Value(absl::StrCat(std::string(100'000, '-'), "1")), HasSubstr("nested too deeply"));
}

// Chains do not nest.
TEST_F(ExpressionTest, LongChains) {
  std::string sum = "1";
  for (int i = 0; i < 20'000; ++i) sum += " + 1";
  EXPECT_EQ(Value(sum), "int 20001");
  std::string any = "false";
  for (int i = 0; i < 20'000; ++i) any += " or false";
  EXPECT_EQ(Value(any), "boolean false");
}

TEST_F(ExpressionTest, EvaluationAllocatesNothing) {
  const auto good = runner_.Parse(
      "\\set x 5\n"
      "\\set y random(1, :x) + hash(:x) % 7 + case when :x > 3 then permute(1, 9) else ln(2) end\n"
      "\\set z greatest(:x, 1.5, random_gaussian(1, 100, 3)) is null or :y <> 4\n");
  ASSERT_TRUE(good.ok()) << good.status();
  ASSERT_TRUE(runner_.Run(*good).ok());
  const int64_t before = AllocationCount();
  ASSERT_TRUE(runner_.Run(*good).ok());
  EXPECT_EQ(AllocationCount(), before);
}

TEST_F(ExpressionTest, DebugSaysWhere) {
  const auto script = runner_.Parse("\\set x 1\n\\set x debug(null)\n\\if debug(1.5)\n\\endif\n");
  ASSERT_TRUE(script.ok()) << script.status();
  ASSERT_TRUE(runner_.Run(*script, 3).ok());
  EXPECT_THAT(runner_.debug_lines(),
              ::testing::ElementsAre("debug(script=3,command=2): null",
                                     "debug(script=3,command=3): double 1.5"));
}

}  // namespace
}  // namespace pgring
