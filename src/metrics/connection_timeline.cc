#include "pgring/metrics/connection_timeline.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "pgring/base/archive.h"
#include "pgring/base/check.h"

namespace pgring {
namespace {

using GaugeValues = std::array<int32_t, kConnectionGaugeCount>;

// What M4 keeps of one time slice at most: its first and last step, and the lowest and highest of
// each gauge.
constexpr size_t kStepsPerSlice = 2 + 2 * kConnectionGaugeCount;

// Storage that is full is thinned to this part of it, so that thinning is rare.
constexpr size_t kThinningFactor = 4;

static_assert(ConnectionTimeline::kMinMaxSteps / kThinningFactor >= kStepsPerSlice,
              "the smallest storage must hold one slice after thinning");
static_assert(ConnectionTimeline::kMaxSteps >= ConnectionTimeline::kMinMaxSteps);

// Moves what M4 keeps of steps[begin, end) to steps[kept], in order, and returns the new `kept`.
// Never overtakes what it reads, since kept <= begin.
size_t KeepSlice(std::vector<TimelineStep>& steps, size_t begin, size_t end, size_t kept) {
  std::array<size_t, kStepsPerSlice> chosen = {};
  size_t chosen_count = 0;
  chosen[chosen_count++] = begin;
  chosen[chosen_count++] = end - 1;
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    size_t lowest = begin;
    size_t highest = begin;
    for (size_t index = begin + 1; index < end; ++index) {
      if (steps[index].values[gauge] < steps[lowest].values[gauge]) lowest = index;
      if (steps[index].values[gauge] > steps[highest].values[gauge]) highest = index;
    }
    chosen[chosen_count++] = lowest;
    chosen[chosen_count++] = highest;
  }
  std::sort(chosen.begin(), chosen.end());
  const auto chosen_end = std::unique(chosen.begin(), chosen.end());
  for (auto index = chosen.begin(); index != chosen_end; ++index) steps[kept++] = steps[*index];
  return kept;
}

// Thins `steps` in place, without allocating, to at most `max_steps` of them.
void Thin(std::vector<TimelineStep>& steps, size_t max_steps) {
  const int64_t slice_count = static_cast<int64_t>(max_steps / kStepsPerSlice);
  // Rounded up, so that the last step's slice is below slice_count.
  const int64_t slice_ns = steps.back().time_ns / slice_count + 1;
  size_t kept = 0;
  for (size_t begin = 0; begin < steps.size();) {
    const int64_t slice_end_ns = (steps[begin].time_ns / slice_ns + 1) * slice_ns;
    size_t end = begin + 1;
    while (end < steps.size() && steps[end].time_ns < slice_end_ns) ++end;
    kept = KeepSlice(steps, begin, end, kept);
    begin = end;
  }
  steps.resize(kept);
}

GaugeValues SumOf(const GaugeValues& left, const GaugeValues& right) {
  GaugeValues sum = {};
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    const int64_t value = int64_t{left[gauge]} + right[gauge];
    PGRING_CHECK(value <= std::numeric_limits<int32_t>::max(), "a connection gauge overflowed");
    sum[gauge] = static_cast<int32_t>(value);
  }
  return sum;
}

// One part's values as time goes on, on the clock of the sum: zero before its first step.
class StepCursor {
 public:
  StepCursor(const std::vector<TimelineStep>& steps, int64_t offset_ns)
      : next_(steps.begin()), end_(steps.end()), offset_ns_(offset_ns) {
    // A part that begins later, with nothing: no change that the sum would know of. At the sum's
    // own time 0 there is always a step.
    if (offset_ns > 0 && next_->values == GaugeValues{}) ++next_;
  }

  bool AtEnd() const { return next_ == end_; }
  int64_t NextTimeNs() const {
    return AtEnd() ? std::numeric_limits<int64_t>::max() : next_->time_ns + offset_ns_;
  }
  void AdvanceTo(int64_t time_ns) {
    if (AtEnd() || NextTimeNs() > time_ns) return;
    values_ = next_->values;
    ++next_;
  }
  const GaugeValues& values() const { return values_; }

 private:
  std::vector<TimelineStep>::const_iterator next_;
  std::vector<TimelineStep>::const_iterator end_;
  int64_t offset_ns_;
  GaugeValues values_ = {};
};

}  // namespace

ConnectionTimeline::ConnectionTimeline(size_t max_steps) : max_steps_(max_steps) {
  PGRING_CHECK(max_steps >= kMinMaxSteps, "a timeline needs room for at least 64 steps");
}

ConnectionTimeline ConnectionTimeline::Restored(
    std::vector<TimelineStep> steps, int64_t duration_ns,
    const std::array<int32_t, kConnectionGaugeCount>& peaks,
    const std::array<double, kConnectionGaugeCount>& means) {
  ConnectionTimeline timeline;
  timeline.phase_ = Phase::kFinished;
  timeline.last_ns_ = duration_ns;
  timeline.peak_ = peaks;
  if (!steps.empty()) timeline.current_ = steps.back().values;
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    timeline.area_[gauge] = absl::int128(means[gauge] * static_cast<double>(duration_ns) + 0.5);
  }
  timeline.steps_ = std::move(steps);
  return timeline;
}

void ConnectionTimeline::Start(int64_t now_ns, size_t expected_steps) {
  phase_ = Phase::kRecording;
  start_ns_ = now_ns;
  last_ns_ = now_ns;
  thinned_ = false;
  current_.fill(0);
  peak_.fill(0);
  area_.fill(0);
  steps_.clear();
  // One more than the changes: the step at time 0.
  steps_.reserve(std::min(expected_steps, max_steps_ - 1) + 1);
  steps_.push_back(TimelineStep{});
}

void ConnectionTimeline::StartAgain(int64_t now_ns) {
  PGRING_CHECK(phase_ == Phase::kRecording, "a timeline that was not started begins anew");
  start_ns_ = now_ns;
  last_ns_ = now_ns;
  thinned_ = false;
  peak_ = current_;
  area_.fill(0);
  steps_.clear();
  steps_.push_back(TimelineStep{0, current_});
}

void ConnectionTimeline::Change(int64_t now_ns, ConnectionGauge gauge, int32_t delta) {
  PGRING_CHECK(phase_ != Phase::kBeforeStart, "ConnectionTimeline::Start comes before Change");
  if (phase_ == Phase::kFinished) return;
  Integrate(now_ns);
  const size_t index = static_cast<size_t>(gauge);
  const int64_t value = int64_t{current_[index]} + delta;
  PGRING_CHECK(value >= 0, "a connection gauge fell below zero");
  PGRING_CHECK(value <= std::numeric_limits<int32_t>::max(), "a connection gauge overflowed");
  current_[index] = static_cast<int32_t>(value);
  peak_[index] = std::max(peak_[index], current_[index]);
  if (live_ != nullptr) live_->values[index].store(current_[index], std::memory_order_relaxed);
  const int64_t time_ns = last_ns_ - start_ns_;
  if (steps_.back().time_ns == time_ns) {
    steps_.back().values = current_;
  } else {
    AppendStep(TimelineStep{time_ns, current_});
  }
}

void ConnectionTimeline::AppendStep(const TimelineStep& step) {
  if (steps_.size() == max_steps_) {
    Thin(steps_, max_steps_ / kThinningFactor);
    thinned_ = true;
  }
  steps_.push_back(step);
}

void ConnectionTimeline::Finish(int64_t now_ns) {
  PGRING_CHECK(phase_ != Phase::kBeforeStart, "ConnectionTimeline::Start comes before Finish");
  if (phase_ == Phase::kFinished) return;
  Integrate(now_ns);
  phase_ = Phase::kFinished;
}

void ConnectionTimeline::Integrate(int64_t now_ns) {
  if (now_ns <= last_ns_) return;
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    area_[gauge] = AreaUntil(now_ns, gauge);
  }
  last_ns_ = now_ns;
}

absl::int128 ConnectionTimeline::AreaUntil(int64_t end_ns, size_t gauge) const {
  return area_[gauge] + absl::int128(end_ns - last_ns_) * current_[gauge];
}

void ConnectionTimeline::Add(const ConnectionTimeline& other) {
  PGRING_CHECK(phase_ == Phase::kFinished && other.phase_ == Phase::kFinished,
               "only timelines that are finished can be added");
  const int64_t begin_ns = std::min(start_ns_, other.start_ns_);
  const int64_t end_ns = std::max(last_ns_, other.last_ns_);
  thinned_ = thinned_ || other.thinned_;
  const std::vector<TimelineStep> mine = std::move(steps_);
  // A timeline may be added to itself.
  const std::vector<TimelineStep>& others = &other == this ? mine : other.steps_;
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    peak_[gauge] = std::max(peak_[gauge], other.peak_[gauge]);
    area_[gauge] = AreaUntil(end_ns, gauge) + other.AreaUntil(end_ns, gauge);
  }
  MergeSteps(mine, start_ns_ - begin_ns, others, other.start_ns_ - begin_ns);
  current_ = SumOf(current_, other.current_);
  start_ns_ = begin_ns;
  last_ns_ = end_ns;
}

void ConnectionTimeline::MergeSteps(const std::vector<TimelineStep>& mine, int64_t my_offset_ns,
                                    const std::vector<TimelineStep>& others,
                                    int64_t others_offset_ns) {
  steps_.clear();
  steps_.reserve(std::min(mine.size() + others.size(), max_steps_));
  StepCursor left(mine, my_offset_ns);
  StepCursor right(others, others_offset_ns);
  while (!left.AtEnd() || !right.AtEnd()) {
    const int64_t time_ns = std::min(left.NextTimeNs(), right.NextTimeNs());
    left.AdvanceTo(time_ns);
    right.AdvanceTo(time_ns);
    const TimelineStep step = {time_ns, SumOf(left.values(), right.values())};
    for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
      peak_[gauge] = std::max(peak_[gauge], step.values[gauge]);
    }
    AppendStep(step);
  }
}

void ConnectionTimeline::Shift(int64_t by_ns) {
  PGRING_CHECK(phase_ == Phase::kFinished, "only a timeline that is finished is moved");
  start_ns_ += by_ns;
  last_ns_ += by_ns;
}

namespace {

// So many of them can be added a thousand times.
constexpr int32_t kMostRead = 2'000'000;

}  // namespace

// Steps as differences, most of which are a byte. A finished timeline has at least one.
void Archived(Archive* archive, ConnectionTimeline* timeline) {
  PGRING_CHECK(archive->reads() || timeline->phase_ == ConnectionTimeline::Phase::kFinished,
               "only a timeline that is finished is written");
  timeline->phase_ = ConnectionTimeline::Phase::kFinished;
  archive->Fields(&timeline->start_ns_, &timeline->last_ns_, &timeline->thinned_,
                  &timeline->current_, &timeline->peak_, &timeline->area_);
  constexpr int64_t kLongestNs = int64_t{1} << 62;
  if (timeline->start_ns_ < -kLongestNs || timeline->last_ns_ > kLongestNs ||
      timeline->start_ns_ > timeline->last_ns_) {
    return archive->Fail("a timeline in it leaves its time");
  }
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    if (timeline->current_[gauge] < 0 || timeline->current_[gauge] > kMostRead ||
        timeline->peak_[gauge] < 0 || timeline->peak_[gauge] > kMostRead) {
      return archive->Fail("a timeline in it has a count that cannot be");
    }
  }
  std::vector<TimelineStep>& steps = timeline->steps_;
  const size_t count = archive->Count(steps.size());
  if (count == 0) return archive->Fail("a timeline in it is empty");
  if (archive->reads()) steps.assign(std::min(count, timeline->max_steps_), TimelineStep{});
  TimelineStep before;
  for (TimelineStep& step : steps) {
    TimelineStep change;
    change.time_ns = step.time_ns - before.time_ns;
    for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
      change.values[gauge] = step.values[gauge] - before.values[gauge];
    }
    archive->Fields(&change.time_ns, &change.values);
    if (archive->reads()) {
      if (change.time_ns < 0 || change.time_ns > timeline->DurationNs() - before.time_ns) {
        return archive->Fail("a timeline in it leaves its time");
      }
      step.time_ns = before.time_ns + change.time_ns;
      for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
        const int64_t value = int64_t{before.values[gauge]} + change.values[gauge];
        if (value < 0 || value > kMostRead) {
          return archive->Fail("a timeline in it has a count that cannot be");
        }
        step.values[gauge] = static_cast<int32_t>(value);
      }
    }
    if (!archive->ok()) return;
    before = step;
  }
}

int32_t ConnectionTimeline::Current(ConnectionGauge gauge) const {
  return current_[static_cast<size_t>(gauge)];
}

int32_t ConnectionTimeline::Peak(ConnectionGauge gauge) const {
  return peak_[static_cast<size_t>(gauge)];
}

double ConnectionTimeline::Mean(ConnectionGauge gauge) const {
  if (DurationNs() == 0) return 0;
  return static_cast<double>(area_[static_cast<size_t>(gauge)]) / static_cast<double>(DurationNs());
}

void ConnectionTimeline::Compact(size_t max_steps) {
  PGRING_CHECK(phase_ != Phase::kRecording, "a timeline is compacted when it is finished");
  std::vector<TimelineStep> kept = Steps(max_steps);
  thinned_ = thinned_ || kept.size() < steps_.size();
  kept.shrink_to_fit();
  steps_ = std::move(kept);
}

std::vector<TimelineStep> ConnectionTimeline::Steps(size_t max_steps) const {
  PGRING_CHECK(max_steps >= kMinMaxSteps, "steps are asked for by 64 or more");
  std::vector<TimelineStep> steps = steps_;
  if (steps.size() > max_steps) Thin(steps, max_steps);
  return steps;
}

}  // namespace pgring
