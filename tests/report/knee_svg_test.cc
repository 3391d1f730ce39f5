#include "report/knee_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "report/connections_svg.h"
#include "report/format.h"
#include "report/svg_page.h"
#include "sample_knee.h"
#include "support/golden.h"
#include "xml_fault.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::Not;

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

struct TextBox {
  std::string text;
  double left, right, top, bottom;
};

// All text of the picture, as wide as the widest of the common fonts makes it.
std::vector<TextBox> TextBoxes(const std::string& svg) {
  static const std::regex element(
      "<text(?: class=\"([^\"]*)\")?(?: text-anchor=\"([a-z]*)\")? x=\"([-0-9.]+)\" "
      "y=\"([-0-9.]+)\">([^<]*)</text>");
  static const std::regex entity("&[a-z0-9#]+;");
  constexpr double kTitleCharacterWidth = 12.5;
  std::vector<TextBox> boxes;
  for (std::sregex_iterator it(svg.begin(), svg.end(), element), end; it != end; ++it) {
    const std::smatch& match = *it;
    const std::string style = match[1];
    const bool is_tick = style.find("tick") != std::string::npos;
    const double character = style == "title"  ? kTitleCharacterWidth
                             : is_tick         ? kSvgTickCharacterWidth
                             : style == "note" ? 7
                                               : kSvgCharacterWidth;
    const std::string text = std::regex_replace(match[5].str(), entity, "x");
    const double width = static_cast<double>(DisplayWidth(text)) * character;
    const double x = std::stod(match[3]);
    const double left = match[2] == "middle" ? x - width / 2 : match[2] == "end" ? x - width : x;
    const double baseline = std::stod(match[4]);
    boxes.push_back(
        {text, left, left + width, baseline - (style == "title" ? 16 : 9), baseline + 3});
  }
  return boxes;
}

// Texts that overlap or leave the page, one a line.
std::string TextFaults(const std::string& svg) {
  const std::vector<TextBox> boxes = TextBoxes(svg);
  std::string faults;
  for (size_t i = 0; i < boxes.size(); ++i) {
    const TextBox& a = boxes[i];
    if (a.left < 0 || a.right > kSvgPageWidth) faults += "'" + a.text + "' leaves the page\n";
    for (size_t j = i + 1; j < boxes.size(); ++j) {
      const TextBox& b = boxes[j];
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) {
        faults += "'" + a.text + "' on '" + b.text + "'\n";
      }
    }
  }
  return faults;
}

TEST(TextFaultsTest, SeesFaults) {
  EXPECT_EQ(TextFaults("<text x=\"10\" y=\"20\">ab</text><text x=\"40\" y=\"20\">c</text>"), "");
  EXPECT_NE(TextFaults("<text x=\"10\" y=\"20\">abcd</text><text x=\"40\" y=\"25\">c</text>"), "");
  EXPECT_NE(TextFaults("<text text-anchor=\"end\" x=\"10\" y=\"20\">abcd</text>"), "");
  EXPECT_NE(TextFaults("<text class=\"tick\" x=\"955\" y=\"20\">ab</text>"), "");
}

KneePicture Dense() {
  KneePicture picture;
  for (int limit = 1; limit <= 512; ++limit) {
    KneePoint point =
        PointOf(limit, 1000.0 * limit / (1 + 0.03 * limit + 8e-4 * limit * limit), 0.8 * limit);
    point.throughput_interval_per_s =
        Interval{point.throughput_per_s * 0.9, point.throughput_per_s * 1.1};
    point.p99_interval_ms = Interval{*point.p99_ms * 0.9, *point.p99_ms * 1.1};
    picture.points.push_back(point);
  }
  picture.answer = 35;
  for (int limit = 30; limit <= 40; ++limit) picture.indifferent.push_back(limit);
  return picture;
}

std::vector<NamedKnee> EdgeCases() {
  std::vector<NamedKnee> cases;
  const auto add = [&cases](std::string name, std::vector<KneePoint> points,
                            std::optional<int> answer) {
    KneePicture picture;
    picture.points = std::move(points);
    picture.answer = answer;
    cases.push_back({std::move(name), picture});
  };
  add("nothing", {}, std::nullopt);
  add("failed only", {FailedAt(1), FailedAt(4)}, std::nullopt);
  add("one point", {PointOf(12, 4310, 5.1)}, 12);
  add("tiny", {PointOf(1, 0.5, 2'100), PointOf(2, 0.7, 4'000)}, 2);
  add("huge", {PointOf(1, 3e6, 0.002), PointOf(64, 2.9e6, 0.05), PointOf(1'000'000, 1e6, 3'000)},
      64);
  add("beyond all", {PointOf(1, 9e14, 1e-7), PointOf(2'000'000'000, 1e12, 1e9)}, 1);
  add("no throughput", {PointOf(1, 0, 5), PointOf(2, 0, 5)}, 1);
  add("answer not measured", {PointOf(4, 400, 5), PointOf(16, 500, 9)}, 9);
  add("neighbours", {PointOf(100, 400, 5), PointOf(101, 410, 5), PointOf(102, 400, 5)}, 101);
  cases.push_back({"dense", Dense()});
  return cases;
}

TEST(KneeSvgTest, IsThePictureThatWasLookedAt) {
  EXPECT_EQ(GoldenDifference("knee.svg", KneeSvg(ScalabilityKnee())), "");
  EXPECT_EQ(GoldenDifference("knee-noisy.svg", KneeSvg(NoisyKnee())), "");
}

TEST(KneeSvgTest, IsWellFormedAndItsTextsNeverCollide) {
  std::vector<NamedKnee> all = AllKnees();
  for (NamedKnee& one : EdgeCases()) all.push_back(std::move(one));
  for (const NamedKnee& one : all) {
    const std::string svg = KneeSvg(one.picture);
    EXPECT_EQ(XmlFault(svg), "") << one.name;
    EXPECT_EQ(TextFaults(svg), "") << one.name;
    EXPECT_THAT(svg, Not(HasSubstr("nan"))) << one.name;
    EXPECT_THAT(svg, Not(HasSubstr("inf"))) << one.name;
    EXPECT_LT(svg.size(), kMaxSvgBytes) << one.name;
  }
}

// An answer anywhere and labels of any length.
TEST(KneeSvgTest, TheAnswersLabelStaysWithinThePlotWhereverTheAnswerIs) {
  KneePicture picture = ScalabilityKnee();
  for (const KneePoint& point : ScalabilityKnee().points) {
    picture.answer = point.limit;
    EXPECT_EQ(TextFaults(KneeSvg(picture)), "") << point.limit;
  }
  EXPECT_THAT(KneeSvg(RetrogradeKnee()),
              HasSubstr("<text class=\"chosen\" text-anchor=\"start\" x=\"95.7\""));
  EXPECT_THAT(KneeSvg(LinearKnee()),
              HasSubstr("<text class=\"chosen\" text-anchor=\"end\" x=\"912.3\""));
}

TEST(KneeSvgTest, HasTitleUnitsAndALegendOfWhatThereIs) {
  const std::string svg = KneeSvg(ScalabilityKnee());
  for (const char* part :
       {"<title id=\"knee-title\">Throughput over operations in flight: tpcb-like, scale 10<",
        "<desc id=\"knee-desc\">31 operations in flight: 12,503/s, p99 7.44 ms. 24 to 40 in flight "
        "do as well. Measured from 1 to 256 in flight.",
        ">PostgreSQL 15.20, throwaway server, Unix socket<", ">Throughput, operations per second<",
        ">99th percentile of the latency, ms (logarithmic)<",
        ">operations in flight (logarithmic)<", ">throughput with its interval<",
        ">p99 with its interval<", ">best limit<", ">24 to 40 in flight do as well<",
        ">hollow: client-limited<",
        ">fitted scalability law: sigma 0.0267, kappa 0.000769, lambda 996/s<",
        "<title>256 in flight: 4,524/s (4,434 to 4,615), p99 170 ms, the client was the limit<"}) {
    EXPECT_THAT(svg, HasSubstr(part));
  }
  EXPECT_THAT(svg, Not(HasSubstr("failed")));
}

TEST(KneeSvgTest, WhatIsNotThereIsNotDrawn) {
  KneePicture picture = HardKnee();
  picture.curve.reset();
  picture.answer.reset();
  for (KneePoint& point : picture.points) {
    point.throughput_interval_per_s.reset();
    point.p99_ms.reset();
  }
  const std::string svg = KneeSvg(picture);
  EXPECT_THAT(svg, HasSubstr(">The search found no best limit.<"));
  EXPECT_THAT(svg, HasSubstr(">throughput<"));
  for (const char* part : {"p99", "99th", "interval", "class=\"best", "class=\"fit\"",
                           "class=\"same\"", " bar\"", ">best limit<"}) {
    EXPECT_THAT(svg, Not(HasSubstr(part)));
  }
}

TEST(KneeSvgTest, HasLightAndDarkColours) {
  const std::string svg = KneeSvg(ScalabilityKnee());
  const size_t dark = svg.find("@media (prefers-color-scheme: dark)");
  ASSERT_NE(dark, std::string::npos);
  for (const char* rule : {".page{fill:", ".rate{stroke:", ".tail{stroke:", ".fit{stroke:",
                           ".best{stroke:", ".rate.hollow,.tail.hollow,.best.hollow{fill:"}) {
    const size_t light_at = svg.find(rule);
    const size_t dark_at = svg.find(rule, dark);
    ASSERT_LT(light_at, dark) << rule;
    ASSERT_NE(dark_at, std::string::npos) << rule;
    const size_t length = std::string(rule).size() + 7;
    EXPECT_NE(svg.substr(light_at, length), svg.substr(dark_at, length)) << rule;
  }
}

// The plot is 856 units wide from 76; its margins are 4 % of the three octaves.
TEST(KneeSvgTest, PointsLieWhereTheirFiguresAre) {
  KneePicture picture;
  picture.points = {PointOf(1, 500, 10), PointOf(2, 1'000, 10), PointOf(8, 250, 100)};
  const std::string svg = KneeSvg(picture);
  const std::regex circle("<circle class=\"rate dot\" cx=\"([0-9.]+)\" cy=\"([0-9.]+)\" r=\"4\"><");
  std::vector<std::pair<double, double>> centers;
  for (std::sregex_iterator it(svg.begin(), svg.end(), circle), end; it != end; ++it) {
    centers.emplace_back(std::stod((*it)[1]), std::stod((*it)[2]));
  }
  ASSERT_EQ(centers.size(), 3u);
  constexpr double kOctave = 856 / (3 * 1.08);
  EXPECT_NEAR(centers[1].first - centers[0].first, kOctave, 0.11);
  EXPECT_NEAR(centers[2].first - centers[1].first, 2 * kOctave, 0.11);
  EXPECT_NEAR(centers[0].first, 76 + 0.12 * kOctave, 0.11);
  // 300 units high, the highest point 6 % below the top.
  constexpr double kUnitsPerThroughput = 300 / 1'060.0;
  EXPECT_NEAR(centers[0].second - centers[1].second, 500 * kUnitsPerThroughput, 0.11);
  EXPECT_NEAR(centers[2].second - centers[0].second, 250 * kUnitsPerThroughput, 0.11);
}

TEST(KneeSvgTest, WhatDoesAsWellIsShadedInBothPanels) {
  // The legend's swatch, and in each panel one piece or two.
  EXPECT_EQ(Count(KneeSvg(ScalabilityKnee()), "<path class=\"same\""), 3u);
  EXPECT_EQ(Count(KneeSvg(NoisyKnee()), "<path class=\"same\""), 5u);
  EXPECT_EQ(Count(KneeSvg(HardKnee()), "<path class=\"same\""), 0u);
  // The answer's line in both panels, and in the legend.
  EXPECT_EQ(Count(KneeSvg(HardKnee()), "<path class=\"best\""), 3u);
}

TEST(KneeSvgTest, TheShadeEndsBeforeALimitThatDoesNotDoAsWell) {
  const std::string svg = KneeSvg(Dense());
  const std::regex shade("<path class=\"same\" d=\"M([0-9.]+) [0-9.]+H([0-9.]+)V");
  const std::regex point("cx=\"([0-9.]+)\"[^>]*><title>(29|30|40|41) in");
  std::smatch edges;
  ASSERT_TRUE(std::regex_search(svg, edges, shade));
  std::vector<double> x;
  for (std::sregex_iterator it(svg.begin(), svg.end(), point), end; it != end && x.size() < 4;
       ++it) {
    x.push_back(std::stod((*it)[1]));
  }
  ASSERT_EQ(x.size(), 4u);
  EXPECT_GT(std::stod(edges[1]), x[0]);
  EXPECT_LT(std::stod(edges[1]), x[1]);
  EXPECT_GT(std::stod(edges[2]), x[2]);
  EXPECT_LT(std::stod(edges[2]), x[3]);
}

TEST(KneeSvgTest, ClientLimitedPointsAreHollowAndFailedTrialsCrosses) {
  const std::string limited = KneeSvg(ScalabilityKnee());
  // In both panels and in the legend.
  EXPECT_EQ(Count(limited, "<circle class=\"rate hollow\""), 2u);
  EXPECT_EQ(Count(limited, "<circle class=\"tail hollow\""), 1u);
  EXPECT_EQ(Count(limited, "class=\"fail\""), 0u);
  const std::string failed = KneeSvg(HardKnee());
  EXPECT_EQ(Count(failed, "hollow\" cx"), 0u);
  EXPECT_EQ(Count(failed, "<path class=\"fail\""), 2u);
  EXPECT_THAT(failed, HasSubstr(">failed trial<"));
  EXPECT_THAT(failed, HasSubstr("Failed: 128 in flight."));
}

TEST(KneeSvgTest, TheCurveEndsWhereMeasuringDid) {
  const std::string svg = KneeSvg(HardKnee());
  const std::regex last_measured("<circle class=\"rate dot\" cx=\"([0-9.]+)\"[^>]*><title>64 in");
  const std::regex curve("<path class=\"fit\" d=\"M[0-9.]+ [0-9.L ]*L([0-9.]+) [0-9.]+\"/>\n");
  std::smatch point;
  std::smatch end;
  ASSERT_TRUE(std::regex_search(svg, point, last_measured));
  ASSERT_TRUE(std::regex_search(svg, end, curve));
  EXPECT_EQ(end[1], point[1]);
  EXPECT_THAT(svg, HasSubstr(".fit{stroke-dasharray:"));
}

TEST(KneeSvgTest, EscapesForeignTextAndKeepsLongTitlesWhole) {
  KneePicture picture = HardKnee();
  picture.title = "<&>\"'\x01\xff";
  picture.notes = {"a & b < c"};
  const std::string svg = KneeSvg(picture);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_EQ(Count(svg, "flight: &lt;&amp;&gt;&quot;&#39;\\x01\\xff<"), 2u);
  EXPECT_THAT(svg, HasSubstr("a &amp; b &lt; c"));
  picture.title = "a script with a name so long that it does not fit the title's line";
  EXPECT_THAT(KneeSvg(picture), HasSubstr(">" + XmlText(picture.title) + "</text>"));
}

TEST(KneeSvgTest, NothingMeasuredIsSaid) {
  EXPECT_THAT(KneeSvg(KneePicture()), HasSubstr("Nothing to draw: nothing was measured."));
  KneePicture picture;
  picture.points = {FailedAt(2)};
  EXPECT_THAT(KneeSvg(picture), HasSubstr("Nothing to draw: every trial failed."));
}

}  // namespace
}  // namespace pgring
