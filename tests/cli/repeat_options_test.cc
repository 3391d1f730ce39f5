// The options that say how often every scenario is run: what they come to, and what is said where
// they contradict each other.
#include "cli/repeat_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/options.h"

namespace pgring {
namespace {

using ::testing::Optional;

absl::StatusOr<Options> ParseCompare(std::vector<const char*> options) {
  std::vector<const char*> arguments = {"pgring", "compare"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

RepeatPlan Repeats(std::vector<const char*> options) {
  const auto parsed = ParseCompare(std::move(options));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->plan.repeat : RepeatPlan();
}

std::string RefusalOf(std::vector<const char*> options) {
  const auto parsed = ParseCompare(std::move(options));
  EXPECT_TRUE(absl::IsInvalidArgument(parsed.status())) << parsed.status();
  return std::string(parsed.status().message());
}

TEST(RepeatOptionsTest, WithoutThemEveryScenarioRunsOnce) {
  const RepeatPlan plan = Repeats({});
  EXPECT_EQ(plan.blocks, 1);
  EXPECT_FALSE(plan.repeats());
  EXPECT_FALSE(Repeats({"--repeat", "1"}).repeats());
}

TEST(RepeatOptionsTest, ANumberOfBlocks) {
  const RepeatPlan plan = Repeats({"--repeat", "6"});
  EXPECT_EQ(plan.blocks, 6);
  EXPECT_FALSE(plan.until_percent.has_value());
  EXPECT_TRUE(plan.repeats());
}

TEST(RepeatOptionsTest, UntilTheRatiosAreKnown) {
  const RepeatPlan plan = Repeats({"--until", "2"});
  EXPECT_THAT(plan.until_percent, Optional(2.0));
  EXPECT_EQ(plan.max_blocks, 20);
  EXPECT_TRUE(plan.repeats());
  EXPECT_EQ(Repeats({"--until", "0.5", "--max-repeat", "6"}).max_blocks, 6);
}

TEST(RepeatOptionsTest, WhatMakesNoSenseIsRefusedInOneLine) {
  EXPECT_EQ(RefusalOf({"--repeat", "0"}),
            "--repeat: \"0\" is not a whole number from 1 to 100; see 'pgring compare --help'");
  EXPECT_EQ(RefusalOf({"--repeat", "101"}),
            "--repeat: \"101\" is not a whole number from 1 to 100; see 'pgring compare --help'");
  EXPECT_EQ(RefusalOf({"--until", "0"}),
            "--until: \"0\" is not a number from 0.01 to 100; see 'pgring compare --help'");
  EXPECT_EQ(RefusalOf({"--until", "nan"}),
            "--until: \"nan\" is not a number from 0.01 to 100; see 'pgring compare --help'");
  EXPECT_EQ(RefusalOf({"--repeat", "6", "--until", "2"}),
            "--repeat and --until both say when to stop: give a number of blocks, or --until with "
            "--max-repeat");
  EXPECT_EQ(RefusalOf({"--max-repeat", "10"}),
            "--max-repeat is where --until ends: give --until, or --repeat for a number of blocks");
  EXPECT_EQ(RefusalOf({"--until", "2", "--max-repeat", "5"}),
            "--until needs at least 6 blocks to know how sure a ratio is: raise --max-repeat 5");
}

}  // namespace
}  // namespace pgring
