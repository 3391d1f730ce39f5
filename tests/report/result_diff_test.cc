// Saved results read back and set beside each other: what `pgring diff` is made of.
#include "report/result_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "report/json_report.h"
#include "report/text_table.h"
#include "sample_result.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ResultDiffTest : public ::testing::Test {
 protected:
  ResultDiffTest() : directory_(::testing::TempDir() + "/result_diff") {
    std::filesystem::create_directories(directory_);
  }
  ~ResultDiffTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  // Two scenarios in so many blocks; `factor` is of the throughputs of window.
  static Json Result(int blocks, double factor) {
    Json runs = Json::array();
    Json all = Json::array();
    for (const char* scenario : {"sync", "window"}) {
      runs.push_back(RunOf(scenario, 1'000));
      runs.back()["connections"] = {{"peak_open", 8}};
    }
    for (int block = 0; block < blocks; ++block) {
      const double level = 1'000 + 10 * block;
      all.push_back(
          {{"whole", true}, {"runs", {RunOf("sync", level), RunOf("window", factor * 4 * level)}}});
    }
    return {{"schema", "pgring/result/2"},
            {"tool", {{"version", "0.1.0"}, {"commit", "abcdef0"}}},
            {"environment", {{"kernel", "Linux 6.1"}, {"settings", {{"fsync", "on"}}}}},
            {"plan",
             {{"workload", {{"seed", 42}, {"scale", 10}}}, {"load", {{"rate_per_s", nullptr}}}}},
            {"runs", runs},
            {"blocks", all}};
  }
  static Json RunOf(const char* scenario, double throughput_per_s) {
    return {{"scenario", scenario},
            {"valid", true},
            {"reasons", Json::array()},
            {"throughput_per_s", throughput_per_s},
            {"operations", {{"succeeded", 1'000}}},
            {"latency_ns", {{"response", {{"p50", 2'000'000}, {"p99", 9e9 / throughput_per_s}}}}},
            {"client", {{"user_s", 0.5}, {"sys_s", 0.5}}},
            {"server", nullptr}};
  }

  SavedResult Read(const Json& json) const {
    const auto result = ReadSavedResult(Write("result.json", json.dump()));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(SavedResult());
  }
  static std::vector<Gate> Gates(const std::vector<std::string>& texts) {
    std::vector<Gate> gates;
    for (const std::string& text : texts) gates.push_back(*ParseGate(text));
    return gates;
  }
  static const ComparedMetric& MetricOf(const ResultDiff& diff, const std::string& scenario,
                                        Metric metric) {
    for (const ComparedMetric& compared : diff.metrics) {
      if (compared.scenario == scenario && compared.metric == metric) return compared;
    }
    ADD_FAILURE() << scenario << " has no " << MetricName(metric);
    return diff.metrics.front();
  }

  const std::string directory_;
};

TEST_F(ResultDiffTest, ARealResultIsReadBack) {
  const auto result = ReadSavedResult(Write("result.json", JsonReport(SampleComparison())));
  ASSERT_TRUE(result.ok()) << result.status();
  const SavedScenario* async = result->Find("async");
  ASSERT_NE(async, nullptr);
  EXPECT_THAT(async->of(Metric::kThroughput), SizeIs(1));
  EXPECT_NEAR(async->of(Metric::kThroughput)[0], 1'064, 1);
  EXPECT_THAT(async->of(Metric::kConnectionsPeak), ElementsAre(100));
  EXPECT_NEAR(async->of(Metric::kClientCpu)[0], 4.75 / 35'000, 1e-7);
  EXPECT_EQ(result->Find("no such scenario"), nullptr);
}

TEST_F(ResultDiffTest, ADirectoryStandsForTheResultInIt) {
  Write("result.json", Result(0, 1).dump());
  EXPECT_TRUE(ReadSavedResult(directory_).ok());
}

TEST_F(ResultDiffTest, BlocksOnBothSidesGiveAnInterval) {
  const auto diff = CompareResults(Read(Result(6, 1)), Read(Result(6, 0.9)), {});
  ASSERT_TRUE(diff.ok()) << diff.status();
  const ComparedMetric& window = MetricOf(*diff, "window", Metric::kThroughput);
  EXPECT_NEAR(window.ratio.ratio, 0.9, 1e-9);
  ASSERT_TRUE(window.ratio.interval.has_value());
  EXPECT_LT(window.ratio.interval->high, 0.95);
  EXPECT_EQ(window.old_count, 6);
  EXPECT_EQ(MetricOf(*diff, "sync", Metric::kThroughput).ratio.ratio, 1);
  EXPECT_THAT(diff->left_out, IsEmpty());
  EXPECT_THAT(RenderText(DiffTable(*diff), TextStyle()),
              AllOf(HasSubstr("4,100/s"), HasSubstr("-10.0 %"), HasSubstr("worse")));
}

TEST_F(ResultDiffTest, GatesAreBreachedByWhatIsNeitherAllowedNorChance) {
  const std::vector<Gate> gates = Gates({"throughput>=-3%", "p99<=+20%", "client_cpu <= +5 %"});
  const auto worse = CompareResults(Read(Result(6, 1)), Read(Result(6, 0.9)), gates);
  ASSERT_TRUE(worse.ok());
  EXPECT_TRUE(worse->any_breach());
  ASSERT_THAT(worse->gates, SizeIs(6));
  EXPECT_FALSE(worse->gates[0].breached) << "sync did not change";
  EXPECT_TRUE(worse->gates[3].breached) << "10 % less throughput of window";
  EXPECT_FALSE(worse->gates[4].breached) << "11 % more of p99";
  EXPECT_FALSE(CompareResults(Read(Result(6, 1)), Read(Result(6, 0.98)), gates)->any_breach());
  // Of the same size as the differences between blocks.
  Json noisy = Result(6, 1);
  for (size_t block = 0; block < 6; ++block) {
    Json& window = noisy["blocks"][block]["runs"][1];
    window["throughput_per_s"] = 4'000 * (block % 2 == 0 ? 0.8 : 1.05);
  }
  const auto open = CompareResults(Read(Result(6, 1)), Read(noisy), Gates({"throughput>=-3%"}));
  ASSERT_TRUE(open.ok());
  EXPECT_LT(MetricOf(*open, "window", Metric::kThroughput).ratio.ratio, 0.97);
  EXPECT_FALSE(open->any_breach());
  EXPECT_THAT(open->gates[1].text, HasSubstr("which may be chance"));
}

TEST_F(ResultDiffTest, OneRunOnEachSideIsTakenAtItsWord) {
  const auto diff = CompareResults(Read(Result(0, 1)), Read(Result(0, 1)), {});
  ASSERT_TRUE(diff.ok());
  EXPECT_FALSE(MetricOf(*diff, "sync", Metric::kThroughput).ratio.interval.has_value());
  EXPECT_THAT(RenderText(DiffTable(*diff), TextStyle()), HasSubstr("too few blocks to tell"));
}

TEST_F(ResultDiffTest, UnlikeRunsAreRefusedWithWhatDiffers) {
  Json other = Result(6, 1);
  other["plan"]["workload"]["scale"] = 100;
  other["plan"]["load"]["rate_per_s"] = 50;
  const absl::Status refused = CompareResults(Read(Result(6, 1)), Read(other), {}).status();
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("workload.scale (10 and 100)"),
                                                    HasSubstr("load.rate_per_s (null and 50)")));
}

TEST_F(ResultDiffTest, AnotherMachineIsSaid) {
  Json other = Result(6, 1);
  other["environment"]["settings"]["fsync"] = "off";
  const auto diff = CompareResults(Read(Result(6, 1)), Read(other), {});
  ASSERT_TRUE(diff.ok());
  EXPECT_THAT(diff->notes, ElementsAre(HasSubstr("settings.fsync (\"on\" and \"off\")")));
}

// The rest was left out without a word.
TEST_F(ResultDiffTest, BlocksBeyondWhatTheTestTakesAreSaid) {
  const auto diff = CompareResults(Read(Result(51, 1)), Read(Result(50, 1)), {});
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_EQ(diff->metrics.front().old_count, 50);
  EXPECT_THAT(diff->notes, ElementsAre(HasSubstr("the first 50 are compared")));
}

// p50 was 138 % higher, and nothing said that one of the two had been driven in another I/O mode.
TEST_F(ResultDiffTest, AnotherWayOfIoAndAnotherTransportAreSaid) {
  Json one = Result(6, 1);
  Json other = Result(6, 1);
  one["plan"]["io"] = "readiness";
  other["plan"]["io"] = "completion";
  one["plan"]["target"]["address"] = "Unix socket";
  other["plan"]["target"]["address"] = "127.0.0.1";
  const auto diff = CompareResults(Read(one), Read(other), {});
  ASSERT_TRUE(diff.ok());
  EXPECT_THAT(diff->notes,
              ElementsAre(AllOf(HasSubstr("io (\"readiness\" and \"completion\")"),
                                HasSubstr("address (\"Unix socket\" and \"127.0.0.1\")"))));
}

// One run of each scenario has no interval.
TEST_F(ResultDiffTest, PeaksOfConnectionsAreOfTheBlocksWhereTheyHaveThem) {
  Json json = Result(6, 1);
  EXPECT_THAT(Read(json).scenarios[0].of(Metric::kConnectionsPeak), ElementsAre(8));
  for (size_t block = 0; block < 6; ++block) {
    json["blocks"][block]["runs"][0]["connections"] = {{"peak_open", 10 + block}};
  }
  EXPECT_THAT(Read(json).scenarios[0].of(Metric::kConnectionsPeak),
              ElementsAre(10, 11, 12, 13, 14, 15));
}

TEST_F(ResultDiffTest, AResultWithoutAValidRunSaysWhy) {
  Json json = Result(0, 1);
  EXPECT_TRUE(CheckAnyValid(Read(json)).ok());
  for (Json& run : json["runs"]) {
    run["valid"] = false;
    run["reasons"] = {"12 operations were lost"};
  }
  EXPECT_THAT(std::string(CheckAnyValid(Read(json)).message()),
              AllOf(HasSubstr("no run of it is valid: sync: 12 operations were lost"),
                    HasSubstr("result.json")));
}

// A number in the place of an object once ended the program.
TEST_F(ResultDiffTest, OddPlansDoNotStopTheProgram) {
  const SavedResult plain = Read(Result(2, 1));
  for (const Json& odd : {Json(7), Json("x"), Json(), Json::array({1})}) {
    for (const char* key : {"target", "io"}) {
      Json json = Result(2, 1);
      json["plan"][key] = odd;
      EXPECT_TRUE(CompareResults(plain, Read(json), {}).ok()) << key << " " << odd;
      EXPECT_TRUE(CompareResults(Read(json), plain, {}).ok()) << key << " " << odd;
    }
    Json json = Result(2, 1);
    json["plan"] = odd;
    EXPECT_TRUE(CompareResults(plain, Read(json), {}).ok()) << odd;
  }
}

TEST_F(ResultDiffTest, InvalidAndMissingScenariosAreLeftOutByName) {
  Json invalid = Result(0, 1);
  invalid["runs"][1]["valid"] = false;
  invalid["runs"][1]["reasons"] = {"operations failed"};
  const auto diff = CompareResults(Read(Result(0, 1)), Read(invalid), Gates({"p99<=+1%"}));
  ASSERT_TRUE(diff.ok());
  EXPECT_THAT(diff->left_out, ElementsAre("window: in the new result operations failed"));
  EXPECT_THAT(diff->gates, SizeIs(1));
  Json fewer = Result(0, 1);
  fewer["runs"].erase(0);
  EXPECT_THAT(CompareResults(Read(fewer), Read(Result(0, 1)), {})->left_out,
              ElementsAre("sync: the old result has none"));
}

TEST_F(ResultDiffTest, WhatIsNoResultIsSaidInOneLine) {
  const std::string whole = Result(0, 1).dump();
  const auto message = [this](const std::string& text) {
    return std::string(ReadSavedResult(Write("result.json", text)).status().message());
  };
  EXPECT_THAT(message(whole.substr(0, whole.size() / 2)), HasSubstr("not JSON, or cut off"));
  EXPECT_THAT(message("{}"), HasSubstr("not a result of pgring"));
  EXPECT_THAT(message("[1, 2]"), HasSubstr("not a result of pgring"));
  EXPECT_THAT(message(R"({"schema": "pgring/tune/1"})"), HasSubstr("a search of pgring tune"));
  EXPECT_THAT(message(R"({"schema": "pgring/result/3"})"), HasSubstr("a newer one wrote it"));
  EXPECT_THAT(message(R"({"schema": "pgring/result/2", "runs": 7})"), HasSubstr("it has no run"));
  EXPECT_THAT(message(""), HasSubstr("not JSON"));
  EXPECT_THAT(std::string(ReadSavedResult(directory_ + "/none").status().message()),
              AllOf(HasSubstr("reading the result"), HasSubstr("No such file")));
  std::filesystem::remove(directory_ + "/result.json");
  EXPECT_THAT(std::string(ReadSavedResult(directory_).status().message()),
              HasSubstr("neither a result.json nor a tune.json in it"));
}

// A shell's <(...) is a pipe, which has no size.
TEST_F(ResultDiffTest, APipeIsReadToItsEnd) {
  const std::string path = directory_ + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&path] { std::ofstream(path) << Result(2, 1).dump(); });
  const auto read = ReadSavedResult(path);
  writer.join();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->scenarios, SizeIs(2));
}

TEST_F(ResultDiffTest, GatesThatMeanNothingAreRefused) {
  const auto message = [](const std::string& text) {
    return std::string(ParseGate(text).status().message());
  };
  EXPECT_THAT(message("p99"), HasSubstr("it needs >= or <="));
  EXPECT_THAT(message("p98<=+1%"), HasSubstr("no metric has that name; there are throughput, p50"));
  EXPECT_THAT(message("<=+1%"), HasSubstr("no metric has that name"));
  EXPECT_THAT(message("p99>=-1%"), HasSubstr("p99 is better when it is lower: use <="));
  EXPECT_THAT(message("throughput<=+1%"), HasSubstr("better when it is higher: use >="));
  for (const char* text : {"p99<=1%", "p99<=+1", "p99<=+x%", "p99<=", "p99<=+%", "p99<=+1ms"}) {
    EXPECT_THAT(message(text), HasSubstr("a percentage with its sign")) << text;
  }
  EXPECT_EQ(ParseGate("p99.9 <= +2.5 %")->change_percent, 2.5);
  EXPECT_EQ(ParseGate(" p99 <=+10% ")->change_percent, 10);
  EXPECT_THAT(message("throughput>=-100%"), HasSubstr("nothing could breach it"));
  EXPECT_TRUE(ParseGate("throughput>=-99%").ok());
  // One that demands an improvement was kept by a change of -3.3 %, and breached by a certain
  // +4.4 %.
  for (const char* text : {"p99<=-10%", "throughput>=+5%"}) {
    EXPECT_THAT(message(text), HasSubstr("a gate says how much worse the new result may be"));
  }
  EXPECT_THAT(message("p50<=--10%"), HasSubstr("a percentage with its sign"));
  EXPECT_TRUE(ParseGate("throughput>=-0%").ok());
}

TEST_F(ResultDiffTest, JUnitTellsBreachesFromWhatWasKept) {
  const auto diff =
      CompareResults(Read(Result(6, 1)), Read(Result(6, 0.9)), Gates({"throughput>=-3%"}));
  EXPECT_EQ(JUnitText(*diff).substr(0, 200).find("<?xml"), 0U);
  EXPECT_THAT(
      JUnitText(*diff),
      AllOf(HasSubstr("tests=\"2\" failures=\"1\""),
            HasSubstr("<testcase classname=\"window\" name=\"throughput&gt;=-3%\"><failure "),
            HasSubstr("<testcase classname=\"sync\" name=\"throughput&gt;=-3%\"></testcase>")));
}

}  // namespace
}  // namespace pgring
