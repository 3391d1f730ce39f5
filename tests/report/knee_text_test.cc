#include "report/knee_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "report/format.h"
#include "sample_knee.h"
#include "sample_result.h"
#include "support/golden.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TextStyle kUnicode80 = {false, true, 80};
constexpr TextStyle kPlain80 = {false, false, 80};

// The lines of the throughput's panel: its heading, ten rows, the axis, the limits.
std::vector<std::string> Panel(const KneePicture& picture, const TextStyle& style) {
  std::vector<std::string> lines = Lines(KneeText(picture, style));
  const auto heading = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("operations per second");
  });
  if (lines.end() - heading < 13) return {};
  return {heading, heading + 13};
}

TEST(KneeTextTest, IsThePictureThatWasLookedAt) {
  EXPECT_EQ(GoldenDifference("knee.txt", KneeText(ScalabilityKnee(), kUnicode80)), "");
  EXPECT_EQ(GoldenDifference("knee-ascii.txt", KneeText(ScalabilityKnee(), kPlain80)), "");
  EXPECT_EQ(GoldenDifference("knee-noisy.txt", KneeText(NoisyKnee(), kUnicode80)), "");
}

TEST(KneeTextTest, TheAnswerComesFirst) {
  const std::vector<std::string> lines = Lines(KneeText(ScalabilityKnee(), kPlain80));
  EXPECT_EQ(lines[0], "Throughput and p99 over operations in flight: tpcb-like, scale 10");
  EXPECT_EQ(lines[1], "31 operations in flight: 12,503/s, p99 7.44 ms; 24 to 40 do as well");
}

TEST(KneeTextTest, StaysWithinTheWidthAndSixteenLines) {
  for (const int width : {40, 64, 80, 133, 200}) {
    for (const bool unicode : {false, true}) {
      for (NamedKnee& one : AllKnees()) {
        one.picture.title = "x";
        const std::string text = KneeText(one.picture, {true, unicode, width});
        for (const std::string& line : Lines(text)) {
          EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width)) << line;
          EXPECT_FALSE(line.ends_with(' ')) << "[" << line << "]";
        }
        if (width < 80) continue;
        EXPECT_LE(Lines(text).size(), 16u) << text;
      }
    }
  }
}

TEST(KneeTextTest, ColourAddsNothingButColour) {
  static const std::regex sequence("\x1b\\[[0-9;]*m");
  for (const bool unicode : {false, true}) {
    for (const NamedKnee& one : AllKnees()) {
      const std::string colored = KneeText(one.picture, {true, unicode, 80});
      EXPECT_THAT(colored, HasSubstr("\x1b["));
      EXPECT_EQ(std::regex_replace(colored, sequence, ""),
                KneeText(one.picture, {false, unicode, 80}));
    }
  }
}

TEST(KneeTextTest, PlainIsAscii) {
  KneePicture picture = HardKnee();
  picture.title = "Zürich <&\"\x01";
  const std::string text = KneeText(picture, kPlain80);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c > 0; })) << text;
  EXPECT_THAT(text, HasSubstr("flight: Z?rich <&\"\\x01\n"));
}

// A column of the axis stands under its points: the answer's mark, its letter and its limit.
TEST(KneeTextTest, PointsStandOverTheirLimits) {
  const std::vector<std::string> panel = Panel(HardKnee(), kPlain80);
  ASSERT_EQ(panel.size(), 13u);
  const std::string& axis = panel[11];
  const size_t answer = axis.find('^');
  EXPECT_EQ(panel[12][answer], '8');
  // The highest throughput is in the highest row, the failed trial on the axis under its limit.
  EXPECT_EQ(panel[1][answer], '#');
  const size_t failed = panel[10].find('x');
  ASSERT_NE(failed, std::string::npos);
  EXPECT_EQ(panel[12].substr(failed - 1, 3), "128");
  EXPECT_THAT(panel[10], testing::StartsWith("     0 +"));
}

TEST(KneeTextTest, WhatDoesAsWellIsMarkedOnTheAxis) {
  EXPECT_THAT(Panel(ScalabilityKnee(), kPlain80)[11], HasSubstr("-==^=-"));
  EXPECT_THAT(Panel(HardKnee(), kPlain80)[11], HasSubstr("-^-"));
  EXPECT_THAT(Panel(ScalabilityKnee(), kUnicode80)[11], HasSubstr("─══▲═─"));
  EXPECT_THAT(Panel(ScalabilityKnee(), kUnicode80)[9], HasSubstr("░┊░"));
}

TEST(KneeTextTest, TheLegendNamesWhatThereIs) {
  EXPECT_EQ(Lines(KneeText(ScalabilityKnee(), kPlain80)).back(),
            "* measured   # best   | interval   . fitted   = as good   o client-limited");
  KneePicture picture;
  picture.points = {PointOf(1, 100, 10), PointOf(2, 200, 10), FailedAt(4)};
  EXPECT_EQ(Lines(KneeText(picture, kPlain80)).back(), "* measured   x failed");
}

TEST(KneeTextTest, ANarrowTerminalHasOnePanelBelowTheOther) {
  const std::string narrow = KneeText(ScalabilityKnee(), {false, false, 50});
  EXPECT_THAT(narrow, HasSubstr("\noperations per second\n"));
  EXPECT_THAT(narrow, HasSubstr("\np99, ms (logarithmic)\n"));
  EXPECT_THAT(KneeText(ScalabilityKnee(), kPlain80), Not(HasSubstr("\np99, ms")));
}

TEST(KneeTextTest, WithoutP99ThroughputHasTheWholeWidth) {
  KneePicture picture = HardKnee();
  for (KneePoint& point : picture.points) point.p99_ms.reset();
  const std::string text = KneeText(picture, kPlain80);
  EXPECT_THAT(text, testing::StartsWith("Throughput over operations in flight: "));
  EXPECT_THAT(text, Not(HasSubstr("p99")));
  EXPECT_EQ(Panel(picture, kPlain80)[11].size(), 80u);
}

TEST(KneeTextTest, NothingMeasuredIsSaid) {
  KneePicture picture;
  EXPECT_THAT(KneeText(picture, kUnicode80), HasSubstr("Nothing to draw: nothing was measured."));
  picture.points = {FailedAt(1), FailedAt(2)};
  EXPECT_THAT(KneeText(picture, kUnicode80), HasSubstr("Nothing to draw: every trial failed."));
  picture.points.push_back(PointOf(4, 0.5, 3e6));
  const std::string text = KneeText(picture, kUnicode80);
  EXPECT_THAT(text, HasSubstr("The search found no best limit."));
  EXPECT_THAT(text, HasSubstr("●"));
}

TEST(KneeTextTest, ADenseSeriesIsALineWithTheAnswerOnIt) {
  KneePicture picture;
  for (int limit = 1; limit <= 512; ++limit) {
    picture.points.push_back(PointOf(limit, 3e6 * limit / (limit + 20.0), 0.002 * limit));
  }
  picture.answer = 300;
  const std::string text = KneeText(picture, kUnicode80);
  EXPECT_THAT(text, HasSubstr("◆"));
  EXPECT_EQ(text.find("●"), text.rfind("●"));  // in the legend
  EXPECT_THAT(text, HasSubstr("3,000,000 ┤"));
}

}  // namespace
}  // namespace pgring
