// `pgring report`: a saved result again, in every format; and what it says to what is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/cli_fixture.h"
#include "pgring/base/build_info.h"
#include "support/program.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class SavedReportTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    measured_ = new Program(On(SharedServer().conninfo(), "compare",
                               {"--scenarios", "window:2,window:4", "--operations", "200"}));
    measured_->Wait();
    result_ = measured_->work_directory() + "/" + kOut;
  }
  static void TearDownTestSuite() { delete measured_; }

  static Program* measured_;
  static std::string result_;
};
Program* SavedReportTest::measured_;
std::string SavedReportTest::result_;

// Up to where the host's memory is told, which no result has.
std::string FromTables(const std::string& report) { return report.substr(report.find("In short")); }

TEST_F(SavedReportTest, ShowsWhatWasPrinted) {
  Program report({"report", result_});
  EXPECT_EQ(report.Wait(), 0) << report.stderr_text();
  const std::string written = FromTables(ReadFile(result_ + "/report.txt"));
  EXPECT_EQ(FromTables(report.stdout_text()).substr(0, written.find("Notes")),
            written.substr(0, written.find("Notes")));
  // No run of a build with sanitizers is valid, so that there is nothing to draw.
  if (!GetBuildInfo().fit_for_measuring()) return;
  EXPECT_THAT(report.stdout_text(), HasSubstr("Throughput and p99 over operations in flight"));
}

TEST_F(SavedReportTest, HasEveryFormat) {
  EXPECT_EQ(measured_->Leftovers({kOutLeft}), "");
  EXPECT_THAT(ReadFile(result_ + "/limits.svg"), HasSubstr("</svg>"));
  Program html({"report", result_ + "/result.json", "--format", "html"});
  EXPECT_EQ(html.Wait(), 0) << html.stderr_text();
  EXPECT_THAT(html.stdout_text(), AllOf(StartsWith("<!DOCTYPE html>"), HasSubstr("window:4")));
  Program svg({"report", result_, "--format", "svg"});
  EXPECT_EQ(svg.Wait(), 0) << svg.stderr_text();
  EXPECT_EQ(svg.stdout_text(), ReadFile(result_ + "/limits.svg"));
  if (!GetBuildInfo().fit_for_measuring()) return;
  Program hgrm({"report", result_, "--hgrm"});
  EXPECT_EQ(hgrm.Wait(), 0) << hgrm.stderr_text();
  EXPECT_THAT(hgrm.stdout_text(), AllOf(StartsWith("#[window:2, ms]\n"), HasSubstr("Percentile"),
                                        HasSubstr("#[window:4, ms]\n")));
}

TEST_F(SavedReportTest, SeveralGoIntoADirectory) {
  Program report({"report", result_, result_, "--format", "html", "--out", "pages"});
  EXPECT_EQ(report.Wait(), 0) << report.stderr_text();
  EXPECT_THAT(ReadFile(report.work_directory() + "/pages/out.html"), HasSubstr("</html>"));
  EXPECT_THAT(ReadFile(report.work_directory() + "/pages/2-out.html"), HasSubstr("</html>"));
}

// "-" was the name of a file.
TEST_F(SavedReportTest, GatesGoToStandardOutputWhereThatIsWanted) {
  if (!GetBuildInfo().fit_for_measuring()) return;
  const std::vector<std::string> diff = {"diff",     result_,   result_, "--gate",
                                         "p99<=+1%", "--junit", "-"};
  Program junit(diff);
  EXPECT_EQ(junit.Wait(), 0) << junit.stderr_text();
  EXPECT_THAT(junit.stdout_text(), AllOf(StartsWith("<?xml"), HasSubstr("</testsuite>\n"),
                                         testing::Not(HasSubstr("old  "))));
  EXPECT_EQ(junit.Leftovers({}), "");
  std::vector<std::string> both = diff;
  both.emplace_back("--markdown");
  Program refused(both);
  EXPECT_EQ(refused.Wait(), 1);
  EXPECT_THAT(refused.stderr_text(), HasSubstr("both want standard output"));
}

TEST_F(SavedReportTest, WhatCannotBeShownIsOneLineAndWritesNothing) {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* message;
  };
  const Case cases[] = {
      {{"report"}, 1, "a result is needed"},
      {{"report", "none"}, 2, "none: No such file"},
      {{"report", "/dev/null"}, 2, "/dev/null"},
      {{"report", result_, "none", "--out", "both"}, 2, "none: No such file"},
      {{"report", result_, "--format", "pdf"}, 1, "none of text, html, svg, hgrm"},
      {{"report", result_, result_, "--format", "svg"}, 1, "--out"},
      {{"report", result_, "--out", "/dev/null/x"}, 2, "/dev/null/x"},
      {{"report", result_, "--brief", "--hgrm"}, 1, "--brief is for the text"},
      {{"report", result_, "--fromat", "html"}, 1, "did you mean --format?"},
      {{"report", result_, "--out", ""}, 1, "--out: \"\" names nothing"},
  };
  for (const Case& one : cases) {
    Program report(one.arguments);
    EXPECT_EQ(report.Wait(), one.exit_code) << one.message;
    ASSERT_EQ(ErrorLines(report.stderr_text()).size(), 1U) << report.stderr_text();
    EXPECT_THAT(report.stderr_text(), HasSubstr(one.message));
    EXPECT_EQ(report.stdout_text(), "");
    EXPECT_EQ(report.Leftovers({}), "");
  }
}

}  // namespace
}  // namespace pgring
