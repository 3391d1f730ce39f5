#include "pgring/metrics/connection_timeline.h"

#include <algorithm>
#include <limits>

#include "pgring/base/check.h"

namespace pgring {
namespace {

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

}  // namespace

ConnectionTimeline::ConnectionTimeline(size_t max_steps) : max_steps_(max_steps) {
  PGRING_CHECK(max_steps >= kMinMaxSteps, "a timeline needs room for at least 64 steps");
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
  const int64_t time_ns = last_ns_ - start_ns_;
  if (steps_.back().time_ns == time_ns) {
    steps_.back().values = current_;
  } else {
    AppendStep(time_ns);
  }
}

void ConnectionTimeline::AppendStep(int64_t time_ns) {
  if (steps_.size() == max_steps_) {
    Thin(steps_, max_steps_ / kThinningFactor);
    thinned_ = true;
  }
  steps_.push_back(TimelineStep{time_ns, current_});
}

void ConnectionTimeline::Finish(int64_t now_ns) {
  PGRING_CHECK(phase_ != Phase::kBeforeStart, "ConnectionTimeline::Start comes before Finish");
  if (phase_ == Phase::kFinished) return;
  Integrate(now_ns);
  phase_ = Phase::kFinished;
}

void ConnectionTimeline::Integrate(int64_t now_ns) {
  if (now_ns <= last_ns_) return;
  const absl::int128 elapsed_ns = now_ns - last_ns_;
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    area_[gauge] += elapsed_ns * current_[gauge];
  }
  last_ns_ = now_ns;
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

std::vector<TimelineStep> ConnectionTimeline::Steps(size_t max_steps) const {
  PGRING_CHECK(max_steps >= kMinMaxSteps, "steps are asked for by 64 or more");
  std::vector<TimelineStep> steps = steps_;
  if (steps.size() > max_steps) Thin(steps, max_steps);
  return steps;
}

}  // namespace pgring
