// Latency histogram in HdrHistogram's layout: constant relative error over nine decades, a record
// in a few nanoseconds, no allocation after construction.
//
// Layout, index arithmetic and the percentile rule follow HdrHistogram (Gil Tene; the Java
// implementation's AbstractHistogram.java): the percentile rule is Java's, which takes the ceiling
// of the rank and so never under-reports.
//
// Values are nanoseconds. The defaults (1 ns .. 60 s, 3 significant digits) keep every value within
// 0.1 % and take 216 KiB. A longer value is not dropped: it is counted in overflow_count(), takes
// part in count(), Mean() and Max(), and ranks above every bucket.
//
// Copyable. Not thread-safe. Nothing here can fail; a parameter out of its range is a programmer
// error.
#ifndef PGRING_METRICS_HISTOGRAM_H_
#define PGRING_METRICS_HISTOGRAM_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"
#include "pgring/base/check.h"

namespace pgring {

class Archive;

class Histogram {
 public:
  static constexpr int64_t kHighestTrackableNs = 60'000'000'000;

  // The layout that every latency of pgring has: 1 ns .. 60 s, 3 digits.
  Histogram() : Histogram(1) {}
  // lowest_discernible >= 1, highest_trackable >= 2 * lowest_discernible, 1..5 digits. The layout's
  // unit is the power of two at or below lowest_discernible; unit and digits must fit 63 bits
  // together.
  explicit Histogram(int64_t lowest_discernible, int64_t highest_trackable = kHighestTrackableNs,
                     int significant_digits = 3);

  // What is wrong with these parameters of the constructor, as a sentence; null when nothing is.
  // For parameters that come from outside.
  static const char* LayoutProblem(int64_t lowest_discernible, int64_t highest_trackable,
                                   int significant_digits);

  // value >= 0. Allocates nothing.
  void Record(int64_t value) {
    PGRING_CHECK(value >= 0, "a histogram takes no negative value");
    ++count_;
    sum_ += value;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    if (value <= highest_trackable_) [[likely]] {
      ++counts_[static_cast<size_t>(IndexOf(value))];
    } else {
      ++overflow_count_;
    }
  }
  // The value 0, `times` >= 0 times.
  void RecordZeros(int64_t times) {
    if (times == 0) return;
    count_ += times;
    min_ = 0;
    counts_[0] += times;
  }

  // Adds `count` > 0 values of which only the bucket is known, as from an encoded histogram. They
  // count as HdrHistogram counts them: in Sum() and Mean() each as the middle of the bucket, in
  // Min() as its lowest value and in Max() as its highest. `index` lies within counts(), be
  // it of a value above highest_trackable(); count() stays below 2^63.
  void RecordBucket(int index, int64_t count);

  // Puts in place what buckets cannot tell, where it was saved beside them: the exact minimum,
  // maximum and mean. 0 <= least <= most, mean >= 0; the histogram is not empty.
  void RestoreExact(int64_t least, int64_t most, double mean);

  // Adds every count of `other`, which must have the same three parameters: merging unlike layouts
  // would bias values.
  void Add(const Histogram& other);

  void Reset();

  // Exact: what is read is equal in every figure to what was written. Reading fails on another
  // layout than that of `histogram`.
  friend void Archived(Archive* archive, Histogram* histogram);

  int64_t count() const { return count_; }
  int64_t overflow_count() const { return overflow_count_; }
  // Exact, not bucketed. 0 when empty.
  int64_t Min() const { return count_ == 0 ? 0 : min_; }
  int64_t Max() const { return max_; }
  // Sum of the values themselves, not of their buckets. Kept in whole numbers, so that the order in
  // which values and histograms are added makes no difference; rounded once, to the double.
  double Sum() const { return static_cast<double>(sum_); }
  double Mean() const { return count_ == 0 ? 0.0 : Sum() / static_cast<double>(count_); }

  // The highest value equivalent to the one at `percentile` (0..100), by the Java rule, within
  // Min() and Max(). Nothing when the histogram is empty or the rank falls among the overflowed
  // values. Percentile 0 is the minimum. Not limited by the sample size: see SupportedPercentile.
  std::optional<int64_t> ValueAtPercentile(double percentile) const;

  // As ValueAtPercentile, and nothing as well when the sample is too small to show it: a percentile
  // p needs at least 100 / (100 - p) values (p99 needs 100, p99.9 needs 1,000), so that at least
  // one recorded value lies at or beyond it. Percentile 100 is the maximum, which any sample shows.
  std::optional<int64_t> SupportedPercentile(double percentile) const;

  // Layout, public for tests and encoders. Index and value are inverse up to the bucket width:
  // ValueFromIndex(IndexOf(v)) == LowestEquivalent(v). Values lie in 0 .. highest_trackable().
  int IndexOf(int64_t value) const {
    const int shift = ShiftOf(value);
    return ((shift - unit_magnitude_) << sub_bucket_half_count_magnitude_) +
           static_cast<int>(value >> shift);
  }
  int64_t LowestEquivalent(int64_t value) const;
  int64_t HighestEquivalent(int64_t value) const;
  int64_t ValueFromIndex(int index) const;
  const std::vector<int64_t>& counts() const { return counts_; }
  int bucket_count() const { return bucket_count_; }
  int64_t lowest_discernible() const { return lowest_discernible_; }
  int64_t highest_trackable() const { return highest_trackable_; }
  int significant_digits() const { return significant_digits_; }

 private:
  // log2 of the width of the value's bucket.
  int ShiftOf(int64_t value) const {
    return static_cast<int>(std::bit_width(static_cast<uint64_t>(value | sub_bucket_mask_))) -
           (sub_bucket_half_count_magnitude_ + 1);
  }

  int64_t lowest_discernible_;
  int64_t highest_trackable_;
  int significant_digits_;
  int unit_magnitude_ = 0;
  int sub_bucket_half_count_magnitude_ = 0;
  int sub_bucket_count_ = 0;
  int sub_bucket_half_count_ = 0;
  int64_t sub_bucket_mask_ = 0;
  int bucket_count_ = 0;

  std::vector<int64_t> counts_;
  int64_t count_ = 0;
  int64_t overflow_count_ = 0;
  int64_t min_ = std::numeric_limits<int64_t>::max();
  int64_t max_ = 0;
  // Cannot overflow: fewer than 2^63 values below 2^63.
  absl::int128 sum_ = 0;
};

}  // namespace pgring

#endif  // PGRING_METRICS_HISTOGRAM_H_
