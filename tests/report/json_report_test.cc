#include "report/json_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sample_result.h"
#include "support/result_check.h"

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

TEST(JsonReportTest, KeepsToTheSchema) {
  std::map<std::string, ComparisonResult> results;
  results["comparison"] = SampleComparison();
  results["repeats"] = SampleRepeats();
  results["before_the_first_run"] = SamplePlan();
  ComparisonResult& empty = results["empty"] = SamplePlan();
  empty.environment = Environment();
  empty.runs.push_back(EmptyRun(FindScenarioType("sync"), "sync"));
  // What only some plans bring about, and no block that counts.
  ComparisonResult& special = results["special"] = SampleRepeats();
  special.plan.load.rate_per_s = 500;
  special.plan.repeat = {.until_percent = 2};
  special.plan.workload.scripts = {{.name = "mine.sql", .text = "SELECT 1;\n"}};
  special.plan.workload.name = "scripts";
  special.plan.workload.operations = kUnlimitedOperations;
  special.blocks.erase(special.blocks.begin(), special.blocks.end() - 1);
  for (pgring::Run& run : special.runs) {
    run.load = special.plan.load;
    run.load.latency_limit_ms = 20;
    run.load.max_tries = 3;
    run.aborted_clients = 1;
    run.server_messages.notices = 2;
    CommandFigures command;
    command.script = "mine.sql";
    command.text = "SELECT 1;";
    run.commands.push_back(command);
    run.verdict = {.reasons = {"unstable"}, .warnings = {"slow"}, .unstable = true};
  }
  std::string directory = testing::TempDir() + "pgring-report-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  std::vector<std::string> paths;
  for (const auto& [name, result] : results) {
    paths.push_back(directory + "/" + name + ".json");
    std::ofstream(paths.back()) << JsonReport(result);
  }
  EXPECT_EQ(ProblemsOfResults(paths), "");
  std::filesystem::remove_all(directory);
}

// Also for people, who read the file from its beginning.
TEST(JsonReportTest, KeysComeInTheDocumentedOrder) {
  EXPECT_THAT(Keys(Report(SamplePlan())),
              ElementsAre("schema", "tool", "environment", "plan", "interrupted", "in_short",
                          "runs", "noise_floor", "blocks"));
}

TEST(JsonReportTest, FiguresArriveUnchanged) {
  ComparisonResult result = SampleComparison();
  pgring::Run& async = result.runs[1];
  for (int i = 0; i < 12; ++i) {
    async.recorder.Scheduled(0, 0);
    async.recorder.Failed(0, {}, i < 10 ? "53300" : "pool_timeout");
  }
  const Json run = Report(result)["runs"][1];
  EXPECT_EQ(run["scenario"], "async");
  EXPECT_EQ(run["driver"], "reactor");
  EXPECT_EQ(run["limiter"]["kind"], "unbounded");
  EXPECT_TRUE(run["limiter"]["limit"].is_null());
  EXPECT_EQ(run["wall_s"], async.duration_s());
  EXPECT_EQ(run["operations"]["scheduled"], 35'012);
  EXPECT_EQ(run["operations"]["succeeded"], 35'000);
  EXPECT_EQ(run["operations"]["failures"]["53300"], 10);
  EXPECT_EQ(run["operations"]["by_kind"]["create"]["succeeded"], 17'500);
  EXPECT_EQ(run["latency_ns"]["response"]["count"], 35'000);
  EXPECT_EQ(run["latency_ns"]["response"]["p99"],
            *async.total().part(LatencyPart::kResponse).SupportedPercentile(99));
  EXPECT_EQ(run["latency_ns"]["pool_wait"]["max"],
            async.total().part(LatencyPart::kPoolWait).Max());
  EXPECT_EQ(run["connections"]["peak_in_use"], 100);
  EXPECT_EQ(run["rows_checksum"], "fedcba9876543210");
  EXPECT_EQ(Report(result)["runs"][0]["limiter"]["limit"], 1);
}

TEST(JsonReportTest, UnknownFiguresAreNullAndNeverZero) {
  ComparisonResult result = SamplePlan();
  result.environment = Environment();
  result.runs.push_back(EmptyRun(FindScenarioType("sync"), "sync"));
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
  pgring::Run run = EmptyRun(FindScenarioType("sync"), "sync");
  run.recorder = Recorder(1);
  for (int i = 1; i <= 50; ++i) {
    run.recorder.Scheduled(0, 0);
    run.recorder.Succeeded(0, {0, 0, 0, i * 1000});
  }
  result.runs.push_back(run);
  const Json latency = Report(result)["runs"][0]["latency_ns"]["response"];
  EXPECT_FALSE(latency["p95"].is_null());
  EXPECT_TRUE(latency["p99"].is_null());
  EXPECT_TRUE(latency["p99_9"].is_null());
  EXPECT_EQ(latency["max"], 50'000);
}

TEST(JsonReportTest, SpeedIsThatOfTheTable) {
  ComparisonResult result = SampleComparison();
  const Json timed = Report(result)["runs"][1]["speed"];
  EXPECT_NEAR(timed["factor"].get<double>(),
              result.runs[0].duration_s() / result.runs[1].duration_s(), 1e-9);
  EXPECT_EQ(timed["of"], "time");
  EXPECT_EQ(timed["base"], "sync");
  result.plan.load.duration_s = 30;
  SetOperations(1'000, 1, &result.runs[0]);
  SetOperations(4'000, 1, &result.runs[1]);
  result.runs[2].verdict.reasons = {"operations were lost"};
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
  ASSERT_GT(result.runs[2].timeline.steps().size(), kMaxReportedSteps);
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
  result.runs.push_back(EmptyRun(FindScenarioType("sync"), "\xff\"<&>\n"));
  result.runs[0].verdict.reasons = {"server said: \xc3"};
  result.runs[0].recorder = Recorder(1);
  result.runs[0].recorder.Scheduled(0, 0);
  result.runs[0].recorder.Failed(0, {}, "\xfe");
  EXPECT_EQ(Report(result)["runs"].size(), 1u);
}

}  // namespace
}  // namespace pgring
