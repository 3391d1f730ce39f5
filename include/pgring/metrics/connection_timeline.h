// How many connections are open, being opened, in use and idle, and how many operations wait for
// one, as exact step functions of time: every state change is recorded when it happens, nothing is
// sampled.
//
// Peaks and means are exact whatever the length of the run. The steps themselves are kept exactly
// up to a fixed number of changes; beyond it the recorded ones are thinned with M4 (first, lowest,
// highest and last value of each time slice, separately for each gauge: Jugel et al., "M4: A
// Visualization-Oriented Time Series Data Aggregation", VLDB 2014), which keeps every peak. Each
// step that is left holds what was true at its moment, and recording goes on exactly from there.
//
// Owns its storage, which Start() reserves, so that the steady state allocates nothing. Copyable.
// Not thread-safe: the blocking runner guards it with its own mutex. Nothing here can fail;
// recording before Start() or taking a gauge below zero is a programmer error.
#ifndef PGRING_METRICS_CONNECTION_TIMELINE_H_
#define PGRING_METRICS_CONNECTION_TIMELINE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"

namespace pgring {

class Archive;

enum class ConnectionGauge : uint8_t { kOpen, kConnecting, kInUse, kWaiting };
inline constexpr size_t kConnectionGaugeCount = 4;

// The values that hold from `time_ns` (since Start) until the next step.
struct TimelineStep {
  int64_t time_ns = 0;
  std::array<int32_t, kConnectionGaugeCount> values{};

  int32_t value(ConnectionGauge gauge) const { return values[static_cast<size_t>(gauge)]; }
  int32_t idle() const { return value(ConnectionGauge::kOpen) - value(ConnectionGauge::kInUse); }

  friend bool operator==(const TimelineStep& left, const TimelineStep& right) = default;
};

// The values that hold now, for readers on other threads.
struct LiveGauges {
  std::array<std::atomic<int32_t>, kConnectionGaugeCount> values = {};

  int32_t value(ConnectionGauge gauge) const {
    return values[static_cast<size_t>(gauge)].load(std::memory_order_relaxed);
  }
};

class ConnectionTimeline {
 public:
  // The storage limit, in steps (24 MiB).
  static constexpr size_t kMaxSteps = size_t{1} << 20;
  // The smallest limit that thinning can keep.
  static constexpr size_t kMinMaxSteps = 64;

  // max_steps >= kMinMaxSteps.
  explicit ConnectionTimeline(size_t max_steps = kMaxSteps);

  // A finished one as it was saved, to be read: its steps, how long it lasted, and the exact peaks
  // and means, which thinned steps do not give. Steps in the order of time, none after the end.
  static ConnectionTimeline Restored(std::vector<TimelineStep> steps, int64_t duration_ns,
                                     const std::array<int32_t, kConnectionGaugeCount>& peaks,
                                     const std::array<double, kConnectionGaugeCount>& means);

  // Begins, or begins anew, at `now_ns` with everything at zero. Reserves room for `expected_steps`
  // changes (at most the limit).
  void Start(int64_t now_ns, size_t expected_steps);

  // From now on each change of a gauge is told to `live` as well, which outlives that; nullptr: not
  // any more.
  void PublishTo(LiveGauges* live) { live_ = live; }

  // Begins anew at `now_ns` with the gauges as they are: a warm-up is over.
  void StartAgain(int64_t now_ns);

  // Changes one gauge by `delta` at `now_ns`, which must not lie before the previous change (an
  // earlier time counts as the previous change's). No gauge may fall below zero. Several changes at
  // the same nanosecond make one step. Ignored after Finish: connections close after the measured
  // phase, and that is not part of the record.
  void Change(int64_t now_ns, ConnectionGauge gauge, int32_t delta);

  // Ends the recording; means are over [Start, Finish].
  void Finish(int64_t now_ns);

  // Adds what `other` recorded: parts of one run that were recorded separately, such as by several
  // workers, each change in one of them. Both must be finished, and their times of the same clock.
  // The sum is finished too: from the earlier Start to the later Finish, and gauge by gauge the sum
  // of both. A part counts as nothing before its own Start, and as its last values after its own
  // Finish, for nothing changed any more that it recorded.
  //
  // What one timeline would have that recorded the changes of both in the order of time:
  //   Current, Mean, DurationNs: the same, to the bit, in whatever order parts are added.
  //   Steps: the same, unless a part was thinned (its values between the steps that are left are
  //     gone; the sum is thinned() too). A sum of more steps than this timeline's limit is thinned
  //     as recording does it. One step that changes nothing may be missing: at the Start of a part
  //     that began later, if changes at that very nanosecond cancelled out.
  //   Peak: the highest value of any step of the sum, before it is thinned, or either part's own
  //     peak if that is higher. That is the same too unless, within one nanosecond, a gauge both
  //     rose and fell (in one part or across the two): the order is then not known, changes of
  //     different parts count as made at once, and the single timeline's peak may be higher, at
  //     most by what the gauge rose in that nanosecond. Of thinned parts it is an estimate.
  void Add(const ConnectionTimeline& other);

  // As if everything had happened so much later. After Finish.
  void Shift(int64_t by_ns);

  // Of a finished one, exact.
  friend void Archived(Archive* archive, ConnectionTimeline* timeline);

  int32_t Current(ConnectionGauge gauge) const;
  // The highest value ever reached, be it within one nanosecond; of a sum, see Add.
  int32_t Peak(ConnectionGauge gauge) const;
  // Time-weighted mean over the recorded span; 0 for an empty span.
  double Mean(ConnectionGauge gauge) const;
  int64_t DurationNs() const { return last_ns_ - start_ns_; }

  // Whether the steps had to be thinned.
  bool thinned() const { return thinned_; }

  // Gives back memory: keeps the steps that Steps(max_steps) gives, and no more room than they
  // need. After Finish.
  void Compact(size_t max_steps);

  // The steps as they are kept, the first at time 0; none before Start.
  const std::vector<TimelineStep>& steps() const { return steps_; }

  // The steps, the first at time 0. At most `max_steps` of them: more are thinned by M4 as above.
  // max_steps >= kMinMaxSteps. The time slices are as many as are sure to fit, so the result may be
  // shorter than asked.
  std::vector<TimelineStep> Steps(size_t max_steps) const;

 private:
  enum class Phase : uint8_t { kBeforeStart, kRecording, kFinished };

  // The area of one gauge up to `end_ns`, if nothing changes until then.
  absl::int128 AreaUntil(int64_t end_ns, size_t gauge) const;
  void Integrate(int64_t now_ns);
  void AppendStep(const TimelineStep& step);
  void MergeSteps(const std::vector<TimelineStep>& mine, int64_t my_offset_ns,
                  const std::vector<TimelineStep>& others, int64_t others_offset_ns);

  size_t max_steps_;
  LiveGauges* live_ = nullptr;
  Phase phase_ = Phase::kBeforeStart;
  int64_t start_ns_ = 0;
  int64_t last_ns_ = 0;
  bool thinned_ = false;
  std::array<int32_t, kConnectionGaugeCount> current_{};
  std::array<int32_t, kConnectionGaugeCount> peak_{};
  // Value x ns, in whole numbers: exact however many timelines are added, in whatever order.
  std::array<absl::int128, kConnectionGaugeCount> area_{};
  std::vector<TimelineStep> steps_;
};

}  // namespace pgring

#endif  // PGRING_METRICS_CONNECTION_TIMELINE_H_
