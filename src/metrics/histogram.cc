#include "pgring/metrics/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "pgring/base/archive.h"
#include "pgring/base/check.h"

namespace pgring {
namespace {

// HdrHistogram's own limit: beyond it the highest sub-bucket would need more than 63 bits.
constexpr int kMaxUnitPlusHalfMagnitude = 61;

int CeilLog2(uint64_t value) { return static_cast<int>(std::bit_width(value - 1)); }

int FloorLog2(uint64_t value) { return static_cast<int>(std::bit_width(value)) - 1; }

// log2 of half the sub-buckets of a bucket.
int HalfCountMagnitude(int significant_digits) {
  uint64_t largest_with_single_unit = 2;
  for (int digit = 0; digit < significant_digits; ++digit) largest_with_single_unit *= 10;
  return CeilLog2(largest_with_single_unit) - 1;
}

}  // namespace

Histogram::Histogram(int64_t lowest_discernible, int64_t highest_trackable, int significant_digits)
    : lowest_discernible_(lowest_discernible),
      highest_trackable_(highest_trackable),
      significant_digits_(significant_digits) {
  const char* problem = LayoutProblem(lowest_discernible, highest_trackable, significant_digits);
  PGRING_CHECK(problem == nullptr, problem);

  sub_bucket_half_count_magnitude_ = HalfCountMagnitude(significant_digits);
  sub_bucket_count_ = 1 << (sub_bucket_half_count_magnitude_ + 1);
  sub_bucket_half_count_ = sub_bucket_count_ / 2;
  unit_magnitude_ = FloorLog2(static_cast<uint64_t>(lowest_discernible));
  sub_bucket_mask_ = (int64_t{sub_bucket_count_} - 1) << unit_magnitude_;

  bucket_count_ = 1;
  // Unsigned, because the bound of the last bucket may be 2^63.
  for (uint64_t bound = static_cast<uint64_t>(sub_bucket_count_) << unit_magnitude_;
       bound <= static_cast<uint64_t>(highest_trackable); bound <<= 1) {
    ++bucket_count_;
  }
  counts_.resize((static_cast<size_t>(bucket_count_) + 1) *
                 static_cast<size_t>(sub_bucket_half_count_));
}

const char* Histogram::LayoutProblem(int64_t lowest_discernible, int64_t highest_trackable,
                                     int significant_digits) {
  if (lowest_discernible < 1) return "a histogram's lowest value is at least 1";
  if (highest_trackable / 2 < lowest_discernible) {
    return "a histogram's highest value is at least twice its lowest";
  }
  if (significant_digits < 1 || significant_digits > 5) {
    return "a histogram keeps 1 to 5 significant digits";
  }
  if (FloorLog2(static_cast<uint64_t>(lowest_discernible)) +
          HalfCountMagnitude(significant_digits) >
      kMaxUnitPlusHalfMagnitude) {
    return "a histogram's lowest value and digits must fit 63 bits together";
  }
  return nullptr;
}

void Histogram::RecordBucket(int index, int64_t count) {
  PGRING_CHECK(index >= 0 && static_cast<size_t>(index) < counts_.size(),
               "a histogram has no such bucket");
  PGRING_CHECK(count > 0 && count <= std::numeric_limits<int64_t>::max() - count_,
               "a histogram counts up to 63 bits");
  const int64_t lowest = ValueFromIndex(index);
  const int64_t highest = HighestEquivalent(lowest);
  counts_[static_cast<size_t>(index)] += count;
  count_ += count;
  // HdrHistogram's median equivalent value.
  sum_ += absl::int128(lowest + (highest - lowest + 1) / 2) * count;
  min_ = std::min(min_, lowest);
  max_ = std::max(max_, highest);
}

void Histogram::RestoreExact(int64_t least, int64_t most, double mean) {
  PGRING_CHECK(count_ > 0 && least >= 0 && least <= most && mean >= 0,
               "figures that no histogram has");
  min_ = least;
  max_ = most;
  sum_ = absl::int128(mean * static_cast<double>(count_) + 0.5);
}

void Histogram::Add(const Histogram& other) {
  PGRING_CHECK(lowest_discernible_ == other.lowest_discernible_ &&
                   highest_trackable_ == other.highest_trackable_ &&
                   significant_digits_ == other.significant_digits_,
               "only histograms of the same layout can be added");
  for (size_t index = 0; index < counts_.size(); ++index) counts_[index] += other.counts_[index];
  count_ += other.count_;
  overflow_count_ += other.overflow_count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

// The buckets that are not empty, each by its distance from the one before it.
void Archived(Archive* archive, Histogram* histogram) {
  std::vector<int64_t>& counts = histogram->counts_;
  size_t layout = counts.size();
  archive->Fields(&layout, &histogram->count_);
  if (layout != counts.size()) return archive->Fail("a histogram in it has another layout");
  if (histogram->count_ == 0) return;
  archive->Fields(&histogram->overflow_count_, &histogram->min_, &histogram->max_,
                  &histogram->sum_);
  if (histogram->count_ < 0 || histogram->overflow_count_ < 0 ||
      histogram->min_ > histogram->max_ || histogram->min_ < 0) {
    return archive->Fail("a histogram in it contradicts itself");
  }
  size_t filled = static_cast<size_t>(
      std::count_if(counts.begin(), counts.end(), [](int64_t count) { return count != 0; }));
  filled = archive->Count(filled);
  size_t place = 0;
  int64_t counted = histogram->overflow_count_;
  for (size_t number = 0; number < filled; ++number) {
    size_t gap = 0;
    while (!archive->reads() && counts[place + gap] == 0) ++gap;
    archive->Field(&gap);
    if (!archive->ok() || gap >= counts.size() - place) {
      return archive->Fail("a histogram in it has a bucket too many");
    }
    place += gap;
    archive->Field(&counts[place]);
    if (counts[place] < 0) return archive->Fail("a histogram in it does not add up");
    counted += counts[place++];
    if (place == counts.size() && number + 1 < filled) {
      return archive->Fail("a histogram in it has a bucket too many");
    }
  }
  if (counted != histogram->count_) archive->Fail("a histogram in it does not add up");
}

void Histogram::Reset() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  overflow_count_ = 0;
  sum_ = 0;
  min_ = std::numeric_limits<int64_t>::max();
  max_ = 0;
}

std::optional<int64_t> Histogram::ValueAtPercentile(double percentile) const {
  PGRING_CHECK(percentile >= 0.0 && percentile <= 100.0, "a percentile lies in 0 .. 100");
  if (count_ == 0) return std::nullopt;
  // One ulp less, so that a product such as 99.9 / 100 * 1000 that rounded up does not lift the
  // ceiling by a whole rank.
  const double just_below = std::max(std::nextafter(percentile, -1.0), 0.0);
  const double exact_rank = just_below * static_cast<double>(count_) / 100.0;
  const int64_t rank = std::max(int64_t{1}, static_cast<int64_t>(std::ceil(exact_rank)));
  int64_t seen = 0;
  for (size_t index = 0; index < counts_.size(); ++index) {
    seen += counts_[index];
    if (seen < rank) continue;
    const int64_t lowest = ValueFromIndex(static_cast<int>(index));
    // A bucket may reach beyond the values that lie in it.
    return std::clamp(percentile == 0.0 ? lowest : HighestEquivalent(lowest), min_, max_);
  }
  return std::nullopt;
}

std::optional<int64_t> Histogram::SupportedPercentile(double percentile) const {
  // 100 - 99.9 is not quite 0.1: without the tolerance p99.9 would ask for 1,001 values.
  constexpr double kTolerance = 1e-9;
  const double values_beyond = static_cast<double>(count_) * (100.0 - percentile) / 100.0;
  if (percentile < 100.0 && values_beyond < 1.0 - kTolerance) return std::nullopt;
  return ValueAtPercentile(percentile);
}

int64_t Histogram::LowestEquivalent(int64_t value) const {
  const int shift = ShiftOf(value);
  return (value >> shift) << shift;
}

int64_t Histogram::HighestEquivalent(int64_t value) const {
  const int shift = ShiftOf(value);
  return LowestEquivalent(value) + ((int64_t{1} << shift) - 1);
}

int64_t Histogram::ValueFromIndex(int index) const {
  int bucket = (index >> sub_bucket_half_count_magnitude_) - 1;
  int sub_bucket = (index & (sub_bucket_half_count_ - 1)) + sub_bucket_half_count_;
  if (bucket < 0) {
    sub_bucket -= sub_bucket_half_count_;
    bucket = 0;
  }
  return int64_t{sub_bucket} << (bucket + unit_magnitude_);
}

}  // namespace pgring
