// The options of `pgring tune`: what they come to, and what is said where they make no sense.
#include "cli/tune_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/options.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

absl::StatusOr<Options> ParseTune(std::vector<const char*> options) {
  std::vector<const char*> arguments = {"pgring", "tune"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TunePlan Plan(std::vector<const char*> options) {
  const auto parsed = ParseTune(std::move(options));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->tune : TunePlan();
}

std::string TuneRefusalOf(std::vector<const char*> options) {
  const auto parsed = ParseTune(std::move(options));
  EXPECT_TRUE(absl::IsInvalidArgument(parsed.status())) << parsed.status();
  return std::string(parsed.status().message());
}

TEST(TuneOptionsTest, Defaults) {
  const TunePlan plan = Plan({});
  EXPECT_EQ(plan.type, FindScenarioType("window"));
  EXPECT_EQ(plan.highest_limit, 512);
  EXPECT_FALSE(plan.highest_limit_given);
  EXPECT_EQ(plan.gain, 0.1);
  EXPECT_EQ(plan.budget_s, 120);
  EXPECT_EQ(plan.instances, 1);
  EXPECT_TRUE(plan.service_levels.empty());
  EXPECT_EQ(plan.base.workload.operations, kUnlimitedOperations);
}

TEST(TuneOptionsTest, WorkloadsAsInCompare) {
  const TunePlan plan = Plan({"-S", "-M", "extended", "-s", "10", "--seed", "7"});
  ASSERT_EQ(plan.base.workload.scripts.size(), 1U);
  EXPECT_EQ(plan.base.workload.mode, QueryMode::kExtended);
  EXPECT_EQ(plan.base.workload.scale, 10);
  EXPECT_EQ(plan.base.workload.seed, 7U);
}

TEST(TuneOptionsTest, ServiceLevels) {
  const TunePlan plan =
      Plan({"--slo", "p99=20ms", "--slo", "p99.9=1 s", "--slo", "p50=3", "-R", "500"});
  ASSERT_EQ(plan.service_levels.size(), 3U);
  EXPECT_EQ(plan.service_levels[0].percentile, 99);
  EXPECT_EQ(plan.service_levels[0].within_ms, 20);
  EXPECT_EQ(plan.service_levels[1].percentile, 99.9);
  EXPECT_EQ(plan.service_levels[1].within_ms, 1'000);
  EXPECT_EQ(plan.service_levels[2].within_ms, 3);
  EXPECT_THAT(plan.rate_per_s, Optional(500.0));
}

TEST(TuneOptionsTest, BudgetAndHighestLimit) {
  const TunePlan plan = Plan({"--budget", "2min", "--max-limit", "64", "--scenario", "threads",
                              "--instances", "3", "--server-cores", "16", "--gain", "0"});
  EXPECT_EQ(plan.budget_s, 120);
  EXPECT_EQ(plan.highest_limit, 64);
  EXPECT_TRUE(plan.highest_limit_given);
  EXPECT_EQ(plan.type, FindScenarioType("threads"));
  EXPECT_EQ(plan.instances, 3);
  EXPECT_THAT(plan.server_cores, Optional(16));
  EXPECT_EQ(plan.gain, 0);
}

TEST(TuneOptionsTest, ConnectionsThatAreShared) {
  const TunePlan plan = Plan({"--scenario", "multiplexed", "--max-limit", "64"});
  EXPECT_EQ(plan.type, FindScenarioType("multiplexed"));
  EXPECT_EQ(plan.highest_limit, 64);
}

TEST(TuneOptionsTest, WhatMakesNoSenseIsRefusedInOneLine) {
  EXPECT_THAT(TuneRefusalOf({"--scenario", "sync"}), HasSubstr("has no limit to look for"));
  EXPECT_THAT(TuneRefusalOf({"--scenario", "multiplexed", "-S", "-M", "simple"}),
              HasSubstr("extended query protocol"));
  EXPECT_THAT(TuneRefusalOf({"--scenario", "windw"}), HasSubstr("did you mean window?"));
  EXPECT_THAT(TuneRefusalOf({"--slo", "99=20"}), HasSubstr("for instance p99=20ms"));
  EXPECT_THAT(TuneRefusalOf({"--slo", "p99"}), HasSubstr("for instance p99=20ms"));
  EXPECT_THAT(TuneRefusalOf({"--slo", "p100=20ms"}), HasSubstr("between 0 and 100"));
  EXPECT_THAT(TuneRefusalOf({"--slo", "p99=fast"}), HasSubstr("--slo \"p99=fast\""));
  EXPECT_THAT(TuneRefusalOf({"--slo", "p99=0"}), HasSubstr("--slo \"p99=0\""));
  EXPECT_THAT(TuneRefusalOf({"--slo", "p99=1s", "--scenario", "threads"}),
              HasSubstr("--slo needs"));
  EXPECT_THAT(TuneRefusalOf({"-R", "100"}), HasSubstr("give --slo"));
  EXPECT_THAT(TuneRefusalOf({"--budget", "1"}), HasSubstr("--budget"));
  EXPECT_THAT(TuneRefusalOf({"--max-limit", "0"}), HasSubstr("--max-limit"));
  EXPECT_THAT(TuneRefusalOf({"--gain", "0.6"}), HasSubstr("--gain"));
  EXPECT_THAT(TuneRefusalOf({"--instances", "0"}), HasSubstr("--instances"));
  EXPECT_THAT(TuneRefusalOf({"--scenario", "pipelined", "-S", "-M", "simple"}),
              HasSubstr("extended query protocol"));
  EXPECT_THAT(TuneRefusalOf({"--scenarios", "window:8"}), HasSubstr("compare"));
  EXPECT_THAT(TuneRefusalOf({"-T", "5"}), HasSubstr("-T"));
}

}  // namespace
}  // namespace pgring
