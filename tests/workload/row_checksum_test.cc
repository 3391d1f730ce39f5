// The checksum of rows and PostgreSQL's timestamps. Expected values come from a program in another
// language.
#include "workload/row_checksum.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

uint64_t OfInteger(int64_t value) {
  RowChecksum checksum;
  checksum.AddInteger(value);
  return checksum.value();
}

uint64_t OfText(std::string_view text) {
  RowChecksum checksum;
  checksum.AddText(text);
  return checksum.value();
}

TEST(RowChecksumTest, Vectors) {
  EXPECT_EQ(RowChecksum().value(), 0x9e3779b97f4a7c15u);
  EXPECT_EQ(OfInteger(0), 0x805821f2fa6849c4u);
  EXPECT_EQ(OfInteger(1), 0x8310eb309aafa835u);
  EXPECT_EQ(OfInteger(-1), 0x7c41d0063c1adcd9u);
  EXPECT_EQ(OfInteger(42), 0x5c0eabdfaf35eaaau);
  EXPECT_EQ(OfText(""), 0x880aa112ead11435u);
  EXPECT_EQ(OfText("a"), 0x21635a203c8e1fcdu);
  EXPECT_EQ(OfText("foobar"), 0x7b41bde989209005u);
}

TEST(RowChecksumTest, WholeRow) {
  RowChecksum checksum;
  checksum.AddInteger(1);
  checksum.AddText("1001");
  checksum.AddTimestamp("2026-11-22 13:57:26.123456");
  EXPECT_EQ(checksum.value(), 0xb8bb72f77d50defbu);
}

TEST(RowChecksumTest, OrderOfValuesMatters) {
  RowChecksum forward, backward;
  forward.AddInteger(1);
  forward.AddInteger(2);
  backward.AddInteger(2);
  backward.AddInteger(1);
  EXPECT_NE(forward.value(), backward.value());
}

TEST(RowChecksumTest, TimestampCountsAsAPointInTime) {
  RowChecksum with_zeros, without;
  with_zeros.AddTimestamp("2026-11-22 13:57:26.500000");
  without.AddTimestamp("2026-11-22 13:57:26.5");
  EXPECT_EQ(with_zeros.value(), without.value());
}

TEST(RowChecksumTest, TimestampInAnotherStyleCountsAsText) {
  RowChecksum timestamp;
  timestamp.AddTimestamp("22/11/2026 13:57:26.5 UTC");
  EXPECT_EQ(timestamp.value(), OfText("22/11/2026 13:57:26.5 UTC"));
}

TEST(TimestampTest, Vectors) {
  EXPECT_EQ(ParseTimestampMicroseconds("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(ParseTimestampMicroseconds("2026-11-22 13:57:26.123456"), 1795355846123456);
  EXPECT_EQ(ParseTimestampMicroseconds("1969-12-31 23:59:59.999999"), -1);
  EXPECT_EQ(ParseTimestampMicroseconds("2000-02-29 00:00:00"), 951782400000000);
  EXPECT_EQ(ParseTimestampMicroseconds("1900-03-01 00:00:00"), -2203891200000000);
  EXPECT_EQ(ParseTimestampMicroseconds("0001-01-01 00:00:00"), -62135596800000000);
  EXPECT_EQ(ParseTimestampMicroseconds("9999-12-31 23:59:59"), 253402300799000000);
}

TEST(TimestampTest, DecimalsOfASecond) {
  const int64_t base = *ParseTimestampMicroseconds("2026-11-22 13:57:26");
  EXPECT_EQ(ParseTimestampMicroseconds("2026-11-22 13:57:26.1"), base + 100'000);
  EXPECT_EQ(ParseTimestampMicroseconds("2026-11-22 13:57:26.12"), base + 120'000);
  EXPECT_EQ(ParseTimestampMicroseconds("2026-11-22 13:57:26.000001"), base + 1);
  EXPECT_EQ(ParseTimestampMicroseconds("2026-11-22 13:57:26.012"), base + 12'000);
}

TEST(TimestampTest, OtherTextIsNone) {
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T13:57:26", "2026-13-01 00:00:00", "2026-02-29 00:00:00",
        "1900-02-29 00:00:00", "2026-11-22 13:57:26.", "2026-11-22 13:57:26.1234567",
        "2026-11-22 13:57:26.12x", "2026-11-22 13:57:26+00", "2026-11-22 13:57:26.5 BC",
        "x026-11-22 13:57:26", "2026-11-2x 13:57:26", "infinity", "-infinity",
        "22/11/2026 13:57:26.5", "10000-01-01 00:00:00"}) {
    EXPECT_EQ(ParseTimestampMicroseconds(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pgring
