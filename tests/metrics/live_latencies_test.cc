#include "pgring/metrics/live_latencies.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace pgring {
namespace {

TEST(LiveLatenciesTest, BucketsFollowEachOtherWithoutGaps) {
  for (size_t bucket = 0; bucket < LiveLatencies::kBuckets - 1; ++bucket) {
    const int64_t lowest = LiveLatencies::LowestNs(bucket);
    const int64_t next = LiveLatencies::LowestNs(bucket + 1);
    ASSERT_LT(lowest, next);
    ASSERT_EQ(LiveLatencies::BucketOf(lowest), bucket);
    ASSERT_EQ(LiveLatencies::BucketOf(next - 1), bucket);
  }
  EXPECT_EQ(LiveLatencies::BucketOf(std::numeric_limits<int64_t>::max()),
            LiveLatencies::kBuckets - 1);
}

TEST(LiveLatenciesTest, APercentileIsOfWhatWasCountedBetweenTwoReadings) {
  LiveLatencies latencies;
  const LiveLatencies::Counts none = latencies.Read();
  EXPECT_EQ(LiveLatencies::PercentileNs(none, none, 99), std::nullopt);
  for (int i = 0; i < 1'000; ++i) latencies.Record(10'000'000);
  const LiveLatencies::Counts slow = latencies.Read();
  for (int i = 0; i < 99; ++i) latencies.Record(1'000);
  latencies.Record(50'000);
  const LiveLatencies::Counts fast = latencies.Read();
  // Within a sixteenth.
  EXPECT_NEAR(static_cast<double>(*LiveLatencies::PercentileNs(slow, fast, 99)), 1'000, 63);
  EXPECT_NEAR(static_cast<double>(*LiveLatencies::PercentileNs(slow, fast, 100)), 50'000, 3'125);
  EXPECT_NEAR(static_cast<double>(*LiveLatencies::PercentileNs(none, fast, 50)), 1e7, 0.7e6);
  EXPECT_EQ(latencies.sum_ns(), 1'000 * 10'000'000LL + 99 * 1'000 + 50'000);
}

}  // namespace
}  // namespace pgring
