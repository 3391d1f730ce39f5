#include "pgring/metrics/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "pgring/base/random.h"
#include "support/allocation_count.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::Optional;

constexpr int64_t kHourUs = 3'600'000'000;
constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

Histogram Of(std::initializer_list<int64_t> values) {
  Histogram histogram;
  for (const int64_t value : values) histogram.Record(value);
  return histogram;
}

// Sum of count x median equivalent value: HdrHistogram's own mean, which its vectors are given for.
double BucketMean(const Histogram& histogram) {
  double sum = 0;
  for (size_t index = 0; index < histogram.counts().size(); ++index) {
    const int64_t low = histogram.ValueFromIndex(static_cast<int>(index));
    const int64_t median = low + (histogram.HighestEquivalent(low) - low + 1) / 2;
    sum += static_cast<double>(histogram.counts()[index]) * static_cast<double>(median);
  }
  return sum / static_cast<double>(histogram.count());
}

struct LayoutCase {
  int64_t lowest;
  int64_t highest;
  int digits;
  int buckets;
  size_t counts;
};

TEST(HistogramTest, LayoutSizes) {
  // The first is asserted by HdrHistogram_c's own tests; the others were computed with that
  // library.
  const LayoutCase cases[] = {
      {1, kHourUs, 3, 22, 23552},           {1, 1000 * kHourUs, 3, 32, 33792},
      {1, kMinuteNs, 3, 26, 27648},         {1000, kMinuteNs, 3, 17, 18432},
      {1, kMinuteNs, 2, 29, 3840},          {1, kMaxInt64, 3, 53, 55296},
      {20'000, 1000 * kHourUs, 2, 21, 2816}};
  for (const LayoutCase& expected : cases) {
    const Histogram histogram(expected.lowest, expected.highest, expected.digits);
    EXPECT_EQ(histogram.bucket_count(), expected.buckets) << expected.lowest;
    EXPECT_EQ(histogram.counts().size(), expected.counts) << expected.lowest;
  }
}

struct IndexCase {
  int64_t value;
  int index;
  int64_t lowest;
  int64_t highest;
};

TEST(HistogramTest, PublishedIndexVectors) {
  const Histogram histogram(1, kHourUs, 3);
  const IndexCase cases[] = {{0, 0, 0, 0},
                             {1, 1, 1, 1},
                             {2047, 2047, 2047, 2047},
                             {2048, 2048, 2048, 2049},
                             {2049, 2048, 2048, 2049},
                             {4095, 3071, 4094, 4095},
                             {4096, 3072, 4096, 4099},
                             {8191, 4095, 8188, 8191},
                             {8192, 4096, 8192, 8199},
                             {1'000'000, 11169, 999'936, 1'000'447},
                             {100'000'000, 17909, 99'942'400, 100'007'935},
                             {kHourUs, 23220, 3'598'712'832, 3'600'809'983}};
  for (const IndexCase& expected : cases) {
    EXPECT_EQ(histogram.IndexOf(expected.value), expected.index) << expected.value;
    EXPECT_EQ(histogram.LowestEquivalent(expected.value), expected.lowest) << expected.value;
    EXPECT_EQ(histogram.HighestEquivalent(expected.value), expected.highest) << expected.value;
    EXPECT_EQ(histogram.ValueFromIndex(expected.index), expected.lowest) << expected.value;
  }
}

TEST(HistogramTest, EveryIndexAndItsValuesAreInverse) {
  const Histogram layouts[] = {Histogram(1, kHourUs, 3), Histogram(1000, kMinuteNs, 3),
                               Histogram(1, kMaxInt64, 2), Histogram(1, 1'000'000, 5)};
  for (const Histogram& histogram : layouts) {
    int64_t next_lowest = 0;
    for (int index = 0; index < static_cast<int>(histogram.counts().size()); ++index) {
      const int64_t lowest = histogram.ValueFromIndex(index);
      // The buckets follow each other without gap or overlap.
      ASSERT_EQ(lowest, next_lowest) << index;
      ASSERT_EQ(histogram.IndexOf(lowest), index);
      const int64_t highest = histogram.HighestEquivalent(lowest);
      ASSERT_EQ(histogram.IndexOf(highest), index);
      if (highest == kMaxInt64) break;
      next_lowest = highest + 1;
    }
  }
}

TEST(HistogramTest, KeepsThreeDigits) {
  const Histogram histogram;
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int64_t value = random.Between(1, kMinuteNs);
    const int64_t width = histogram.HighestEquivalent(value) - histogram.LowestEquivalent(value);
    EXPECT_LE(histogram.LowestEquivalent(value), value);
    EXPECT_LE(value, histogram.HighestEquivalent(value));
    EXPECT_LE(width, value / 1000);
  }
}

TEST(HistogramTest, PercentilesFollowTheJavaRule) {
  // The C library rounds the rank half up and answers 1 and 2: below what a third of the values
  // exceeds.
  const Histogram histogram = Of({1, 2, 3});
  EXPECT_THAT(histogram.ValueAtPercentile(0), Optional(1));
  EXPECT_THAT(histogram.ValueAtPercentile(33), Optional(1));
  EXPECT_THAT(histogram.ValueAtPercentile(34), Optional(2));
  EXPECT_THAT(histogram.ValueAtPercentile(50), Optional(2));
  EXPECT_THAT(histogram.ValueAtPercentile(67), Optional(3));
  EXPECT_THAT(histogram.ValueAtPercentile(100), Optional(3));
}

TEST(HistogramTest, RanksThatAreWholeAreNotRoundedUp) {
  // 99.9 / 100 * 1000 is a little more than 999 in floating point.
  Histogram histogram;
  for (int64_t value = 1; value <= 1'000; ++value) histogram.Record(value);
  EXPECT_THAT(histogram.ValueAtPercentile(99.9), Optional(999));
  EXPECT_THAT(histogram.ValueAtPercentile(99), Optional(990));
  EXPECT_THAT(histogram.ValueAtPercentile(90), Optional(900));
  EXPECT_THAT(histogram.ValueAtPercentile(50), Optional(500));
}

TEST(HistogramTest, PercentileZeroIsTheMinimum) {
  const Histogram histogram = Of({1'000'000, 1'000'001});
  EXPECT_EQ(histogram.LowestEquivalent(1'000'000), 999'936);
  EXPECT_THAT(histogram.ValueAtPercentile(0), Optional(1'000'000));
}

// A run of one second during which no connection could be had reported a p99 of 10,804,527,103 ns
// beside a maximum of 10,802,456,256 ns: the end of a bucket in which nothing was so long.
TEST(HistogramTest, NoPercentileLiesAboveTheMaximum) {
  Histogram histogram;
  for (int repeat = 0; repeat < 200; ++repeat) histogram.Record(10'802'456'256);
  EXPECT_EQ(histogram.HighestEquivalent(10'802'456'256), 10'804'527'103);
  EXPECT_THAT(histogram.SupportedPercentile(99), Optional(10'802'456'256));
  EXPECT_THAT(histogram.SupportedPercentile(100), Optional(10'802'456'256));
}

TEST(HistogramTest, PercentilesRiseFromTheMinimumToTheMaximum) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Histogram histogram;
    const int64_t lowest = int64_t{1} << random.Between(0, 34);
    for (int64_t left = random.Between(1, 50); left > 0; --left) {
      histogram.Record(random.Between(lowest, 2 * lowest));
    }
    int64_t last = histogram.Min();
    EXPECT_THAT(histogram.ValueAtPercentile(0), Optional(histogram.Min()));
    for (double percentile = 0; percentile <= 100; percentile += 0.5) {
      const std::optional<int64_t> value = histogram.ValueAtPercentile(percentile);
      ASSERT_TRUE(value.has_value());
      ASSERT_GE(*value, last) << percentile;
      ASSERT_LE(*value, histogram.Max()) << percentile;
      last = *value;
    }
    EXPECT_EQ(last, histogram.Max());
  }
}

TEST(HistogramTest, PublishedRawSample) {
  Histogram histogram(1, kHourUs, 3);
  for (int repeat = 0; repeat < 10'000; ++repeat) histogram.Record(1'000);
  histogram.Record(100'000'000);
  EXPECT_EQ(histogram.count(), 10'001);
  EXPECT_THAT(histogram.ValueAtPercentile(50), Optional(1'000));
  EXPECT_THAT(histogram.ValueAtPercentile(99.99), Optional(1'000));
  // Published as 100,007,935, the end of the bucket; ours never exceeds the maximum.
  EXPECT_EQ(histogram.HighestEquivalent(100'000'000), 100'007'935);
  EXPECT_THAT(histogram.ValueAtPercentile(100), Optional(100'000'000));
  EXPECT_NEAR(BucketMean(histogram), 10'996.417158, 1e-6);
  // Ours is of the values themselves.
  EXPECT_DOUBLE_EQ(histogram.Mean(), 110'000'000.0 / 10'001);
  EXPECT_EQ(histogram.Min(), 1'000);
  EXPECT_EQ(histogram.Max(), 100'000'000);
}

TEST(HistogramTest, PublishedCorrectedSample) {
  // The same sample as HdrHistogram records it with an expected interval of 10,000.
  Histogram histogram(1, kHourUs, 3);
  for (int repeat = 0; repeat < 10'000; ++repeat) histogram.Record(1'000);
  for (int64_t value = 100'000'000; value >= 10'000; value -= 10'000) histogram.Record(value);
  EXPECT_EQ(histogram.count(), 20'000);
  EXPECT_THAT(histogram.ValueAtPercentile(50), Optional(1'000));
  EXPECT_THAT(histogram.ValueAtPercentile(75), Optional(50'003'967));
  EXPECT_THAT(histogram.ValueAtPercentile(90), Optional(80'019'455));
  EXPECT_THAT(histogram.ValueAtPercentile(99), Optional(98'041'855));
  EXPECT_THAT(histogram.ValueAtPercentile(99.9), Optional(99'811'327));
  // Published as 100,007,935, the end of the bucket; ours never exceeds the maximum.
  EXPECT_THAT(histogram.ValueAtPercentile(99.99), Optional(100'000'000));
}

TEST(HistogramTest, PublishedMixedSample) {
  Histogram histogram(1, kHourUs, 3);
  for (const int64_t value : {0, 1, 2, 3, 2047, 2048, 2049, 4096, 1'000'000}) {
    histogram.Record(value);
  }
  EXPECT_EQ(histogram.count(), 9);
  // Published as 1,000,447, the end of the bucket; ours never exceeds the maximum.
  EXPECT_THAT(histogram.ValueAtPercentile(100), Optional(1'000'000));
  EXPECT_EQ(histogram.counts()[2048], 2);
  EXPECT_EQ(histogram.counts()[3072], 1);
  EXPECT_EQ(histogram.Min(), 0);
}

TEST(HistogramTest, PercentilesMatchTheSortedValues) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Histogram histogram;
    std::vector<int64_t> values;
    const int64_t highest = int64_t{1} << random.Between(1, 35);
    for (int64_t left = random.Between(1, 3'000); left > 0; --left) {
      values.push_back(random.Between(0, highest));
      histogram.Record(values.back());
    }
    std::sort(values.begin(), values.end());
    double sum = 0;
    for (const int64_t value : values) sum += static_cast<double>(value);
    EXPECT_DOUBLE_EQ(histogram.Sum(), sum);
    EXPECT_EQ(histogram.Min(), values.front());
    EXPECT_EQ(histogram.Max(), values.back());
    // Whole per mille, so that the rank can be had in whole numbers.
    for (int64_t per_mille = 1; per_mille <= 1'000; ++per_mille) {
      const int64_t size = static_cast<int64_t>(values.size());
      const int64_t rank = (per_mille * size + 999) / 1'000;
      const int64_t expected = std::min(
          histogram.HighestEquivalent(values[static_cast<size_t>(rank - 1)]), values.back());
      ASSERT_THAT(histogram.ValueAtPercentile(static_cast<double>(per_mille) / 10),
                  Optional(expected))
          << per_mille << " per mille of " << size;
    }
  }
}

TEST(HistogramTest, EmptyHasNoPercentiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.Min(), 0);
  EXPECT_EQ(histogram.Max(), 0);
  EXPECT_EQ(histogram.Mean(), 0.0);
  EXPECT_EQ(histogram.ValueAtPercentile(50), std::nullopt);
  EXPECT_EQ(histogram.SupportedPercentile(0), std::nullopt);
  EXPECT_EQ(histogram.SupportedPercentile(100), std::nullopt);
}

struct SupportCase {
  double percentile;
  int64_t needed;
};

TEST(HistogramTest, SupportedPercentilesNeedEnoughValues) {
  const SupportCase cases[] = {{0, 1},    {50, 2},       {90, 10},        {95, 20},
                               {99, 100}, {99.9, 1'000}, {99.99, 10'000}, {100, 1}};
  for (const SupportCase& support : cases) {
    Histogram histogram;
    for (int64_t recorded = 1; recorded < support.needed; ++recorded) histogram.Record(5);
    EXPECT_EQ(histogram.SupportedPercentile(support.percentile), std::nullopt)
        << support.percentile;
    histogram.Record(5);
    EXPECT_THAT(histogram.SupportedPercentile(support.percentile), Optional(5))
        << support.percentile;
  }
}

TEST(HistogramTest, ValuesBeyondTheRangeAreCountedAndRankHighest) {
  Histogram histogram;
  for (int repeat = 0; repeat < 8; ++repeat) histogram.Record(100);
  histogram.Record(kMinuteNs);
  EXPECT_EQ(histogram.overflow_count(), 0);
  histogram.Record(kMinuteNs + 1);
  EXPECT_EQ(histogram.overflow_count(), 1);
  EXPECT_EQ(histogram.count(), 10);
  EXPECT_EQ(histogram.Max(), kMinuteNs + 1);
  EXPECT_DOUBLE_EQ(histogram.Mean(), (800.0 + 2.0 * kMinuteNs + 1.0) / 10);
  EXPECT_THAT(histogram.ValueAtPercentile(80), Optional(100));
  EXPECT_THAT(histogram.ValueAtPercentile(90), Optional(kMinuteNs + 1));
  EXPECT_EQ(histogram.ValueAtPercentile(91), std::nullopt);
  EXPECT_EQ(histogram.ValueAtPercentile(100), std::nullopt);
}

TEST(HistogramTest, LongestValueThatCanBe) {
  Histogram histogram;
  histogram.Record(kMaxInt64);
  EXPECT_EQ(histogram.overflow_count(), 1);
  EXPECT_EQ(histogram.Min(), kMaxInt64);
  Histogram wide(1, kMaxInt64, 3);
  wide.Record(kMaxInt64);
  EXPECT_EQ(wide.overflow_count(), 0);
  EXPECT_THAT(wide.ValueAtPercentile(50), Optional(kMaxInt64));
}

TEST(HistogramTest, MergedIsAsIfRecordedTogether) {
  Random random(42);
  Histogram one, two, together;
  for (int repeat = 0; repeat < 5'000; ++repeat) {
    const int64_t value = random.Between(0, 2 * kMinuteNs);
    (random.Chance(0.3) ? one : two).Record(value);
    together.Record(value);
  }
  one.Add(two);
  EXPECT_EQ(one.counts(), together.counts());
  EXPECT_EQ(one.count(), together.count());
  EXPECT_GT(one.overflow_count(), 0);
  EXPECT_EQ(one.overflow_count(), together.overflow_count());
  EXPECT_EQ(one.Min(), together.Min());
  EXPECT_EQ(one.Max(), together.Max());
  EXPECT_EQ(one.Sum(), together.Sum());
}

TEST(HistogramTest, SumIsExactWhateverTheOrder) {
  // As doubles, 2^53 + 1 is 2^53 again: the order would decide whether the ones count.
  constexpr int64_t kBeyondDouble = int64_t{1} << 53;
  Histogram large_first, ones_first;
  large_first.Record(kBeyondDouble);
  for (int repeat = 0; repeat < 4; ++repeat) {
    large_first.Record(1);
    ones_first.Record(1);
  }
  ones_first.Record(kBeyondDouble);
  EXPECT_EQ(large_first.Sum(), static_cast<double>(kBeyondDouble + 4));
  EXPECT_EQ(ones_first.Sum(), large_first.Sum());
}

TEST(HistogramTest, MergingAnEmptyOneChangesNothing) {
  Histogram histogram = Of({7, 9});
  histogram.Add(Histogram());
  EXPECT_EQ(histogram.Min(), 7);
  EXPECT_EQ(histogram.Max(), 9);
  Histogram empty;
  empty.Add(histogram);
  EXPECT_EQ(empty.Min(), 7);
  EXPECT_EQ(empty.count(), 2);
}

TEST(HistogramTest, ResetForgetsEverything) {
  Histogram histogram = Of({7, kMinuteNs + 1});
  histogram.Reset();
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.overflow_count(), 0);
  EXPECT_EQ(histogram.Sum(), 0.0);
  EXPECT_EQ(histogram.Max(), 0);
  histogram.Record(100);
  EXPECT_EQ(histogram.Min(), 100);
  EXPECT_THAT(histogram.ValueAtPercentile(0.1), Optional(100));
}

TEST(HistogramTest, CanBeAssigned) {
  Histogram histogram;
  histogram = Of({5});
  EXPECT_EQ(histogram.count(), 1);
}

TEST(HistogramTest, RecordingAllocatesNothing) {
  Histogram histogram;
  const int64_t before = AllocationCount();
  for (int64_t value = 1; value < 2 * kMinuteNs; value *= 3) histogram.Record(value);
  EXPECT_EQ(AllocationCount(), before);
}

TEST(HistogramDeathTest, RefusesWhatItCannotKeep) {
  EXPECT_DEATH(Histogram(0), "at least 1");
  EXPECT_DEATH(Histogram(10, 19), "twice its lowest");
  EXPECT_DEATH(Histogram(1, 100, 0), "1 to 5");
  EXPECT_DEATH(Histogram(1, 100, 6), "1 to 5");
  EXPECT_DEATH(Histogram(int64_t{1} << 60, kMaxInt64, 3), "63 bits");
  Histogram histogram;
  EXPECT_DEATH(histogram.Record(-1), "negative");
  EXPECT_DEATH(histogram.Add(Histogram(1, kHourUs, 3)), "same layout");
  EXPECT_DEATH(histogram.ValueAtPercentile(101), "0 .. 100");
  EXPECT_DEATH(histogram.ValueAtPercentile(std::nan("")), "0 .. 100");
}

TEST(HistogramTest, ExactFiguresThatWereSavedComeBack) {
  Histogram histogram;
  histogram.RecordBucket(histogram.IndexOf(1'000'000), 3);
  histogram.RestoreExact(999'999, 1'000'001, 1'000'000.5);
  EXPECT_EQ(histogram.Min(), 999'999);
  EXPECT_EQ(histogram.Max(), 1'000'001);
  EXPECT_NEAR(histogram.Mean(), 1'000'000.5, 0.5);
}

}  // namespace
}  // namespace pgring
