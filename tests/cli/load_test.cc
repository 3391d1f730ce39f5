// How much a run does, when it begins it and how it ends, in every scenario alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::HasSubstr;

constexpr char kAllScenarios[] = "sync,threads:4,async:pool=6,chunked:6,window:6";

std::vector<std::string> RunOn(const std::string& command,
                               const std::vector<std::string>& arguments) {
  return On(SharedServer().conninfo(), command, arguments);
}

TEST(ProgramLoadTest, TransactionsAreCountedForEachClient) {
  Program program(RunOn("compare", {"-b", "ping", "--scenarios",
                                    "sync,threads:3,window,async:pool=7", "-c", "5", "-t", "20"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_THAT(program.stdout_text(), HasSubstr("20 operations for each client"));
  EXPECT_THAT(program.stdout_text(), HasSubstr("-t counts for each of its 7"));
  const Json result = ResultOf(program);
  std::vector<int64_t> succeeded;
  for (const Json& run : result["runs"]) succeeded.push_back(run["operations"]["succeeded"]);
  EXPECT_THAT(succeeded, testing::ElementsAre(20, 60, 100, 140));
}

// With a slow login a run measured the login: 99 operations/s where pgbench had 30,675, and every
// client's first operation took as long as connecting.
TEST(ProgramLoadTest, ScriptsConnectBeforeTheClockStarts) {
  Program program(
      On(SharedServer().conninfo() + " options='-c post_auth_delay=1'", "compare",
         {"-b", "ping", "--scenarios", "sync,threads:2,async:pool=2,window:2", "-T", "0.2"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"].get<std::string>());
    constexpr double kLoginNs = 1e9;
    EXPECT_LT(run["latency_ns"]["pool_wait"]["max"], kLoginNs / 2);
    EXPECT_GE(run["connections"]["connect_ns"]["min"], kLoginNs);
  }
}

// async queued what it could until -T, and worked that off for minutes.
TEST(ProgramLoadTest, WhatWaitsWhenTheTimeIsUpIsSkipped) {
  const ScriptFile script("SELECT pg_sleep(0.01);\n");
  Program program(RunOn("run", {"--scenario", "async:pool=2", "-f", script.path(), "-T", "0.5"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_THAT(program.stdout_text(), HasSubstr("still waited for a connection when the time"));
  const Json run = ResultOf(program)["runs"][0];
  EXPECT_LE(run["operations"]["succeeded"], 100);
  EXPECT_GT(run["operations"]["skipped"], 100);
}

TEST(ProgramLoadTest, DurationEndsTheRunWhateverTheScenario) {
  Program program(RunOn(
      "compare", {"-b", "ping", "--scenarios", kAllScenarios, "-T", "0.3", "--warmup", "0.1"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  EXPECT_TRUE(result["plan"]["workload"]["operations"].is_null());
  for (const Json& run : result["runs"]) {
    EXPECT_GT(run["operations"]["succeeded"], 0);
    // What async queues is cut.
    if (run["limiter"]["kind"] != "unbounded") {
      EXPECT_EQ(run["operations"]["skipped"], 0);
    }
    EXPECT_GE(run["wall_s"], 0.29);
  }
}

TEST(ProgramLoadTest, OverloadedScheduleIsUnstable) {
  const ScriptFile script("SELECT pg_sleep(0.02);\n");
  for (const std::string scenario : {"window", "threads"}) {
    SCOPED_TRACE(scenario);
    Program program(RunOn(
        "run", {"--scenario", scenario, "-c", "2", "-f", script.path(), "-R", "1000", "-T", "1"}));
    EXPECT_EQ(program.Wait(), 2);
    const Json run = ResultOf(program)["runs"][0];
    EXPECT_TRUE(run["unstable"]);
    EXPECT_GT(run["operations"]["skipped"], 500);
    EXPECT_EQ(run["operations"]["scheduled"], run["operations"]["succeeded"].get<int64_t>() +
                                                  run["operations"]["skipped"].get<int64_t>());
  }
}

// The operation that was scheduled for the end of the warm-up and begun a moment later was taken
// from the list and counted nowhere.
TEST(ProgramLoadTest, WarmupTakesNothingFromTheList) {
  constexpr int64_t kOperations = 60;
  Program program(
      RunOn("compare", {"-b", "ping", "--operations", std::to_string(kOperations), "--warmup",
                        "0.2", "-R", "200", "--arrivals", "constant", "--scenarios", kAllScenarios,
                        // A busy machine may not keep the rate.
                        "--allow-unstable"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 5U);
  for (const Json& run : result["runs"]) {
    EXPECT_EQ(run["operations"]["succeeded"], kOperations) << run["scenario"];
  }
}

// Commands that an operation of the warm-up came to after its end were in the figures of -r.
TEST(ProgramLoadTest, CommandsOfTheWarmupCountNowhere) {
  constexpr int64_t kOperations = 60;
  const ScriptFile script("\\set x 1\n\\sleep 20 ms\nSELECT :x;\n");
  Program program(
      RunOn("compare", {"-r", "-f", script.path(), "--operations", std::to_string(kOperations),
                        "--warmup", "0.25", "--scenarios", "sync,threads:4,chunked:6,window:6"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 4U);
  for (const Json& run : result["runs"]) {
    EXPECT_EQ(run["operations"]["succeeded"], kOperations) << run["scenario"];
    for (const Json& command : run["commands"]) {
      EXPECT_EQ(command["duration_ns"]["count"], kOperations) << run["scenario"] << command;
    }
  }
}

// async went on as if there were no --ramp, and chunked and window began at their full size.
TEST(ProgramLoadTest, RampBoundsTheConnectionsOfEveryScenario) {
  constexpr double kRampS = 0.4;
  constexpr int kConnections = 5;
  // More work than the connections of the ramp can do.
  const ScriptFile script("\\sleep 50 ms\nSELECT 1;\n");
  Program program(
      RunOn("compare", {"-f", script.path(), "--operations", "100", "--ramp", "0.4", "--scenarios",
                        "threads:5,async:pool=3:overflow=2,chunked:5,window:5"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_THAT(program.stdout_text(), HasSubstr("growing to its full size for 0.4 s"));
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 4U);
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"].get<std::string>());
    EXPECT_EQ(run["connections"]["peak_in_use"], kConnections);
    const Json& timeline = run["connections"]["timeline"];
    ASSERT_GT(timeline["t_s"].size(), 0U);
    for (size_t i = 0; i < timeline["t_s"].size(); ++i) {
      // The ramp begins a little after the timeline; the figures are rounded.
      const double steps = (timeline["t_s"][i].get<double>() + 1e-6) / kRampS * (kConnections - 1);
      EXPECT_LE(timeline["in_use"][i].get<int>(), 1 + std::floor(steps)) << timeline["t_s"][i];
    }
  }
}

}  // namespace
}  // namespace pgring
