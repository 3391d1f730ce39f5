#include "pgring/metrics/connection_depth.h"

#include <algorithm>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {

void DepthMeter::Start(int64_t now_ns) {
  start_ns_ = now_ns;
  for (Meter& meter : meters_) {
    meter.units = 0;
    meter.peak = meter.depth;
    meter.since_ns = now_ns;
    meter.area = 0;
  }
  slice_ns_ = kNanosecondsPerMillisecond;
  slice_ends_ns_ = advanced_ns_ = now_ns;
  slices_.clear();
  slices_.reserve(kMaxSlices);
  OpenSlice();
}

void DepthMeter::Change(size_t connection, int change, int64_t now_ns) {
  if (connection >= meters_.size()) {
    Meter unused;
    unused.since_ns = now_ns;
    meters_.resize(connection + 1, unused);
  }
  Meter& meter = meters_[connection];
  // Time does not run backwards, but two readings of the clock may come in another order.
  const int64_t at_ns = std::max(now_ns, meter.since_ns);
  meter.area += absl::int128(meter.depth) * (at_ns - meter.since_ns);
  meter.since_ns = at_ns;
  Advance(at_ns);
  meter.depth += change;
  total_ += change;
  PGRING_CHECK(meter.depth >= 0, "fewer than no units on a connection");
  meter.peak = std::max(meter.peak, meter.depth);
  if (!slices_.empty()) slices_.back().peak = std::max(slices_.back().peak, meter.depth);
  if (change > 0) ++meter.units;
}

void DepthMeter::OpenSlice() {
  if (slices_.size() == kMaxSlices) MergeSlices();
  Slice slice;
  for (const Meter& meter : meters_) slice.peak = std::max(slice.peak, meter.depth);
  slices_.push_back(slice);
  slice_ends_ns_ += slice_ns_;
}

void DepthMeter::MergeSlices() {
  for (size_t i = 0; i < slices_.size() / 2; ++i) {
    const Slice& first = slices_[2 * i];
    const Slice& second = slices_[2 * i + 1];
    slices_[i] = {first.area + second.area, std::max(first.peak, second.peak)};
  }
  slices_.resize(slices_.size() / 2);
  slice_ns_ *= 2;
}

void DepthMeter::Advance(int64_t now_ns) {
  if (slices_.empty()) return;
  while (now_ns >= slice_ends_ns_) {
    slices_.back().area += absl::int128(total_) * (slice_ends_ns_ - advanced_ns_);
    advanced_ns_ = slice_ends_ns_;
    OpenSlice();
  }
  slices_.back().area += absl::int128(total_) * (now_ns - advanced_ns_);
  advanced_ns_ = now_ns;
}

DepthOverTime DepthMeter::OverTime(int64_t now_ns) {
  DepthOverTime over_time;
  Advance(std::max(now_ns, advanced_ns_));
  over_time.slice_ns = slice_ns_;
  const auto connections = static_cast<double>(std::max<size_t>(meters_.size(), 1));
  for (size_t i = 0; i < slices_.size(); ++i) {
    // The last one is as long as it got.
    const bool is_last = i + 1 == slices_.size();
    const int64_t length_ns = is_last ? advanced_ns_ - (slice_ends_ns_ - slice_ns_) : slice_ns_;
    if (length_ns <= 0) break;
    over_time.slices.push_back(
        {static_cast<double>(slices_[i].area) / static_cast<double>(length_ns) / connections,
         slices_[i].peak});
  }
  return over_time;
}

std::vector<ConnectionDepth> DepthMeter::Get(int64_t now_ns) const {
  std::vector<ConnectionDepth> depths;
  for (const Meter& meter : meters_) {
    const int64_t end_ns = std::max(now_ns, meter.since_ns);
    const absl::int128 area = meter.area + absl::int128(meter.depth) * (end_ns - meter.since_ns);
    const double mean = end_ns > start_ns_
                            ? static_cast<double>(area) / static_cast<double>(end_ns - start_ns_)
                            : 0;
    depths.push_back({meter.units, meter.peak, mean});
  }
  return depths;
}

}  // namespace pgring
