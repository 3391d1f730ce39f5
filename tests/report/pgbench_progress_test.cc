#include "report/pgbench_progress.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(PgbenchProgressLineTest, ShowsWhatIsNewSinceTheLastLine) {
  PgbenchProgressTotals last;
  last.AddSuccess(9'000, 0);
  PgbenchProgressTotals now = last;
  for (const int64_t latency_us : {1'000, 3'000}) now.AddSuccess(latency_us, 500);
  now.failed = 1;
  const PgbenchProgressTime time = {.since_start_us = 10'000'000, .since_last_us = 5'000'000};
  EXPECT_EQ(PgbenchProgressLine({}, time, now, last),
            "progress: 10.0 s, 0.4 tps, lat 2.000 ms stddev 1.000, 1 failed");
}

TEST(PgbenchProgressLineTest, PartsFollowTheOptions) {
  PgbenchProgressTotals now;
  now.AddSuccess(1'000, 250);
  now.skipped = 2;
  now.retried = 3;
  now.retries = 4;
  const PgbenchProgressTime time = {
      .since_start_us = 1'000'000, .since_last_us = 500'000, .epoch_us = 1'700'000'000'123'456};
  const std::string head = "progress: 1.0 s, 2.0 tps, lat 1.000 ms stddev 0.000, 0 failed";
  EXPECT_EQ(PgbenchProgressLine({.rate = true}, time, now, {}), head + ", lag 0.250 ms");
  EXPECT_EQ(PgbenchProgressLine({.latency_limit = true}, time, now, {}), head);
  EXPECT_EQ(
      PgbenchProgressLine({.rate = true, .latency_limit = true, .max_tries = true}, time, now, {}),
      head + ", lag 0.250 ms, 2 skipped, 3 retried, 4 retries");
  EXPECT_EQ(PgbenchProgressLine({.timestamp = true}, time, now, {}),
            "progress: 1700000000.123 s, 2.0 tps, lat 1.000 ms stddev 0.000, 0 failed");
}

TEST(PgbenchProgressLineTest, NothingHappened) {
  const PgbenchProgressTime time = {.since_start_us = 1'000'000, .since_last_us = 1'000'000};
  EXPECT_EQ(PgbenchProgressLine({.rate = true}, time, {}, {}),
            "progress: 1.0 s, 0.0 tps, lat 0.000 ms stddev 0.000, 0 failed, lag 0.000 ms");
}

// The mean of the squares may come out a little less than the square of the mean.
TEST(PgbenchProgressLineTest, DeviationIsNeverNotANumber) {
  PgbenchProgressTotals now;
  for (int i = 0; i < 3; ++i) now.AddSuccess(94'906'267, 0);
  const PgbenchProgressTime time = {.since_start_us = 1'000'000, .since_last_us = 1'000'000};
  now.latency_sum_of_squares_us2 *= 1 - 1e-12;
  EXPECT_EQ(PgbenchProgressLine({}, time, now, {}),
            "progress: 1.0 s, 3.0 tps, lat 94906.267 ms stddev 0.000, 0 failed");
}

}  // namespace
}  // namespace pgring
