#include "script/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace pgring {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string FromText(const std::string& text) {
  const auto value = ValueFromText("x", text);
  if (!value.ok()) return std::string(value.status().message());
  return std::string(ValueKindName(value->kind())) + " " + ValueText(*value);
}

TEST(Value, TextAsPgbenchWritesIt) {
  EXPECT_EQ(ValueText(Value::Null()), "NULL");
  EXPECT_EQ(ValueText(Value::Boolean(true)), "true");
  EXPECT_EQ(ValueText(Value::Boolean(false)), "false");
  EXPECT_EQ(ValueText(Value::Integer(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(ValueText(Value::Double(0.1)), "0.1");
  EXPECT_EQ(ValueText(Value::Double(1.0 / 3)), "0.333333333333333");
  EXPECT_EQ(ValueText(Value::Double(1e15)), "1e+15");
  EXPECT_EQ(ValueText(Value::Double(-1.23456789012345678e-300)), "-1.23456789012346e-300");
  EXPECT_EQ(ValueText(Value::Double(-0.0)), "-0");
  EXPECT_EQ(ValueText(Value::Double(kInfinity)), "Infinity");
  EXPECT_EQ(ValueText(Value::Double(-kInfinity)), "-Infinity");
  EXPECT_EQ(ValueText(Value::Double(std::numeric_limits<double>::quiet_NaN())), "NaN");
}

TEST(Value, FromText) {
  EXPECT_EQ(FromText("NuLL"), "null NULL");
  EXPECT_EQ(FromText("t"), "boolean true");
  EXPECT_EQ(FromText("YES"), "boolean true");
  EXPECT_EQ(FromText("on"), "boolean true");
  EXPECT_EQ(FromText("fal"), "boolean false");
  EXPECT_EQ(FromText("n"), "boolean false");
  EXPECT_EQ(FromText("of"), "boolean false");
  EXPECT_EQ(FromText("0"), "int 0");
  EXPECT_EQ(FromText(" +12"), "int 12");
  EXPECT_EQ(FromText("-9223372036854775808"), "int -9223372036854775808");
  EXPECT_EQ(FromText("1.50"), "double 1.5");
  EXPECT_EQ(FromText("0x10"), "double 16");
  EXPECT_EQ(FromText("inf"), "double Infinity");
}

TEST(Value, TextThatIsNone) {
  for (const std::string text : {"o", "nul", "truex", "abc", "12 ", "1e999", "1.2.3", ""}) {
    EXPECT_EQ(FromText(text), "malformed variable \"x\" value: \"" + text + "\"");
  }
  EXPECT_EQ(FromText(std::string("1.5\0002", 5)),
            std::string("malformed variable \"x\" value: \"1.5\0002\"", 37));
  EXPECT_EQ(FromText("9223372036854775808"),
            "value \"9223372036854775808\" is out of range for type bigint");
  EXPECT_EQ(FromText("-"), "invalid input syntax for type bigint: \"-\"");
}

TEST(Value, Truth) {
  EXPECT_FALSE(Value::Null().Truth());
  EXPECT_FALSE(Value::Boolean(false).Truth());
  EXPECT_TRUE(Value::Boolean(true).Truth());
  EXPECT_FALSE(Value::Integer(0).Truth());
  EXPECT_TRUE(Value::Integer(-1).Truth());
  EXPECT_FALSE(Value::Double(-0.0).Truth());
  EXPECT_TRUE(Value::Double(0.1).Truth());
}

TEST(Value, CoerceToInteger) {
  int64_t number = 0;
  EXPECT_TRUE(CoerceToInteger(Value::Double(2.5), &number).ok());
  EXPECT_EQ(number, 2);
  EXPECT_TRUE(CoerceToInteger(Value::Double(3.5), &number).ok());
  EXPECT_EQ(number, 4);
  EXPECT_TRUE(CoerceToInteger(Value::Double(-0x1p63), &number).ok());
  EXPECT_EQ(number, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(CoerceToInteger(Value::Double(0x1p63), &number).message(),
            "double to int overflow for 9223372036854775808.000000");
  EXPECT_EQ(CoerceToInteger(Value::Double(-kInfinity), &number).message(),
            "double to int overflow for -Infinity");
  EXPECT_EQ(CoerceToInteger(Value::Null(), &number).message(), "cannot coerce null to int");
  EXPECT_EQ(CoerceToInteger(Value::Boolean(true), &number).message(),
            "cannot coerce boolean to int");
}

}  // namespace
}  // namespace pgring
