// The options of the server's samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cli/options.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Options> ParseSampling(std::vector<const char*> options) {
  std::vector<const char*> arguments = {"pgring", "compare"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(SamplingOptionsTest, TheServerIsSampledUnlessItIsNotWanted) {
  EXPECT_TRUE(ParseSampling({})->samples_server);
  EXPECT_FALSE(ParseSampling({"--server-samples", "off"})->samples_server);
  EXPECT_EQ(ParseSampling({"--control", "port=1"})->control, "port=1");
}

TEST(SamplingOptionsTest, WhatMakesNoSenseIsRefused) {
  EXPECT_FALSE(ParseSampling({"--server-samples", "sometimes"}).ok());
  EXPECT_THAT(ParseSampling({"--server-samples", "off", "--control", "port=1"}).status().ToString(),
              HasSubstr("--control is for the server's samples"));
}

}  // namespace
}  // namespace pgring
