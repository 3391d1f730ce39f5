#include "report/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "report/markdown_table.h"
#include "report/text_table.h"
#include "sample_result.h"

namespace pgring {
namespace {

TEST(FormatTest, GroupsThousands) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1,000");
  EXPECT_EQ(CountText(-1234567), "-1,234,567");
  EXPECT_EQ(FixedText(12345.678, 1), "12,345.7");
  EXPECT_EQ(FixedText(-999.5, 0), "-1,000");
}

TEST(FormatTest, DurationsHaveThreeSignificantDigitsAndAFittingUnit) {
  EXPECT_EQ(DurationText(0), "0 us");
  EXPECT_EQ(DurationText(123), "0.123 us");
  EXPECT_EQ(DurationText(2'314'000), "2.31 ms");
  EXPECT_EQ(DurationText(23'140'000), "23.1 ms");
  EXPECT_EQ(DurationText(231'400'000), "231 ms");
  EXPECT_EQ(DurationText(16.25e9), "16.2 s");
  EXPECT_EQ(DurationText(4'321e9), "4,321 s");
}

TEST(FormatTest, RoundingUpTakesTheNextUnit) {
  EXPECT_EQ(DurationText(999'400), "999 us");
  EXPECT_EQ(DurationText(999'700), "1.00 ms");
  EXPECT_EQ(FigureText(9.996), "10.0");
  EXPECT_EQ(FigureText(99.96), "100");
}

TEST(FormatTest, UnknownAndNonFiniteFiguresAreADash) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double value : {std::nan(""), infinity, -infinity, 1e300}) {
    EXPECT_EQ(FixedText(value, 2), "-") << value;
    EXPECT_EQ(FigureText(value), "-") << value;
  }
  EXPECT_EQ(DurationText(std::nan("")), "-");
  EXPECT_EQ(DurationText(std::nullopt), "-");
  EXPECT_EQ(BytesText(std::nullopt), "-");
  EXPECT_EQ(FigureText(std::nullopt), "-");
}

TEST(FormatTest, SizesUseBinaryUnits) {
  EXPECT_EQ(BytesText(61'440), "60.0 KiB");
  EXPECT_EQ(BytesText(34'603'008), "33.0 MiB");
  EXPECT_EQ(BytesText(int64_t{8} << 30), "8.00 GiB");
}

TEST(FormatTest, AColumnSharesThePrecisionOfItsSmallestFigure) {
  EXPECT_EQ(ColumnDecimals({86.1, 32.9}), 1);
  EXPECT_EQ(ColumnDecimals({86.1, 3.29}), 2);
  EXPECT_EQ(ColumnDecimals({0.002}), 5);
  EXPECT_EQ(ColumnDecimals({1234}), 0);
  EXPECT_EQ(ColumnDecimals({}), 2);
  EXPECT_EQ(ColumnDecimals({0, std::nan("")}), 2);
}

TEST(FormatTest, ForeignTextCannotBreakALineOrATerminal) {
  EXPECT_EQ(PrintableText("a\nb\x1b[31mc\x7f", true), "a b\\x1b[31mc\\x7f");
  EXPECT_EQ(PrintableText("caf\xc3\xa9", true), "caf\xc3\xa9");
  EXPECT_EQ(PrintableText("caf\xc3\xa9", false), "caf?");
  EXPECT_EQ(PrintableText("\xff\xc3", true), "\\xff\\xc3");
  // Overlong, a surrogate, a C1 control and a non-character.
  EXPECT_EQ(PrintableText("\xc0\xaf", true), "\\xc0\\xaf");
  EXPECT_EQ(PrintableText("\xed\xa0\x80", true), "\\xed\\xa0\\x80");
  EXPECT_EQ(PrintableText("\xc2\x9b", true), "\\x9b");
  EXPECT_EQ(PrintableText("\xef\xbf\xbf", true), "\\xef\\xbf\\xbf");
}

TEST(FormatTest, DisplayWidthCountsNeitherContinuationBytesNorColours) {
  EXPECT_EQ(DisplayWidth("caf\xc3\xa9"), 4u);
  EXPECT_EQ(DisplayWidth("\x1b[1;31mred\x1b[0m"), 3u);
}

TEST(FormatTest, WrapsAtSpacesAndKeepsLongWordsWhole) {
  EXPECT_EQ(WrapText("one two three", 8, 2), "one two\n  three\n");
  EXPECT_EQ(WrapText("/a/very/long/path x", 6, 2), "/a/very/long/path\n  x\n");
  EXPECT_EQ(WrapText("label     text", 80, 0), "label     text\n");
}

TEST(TextTableTest, LeavesOutTheLeastImportantColumnsOnly) {
  Table table;
  table.columns = {{{"name of something"}, {"xxxxxxxxxxxxxxxxxxxx"}, true, 0},
                   {{"first", "to go"}, {"1234567890"}, false, 2},
                   {{"next"}, {"1234567890"}, false, 1},
                   {{"stays"}, {"1234567890"}, false, 0}};
  const auto text = [&table](int width) { return RenderText(table, {false, false, width}); };
  EXPECT_THAT(text(80), testing::Not(testing::HasSubstr("No room")));
  EXPECT_EQ(text(45),
            "name of something           next       stays\n"
            "--------------------------------------------\n"
            "xxxxxxxxxxxxxxxxxxxx  1234567890  1234567890\n"
            "No room for these columns: first to go\n");
  EXPECT_THAT(text(40), testing::EndsWith("No room for these columns: first to go;\n  next\n"));
}

TEST(TextTableTest, NotesFollowAndForeignTextIsMadeSafe) {
  Table table;
  table.title = "A title";
  table.columns = {{{"name"}, {"a\x1b[2J"}, true, 0}};
  table.notes = {{"a note"}, {"an alarming one", true}};
  EXPECT_EQ(RenderText(table, {false, false, 80}),
            "A title\nname\n--------\na\\x1b[2J\na note\nan alarming one\n");
  EXPECT_EQ(RenderText(Table(), {false, false, 80}), "");
}

TEST(MarkdownTableTest, NothingBreaksOutOfItsCell) {
  Table table;
  table.title = "What | was *fast*";
  table.columns = {{{"sce", "nario"}, {"a|b", "<script>"}, true, 0}, {{"per s"}, {"1", "2"}}};
  table.alarming_rows = {false, true};
  table.notes = {{"a [note](x)"}, {"mind `this`", true}};
  EXPECT_EQ(RenderMarkdown(table),
            "**What \\| was \\*fast\\***\n\n"
            "| sce nario | per s |\n"
            "| :-- | --: |\n"
            "| a\\|b | 1 |\n"
            "| **&lt;script>** | **2** |\n"
            "\n"
            "- a \\[note\\]\\(x\\)\n"
            "- **mind \\`this\\`**\n");
}

}  // namespace
}  // namespace pgring
