#include "report/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

SavedResult ResultOf(const std::string& directory, double factor) {
  SavedResult result;
  result.path = directory + "/result.json";
  result.tool = {{"started_at", "2026-11-28T10:00:00Z"}, {"commit", "abcdef0"}};
  SavedScenario window;
  window.label = "window:8, pool \"a\"";
  for (int block = 0; block < 6; ++block) {
    window.values[static_cast<size_t>(Metric::kThroughput)].push_back(factor * (1'000 + block));
    window.values[static_cast<size_t>(Metric::kP99)].push_back(2'500'000);
  }
  window.values[static_cast<size_t>(Metric::kClientCpu)] = {2e-6};
  SavedScenario failed;
  failed.label = "sync";
  failed.not_valid = "operations failed";
  result.scenarios = {window, failed};
  return result;
}

std::vector<SavedResult> One() { return {ResultOf("runs/monday", 1)}; }
std::vector<SavedResult> Two() { return {ResultOf("runs/monday", 1), ResultOf("runs/friday", 2)}; }

TEST(ExportTest, EveryNameIsAFormat) {
  for (const char* name : kExportFormatNames) {
    ASSERT_TRUE(FindExportFormat(name).has_value());
    EXPECT_THAT(ExportText(*FindExportFormat(name), One()), Not(HasSubstr("sync"))) << name;
  }
  EXPECT_FALSE(FindExportFormat("xml").has_value());
}

TEST(ExportTest, CsvQuotesWhatWouldBreakALine) {
  EXPECT_THAT(ExportText(ExportFormat::kCsv, One()),
              AllOf(HasSubstr("result,scenario,metric,unit,median,low,high,blocks\n"),
                    HasSubstr("runs/monday/result.json,\"window:8, pool \"\"a\"\"\",throughput,"
                              "operations/s,1002.5,1000,1005,6\n"),
                    HasSubstr(",client_cpu,s/operation,2e-06,,,1\n")));
}

TEST(ExportTest, OpenMetricsNamesUnitsAndEnds) {
  const std::string text = ExportText(ExportFormat::kOpenMetrics, One());
  EXPECT_THAT(text, AllOf(HasSubstr("# TYPE pgring_response_seconds gauge\n"
                                    "# UNIT pgring_response_seconds seconds\n"),
                          HasSubstr("pgring_response_seconds{scenario=\"window:8, pool \\\"a\\\"\","
                                    "percentile=\"99\"} 0.0025\n"),
                          HasSubstr(",side=\"client\"} 2e-06\n")));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(ExportTest, GithubActionHasOneDirectionInAFile) {
  const Json throughput = Json::parse(ExportText(ExportFormat::kGithubAction, Two()));
  ASSERT_EQ(throughput.size(), 2U);
  EXPECT_EQ(throughput[1]["name"], "friday/window:8, pool \"a\" throughput");
  EXPECT_EQ(throughput[1]["unit"], "operations/s");
  EXPECT_EQ(throughput[1]["value"], 2'005.0);
  EXPECT_EQ(throughput[0]["range"], "1000 to 1005");
  const Json latency = Json::parse(ExportText(ExportFormat::kGithubActionLatency, One()));
  ASSERT_EQ(latency.size(), 1U);
  EXPECT_EQ(latency[0]["unit"], "ns");
}

TEST(ExportTest, BencherHasItsBuiltInMeasures) {
  const Json json = Json::parse(ExportText(ExportFormat::kBencher, One()));
  const Json& window = json["window:8, pool \"a\""];
  EXPECT_EQ(window["throughput"]["value"], 1'002.5);
  EXPECT_EQ(window["throughput"]["lower_value"], 1'000);
  EXPECT_EQ(window["throughput"]["upper_value"], 1'005);
  EXPECT_FALSE(window["client_cpu"].contains("lower_value"));
}

TEST(ExportTest, OtavaHasALineForEachResult) {
  EXPECT_EQ(ExportText(ExportFormat::kOtava, Two()),
            "time,commit,\"window:8, pool \"\"a\"\".throughput\",\"window:8, pool \"\"a\"\".p99\","
            "\"window:8, pool \"\"a\"\".client_cpu\"\n"
            "2026-11-28T10:00:00Z,abcdef0,1002.5,2500000,2e-06\n"
            "2026-11-28T10:00:00Z,abcdef0,2005,2500000,2e-06\n");
}

}  // namespace
}  // namespace pgring
