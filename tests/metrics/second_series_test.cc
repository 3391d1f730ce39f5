// How a run went from second to second: what is counted where, how a long run is kept short, and
// that parts of a run add up to the whole of it.
#include "pgring/metrics/second_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/base/random.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr int64_t kSeriesStartNs = 7'300'000'000;
constexpr int64_t kFastNs = 2 * kNanosecondsPerMillisecond;

SecondSeries Started() {
  SecondSeries series;
  series.Start(kSeriesStartNs);
  return series;
}

int64_t At(double seconds) { return kSeriesStartNs + SecondsInNs(seconds); }

void RecordMany(double seconds, int count, int64_t latency_ns, SecondSeries* series) {
  for (int i = 0; i < count; ++i) series->Record(At(seconds), latency_ns);
}

// Each interval's beginning in seconds, and its successes.
std::vector<std::pair<int64_t, int64_t>> Counts(const SecondSeries& series) {
  std::vector<std::pair<int64_t, int64_t>> counts;
  for (const SeriesInterval& interval : series.Intervals()) {
    counts.emplace_back(interval.start_ns / kNanosecondsPerSecond, interval.succeeded);
  }
  return counts;
}

// Everything that a reader sees, to compare.
std::vector<std::tuple<int64_t, int64_t, int64_t, int64_t>> All(const SecondSeries& series) {
  std::vector<std::tuple<int64_t, int64_t, int64_t, int64_t>> all;
  for (const SeriesInterval& interval : series.Intervals()) {
    all.emplace_back(interval.start_ns, interval.succeeded, interval.p50_ns.value_or(-1),
                     interval.p99_ns.value_or(-1));
  }
  return all;
}

TEST(SecondSeriesTest, CountsWhatEndedInEachSecond) {
  SecondSeries series = Started();
  EXPECT_THAT(Counts(series), IsEmpty());
  RecordMany(0, 1, kFastNs, &series);
  RecordMany(0.999, 2, kFastNs, &series);
  RecordMany(1, 3, kFastNs, &series);
  // Nothing ended in the seconds between; they are left out.
  RecordMany(4.5, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series), ElementsAre(Pair(0, 3), Pair(1, 3), Pair(4, 1)));
  EXPECT_EQ(series.interval_ns(), kNanosecondsPerSecond);
}

TEST(SecondSeriesTest, ReadingItInBetweenChangesNothing) {
  SecondSeries series = Started();
  RecordMany(0.2, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series), ElementsAre(Pair(0, 1)));
  RecordMany(0.4, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series), ElementsAre(Pair(0, 2)));
  EXPECT_THAT(Counts(series), ElementsAre(Pair(0, 2)));
}

TEST(SecondSeriesTest, WhatWasBeforeTheMeasuredPhaseDoesNotCount) {
  SecondSeries series;
  series.Record(kSeriesStartNs - 1, kFastNs);
  series.Start(kSeriesStartNs);
  RecordMany(0.5, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series), ElementsAre(Pair(0, 1)));
}

// Threads tell of their operations a little out of order.
TEST(SecondSeriesTest, AnEarlierTimeCountsInThePresentSecond) {
  SecondSeries series = Started();
  RecordMany(0.9, 1, kFastNs, &series);
  RecordMany(1.1, 1, kFastNs, &series);
  RecordMany(0.95, 1, kFastNs, &series);
  RecordMany(-0.1, 1, kFastNs, &series);
  RecordMany(2.1, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series), ElementsAre(Pair(0, 1), Pair(1, 3), Pair(2, 1)));
}

TEST(SecondSeriesTest, PercentilesAreThoseOfTheSecond) {
  SecondSeries series = Started();
  RecordMany(0.5, 98, kFastNs, &series);
  RecordMany(0.6, 2, 500 * kNanosecondsPerMillisecond, &series);
  RecordMany(1.5, 99, 40 * kNanosecondsPerMillisecond, &series);
  RecordMany(2.5, 1, kFastNs, &series);
  const std::vector<SeriesInterval> intervals = series.Intervals();
  ASSERT_EQ(intervals.size(), 3U);
  EXPECT_NEAR(static_cast<double>(*intervals[0].p50_ns), 2e6, 2e4);
  EXPECT_NEAR(static_cast<double>(*intervals[0].p99_ns), 5e8, 5e6);
  EXPECT_NEAR(static_cast<double>(*intervals[1].p50_ns), 4e7, 4e5);
  // As many values as each percentile needs to show itself, or nothing.
  EXPECT_FALSE(intervals[1].p99_ns.has_value());
  EXPECT_FALSE(intervals[2].p50_ns.has_value());
}

TEST(SecondSeriesTest, LatenciesBeyondAHistogramsRangeCountAtItsEnd) {
  SecondSeries series = Started();
  RecordMany(0.5, 100, 100 * kNanosecondsPerSecond, &series);
  const std::vector<SeriesInterval> intervals = series.Intervals();
  ASSERT_EQ(intervals.size(), 1U);
  EXPECT_EQ(intervals[0].succeeded, 100);
  EXPECT_NEAR(static_cast<double>(*intervals[0].p50_ns), 60e9, 60e7);
  EXPECT_NEAR(static_cast<double>(*intervals[0].p99_ns), 60e9, 60e7);
}

TEST(SecondSeriesTest, ALongRunHasLongerIntervals) {
  SecondSeries series = Started();
  const int limit = static_cast<int>(SecondSeries::kMaxIntervals);
  for (int second = 0; second < limit; ++second)
    RecordMany(second, second % 3 + 1, kFastNs, &series);
  EXPECT_EQ(series.Intervals().size(), SecondSeries::kMaxIntervals);
  EXPECT_EQ(series.interval_ns(), kNanosecondsPerSecond);
  // One second more: each two neighbours become one.
  RecordMany(limit, 5, kFastNs, &series);
  const auto counts = Counts(series);
  EXPECT_EQ(series.interval_ns(), 2 * kNanosecondsPerSecond);
  ASSERT_EQ(counts.size(), SecondSeries::kMaxIntervals / 2 + 1);
  EXPECT_THAT(counts[0], Pair(0, 1 + 2));
  EXPECT_THAT(counts[1], Pair(2, 3 + 1));
  EXPECT_THAT(counts.back(), Pair(limit, 5));
  // What is recorded from then on goes into the longer ones.
  RecordMany(limit + 1.5, 1, kFastNs, &series);
  RecordMany(limit + 2, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series).back(), Pair(limit + 2, 1));
  EXPECT_THAT(Counts(series)[SecondSeries::kMaxIntervals / 2], Pair(limit, 6));
}

// A run with an operation every ten seconds: neighbours of two seconds are no fewer than those of
// one. It was doubled only once, and had more intervals than the limit.
TEST(SecondSeriesTest, ASparseRunKeepsTheLimitToo) {
  SecondSeries series = Started();
  for (int i = 0; i <= static_cast<int>(SecondSeries::kMaxIntervals); ++i) {
    RecordMany(10.0 * i, 1, kFastNs, &series);
  }
  EXPECT_LE(series.Intervals().size(), SecondSeries::kMaxIntervals);
  EXPECT_EQ(series.interval_ns(), 16 * kNanosecondsPerSecond);
}

TEST(SecondSeriesTest, StartingAgainForgetsTheLongIntervals) {
  SecondSeries series = Started();
  for (int i = 0; i <= static_cast<int>(SecondSeries::kMaxIntervals); ++i) {
    RecordMany(i, 1, kFastNs, &series);
  }
  EXPECT_EQ(series.Intervals().size(), SecondSeries::kMaxIntervals / 2 + 1);
  series.Start(kSeriesStartNs);
  RecordMany(1, 1, kFastNs, &series);
  EXPECT_THAT(Counts(series), ElementsAre(Pair(1, 1)));
}

TEST(SecondSeriesAddTest, PartsWithIntervalsOfDifferentLengths) {
  SecondSeries brief = Started();
  RecordMany(0.5, 1, kFastNs, &brief);
  RecordMany(1.5, 1, kFastNs, &brief);
  RecordMany(5.5, 1, kFastNs, &brief);
  SecondSeries long_one = Started();
  for (int i = 0; i <= static_cast<int>(SecondSeries::kMaxIntervals); ++i) {
    RecordMany(i, 1, kFastNs, &long_one);
  }
  SecondSeries sum = brief;
  sum.Add(long_one);
  SecondSeries other_way_round = long_one;
  other_way_round.Add(brief);
  EXPECT_EQ(All(sum), All(other_way_round));
  EXPECT_EQ(sum.interval_ns(), 2 * kNanosecondsPerSecond);
  const auto counts = Counts(sum);
  EXPECT_THAT(counts[0], Pair(0, 4));
  EXPECT_THAT(counts[1], Pair(2, 2));
  EXPECT_THAT(counts[2], Pair(4, 3));
}

TEST(SecondSeriesAddTest, BothMayGoOnRecording) {
  SecondSeries sum = Started();
  RecordMany(3.5, 1, kFastNs, &sum);
  SecondSeries part = Started();
  RecordMany(1.5, 1, kFastNs, &part);
  sum.Add(part);
  RecordMany(3.6, 1, kFastNs, &sum);
  RecordMany(1.6, 1, kFastNs, &part);
  EXPECT_THAT(Counts(sum), ElementsAre(Pair(1, 1), Pair(3, 2)));
  EXPECT_THAT(Counts(part), ElementsAre(Pair(1, 2)));
  sum.Add(sum);
  EXPECT_THAT(Counts(sum), ElementsAre(Pair(1, 2), Pair(3, 4)));
}

// However the operations of a run are shared out among its parts, and in whatever order these are
// added: the sum is what one series that saw all of them has. Some runs have so many seconds, close
// together or far apart, that the intervals of the parts and of the sum have other lengths.
TEST(SecondSeriesPropertyTest, PartsAddUpToTheWhole) {
  const std::vector<uint64_t> seeds = PropertySeeds();
  int longer_than_parts = 0;
  for (const uint64_t seed : seeds) {
    SCOPED_TRACE(seed);
    Random random(seed);
    SecondSeries whole = Started();
    std::vector<SecondSeries> parts(static_cast<size_t>(random.Between(2, 6)), Started());
    const int64_t longest_pause_ns = int64_t{1} << random.Between(10, 36);
    int64_t now_ns = kSeriesStartNs;
    for (int64_t left = random.Between(1, 9'000); left > 0; --left) {
      now_ns += random.Between(0, longest_pause_ns);
      const int64_t latency_ns = random.Between(0, int64_t{1} << random.Between(0, 37));
      whole.Record(now_ns, latency_ns);
      parts[random.Below(parts.size())].Record(now_ns, latency_ns);
    }
    random.Shuffle(&parts);
    SecondSeries sum = Started();
    for (const SecondSeries& part : parts) sum.Add(part);
    EXPECT_EQ(All(sum), All(whole));
    EXPECT_EQ(sum.interval_ns(), whole.interval_ns());
    EXPECT_LE(sum.Intervals().size(), SecondSeries::kMaxIntervals);
    longer_than_parts += sum.interval_ns() > parts[0].interval_ns() ? 1 : 0;
  }
  // Else the doubling was not tested.
  constexpr size_t kManySeeds = 40;
  if (seeds.size() >= kManySeeds) {
    EXPECT_GT(longer_than_parts, 0);
  }
}

TEST(SecondSeriesTest, ASavedSeriesIsReadAsItWas) {
  const SecondSeries series = SecondSeries::Restored(
      2 * kNanosecondsPerSecond, {{0, 7, 5, std::nullopt}, {4 * kNanosecondsPerSecond, 200, 6, 9}});
  EXPECT_EQ(series.interval_ns(), 2 * kNanosecondsPerSecond);
  const std::vector<SeriesInterval> intervals = series.Intervals();
  ASSERT_EQ(intervals.size(), 2U);
  EXPECT_EQ(intervals[0].succeeded, 7);
  EXPECT_EQ(intervals[1].p99_ns, 9);
}

}  // namespace
}  // namespace pgring
