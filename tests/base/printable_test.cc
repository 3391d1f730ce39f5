#include "pgring/base/printable.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(PrintableTest, PlainTextStaysAsItIs) {
  EXPECT_EQ(EscapeControls(""), "");
  EXPECT_EQ(EscapeControls("LINE 1: SELECT 1/0\n\t       ^\n"), "LINE 1: SELECT 1/0\n\t       ^\n");
  EXPECT_EQ(EscapeControls("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98");
}

// A server's message once coloured the terminal, and could have asked it for an answer.
TEST(PrintableTest, ControlsAreShownAndNotObeyed) {
  EXPECT_EQ(EscapeControls("\x1b[31mred\x07\r\x7f"), "\\x1b[31mred\\x07\\x0d\\x7f");
  EXPECT_EQ(EscapeControls(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(EscapeControls("\xc2\x9b"
                           "6n"),
            "\\x9b6n")
      << "the C1 control that begins a sequence, in UTF-8";
  EXPECT_EQ(EscapeControls("\x9b"
                           "6n"),
            "\\x9b6n")
      << "and as a byte";
}

// A script's name with such a control in it once turned the rest of a report's title round.
TEST(PrintableTest, WhatTurnsOrBreaksTheTextAroundItIsShown) {
  EXPECT_EQ(EscapeControls("a\u202eb\u2066c"), "a\\u202eb\\u2066c");
  EXPECT_EQ(EscapeControls("a\u2028b\u200f"), "a\\u2028b\\u200f");
  EXPECT_EQ(EscapeControls("\u0645\u0631\u062d\u0628\u0627"), "\u0645\u0631\u062d\u0628\u0627")
      << "text that runs from right to left by itself stays";
}

TEST(PrintableTest, BytesThatAreNotUtf8AreShown) {
  EXPECT_EQ(EscapeControls("Verbindung unterbrochen f\xfcr"), "Verbindung unterbrochen f\\xfcr");
  EXPECT_EQ(EscapeControls("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(EscapeControls("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(EscapeControls("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(EscapeControls("\xef\xbf\xbf"), "\\xef\\xbf\\xbf") << "not a character";
}

}  // namespace
}  // namespace pgring
