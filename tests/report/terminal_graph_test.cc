#include "report/terminal_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "report/format.h"
#include "sample_result.h"

namespace pgring {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// The cells right of the axis, top row first.
std::vector<std::string> Plot(const std::string& graph) {
  std::vector<std::string> rows;
  for (const std::string& line : Lines(graph)) {
    const size_t axis = line.find_first_of("|+");
    if (axis > 8) continue;  // far off, or npos: no axis in this line
    rows.push_back(line.substr(axis + 1));
  }
  rows.pop_back();  // the time axis
  return rows;
}

bool Contains(const std::string& text, char character) {
  return text.find(character) != std::string::npos;
}

TEST(ConnectionsGraphTest, HasTitleAxesCaptionAndLegend) {
  for (const TextStyle& style : {kPlain, kUnicode}) {
    const std::string graph = ConnectionsGraph(SampleComparison(), style);
    EXPECT_THAT(graph, HasSubstr("Connections in use over time\n"));
    EXPECT_THAT(graph, ContainsRegex("\n100 [^ ]"));
    EXPECT_THAT(graph, ContainsRegex("\n 40 [^ ]"));
    EXPECT_THAT(graph, ContainsRegex("\n    0 +20 +40 +60 +80\n"));
    EXPECT_THAT(graph, HasSubstr("seconds since the start of each run"));
    EXPECT_THAT(graph, ContainsRegex("\n  S  sync +86\\.1 s +peak +1 +mean +1\\.0\n"));
    EXPECT_THAT(graph, ContainsRegex("\n  A  async +32\\.9 s +peak +100 +mean +99\\.4\n"));
    EXPECT_THAT(graph, ContainsRegex("\n  C  chunked +35\\.0 s +peak +40 +mean +27\\.3\n"));
    EXPECT_THAT(graph, ContainsRegex("\n  W  window +32\\.0 s +peak +40 +mean +40\\.0\n"));
  }
}

TEST(ConnectionsGraphTest, EveryRunIsSeenWhereItBelongs) {
  const std::vector<std::string> plot = Plot(ConnectionsGraph(SampleComparison(), kPlain));
  ASSERT_EQ(plot.size(), 16u);
  EXPECT_TRUE(Contains(plot.front(), 'A'));
  // One connection beside a hundred: above the axis' zero, to the end of the longest run.
  const std::string& low = plot[plot.size() - 2];
  EXPECT_GT(std::count(low.begin(), low.end(), 'S'), 90);
  EXPECT_FALSE(Contains(plot.back(), 'S'));
  // The window's line and the peak of the chunks, which is above their mean.
  EXPECT_TRUE(std::any_of(plot.begin(), plot.end(), [](const std::string& row) {
    return Contains(row, 'W') && !Contains(row, 'C');
  }));
  EXPECT_TRUE(std::any_of(plot.begin(), plot.end(), [](const std::string& row) {
    return Contains(row, 'C') && !Contains(row, 'W');
  }));
}

TEST(ConnectionsGraphTest, DenseOscillationIsALineAndNotNoise) {
  ComparisonResult result = SampleComparison();
  result.runs = {result.runs[2]};
  const std::vector<std::string> plot = Plot(ConnectionsGraph(result, kPlain));
  int line_rows = 0;
  for (const std::string& row : plot) line_rows += std::count(row.begin(), row.end(), 'C') > 4;
  EXPECT_LE(line_rows, 2);
  EXPECT_GT(std::count(plot.front().begin(), plot.front().end(), 'c'), 80);
}

TEST(ConnectionsGraphTest, RunsThatShareALineTakeTurns) {
  ComparisonResult result = SampleComparison();
  pgring::Run other = result.runs[3];
  other.scenario.label = "twin";
  result.runs = {result.runs[3], other};
  const std::string top = Plot(ConnectionsGraph(result, kPlain)).front();
  EXPECT_GT(std::count(top.begin(), top.end(), 'W'), 30);
  EXPECT_GT(std::count(top.begin(), top.end(), 'T'), 30);
}

TEST(ConnectionsGraphTest, LettersAreUnique) {
  ComparisonResult result = SamplePlan();
  for (const char* label : {"chunked:10", "chunked:20", "chunked:40"}) {
    result.runs.push_back(ShortRun(4));
    result.runs.back().scenario.label = label;
  }
  const std::string graph = ConnectionsGraph(result, kPlain);
  EXPECT_THAT(graph, HasSubstr("\n  C  chunked:10"));
  EXPECT_THAT(graph, HasSubstr("\n  H  chunked:20"));
  EXPECT_THAT(graph, HasSubstr("\n  U  chunked:40"));
}

TEST(ConnectionsGraphTest, ThinnedRunsShowTheirPeakAndSaySo) {
  ComparisonResult result = SampleComparison();
  result.runs = {result.runs[2]};
  ThinTimeline(&result.runs[0]);
  const std::string graph = ConnectionsGraph(result, kPlain);
  EXPECT_THAT(graph, HasSubstr("(peaks only)"));
  const std::string top = Plot(graph).front();
  EXPECT_GT(std::count(top.begin(), top.end(), 'C'), 80);
}

TEST(ConnectionsGraphTest, AShortRunHasItsOwnUnit) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(40)};
  const std::string graph = ConnectionsGraph(result, kPlain);
  EXPECT_THAT(graph, HasSubstr("milliseconds since the start"));
  EXPECT_THAT(graph, ContainsRegex("0\\.0 +0\\.5 +1\\.0 +1\\.5"));
}

TEST(ConnectionsGraphTest, NothingRecordedIsSaid) {
  ComparisonResult result = SamplePlan();
  EXPECT_THAT(ConnectionsGraph(result, kUnicode), HasSubstr("Nothing to draw"));
  result.runs.push_back(EmptyRun(FindScenarioType("sync"), "sync"));
  EXPECT_THAT(ConnectionsGraph(result, kUnicode), HasSubstr("S  sync  nothing recorded"));
  result.runs.push_back(ShortRun(3));
  const std::string graph = ConnectionsGraph(result, kUnicode);
  EXPECT_THAT(graph, HasSubstr("nothing recorded"));
  EXPECT_THAT(graph, HasSubstr("peak     3"));
}

TEST(ConnectionsGraphTest, RunsThatAreNotValidAreMarked) {
  ComparisonResult result = SampleComparison();
  result.runs[0].verdict.reasons = {"operations were lost"};
  result.runs[1].interrupted = true;
  const std::string graph = ConnectionsGraph(result, kPlain);
  EXPECT_THAT(graph, ContainsRegex("S  sync [^\n]*INVALID\n"));
  EXPECT_THAT(graph, ContainsRegex("A  async [^\n]*INTERRUPTED\n"));
  EXPECT_THAT(graph, Not(ContainsRegex("W  window [^\n]*IN")));
}

TEST(ConnectionsGraphTest, StaysWithinTheWidth) {
  for (const int width : {60, 80, 133, 200}) {
    for (const bool unicode : {false, true}) {
      const std::string graph = ConnectionsGraph(
          SampleComparison(), {.color = true, .unicode = unicode, .width_columns = width});
      for (const std::string& line : Lines(graph)) {
        EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width)) << line;
        EXPECT_FALSE(line.ends_with(' ')) << "[" << line << "]";
      }
    }
  }
}

}  // namespace
}  // namespace pgring
