// report.html of tune: the answer first, whole without any other file, and nothing of foreign
// origin breaks out of it.
#include "report/tune_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sample_tune.h"
#include "xml_fault.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TuneHtmlTest, HasTheAnswerThePictureAndTheTables) {
  TuneResult result = SampleTune();
  result.plan.base.arguments = {"pgring", "tune", "-f", "my file.sql", "-D", "x='1'"};
  result.plan.base.workload.scripts = {{.name = "my file.sql", .text = "SELECT 1;\nSELECT 2;\n"}};
  const std::string html = TuneHtml(result);
  EXPECT_EQ(PageFault(html), "");
  const size_t answer = html.find("Best limit: 12 operations in flight");
  ASSERT_NE(answer, std::string::npos);
  EXPECT_LT(answer, html.find("<svg"));
  EXPECT_LT(html.find("<svg"), html.find("Trials of the search"));
  EXPECT_THAT(html, HasSubstr("times the <br/>throughput <br/>of window:12"));
  EXPECT_THAT(html, HasSubstr("pgring tune -f &#39;my file.sql&#39; -D &#39;x=&#39;\\&#39;&#39;1"));
  EXPECT_THAT(html, HasSubstr("<pre>\nSELECT 1;\nSELECT 2;\n"));
}

TEST(TuneHtmlTest, NeedsNothingFromElsewhere) {
  const std::string html = TuneHtml(SampleTune());
  for (const char* foreign : {"<link", "<img", " src=", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(foreign)));
  }
  EXPECT_LT(html.size(), 600U * 1024);
}

TEST(TuneHtmlTest, NothingBreaksOut) {
  const std::string hostile = "</pre></style><script>alert(1)</script>\"'&\x01\xff";
  TuneResult result = SampleTune();
  result.environment.host = hostile;
  result.environment.server_version = hostile;
  result.environment.server_settings = {{hostile, hostile}};
  result.plan.base.arguments = {hostile};
  result.plan.base.target.description = hostile;
  result.plan.base.workload.name = hostile;
  result.plan.base.workload.scripts = {{.name = hostile, .text = hostile}};
  result.remarks = {hostile};
  const std::string html = TuneHtml(result);
  EXPECT_EQ(PageFault(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("\x01")));
}

TEST(TuneHtmlTest, WithoutAnyTrialItSaysWhy) {
  TuneResult result;
  result.plan = SampleTune().plan;
  result.failure = "no trial could be measured";
  const std::string html = TuneHtml(result);
  EXPECT_EQ(PageFault(html), "");
  EXPECT_THAT(html, HasSubstr("Best limit: none was found: no trial could be measured"));
  EXPECT_THAT(html, Not(HasSubstr("<svg")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace pgring
