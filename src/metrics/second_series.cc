#include "pgring/metrics/second_series.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "pgring/base/archive.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr int kDigits = 2;

Histogram EmptyHistogram() { return Histogram(1, Histogram::kHighestTrackableNs, kDigits); }

}  // namespace

SecondSeries::SecondSeries() : interval_ns_(kNanosecondsPerSecond), histogram_(EmptyHistogram()) {}

SecondSeries SecondSeries::Restored(int64_t interval_ns, std::vector<SeriesInterval> intervals) {
  PGRING_CHECK(interval_ns > 0, "intervals take time");
  SecondSeries series;
  series.interval_ns_ = interval_ns;
  series.restored_ = std::move(intervals);
  return series;
}

void SecondSeries::Start(int64_t now_ns) {
  started_ = true;
  start_ns_ = now_ns;
  interval_ns_ = kNanosecondsPerSecond;
  present_ = 0;
  present_ends_ns_ = now_ns + interval_ns_;
  histogram_.Reset();
  closed_.clear();
}

void SecondSeries::Record(int64_t finished_ns, int64_t latency_ns) {
  if (!started_) return;
  if (finished_ns >= present_ends_ns_) [[unlikely]] {
    ClosePresent();
    present_ = (finished_ns - start_ns_) / interval_ns_;
    present_ends_ns_ = start_ns_ + (present_ + 1) * interval_ns_;
  }
  // What is longer than a histogram holds is in its last bucket: a second has no room for more.
  histogram_.Record(std::min(latency_ns, histogram_.highest_trackable()));
}

void SecondSeries::ClosePresent() const {
  if (histogram_.count() == 0) return;
  Buckets buckets;
  const std::vector<int64_t>& counts = histogram_.counts();
  for (size_t index = 0; index < counts.size(); ++index) {
    if (counts[index] > 0) buckets.emplace_back(static_cast<int32_t>(index), counts[index]);
  }
  AddTo(&closed_[present_], buckets);
  histogram_.Reset();
  while (closed_.size() > kMaxIntervals) DoubleIntervals();
}

void SecondSeries::DoubleIntervals() const {
  std::map<int64_t, Buckets> doubled;
  for (const auto& [interval, buckets] : closed_) AddTo(&doubled[interval / 2], buckets);
  closed_ = std::move(doubled);
  interval_ns_ *= 2;
  present_ /= 2;
  present_ends_ns_ = start_ns_ + (present_ + 1) * interval_ns_;
}

void SecondSeries::AddTo(Buckets* sum, const Buckets& buckets) {
  Buckets merged;
  merged.reserve(sum->size() + buckets.size());
  auto left = sum->begin();
  auto right = buckets.begin();
  while (left != sum->end() || right != buckets.end()) {
    if (right == buckets.end() || (left != sum->end() && left->first < right->first)) {
      merged.push_back(*left++);
    } else if (left == sum->end() || right->first < left->first) {
      merged.push_back(*right++);
    } else {
      merged.emplace_back(left->first, left->second + right->second);
      ++left;
      ++right;
    }
  }
  *sum = std::move(merged);
}

void SecondSeries::Add(const SecondSeries& other) {
  ClosePresent();
  other.ClosePresent();
  const std::map<int64_t, Buckets> others = other.closed_;
  while (interval_ns_ < other.interval_ns_) DoubleIntervals();
  const int64_t times_longer = interval_ns_ / other.interval_ns_;
  for (const auto& [interval, buckets] : others) AddTo(&closed_[interval / times_longer], buckets);
  while (closed_.size() > kMaxIntervals) DoubleIntervals();
}

void Archived(Archive* archive, SecondSeries* series) {
  if (!archive->reads()) series->ClosePresent();
  archive->Fields(&series->started_, &series->start_ns_, &series->interval_ns_, &series->present_,
                  &series->present_ends_ns_, &series->closed_);
  // A second, doubled some times: what is added must be of the same kind.
  const auto seconds = static_cast<uint64_t>(series->interval_ns_ / kNanosecondsPerSecond);
  constexpr uint64_t kLongestS = uint64_t{1} << 30;
  if (series->interval_ns_ % kNanosecondsPerSecond != 0 || !std::has_single_bit(seconds) ||
      seconds > kLongestS) {
    archive->Fail("a series in it has intervals that there are not");
  }
  const auto buckets = static_cast<int64_t>(series->histogram_.counts().size());
  for (const auto& [interval, counts] : series->closed_) {
    for (const auto& [index, count] : counts) {
      if (index < 0 || index >= buckets || count <= 0) {
        archive->Fail("a series in it has a bucket that there is not");
      }
    }
  }
}

std::vector<SeriesInterval> SecondSeries::Intervals() const {
  if (!restored_.empty()) return restored_;
  ClosePresent();
  std::vector<SeriesInterval> intervals;
  Histogram histogram = EmptyHistogram();
  for (const auto& [interval, buckets] : closed_) {
    histogram.Reset();
    for (const auto& [index, count] : buckets) histogram.RecordBucket(index, count);
    intervals.push_back({interval * interval_ns_, histogram.count(),
                         histogram.SupportedPercentile(50), histogram.SupportedPercentile(99)});
  }
  return intervals;
}

}  // namespace pgring
