// Repeats: blocks, medians with intervals, and what is said when blocks are missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "cli/cli_fixture.h"
#include "pgring/base/build_info.h"
#include "support/program.h"

namespace pgring {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> Repeat(const std::vector<std::string>& arguments) {
  return On(SharedServer().conninfo(), "compare", arguments);
}

// The report after its header.
std::string Body(const Program& program) {
  const std::string report = program.stdout_text();
  return report.substr(std::min(report.find("\n\n") + 2, report.size()));
}

TEST(RepeatTest, SixBlocksGiveIntervals) {
  Program program(
      Repeat({"--scenarios", "sync,window:4,window:4", "--repeat", "6", "--operations", "200"}));
  const int exit_code = program.Wait();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["blocks"].size(), 6U) << program.stderr_text();
  EXPECT_EQ(exit_code, ExitOf(result));
  std::set<std::vector<std::string>> orders;
  for (const Json& block : result["blocks"]) {
    std::vector<std::string> order;
    for (const Json& run : block["runs"]) {
      order.push_back(run["scenario"]);
      EXPECT_EQ(run["operations"]["succeeded"], 200);
    }
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<std::string>{"sync", "window:4", "window:4#2"}));
  }
  EXPECT_GT(orders.size(), 1U) << "every block ran in the same order";
  EXPECT_THAT(Body(program), StartsWith("In short\n"));
  if (!GetBuildInfo().fit_for_measuring()) return;
  const Json& speed = result["runs"][1]["speed"];
  EXPECT_EQ(speed["n"], 6);
  EXPECT_EQ(speed["base"], "sync");
  EXPECT_LE(speed["interval"][0], speed["factor"]);
  EXPECT_GE(speed["interval"][1], speed["factor"]);
  EXPECT_THAT(speed["verdict"].get<std::string>(),
              AnyOf("faster", "slower", "no difference", "not decided"));
  EXPECT_THAT(program.stdout_text(), HasSubstr("noise floor"));
}

// A block keeps its histograms and a thinned timeline, whatever the number of operations.
TEST(RepeatTest, ABlockTakesLittleMemory) {
  // Sanitizers keep what was freed.
  if (!GetBuildInfo().fit_for_measuring()) GTEST_SKIP();
  Program program(Repeat({"--scenarios", "window:4", "--repeat", "8", "--operations", "3000"}));
  program.Wait();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["blocks"].size(), 8U) << program.stderr_text();
  const auto peak = [&](size_t block) {
    return result["blocks"][block]["runs"][0]["client"]["max_rss_bytes"].get<int64_t>();
  };
  // The second run has what the program allocates once; from then on each block adds its own.
  const int64_t each = (peak(7) - peak(1)) / 6;
  EXPECT_LT(each, int64_t{6} << 20);
}

TEST(RepeatTest, UntilTheRatiosAreKnown) {
  Program program(Repeat({"--scenarios", "sync,window:4", "--until", "60", "--operations", "100"}));
  program.Wait();
  const Json result = ResultOf(program);
  if (!GetBuildInfo().fit_for_measuring()) return;
  const size_t blocks = result["blocks"].size();
  EXPECT_GE(blocks, 6U) << program.stderr_text();
  EXPECT_LE(blocks, 20U);
  const Json& speed = result["runs"][1]["speed"];
  const double half_width =
      (speed["interval"][1].get<double>() - speed["interval"][0].get<double>()) / 2;
  // How noisy the machine is decides how many blocks that takes.
  if (blocks < 20U) {
    EXPECT_LE(half_width, 0.60 * speed["factor"].get<double>());
  }
}

TEST(RepeatTest, InterruptedWithinABlockKeepsTheWholeOnes) {
  Program program(
      Repeat({"--scenarios", "sync,window:4", "--repeat", "100", "--operations", "300"}));
  ASSERT_TRUE(program.WaitForError("block 3/100")) << program.stderr_text();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
  const Json result = ResultOf(program);
  EXPECT_EQ(result["interrupted"], true);
  if (!GetBuildInfo().fit_for_measuring()) return;
  const auto whole = std::count_if(result["blocks"].begin(), result["blocks"].end(),
                                   [](const Json& block) { return block["whole"] == true; });
  EXPECT_GE(whole, 2);
  EXPECT_EQ(result["runs"][0]["summary"]["throughput_per_s"]["n"], whole);
  // The interrupt may have come just after a block's last run.
  if (whole < static_cast<std::ptrdiff_t>(result["blocks"].size())) {
    EXPECT_THAT(program.stdout_text(), HasSubstr("blocks count; not block"));
  }
}

TEST(RepeatTest, ABlockThatFailsDoesNotCount) {
  AskServer(
      "DROP TABLE IF EXISTS short_lived; DROP SEQUENCE IF EXISTS short_lived_calls;"
      "CREATE SEQUENCE short_lived_calls");
  // Fails from the 25th call on: in the third block of ten operations each.
  const ScriptFile script(
      "SELECT 1 / (CASE WHEN nextval('short_lived_calls') > 24 THEN 0 ELSE 1 END);\n");
  Program program(Repeat(
      {"--scenarios", "window:2", "-f", script.path(), "--repeat", "3", "--operations", "10"}));
  EXPECT_EQ(program.Wait(), 2);
  const Json result = ResultOf(program);
  ASSERT_EQ(result["blocks"].size(), 3U) << program.stderr_text();
  EXPECT_EQ(result["blocks"][2]["whole"], false);
  if (!GetBuildInfo().fit_for_measuring()) return;
  EXPECT_EQ(result["blocks"][1]["whole"], true);
  EXPECT_THAT(program.stdout_text(),
              HasSubstr("2 of 3 blocks count; not block 3 (window:2 is not"));
  AskServer("DROP SEQUENCE short_lived_calls");
}

TEST(RepeatTest, UntilEndsWhereNoBlockCounts) {
  const ScriptFile script("SELECT 1 / 0;\n");
  Program program(Repeat(
      {"--scenarios", "window:2", "-f", script.path(), "--until", "5", "--operations", "10"}));
  EXPECT_EQ(program.Wait(), 2);
  EXPECT_EQ(ResultOf(program)["blocks"].size(), 3U);
  EXPECT_THAT(program.stderr_text(), HasSubstr("the last 3 blocks do not count"));
}

TEST(RepeatTest, DiffSetsAResultBesideItself) {
  Program measured(Repeat({"--scenarios", "window:4", "--repeat", "4", "--operations", "200"}));
  measured.Wait();
  const std::string result = measured.work_directory() + "/" + kOut;
  Program diff({"diff", result, result + "/result.json", "--gate", "throughput>=-3%", "--gate",
                "p99<=+10%", "--junit", "gates.xml"});
  const int exit_code = diff.Wait();
  if (!GetBuildInfo().fit_for_measuring()) {
    EXPECT_EQ(exit_code, 2) << "no run of an unfit build is valid";
    EXPECT_EQ(diff.stdout_text(), "");
    EXPECT_THAT(diff.stderr_text(), HasSubstr("no run of it is valid: window:4: "));
    return;
  }
  EXPECT_EQ(exit_code, 0) << diff.stderr_text();
  EXPECT_THAT(diff.stdout_text(),
              testing::AllOf(HasSubstr("+0.0 %"), HasSubstr("Gates"), HasSubstr("kept")));
  EXPECT_THAT(ReadFile(diff.work_directory() + "/gates.xml"), HasSubstr("failures=\"0\""));
}

TEST(RepeatTest, DiffOfWhatIsNoResultIsOneLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"diff", "none", "none"}, {"diff", "/dev/null", "/dev/null"}}) {
    Program diff(arguments);
    EXPECT_EQ(diff.Wait(), 2);
    EXPECT_EQ(ErrorLines(diff.stderr_text()).size(), 1U) << diff.stderr_text();
    EXPECT_EQ(diff.stdout_text(), "");
  }
  Program alone({"diff", "none"});
  EXPECT_EQ(alone.Wait(), 1);
}

}  // namespace
}  // namespace pgring
