#include "report/run_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Ten operations of 1 ms, one of a minute and a failure, in ten seconds.
void Fill(RunProgress* progress) {
  progress->is_detailed = true;
  progress->measuring_from_ns = 5 * kNanosecondsPerSecond;
  for (int i = 0; i < 10; ++i) progress->response_ns.Record(kNanosecondsPerMillisecond);
  progress->response_ns.Record(60 * kNanosecondsPerSecond);
  progress->failures.Count("40P01", "deadlock detected");
  progress->scheduled = 15;
  progress->ended = 12;
  progress->failed = 1;
  progress->connections.values[static_cast<size_t>(ConnectionGauge::kOpen)] = 8;
  progress->connections.values[static_cast<size_t>(ConnectionGauge::kInUse)] = 3;
}

std::string TextAt(double seconds, MetricsFormat format, const RunProgress& progress) {
  return RunMetricsText(format, "window:8", 2, static_cast<int64_t>(seconds * 1e9), progress);
}

TEST(RunMetricsTest, CountsRatesAndStates) {
  RunProgress progress;
  Fill(&progress);
  const std::string text = TextAt(15, MetricsFormat::kPrometheus, progress);
  for (const char* line : {
           "pgring_operations_total{scenario=\"window:8\",block=\"2\"} 11\n",
           "pgring_throughput_operations_per_second{scenario=\"window:8\",block=\"2\"} 1.1\n",
           "pgring_operations_in_flight{scenario=\"window:8\",block=\"2\"} 3\n",
           "pgring_failures_total{scenario=\"window:8\",block=\"2\",code=\"40P01\"} 1\n",
           "pgring_connections{scenario=\"window:8\",block=\"2\",state=\"in_use\"} 3\n",
           "pgring_connections{scenario=\"window:8\",block=\"2\",state=\"idle\"} 5\n",
           "pgring_measured_seconds{scenario=\"window:8\",block=\"2\"} 10\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

// 1 ms lies between 2^19 ns and 2^20 ns.
TEST(RunMetricsTest, TheHistogramIsCumulative) {
  RunProgress progress;
  Fill(&progress);
  const std::string text = TextAt(15, MetricsFormat::kPrometheus, progress);
  for (const char* line : {
           "pgring_response_seconds_bucket{scenario=\"window:8\",block=\"2\",le=\"0.000524288\"} 0",
           "pgring_response_seconds_bucket{scenario=\"window:8\",block=\"2\",le=\"0.001048576\"} "
           "10",
           "pgring_response_seconds_bucket{scenario=\"window:8\",block=\"2\",le=\"+Inf\"} 11",
           "pgring_response_seconds_sum{scenario=\"window:8\",block=\"2\"} 60.01",
           "pgring_response_seconds_count{scenario=\"window:8\",block=\"2\"} 11",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

// The two formats name a counter's family differently.
TEST(RunMetricsTest, OpenMetricsHasItsOwnNamesAndItsEnd) {
  RunProgress progress;
  Fill(&progress);
  const std::string open = TextAt(15, MetricsFormat::kOpenMetrics, progress);
  EXPECT_THAT(open, HasSubstr("# TYPE pgring_operations counter\n"));
  EXPECT_THAT(open, EndsWith("# EOF\n"));
  const std::string plain = TextAt(15, MetricsFormat::kPrometheus, progress);
  EXPECT_THAT(plain, HasSubstr("# TYPE pgring_operations_total counter\n"));
  EXPECT_THAT(plain, Not(HasSubstr("# EOF")));
}

TEST(RunMetricsTest, WhenARunHasEndedItsTimeStandsStill) {
  RunProgress progress;
  Fill(&progress);
  progress.ended_ns = 15 * kNanosecondsPerSecond;
  const std::string text = TextAt(100, MetricsFormat::kPrometheus, progress);
  EXPECT_THAT(text, HasSubstr("pgring_measured_seconds{scenario=\"window:8\",block=\"2\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("state=\"in_use\"} 0\n"));
}

// What Prometheus itself says of it: names, units, help texts, the order of buckets.
TEST(RunMetricsTest, PromtoolFindsNothingWrong) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool is not installed (tools/setup does that)";
  }
  RunProgress progress;
  Fill(&progress);
  const std::string path = testing::TempDir() + "pgring_run_metrics";
  std::ofstream(path) << TextAt(15, MetricsFormat::kPrometheus, progress);
  const std::string command = "promtool check metrics <" + path + " >" + path + ".out 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ifstream said(path + ".out");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(said), {}), "");
}

// A panel of a metric that does not exist shows nothing, and says nothing of it.
TEST(RunMetricsTest, TheDashboardShowsMetricsThatThereAre) {
  std::ifstream file(PGRING_SOURCE_DIR "/tools/grafana/pgring.json");
  const nlohmann::json dashboard = nlohmann::json::parse(file);
  RunProgress progress;
  Fill(&progress);
  const std::string text = TextAt(15, MetricsFormat::kPrometheus, progress);
  const std::regex metric("pgring_[a-z_]+");
  int found = 0;
  for (const nlohmann::json& panel : dashboard.at("panels")) {
    for (const nlohmann::json& target : panel.at("targets")) {
      std::smatch match;
      const std::string expression = target.at("expr");
      ASSERT_TRUE(std::regex_search(expression, match, metric)) << expression;
      EXPECT_THAT(text, HasSubstr("\n" + match.str() + "{")) << expression;
      ++found;
    }
  }
  EXPECT_EQ(found, 9);
}

TEST(RunMetricsTest, LabelsCannotBreakOut) {
  EXPECT_EQ(EscapeMetricLabel("a\"b\\c\nd"), "a\\\"b\\\\c d");
}

TEST(RunMetricsTest, WithoutARunThereIsAnEmptyText) {
  EXPECT_EQ(NoMetricsText(MetricsFormat::kPrometheus), "");
  EXPECT_EQ(NoMetricsText(MetricsFormat::kOpenMetrics), "# EOF\n");
}

}  // namespace
}  // namespace pgring
