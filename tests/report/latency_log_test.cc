#include "report/latency_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "pgring/metrics/histogram_encoding.h"
#include "sample_result.h"

namespace pgring {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> LinesOf(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(LatencyLogTest, HeaderComesFirstAndIsShort) {
  ComparisonResult result = SampleComparison();
  result.environment.started_at = "2026-11-28T10:16:48Z";
  const std::vector<std::string> lines = LinesOf(LatencyLog(result));
  EXPECT_THAT(lines[0], StartsWith("#[Logged by pgring"));
  EXPECT_EQ(lines[1], "#[Histogram log format version 1.3]");
  EXPECT_EQ(lines[2], "#[StartTime: 1795861008.000 (seconds since epoch), 2026-11-28T10:16:48Z]");
  for (size_t i = 0; i < 4; ++i) EXPECT_LE(lines[i].size(), 126U) << "of which C readers take more";
  for (size_t i = 4; i < lines.size(); ++i) EXPECT_THAT(lines[i], StartsWith("Tag="));
}

TEST(LatencyLogTest, EachScenarioAndKindIsALineWhoseHistogramReadsBack) {
  const ComparisonResult result = SampleComparison();
  const std::vector<std::string> lines = LinesOf(LatencyLog(result));
  EXPECT_EQ(lines.size(), 4 + result.runs.size() * 3) << "all, create and read";
  for (const std::string& line : lines) {
    if (!line.starts_with("Tag=async,")) continue;
    const std::vector<std::string> fields = absl::StrSplit(line, ',');
    ASSERT_EQ(fields.size(), 5U);
    const auto histogram = DecodeHistogram(fields[4]);
    ASSERT_TRUE(histogram.ok()) << histogram.status();
    EXPECT_EQ(histogram->count(), result.runs[1].total().part(LatencyPart::kResponse).count());
  }
}

TEST(LatencyLogTest, ATagHasNeitherBlankNorComma) {
  ComparisonResult result = SampleComparison();
  result.runs.resize(1);
  result.runs[0].scenario.label = "window, pool 3\n";
  EXPECT_THAT(LinesOf(LatencyLog(result)), Contains(StartsWith("Tag=window__pool_3")));
  EXPECT_THAT(LatencyLog(result), ::testing::Not(HasSubstr("window, ")));
}

}  // namespace
}  // namespace pgring
