#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pgring {
namespace {

TEST(ProgressLineTest, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(ProgressLine("window", 12'345, 35'000, 0, 1'050.4, 0),
            "window     12,345 of 35,000  1,050/s  22 s left");
}

TEST(ProgressLineTest, DrawsTheBarInProportion) {
  EXPECT_EQ(ProgressLine("sync", 0, 100, 0, 0, 10), "sync       [>         ] 0 of 100  0/s");
  EXPECT_EQ(ProgressLine("sync", 50, 100, 0, 10, 10),
            "sync       [=====>    ] 50 of 100  10/s  5 s left");
  EXPECT_EQ(ProgressLine("sync", 100, 100, 0, 10, 10), "sync       [==========] 100 of 100  10/s");
}

TEST(ProgressLineTest, RoundsTheTimeLeftUp) {
  EXPECT_THAT(ProgressLine("a", 99, 100, 0, 1'000, 0), testing::EndsWith("1 s left"));
}

TEST(ProgressLineTest, MentionsFailuresOnlyWhenThereAreAny) {
  EXPECT_THAT(ProgressLine("a", 5, 10, 0, 1, 0), testing::Not(testing::HasSubstr("failed")));
  EXPECT_THAT(ProgressLine("a", 5'000, 10'000, 1'234, 1, 0), testing::EndsWith("  1,234 failed"));
}

TEST(ProgressLineTest, LeavesOutTheTimeThatCannotBeKnown) {
  EXPECT_THAT(ProgressLine("a", 5, 10, 0, 0, 0), testing::Not(testing::HasSubstr("left")));
}

TEST(ProgressLineTest, GroupsDigitsByThousands) {
  EXPECT_THAT(ProgressLine("a", 999, 1'000, 0, 0, 0), testing::HasSubstr("999 of 1,000"));
  EXPECT_THAT(ProgressLine("a", 1'000'000, 10'000'000, 0, 0, 0),
              testing::HasSubstr("1,000,000 of 10,000,000"));
}

TEST(ProgressLineTest, KeepsALongLabelWhole) {
  EXPECT_THAT(ProgressLine("window:limit=20:pool=10", 1, 2, 0, 0, 0),
              testing::StartsWith("window:limit=20:pool=10 1 of 2"));
}

// Many short runs, so that starting and stopping meet in every order.
TEST(ProgressDisplayTest, StartsAndStopsAnyNumberOfTimes) {
  ProgressDisplay display(ProgressMode::kPlain);
  RunProgress progress;
  for (int i = 0; i < 100; ++i) {
    display.Start("sync", 10, &progress);
    display.Stop();
    display.Stop();
  }
  display.Start("sync", 10, &progress);
}

TEST(ProgressDisplayTest, ShowsNothingWhenThereIsToBeNone) {
  testing::internal::CaptureStderr();
  {
    ProgressDisplay display(ProgressMode::kNone);
    RunProgress progress;
    display.Start("sync", 10, &progress);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ProgressDisplayTest, ClearsTheBarAtTheEnd) {
  testing::internal::CaptureStderr();
  {
    ProgressDisplay display(ProgressMode::kBar);
    RunProgress progress;
    display.Start("sync", 10, &progress);
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::EndsWith("\r\033[K"));
}

}  // namespace
}  // namespace pgring
