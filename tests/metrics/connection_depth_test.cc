#include "pgring/metrics/connection_depth.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgring {
namespace {

TEST(DepthMeterTest, MeansAreOfTheTimeAndPeaksOfTheChanges) {
  DepthMeter meter;
  meter.Start(100);
  meter.Change(1, 1, 200);
  meter.Change(1, 1, 300);
  meter.Change(1, -1, 400);
  meter.Change(0, 1, 400);
  const std::vector<ConnectionDepth> depths = meter.Get(500);
  ASSERT_EQ(depths.size(), 2u);
  EXPECT_EQ(depths[0], (ConnectionDepth{1, 1, 0.25}));
  // 1 for 100, 2 for 100, 1 for 100, of 400.
  EXPECT_EQ(depths[1], (ConnectionDepth{2, 2, 1.0}));
}

TEST(DepthMeterTest, BeginsAnewWithTheDepthsAsTheyAre) {
  DepthMeter meter;
  meter.Start(0);
  meter.Change(0, 1, 10);
  meter.Change(0, 1, 20);
  meter.Change(0, -1, 30);
  meter.Start(1'000);
  EXPECT_EQ(meter.Get(2'000), (std::vector<ConnectionDepth>{{0, 1, 1.0}}));
  meter.Change(0, -1, 1'500);
  EXPECT_EQ(meter.Get(2'000), (std::vector<ConnectionDepth>{{0, 1, 0.5}}));
}

TEST(DepthMeterTest, NoTimeIsNoMean) {
  DepthMeter meter;
  meter.Start(10);
  meter.Change(0, 1, 10);
  EXPECT_EQ(meter.Get(10), (std::vector<ConnectionDepth>{{1, 1, 0}}));
}

}  // namespace
}  // namespace pgring
