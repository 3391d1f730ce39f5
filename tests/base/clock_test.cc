#include "pgring/base/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace pgring {
namespace {

int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * kNanosecondsPerSecond + now.tv_nsec;
}

TEST(SteadyClockTest, IsTheMonotonicClock) {
  const SteadyClock* clock = SteadyClock::Get();
  const int64_t before_ns = MonotonicNs();
  const int64_t now_ns = clock->NowNs();
  const int64_t after_ns = MonotonicNs();
  EXPECT_LE(before_ns, now_ns);
  EXPECT_LE(now_ns, after_ns);
}

TEST(SteadyClockTest, IsOneInstance) { EXPECT_EQ(SteadyClock::Get(), SteadyClock::Get()); }

TEST(SteadyClockTest, NeverGoesBack) {
  int64_t last_ns = SteadyClock::Get()->NowNs();
  for (int reading = 0; reading < 10'000; ++reading) {
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    ASSERT_GE(now_ns, last_ns);
    last_ns = now_ns;
  }
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock(100);
  EXPECT_EQ(clock.NowNs(), 100);
  EXPECT_EQ(clock.NowNs(), 100);
  clock.AdvanceNs(kNanosecondsPerMicrosecond);
  EXPECT_EQ(clock.NowNs(), 1'100);
  clock.AdvanceTo(kNanosecondsPerMillisecond);
  EXPECT_EQ(clock.NowNs(), 1'000'000);
}

TEST(FakeClockTest, IgnoresAnEarlierTime) {
  FakeClock clock(100);
  clock.AdvanceTo(99);
  EXPECT_EQ(clock.NowNs(), 100);
}

TEST(FakeClockTest, StartsAtSomeTimeThatIsNotZero) {
  // Code that takes 0 for "no stamp yet" would pass its tests by luck otherwise.
  EXPECT_GT(FakeClock().NowNs(), 0);
}

}  // namespace
}  // namespace pgring
