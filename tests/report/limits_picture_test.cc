// The picture over the limit: where scenarios differ in it alone, and nowhere else.
#include "report/limits_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/made_up_comparison.h"
#include "report/text_report.h"
#include "sample_result.h"
#include "xml_fault.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ComparisonResult ThreeLimits() {
  ComparisonResult result =
      MadeUpSingles({{"window:5", {4}}, {"window:10", {2}}, {"window:20", {3}}});
  for (Run& run : result.runs) run.scenario.pool.size = *run.scenario.limit;
  return result;
}

TEST(LimitsPictureTest, HasThroughputAndTailOfEachLimit) {
  const std::optional<KneePicture> picture = LimitsPicture(ThreeLimits());
  ASSERT_TRUE(picture.has_value());
  ASSERT_EQ(picture->points.size(), 3U);
  EXPECT_EQ(picture->points[1].limit, 10);
  EXPECT_EQ(picture->points[1].throughput_per_s, 500);
  EXPECT_NEAR(picture->points[1].p99_ms.value_or(0), 10, 0.1);
}

TEST(LimitsPictureTest, TakesThePlaceOfFlatLines) {
  const ComparisonResult result = ThreeLimits();
  const std::string text = TextReport(result, kPlain);
  EXPECT_THAT(text, HasSubstr("Throughput and p99 over operations in flight: window"));
  EXPECT_THAT(text, Not(HasSubstr("Connections in use over time")));
  EXPECT_THAT(text, Not(HasSubstr("The search")));
  const std::string svg = ComparisonSvg(result);
  EXPECT_EQ(XmlFault(svg), "");
  EXPECT_THAT(svg, HasSubstr("operations in flight"));
  EXPECT_THAT(svg, Not(HasSubstr("The search")));
  EXPECT_STREQ(ComparisonSvgName(result), "limits.svg");
}

TEST(LimitsPictureTest, OtherDifferencesAreShownOverTime) {
  ComparisonResult pools = ThreeLimits();
  pools.runs[1].scenario.pool.size = 7;
  EXPECT_FALSE(LimitsPicture(pools).has_value());
  ComparisonResult twice = ThreeLimits();
  twice.runs[1].scenario.limit = twice.runs[1].scenario.pool.size = 5;
  EXPECT_FALSE(LimitsPicture(twice).has_value());
  EXPECT_FALSE(LimitsPicture(SampleComparison()).has_value());
  EXPECT_STREQ(ComparisonSvgName(SampleComparison()), "connections.svg");
}

TEST(LimitsPictureTest, ARunThatDoesNotCountIsNoPoint) {
  ComparisonResult result = ThreeLimits();
  result.runs[2].verdict.reasons = {"lost"};
  const std::optional<KneePicture> picture = LimitsPicture(result);
  ASSERT_TRUE(picture.has_value());
  EXPECT_TRUE(picture->points[2].failed);
}

}  // namespace
}  // namespace pgring
