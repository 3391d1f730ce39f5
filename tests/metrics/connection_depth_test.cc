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

TEST(DepthMeterTest, SlicesHaveTheMeanOfAllAndThePeakOfOne) {
  constexpr int64_t kMs = 1'000'000;
  DepthMeter meter;
  meter.Start(0);
  meter.Change(0, 1, 0);
  meter.Change(1, 1, 0);
  meter.Change(1, 1, kMs / 2);
  meter.Change(1, -1, 3 * kMs);
  meter.Change(1, -1, 3 * kMs + kMs / 4);
  const DepthOverTime over_time = meter.OverTime(3 * kMs + kMs / 2);
  EXPECT_EQ(over_time.slice_ns, kMs);
  EXPECT_EQ(over_time.slices, (std::vector<DepthSlice>{{1.25, 2}, {1.5, 2}, {1.5, 2}, {0.75, 2}}));
}

TEST(DepthMeterTest, ManySlicesBecomeLongerOnes) {
  constexpr int64_t kMs = 1'000'000;
  constexpr auto kMost = static_cast<int64_t>(DepthMeter::kMaxSlices);
  DepthMeter meter;
  meter.Start(0);
  meter.Change(0, 1, 0);
  meter.Change(0, 1, 4 * kMs);
  meter.Change(0, -1, 5 * kMs);
  const DepthOverTime over_time = meter.OverTime(3 * kMost * kMs);
  EXPECT_EQ(over_time.slice_ns, 4 * kMs);
  ASSERT_EQ(over_time.slices.size(), static_cast<size_t>(3 * kMost / 4));
  EXPECT_EQ(over_time.slices[0], (DepthSlice{1, 1}));
  EXPECT_EQ(over_time.slices[1], (DepthSlice{1.25, 2}));
  EXPECT_EQ(over_time.slices[2], (DepthSlice{1, 1}));
}

TEST(DepthMeterTest, NoTimeIsNoMean) {
  DepthMeter meter;
  meter.Start(10);
  meter.Change(0, 1, 10);
  EXPECT_EQ(meter.Get(10), (std::vector<ConnectionDepth>{{1, 1, 0}}));
}

}  // namespace
}  // namespace pgring
