#include "report/json_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sample_result.h"

namespace pgring {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

Json Report(const ComparisonResult& result) { return Json::parse(JsonReport(result)); }

// The keys are the contract "pgring/result/1": a change here is a change of schema.
TEST(JsonReportTest, HasExactlyTheKeysOfTheSchema) {
  const Json report = Report(SampleComparison());
  EXPECT_EQ(report["schema"], "pgring/result/1");
  EXPECT_THAT(Keys(report), ElementsAre("schema", "tool", "environment", "plan", "runs"));
  EXPECT_THAT(Keys(report["tool"]), ElementsAre("name", "version", "commit", "started_at"));
  EXPECT_THAT(Keys(report["environment"]),
              ElementsAre("host", "kernel", "cpu", "compiler", "build_type", "libpq",
                          "server_version", "settings"));
  EXPECT_THAT(Keys(report["environment"]["cpu"]), ElementsAre("model", "count"));
  EXPECT_THAT(Keys(report["environment"]["settings"]),
              ElementsAre("fsync", "synchronous_commit", "full_page_writes", "max_connections",
                          "shared_buffers"));
  EXPECT_THAT(Keys(report["plan"]), ElementsAre("workload", "load", "target", "io", "scenarios"));
  EXPECT_THAT(Keys(report["plan"]["workload"]),
              ElementsAre("name", "operations", "write_ratio", "seed", "statements", "fk_index",
                          "print_rows"));
  EXPECT_THAT(Keys(report["plan"]["target"]), ElementsAre("throwaway", "description", "address"));
  ASSERT_EQ(report["plan"]["scenarios"].size(), 4u);
  EXPECT_THAT(Keys(report["plan"]["scenarios"][0]),
              ElementsAre("scenario", "driver", "limiter", "pool", "pipeline"));
}

TEST(JsonReportTest, EveryRunHasExactlyTheKeysOfTheSchema) {
  const Json report = Report(SampleComparison());
  ASSERT_EQ(report["runs"].size(), 4u);
  for (const Json& run : report["runs"]) {
    EXPECT_THAT(Keys(run),
                ElementsAre("scenario", "driver", "limiter", "pool", "pipeline", "io", "valid",
                            "reasons", "warnings", "wall_s", "throughput_per_s", "operations",
                            "round_trips", "latency_ns", "connections", "client", "server",
                            "verification", "rows_read", "rows_checksum", "speed"));
    EXPECT_THAT(Keys(run["speed"]), ElementsAre("factor", "of", "base"));
    EXPECT_THAT(Keys(run["limiter"]), ElementsAre("kind", "limit"));
    EXPECT_THAT(Keys(run["pool"]), ElementsAre("size", "max_overflow", "timeout_s"));
    EXPECT_THAT(Keys(run["io"]), ElementsAre("mode", "setup"));
    EXPECT_THAT(Keys(run["operations"]),
                ElementsAre("scheduled", "succeeded", "failed", "skipped", "failures", "by_kind"));
    EXPECT_THAT(Keys(run["operations"]["by_kind"]), ElementsAre("create", "read"));
    EXPECT_THAT(
        Keys(run["operations"]["by_kind"]["read"]),
        ElementsAre("scheduled", "succeeded", "failed", "skipped", "failures", "latency_ns"));
    for (const Json& latency :
         {run["latency_ns"], run["operations"]["by_kind"]["read"]["latency_ns"]}) {
      EXPECT_THAT(Keys(latency), ElementsAre("response", "admission_wait", "pool_wait", "service"));
      for (const Json& part : latency) {
        EXPECT_THAT(Keys(part), ElementsAre("count", "min", "mean", "p50", "p90", "p95", "p99",
                                            "p99_9", "max"));
      }
    }
    EXPECT_THAT(
        Keys(run["connections"]),
        ElementsAre("requested", "opened", "refused", "opened_before", "connecting_s", "connect_ns",
                    "peak_open", "mean_open", "peak_in_use", "mean_in_use", "timeline"));
    EXPECT_THAT(Keys(run["connections"]["timeline"]),
                ElementsAre("t_s", "open", "in_use", "waiting"));
    EXPECT_THAT(Keys(run["client"]), ElementsAre("user_s", "sys_s", "max_rss_bytes",
                                                 "voluntary_switches", "involuntary_switches",
                                                 "enters", "sqes", "cqes", "bytes_per_connection"));
    EXPECT_THAT(Keys(run["server"]), ElementsAre("user_s", "sys_s"));
    EXPECT_THAT(Keys(run["verification"]), ElementsAre("expected", "found", "ok"));
    EXPECT_THAT(Keys(run["verification"]["found"]), ElementsAre("a", "b"));
  }
}

TEST(JsonReportTest, FiguresArriveUnchanged) {
  ComparisonResult result = SampleComparison();
  RunResult& async = result.runs[1];
  async.total.failures = {{"53300", 10}, {"pool_timeout", 2}};
  const Json run = Report(result)["runs"][1];
  EXPECT_EQ(run["scenario"], "async");
  EXPECT_EQ(run["driver"], "reactor");
  EXPECT_EQ(run["limiter"]["kind"], "unbounded");
  EXPECT_TRUE(run["limiter"]["limit"].is_null());
  EXPECT_EQ(run["wall_s"], async.wall_s);
  EXPECT_EQ(run["operations"]["scheduled"], 35'000);
  EXPECT_EQ(run["operations"]["succeeded"], 35'000);
  EXPECT_EQ(run["operations"]["failures"]["53300"], 10);
  EXPECT_EQ(run["operations"]["by_kind"]["create"]["succeeded"], 17'500);
  EXPECT_EQ(run["latency_ns"]["response"]["count"], 35'000);
  EXPECT_EQ(run["latency_ns"]["response"]["p99"],
            *async.total.part(LatencyPart::kResponse).SupportedPercentile(99));
  EXPECT_EQ(run["latency_ns"]["pool_wait"]["max"], async.total.part(LatencyPart::kPoolWait).Max());
  EXPECT_EQ(run["connections"]["peak_in_use"], 100);
  EXPECT_EQ(run["rows_checksum"], "fedcba9876543210");
  EXPECT_EQ(Report(result)["runs"][0]["limiter"]["limit"], 1);
}

TEST(JsonReportTest, UnknownFiguresAreNullAndNeverZero) {
  ComparisonResult result = SamplePlan();
  result.environment = Environment();
  result.runs.push_back(EmptyRun(ScenarioKind::kSync, "sync"));
  const Json report = Report(result);
  for (const auto& item : report["environment"].items()) {
    if (item.key() == "cpu" || item.key() == "settings") continue;
    EXPECT_TRUE(item.value().is_null()) << item.key();
  }
  EXPECT_TRUE(report["environment"]["cpu"]["count"].is_null());
  const Json& run = report["runs"][0];
  for (const char* key : {"wall_s", "throughput_per_s", "server", "verification"}) {
    EXPECT_TRUE(run[key].is_null()) << key;
  }
  for (const char* key : {"max_rss_bytes", "enters", "sqes", "cqes"}) {
    EXPECT_TRUE(run["client"][key].is_null()) << key;
  }
  EXPECT_TRUE(run["io"]["mode"].is_null());
  EXPECT_TRUE(run["connections"]["mean_in_use"].is_null());
  for (const char* key : {"min", "mean", "p50", "p99", "max"}) {
    EXPECT_TRUE(run["latency_ns"]["response"][key].is_null()) << key;
  }
  EXPECT_EQ(run["latency_ns"]["response"]["count"], 0);
}

TEST(JsonReportTest, PercentilesBeyondTheSampleAreNull) {
  ComparisonResult result = SamplePlan();
  RunResult run = EmptyRun(ScenarioKind::kSync, "sync");
  Histogram& response = run.total.latency[static_cast<size_t>(LatencyPart::kResponse)];
  for (int i = 1; i <= 50; ++i) response.Record(i * 1000);
  result.runs.push_back(run);
  const Json latency = Report(result)["runs"][0]["latency_ns"]["response"];
  EXPECT_FALSE(latency["p95"].is_null());
  EXPECT_TRUE(latency["p99"].is_null());
  EXPECT_TRUE(latency["p99_9"].is_null());
  EXPECT_EQ(latency["max"], 50'000);
}

TEST(JsonReportTest, NonFiniteFiguresAreNull) {
  ComparisonResult result = SampleComparison();
  result.runs[0].wall_s = std::numeric_limits<double>::infinity();
  result.runs[1].throughput_per_s = std::nan("");
  const Json report = Report(result);
  EXPECT_TRUE(report["runs"][0]["wall_s"].is_null());
  EXPECT_TRUE(report["runs"][1]["throughput_per_s"].is_null());
}

TEST(JsonReportTest, SpeedIsThatOfTheTable) {
  ComparisonResult result = SampleComparison();
  const Json timed = Report(result)["runs"][1]["speed"];
  EXPECT_NEAR(timed["factor"].get<double>(), result.runs[0].wall_s / result.runs[1].wall_s, 1e-9);
  EXPECT_EQ(timed["of"], "time");
  EXPECT_EQ(timed["base"], "sync");
  result.plan.load.duration_s = 30;
  result.runs[0].throughput_per_s = 1'000;
  result.runs[1].throughput_per_s = 4'000;
  result.runs[2].reasons = {"operations were lost"};
  const Json report = Report(result);
  EXPECT_EQ(report["runs"][1]["speed"]["factor"], 4.0);
  EXPECT_EQ(report["runs"][1]["speed"]["of"], "throughput");
  EXPECT_TRUE(report["runs"][2]["speed"]["factor"].is_null());
  result.runs.resize(1);
  EXPECT_FALSE(Report(result)["runs"][0].contains("speed"));
}

TEST(JsonReportTest, AnInterruptedRunIsNotValid) {
  ComparisonResult result = SampleComparison();
  result.runs[0].interrupted = true;
  const Json run = Report(result)["runs"][0];
  EXPECT_EQ(run["valid"], false);
  EXPECT_EQ(run["reasons"], Json::array({"interrupted"}));
  EXPECT_EQ(Report(result)["runs"][1]["valid"], true);
}

TEST(JsonReportTest, LongTimelinesAreThinnedAndKeepTheirPeak) {
  const ComparisonResult result = SampleComparison();
  ASSERT_GT(result.runs[2].connections.timeline.size(), kMaxReportedSteps);
  const Json report = Report(result);
  for (const Json& run : report["runs"]) {
    const Json& timeline = run["connections"]["timeline"];
    const size_t size = timeline["t_s"].size();
    EXPECT_LE(size, kMaxReportedSteps);
    EXPECT_EQ(timeline["open"].size(), size);
    EXPECT_EQ(timeline["in_use"].size(), size);
    EXPECT_EQ(timeline["waiting"].size(), size);
    int peak = 0;
    for (const Json& value : timeline["in_use"]) peak = std::max(peak, value.get<int>());
    EXPECT_EQ(peak, run["connections"]["peak_in_use"]);
    EXPECT_TRUE(std::is_sorted(timeline["t_s"].begin(), timeline["t_s"].end()));
  }
}

TEST(JsonReportTest, ArraysOfFiguresTakeOneLine) {
  ComparisonResult result = SamplePlan();
  result.runs.push_back(ShortRun(40));
  const std::string text = JsonReport(result);
  EXPECT_THAT(text, HasSubstr("\"in_use\": [0, 40, 0]"));
  EXPECT_THAT(text, HasSubstr("\n  \"environment\": {\n    \"host\": \"bench-host\",\n"));
  EXPECT_THAT(text, Not(HasSubstr(" \n")));
  EXPECT_EQ(text.back(), '\n');
}

TEST(JsonReportTest, AnyBytesInTextsGiveValidJson) {
  ComparisonResult result = SamplePlan();
  result.runs.push_back(EmptyRun(ScenarioKind::kSync, "\xff\"<&>\n"));
  result.runs[0].reasons = {"server said: \xc3"};
  result.runs[0].total.failures["\xfe"] = 1;
  EXPECT_EQ(Report(result)["runs"].size(), 1u);
}

}  // namespace
}  // namespace pgring
