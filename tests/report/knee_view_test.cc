#include "report/knee_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "sample_knee.h"

namespace pgring {
namespace {

using testing::ElementsAre;

KneePicture Measured(std::vector<int> limits) {
  KneePicture picture;
  for (const int limit : limits) picture.points.push_back(PointOf(limit, 100.0 * limit, 10));
  return picture;
}

// 800 units, and labels as the SVG has them.
std::vector<int> Labels(const KneePicture& picture) {
  return LabelledLimits(ViewOf(picture), 800, 7.6, 9);
}

TEST(KneeViewTest, PointsComeInOrderAndWithoutFiguresThatCannotBeDrawn) {
  KneePicture picture = Measured({8, 2, 4, 1});
  picture.points[0].throughput_per_s = std::nan("");
  picture.points[1].p99_ms = 0;
  picture.points[2].throughput_interval_per_s =
      Interval{1, std::numeric_limits<double>::infinity()};
  picture.points[3].p99_interval_ms = Interval{0, 20};
  const KneeView view = ViewOf(picture);
  ASSERT_EQ(view.points.size(), 4u);
  EXPECT_EQ(view.points[0].limit, 1);
  EXPECT_FALSE(view.points[0].p99_interval_ms.has_value());
  EXPECT_FALSE(view.points[1].p99_ms.has_value());
  EXPECT_FALSE(view.points[2].throughput_interval_per_s.has_value());
  EXPECT_EQ(view.points[3].limit, 8);
  EXPECT_TRUE(view.points[3].failed);
  EXPECT_EQ(view.measured.low, 1);
  EXPECT_EQ(view.measured.high, 4);
}

TEST(KneeViewTest, WhatDoesAsWellBreaksWhereAMeasuredLimitDoesNot) {
  KneePicture picture = Measured({4, 6, 8, 12, 16, 32});
  picture.answer = 8;
  picture.indifferent = {16, 6};
  const KneeView view = ViewOf(picture);
  ASSERT_EQ(view.same.size(), 2u);
  EXPECT_EQ(view.same[0].low, 6);
  EXPECT_EQ(view.same[0].high, 8);
  EXPECT_EQ(view.same[1].low, 16);
  EXPECT_EQ(IndifferentText(view), "6 to 8, 16");
  picture.indifferent = {8};
  EXPECT_EQ(IndifferentText(ViewOf(picture)), "");
  picture.answer.reset();
  picture.indifferent = {6, 8};
  EXPECT_TRUE(ViewOf(picture).same.empty());
}

TEST(KneeViewTest, TheAnswerIsToldWithItsFigures) {
  KneePicture picture = Measured({1, 12});
  picture.answer = 12;
  EXPECT_EQ(AnswerText(ViewOf(picture)), "12 operations in flight: 1,200/s, p99 10.0 ms");
  picture.points[1].p99_ms.reset();
  EXPECT_EQ(AnswerText(ViewOf(picture)), "12 operations in flight: 1,200/s");
  picture.answer = 1;
  EXPECT_EQ(AnswerText(ViewOf(picture)), "1 operation in flight: 100/s, p99 10.0 ms");
  picture.answer = 7;
  EXPECT_EQ(AnswerText(ViewOf(picture)), "7 operations in flight");
  picture.answer.reset();
  EXPECT_EQ(AnswerText(ViewOf(picture)), "The search found no best limit.");
}

// Cisco's published curve: X(1) = lambda, and the peak at N* = sqrt((1 - sigma) / kappa) = 35.6.
TEST(KneeViewTest, TheCurveIsTheScalabilityLawWithinWhatWasMeasured) {
  const KneeView view = ViewOf(ScalabilityKnee());
  EXPECT_NEAR(FittedThroughput(view, 1).value_or(0), 995.6486, 1e-9);
  const double peak = FittedThroughput(view, 35.6).value_or(0);
  EXPECT_NEAR(peak, 12'341, 5);
  EXPECT_GT(peak, FittedThroughput(view, 34));
  EXPECT_GT(peak, FittedThroughput(view, 37));
  EXPECT_TRUE(FittedThroughput(view, 256).has_value());
  EXPECT_FALSE(FittedThroughput(view, 0.9).has_value());
  EXPECT_FALSE(FittedThroughput(view, 257).has_value());
  KneePicture one = Measured({4});
  one.curve = KneeCurve{};
  EXPECT_FALSE(ViewOf(one).curve.has_value());
}

TEST(KneeViewTest, ABadFitDoesNotPressThePointsDown) {
  KneePicture picture = Measured({1, 2, 4});
  const double without = ViewOf(picture).highest_per_s;
  EXPECT_GT(without, 400);
  picture.curve = KneeCurve{.sigma = 0, .kappa = 0, .lambda_per_s = 1e6};
  EXPECT_LE(ViewOf(picture).highest_per_s, without * 1.3);
  EXPECT_GT(ViewOf(picture).highest_per_s, without);
}

TEST(KneeViewTest, TheLatencyAxisBeginsAndEndsRoundAndIsNeverTooNarrow) {
  KneePicture picture = Measured({1, 2});
  picture.points[0].p99_ms = 3;
  picture.points[1].p99_ms = 700;
  EXPECT_NEAR(ViewOf(picture).p99_ms->low, 2, 1e-9);
  EXPECT_NEAR(ViewOf(picture).p99_ms->high, 1000, 1e-6);
  // All the same: a decade around it, not noise blown up.
  picture.points[1].p99_ms = 3;
  const LogScale same = *ViewOf(picture).p99_ms;
  EXPECT_NEAR(same.high / same.low, 10, 1e-6);
  EXPECT_LT(same.low, 3);
  EXPECT_GT(same.high, 3);
}

TEST(KneeViewTest, LimitsAreNamedAsFarAsThereIsRoom) {
  EXPECT_THAT(Labels(Measured({1, 64})), ElementsAre(1, 2, 4, 8, 16, 32, 64));
  // A measured one between the powers; not one that would touch the answer.
  KneePicture picture = Measured({1, 12, 31, 32, 64});
  picture.answer = 31;
  EXPECT_THAT(Labels(picture), ElementsAre(1, 2, 4, 8, 12, 16, 31, 64));
  // The ends rather than a power next to them.
  EXPECT_THAT(Labels(Measured({3, 500})), ElementsAre(3, 4, 8, 16, 32, 64, 128, 256, 500));
  // Powers at one distance where not all of them have room.
  EXPECT_THAT(LabelledLimits(ViewOf(Measured({1, 65'536})), 64, 1, 1),
              ElementsAre(1, 4, 16, 64, 256, 1'024, 4'096, 16'384, 65'536));
}

TEST(KneeViewTest, ADenseSeriesNamesPowersOfTwoOnly) {
  std::vector<int> limits(512);
  for (size_t i = 0; i < limits.size(); ++i) limits[i] = static_cast<int>(i) + 1;
  EXPECT_THAT(Labels(Measured(limits)), ElementsAre(1, 2, 4, 8, 16, 32, 64, 128, 256, 512));
}

TEST(KneeViewTest, RoundValuesThinOutOverManyDecades) {
  EXPECT_THAT(RoundLogValues({2, 50}, 8), ElementsAre(2, 5, 10, 20, 50));
  EXPECT_THAT(RoundLogValues({2, 5'000}, 8), ElementsAre(10, 100, 1'000));
  EXPECT_THAT(RoundLogValues({1, 1e9}, 6), ElementsAre(1, 100, 1e4, 1e6, 1e8));
  EXPECT_EQ(RoundValueText(0.02), "0.02");
  EXPECT_EQ(RoundValueText(5), "5");
  EXPECT_EQ(RoundValueText(10'000), "10,000");
}

TEST(KneeViewDeathTest, ALimitBelowOneIsABug) {
  EXPECT_DEATH(ViewOf(Measured({0})), "a limit below one operation in flight");
  KneePicture picture = Measured({1});
  picture.answer = -3;
  EXPECT_DEATH(ViewOf(picture), "a limit below one operation in flight");
}

}  // namespace
}  // namespace pgring
