// report.html of compare and run: everything in its order, whole without any other file, and
// nothing of foreign origin breaks out of it.
#include "report/comparison_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "report/time_shares.h"
#include "run/scenario_type.h"
#include "sample_result.h"
#include "xml_fault.h"

namespace pgring {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ComparisonHtmlTest, TellsEverythingInItsOrder) {
  const std::string html = ComparisonHtml(SampleComparison());
  EXPECT_EQ(PageFault(html), "");
  size_t last = 0;
  for (const char* part : {"class=\"answer\"", ">Throughput</figcaption>", "Connections over time",
                           "Operations waiting for a connection", "Latency by percentile",
                           "Where an operation&#39;s time went", "Which is faster than which",
                           "Costs", "Validity and notes", "To do it again", "fsync=on"}) {
    const size_t at = html.find(part, last);
    ASSERT_NE(at, std::string::npos) << part;
    last = at;
  }
}

TEST(ComparisonHtmlTest, ShowsEveryBlockAsADot) {
  const std::string html = ComparisonHtml(SampleRepeats());
  EXPECT_EQ(PageFault(html), "");
  EXPECT_THAT(html, HasSubstr("<title>block 5: "));
  // The last block is not whole.
  EXPECT_THAT(html, Not(HasSubstr("<title>block 6: ")));
  EXPECT_THAT(html, HasSubstr("block 6, window:10"));
}

TEST(ComparisonHtmlTest, NeedsNothingFromElsewhere) {
  const std::string html = ComparisonHtml(SampleComparison());
  for (const char* foreign : {"<link", "<img", " src=", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(foreign)));
  }
  EXPECT_THAT(html, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'; "
                              "script-src 'sha256-"));
  EXPECT_LT(html.size(), kMaxHtmlBytes / 2);
}

// What the page weighs without data.
TEST(ComparisonHtmlTest, ItsOwnPartIsSmall) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(1)};
  EXPECT_LT(ComparisonHtml(result).size(), 150'000U);
}

TEST(ComparisonHtmlTest, NothingBreaksOut) {
  ComparisonResult result = SampleComparison();
  MakeHostile(&result);
  const std::string html = ComparisonHtml(result);
  EXPECT_EQ(PageFault(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script>document")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("\x01")));
  EXPECT_THAT(html, Not(HasSubstr("\xff")));
}

TEST(ComparisonHtmlTest, WithoutAnyRunItSaysSo) {
  const std::string html = ComparisonHtml(SamplePlan());
  EXPECT_EQ(PageFault(html), "");
  EXPECT_THAT(html, HasSubstr("No scenario was run."));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(ComparisonHtmlTest, AnInvalidRunIsMarkedWithItsReason) {
  ComparisonResult result = SampleComparison();
  result.runs[1].verdict.reasons = {"12 operations were lost"};
  EXPECT_THAT(ComparisonHtml(result), HasSubstr("NOT VALID: 12 operations were lost"));
}

// A long reason in a table's cell was cut off on paper and on the screen.
TEST(ComparisonHtmlTest, ReasonsAreSentencesThatCanBeBroken) {
  ComparisonResult result = SampleComparison();
  result.runs[0].interrupted = true;
  result.runs[0].verdict.reasons = {"interrupted"};
  const std::string html = ComparisonHtml(result);
  EXPECT_THAT(html, HasSubstr("<dd class=\"alarm\">NOT VALID: interrupted</dd>"));
  EXPECT_THAT(html, HasSubstr("<span class=\"label\">sync (NOT VALID)</span>"));
}

// Its zero was drawn as a throughput.
TEST(ComparisonHtmlTest, WithoutASuccessThereAreNoDots) {
  ComparisonResult result = SamplePlan();
  result.runs = {ShortRun(1)};
  result.runs[0].recorder = Recorder(result.runs[0].kinds.size());
  const std::string html = ComparisonHtml(result);
  EXPECT_EQ(PageFault(html), "");
  EXPECT_THAT(html, Not(HasSubstr(">Throughput</figcaption>")));
  EXPECT_THAT(html, HasSubstr("No operation succeeded."));
}

// It is part of the service, which was told as time in the client.
TEST(TimeSharesTest, OnSharedConnectionsTheQueueIsAPartOfItsOwn) {
  ComparisonResult result = SampleComparison();
  EXPECT_THAT(TimeSharesOf(result).parts, Not(Contains(HasSubstr("queued"))));
  auto& run = result.runs.back();
  run.scenario.type = FindScenarioType("multiplexed");
  run.recorder = Recorder(run.kinds.size());
  run.recorder.Scheduled(0, 0);
  OperationStamps stamps;
  stamps.finished_ns = 1'000'000;
  stamps.queued_ns = 600'000;
  run.recorder.Succeeded(0, stamps);
  const TimeShares shares = TimeSharesOf(result);
  const auto queued =
      std::find(shares.parts.begin(), shares.parts.end(), "queued behind others on a connection");
  ASSERT_NE(queued, shares.parts.end());
  const std::vector<double>& times = shares.mean_ns.back();
  EXPECT_NEAR(times[static_cast<size_t>(queued - shares.parts.begin())], 600'000, 600);
  EXPECT_NEAR(std::accumulate(times.begin(), times.end(), 0.0), 1'000'000, 1'000);
}

}  // namespace
}  // namespace pgring
