#include "report/connections_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <locale>
#include <string>
#include <vector>

#include "pgring/base/random.h"
#include "report/json_report.h"
#include "report/text_report.h"
#include "sample_result.h"
#include "xml_fault.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(XmlFaultTest, SeesFaults) {
  EXPECT_EQ(XmlFault("<a b=\"1\"><c/>x &amp; y</a>"), "");
  EXPECT_NE(XmlFault("<a><b></a></b>"), "");
  EXPECT_NE(XmlFault("<a>x & y</a>"), "");
  EXPECT_NE(XmlFault("<a>1 < 2</a>"), "");
  EXPECT_NE(XmlFault("<a b=\"1></a>"), "");
}

TEST(ConnectionsSvgTest, HasEverythingAReaderNeeds) {
  const std::string svg = ConnectionsSvg(SampleComparison());
  EXPECT_EQ(XmlFault(svg), "");
  for (const char* part :
       {"viewBox=\"0 0 960 ", "width=\"960\"", "<title id=\"title\">Connections in use over time",
        "<desc id=\"desc\">", "PostgreSQL 15.20, throwaway server", "35,000 operations",
        ">sync</tspan><tspan dx=\"8\">86.1 s, peak 1, mean 1.0<", "32.9 s, peak 100, mean 99.4",
        "35.0 s, peak 40, mean 27.3", "seconds since the start of each run", "class=\"grid\"",
        "Operations waiting for a connection", ">30,000</text>", "font-family:sans-serif",
        "shaded: from the lowest to the highest"}) {
    EXPECT_THAT(svg, HasSubstr(part));
  }
}

TEST(ConnectionsSvgTest, HasLightAndDarkColoursAndDashes) {
  const std::string svg = ConnectionsSvg(SampleComparison());
  const size_t dark = svg.find("@media (prefers-color-scheme: dark)");
  ASSERT_NE(dark, std::string::npos);
  const size_t light_rule = svg.find(".line.c3{stroke:");
  const size_t dark_rule = svg.find(".line.c3{stroke:", dark);
  ASSERT_LT(light_rule, dark);
  ASSERT_NE(dark_rule, std::string::npos);
  EXPECT_NE(svg.substr(light_rule, 24), svg.substr(dark_rule, 24));
  for (const char* dashes : {"\"none\"", "\"9 3\"", "\"3 2.5\"", "\"11 3 3 3\""}) {
    EXPECT_THAT(svg, HasSubstr(std::string("stroke-dasharray=") + dashes));
  }
}

TEST(ConnectionsSvgTest, FewStepsAreDrawnExactly) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(40)};
  const std::string svg = ConnectionsSvg(result);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_THAT(svg, HasSubstr("milliseconds since"));
  // Up at 0.1 of 2 ms, down at 1.9 ms, on 856 units from 76.
  EXPECT_THAT(svg, testing::ContainsRegex("H118\\.8V[0-9.]+H889\\.2V[0-9.]+H932\""));
  EXPECT_THAT(svg, Not(HasSubstr("class=\"band")));
  EXPECT_THAT(svg, Not(HasSubstr("Operations waiting")));
  EXPECT_THAT(svg, Not(HasSubstr("shaded")));
}

// How deep shared connections were, and for how long operations were queued on them.
TEST(ConnectionsSvgTest, SharedConnectionsHaveAPanelOfTheirOwn) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(2), ShortRun(2)};
  EXPECT_THAT(ConnectionsSvg(result), Not(HasSubstr("Operations in flight on a connection")));
  result.runs[1].scenario.type = FindScenarioType("multiplexed");
  result.runs[1].depth_over_time = {1'000'000, {{3.5, 5}, {4, 6}}};
  const std::string svg = ConnectionsSvg(result);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_THAT(svg, HasSubstr("Operations in flight on a connection that they share"));
  EXPECT_THAT(svg, HasSubstr("shaded up to the most on one"));
  for (int i = 0; i < 1'000; ++i) {
    result.runs[1].recorder.Scheduled(0, 0);
    OperationStamps stamps = {0, 0, 0, 1'000'000};
    stamps.queued_ns = 400'000;
    result.runs[1].recorder.Succeeded(0, stamps);
  }
  EXPECT_THAT(ConnectionsSvg(result), HasSubstr("queued p99 400 us"));
}

TEST(ConnectionsSvgTest, EscapesForeignText) {
  ComparisonResult result = SampleComparison();
  result.runs[1].scenario.label = "<&>\"'\x01\xff";
  result.environment.cpu_model = "a & b < c";
  const std::string svg = ConnectionsSvg(result);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_THAT(svg, HasSubstr("&lt;&amp;&gt;&quot;&#39;\\x01\\xff"));
  EXPECT_THAT(svg, HasSubstr("a &amp; b &lt; c"));
}

TEST(ConnectionsSvgTest, RunsThatAreNotValidAreMarked) {
  ComparisonResult result = SampleComparison();
  result.runs[0].verdict.reasons = {"operations were lost"};
  result.runs[1].interrupted = true;
  const std::string svg = ConnectionsSvg(result);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_THAT(svg, HasSubstr("mean 1.0</tspan><tspan class=\"mark\" dx=\"8\">INVALID</tspan>"));
  EXPECT_THAT(svg, HasSubstr(">INTERRUPTED</tspan>"));
  EXPECT_THAT(svg, HasSubstr("mean 1.0, INVALID"));  // in the description, too
}

TEST(ConnectionsSvgTest, ThinnedRunsSaySo) {
  ComparisonResult result = SampleComparison();
  ThinTimeline(&result.runs[2]);
  EXPECT_THAT(ConnectionsSvg(result), HasSubstr("chunked: steps thinned, so the line is the peak"));
}

TEST(ConnectionsSvgTest, NothingRecordedIsSaid) {
  ComparisonResult result = SamplePlan();
  EXPECT_EQ(XmlFault(ConnectionsSvg(result)), "");
  EXPECT_THAT(ConnectionsSvg(result), HasSubstr("Nothing to draw"));
  result.runs.push_back(EmptyRun(FindScenarioType("sync"), "sync"));
  const std::string svg = ConnectionsSvg(result);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_THAT(svg, HasSubstr("nothing recorded"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

// Noise in every column is the longest path there can be.
TEST(ConnectionsSvgTest, StaysSmallHoweverManyStepsAndRuns) {
  constexpr uint64_t kSeed = 7;
  Random random(kSeed);
  pgring::Run noisy = EmptyRun(FindScenarioType("async"), "async");
  ConnectionTimeline timeline;
  timeline.Start(0, 60'000);
  for (int64_t i = 1; i < 20'000; ++i) {
    for (const ConnectionGauge gauge : {ConnectionGauge::kInUse, ConnectionGauge::kWaiting}) {
      const int32_t target = static_cast<int32_t>(random.Below(1'000));
      const int32_t delta = target - timeline.Current(gauge);
      if (delta != 0) timeline.Change(i * 1'000'000, gauge, delta);
    }
  }
  timeline.Finish(20'000'000'000);
  noisy.ended_ns = 20'000'000'000;
  noisy.timeline = timeline;
  for (const size_t runs : {size_t{1}, size_t{4}, size_t{20}, kMaxSvgRuns}) {
    ComparisonResult result = SamplePlan();
    result.runs.assign(runs, noisy);
    for (pgring::Run& run : result.runs)
      run.scenario.label = "async:limit=100,pool=100,overflow=10";
    const std::string svg = ConnectionsSvg(result);
    EXPECT_LT(svg.size(), kMaxSvgBytes) << runs << " runs";
    EXPECT_EQ(XmlFault(svg), "");
  }
}

class CommaPoint : public std::numpunct<char> {
 protected:
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(LocaleTest, ReportsDoNotDependOnIt) {
  const ComparisonResult result = SampleComparison();
  const TextStyle style;
  const std::string svg = ConnectionsSvg(result);
  const std::string json = JsonReport(result);
  const std::string text = TextReport(result, style);

  const std::string before = std::setlocale(LC_ALL, nullptr);
  const std::locale previous = std::locale::global(std::locale(std::locale(), new CommaPoint));
  // Where the system has it; the facet above is there always.
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) break;
  }
  const std::string german_svg = ConnectionsSvg(result);
  const std::string german_json = JsonReport(result);
  const std::string german_text = TextReport(result, style);
  std::locale::global(previous);
  std::setlocale(LC_ALL, before.c_str());

  EXPECT_EQ(german_svg, svg);
  EXPECT_EQ(german_json, json);
  EXPECT_EQ(german_text, text);
}

}  // namespace
}  // namespace pgring
