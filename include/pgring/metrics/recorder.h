// What became of every operation of a run: four stamps, an outcome and a kind each, kept as
// histograms and counts. At the end of a run scheduled = succeeded + failed + skipped must hold:
// OperationSummary::Balanced().
//
// Stamps are monotonic nanoseconds, taken at the event:
//   scheduled  the limiter was asked (later: the open-loop schedule's time)
//   admitted   the limiter let the operation start
//   leased     a connection was in hand
//   finished   the result was in hand
// response = finished - scheduled, admission wait = admitted - scheduled,
// pool wait = leased - admitted, service = finished - leased. Latencies are of succeeded
// operations. Where operations share connections, service includes how long they were queued behind
// others on their connection: a figure of its own.
//
// Not thread-safe: the blocking runner guards it with its own mutex. Recording a success allocates
// nothing; recording a failure may (its code is a string). Nothing here can fail; a kind out of
// range or an end without a beginning is a programmer error.
#ifndef PGRING_METRICS_RECORDER_H_
#define PGRING_METRICS_RECORDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "pgring/metrics/histogram.h"
#include "pgring/metrics/second_series.h"

namespace pgring {

class Archive;

struct OperationStamps {
  int64_t scheduled_ns = 0;
  int64_t admitted_ns = 0;
  int64_t leased_ns = 0;
  int64_t finished_ns = 0;
  int64_t queued_ns = 0;  // a duration; 0 where connections are not shared
};

enum class LatencyPart : uint8_t { kResponse, kAdmissionWait, kPoolWait, kService, kQueued };
inline constexpr size_t kLatencyPartCount = 5;
// "response", "admission_wait", "pool_wait", "service", "queued": the names in result.json.
std::string_view LatencyPartName(LatencyPart part);

// Counts and latencies of one kind of operation, or of all of them together. About 1.1 MiB.
struct OperationSummary {
  int64_t scheduled = 0;
  int64_t succeeded = 0;
  int64_t failed = 0;
  int64_t skipped = 0;
  std::map<std::string, int64_t> failures;  // by SQLSTATE or cause
  std::array<Histogram, kLatencyPartCount> latency;

  const Histogram& part(LatencyPart p) const { return latency[static_cast<size_t>(p)]; }
  bool Balanced() const { return scheduled == succeeded + failed + skipped; }
  void Add(const OperationSummary& other);
};
void Archived(Archive* archive, OperationSummary* summary);

class Recorder {
 public:
  explicit Recorder(size_t kind_count);

  // What was saved of one, to be read and not to be recorded into: of each kind, of all kinds
  // together, second by second. Where histograms were not saved, they are made of a few percentiles
  // (keeps_distributions false), and nothing between these is true.
  static Recorder Restored(std::vector<OperationSummary> kinds, OperationSummary total,
                           SecondSeries seconds, bool keeps_distributions,
                           SecondSeries queued_seconds = SecondSeries());
  bool keeps_distributions() const { return keeps_distributions_; }

  // The measured phase begins at `now_ns`: from there the series of seconds count, that of what
  // operations were queued only where they share connections.
  void StartSeconds(int64_t now_ns, bool shares_connections = false) {
    seconds_.Start(now_ns);
    if (shares_connections) queued_seconds_.Start(now_ns);
  }

  // An operation of `kind` has been scheduled. Keeps the count of operations in the system, from
  // scheduled to ended, for Little's law.
  void Scheduled(size_t kind, int64_t now_ns);
  void Succeeded(size_t kind, const OperationStamps& stamps);
  // Only scheduled_ns and finished_ns matter: an operation may fail before it got a connection.
  void Failed(size_t kind, const OperationStamps& stamps, std::string_view code);
  // Scheduled at `scheduled_ns` but never started, because the run was interrupted. Leaves the
  // system at `now_ns`.
  void Skipped(size_t kind, int64_t scheduled_ns, int64_t now_ns);
  // As above, for an operation that was scheduled and skipped at the same moment.
  void Skipped(size_t kind, int64_t now_ns) { Skipped(kind, now_ns, now_ns); }

  size_t kind_count() const { return kinds_.size(); }
  const OperationSummary& kind(size_t index) const {
    RecordPending();
    return kinds_[index];
  }
  // Successes and their responses, second by second; empty without StartSeconds.
  const SecondSeries& seconds() const {
    RecordPending();
    return seconds_;
  }
  // The same of how long they were queued behind others.
  const SecondSeries& queued_seconds() const {
    RecordPending();
    return queued_seconds_;
  }
  // All kinds together. Valid until the next event.
  const OperationSummary& Total() const;

  // Adds what `other` recorded, whose kinds must be the same and whose stamps must be of the same
  // clock: parts of one run that were recorded separately, each operation whole in one of them.
  // Exact: every figure is then what one recorder that saw all operations would give, to the bit,
  // in whatever order parts are added. Both may go on recording.
  void Add(const Recorder& other);
  // As if everything had happened so much later: the clock of another part of the run.
  void Shift(int64_t by_ns);

  friend void Archived(Archive* archive, Recorder* recorder);

  int64_t succeeded() const { return succeeded_; }
  int64_t failed() const { return failed_; }

  // Mean number of operations in the system over [start_ns, end_ns], from the area under the count
  // that Scheduled/Succeeded/Failed/Skipped kept. The span must hold every recorded event. 0 for an
  // empty span.
  double MeanInSystem(int64_t start_ns, int64_t end_ns) const;
  // Sum over all ended operations (succeeded, failed and skipped) of the time that they spent in
  // the system, from their own stamps: the other side of Little's law.
  double SumTimeInSystemNs() const { return static_cast<double>(sum_time_in_system_ns_); }

 private:
  struct Success {
    size_t kind = 0;
    OperationStamps stamps;
  };
  // Pending operations of a kind that did not wait there, as most of a closed loop.
  struct Unwaited {
    int64_t admission = 0;
    int64_t pool = 0;
    int64_t queued = 0;
  };
  // Latencies go to the histograms so many at a time: between two operations of one connection the
  // histograms' memory is cold, and the next statement would wait for it.
  static constexpr size_t kMaxPending = 128;

  void RecordPending() const;
  OperationSummary& KindOf(size_t kind);
  // The area up to `end_ns`, if nothing changes until then.
  absl::int128 InSystemAreaUntil(int64_t end_ns) const;
  void ChangeInSystem(int64_t now_ns, int delta);
  void Leave(int64_t scheduled_ns, int64_t ended_ns);

  // Mutable: what is pending belongs into the histograms before anybody reads them.
  mutable std::vector<OperationSummary> kinds_;
  mutable std::array<Success, kMaxPending> pending_;
  mutable size_t pending_count_ = 0;
  mutable std::vector<Unwaited> unwaited_;  // by kind
  mutable SecondSeries seconds_;
  mutable SecondSeries queued_seconds_;
  // Worked out when it is asked for; never changed after that, so that copies may share it.
  mutable std::shared_ptr<OperationSummary> total_;
  mutable bool total_is_current_ = false;
  bool keeps_distributions_ = true;
  int64_t succeeded_ = 0;
  int64_t failed_ = 0;
  int64_t in_system_ = 0;
  int64_t in_system_since_ns_ = 0;
  // In whole numbers: exact in whatever order events come and recorders are added.
  absl::int128 in_system_area_ = 0;  // operations x ns
  absl::int128 sum_time_in_system_ns_ = 0;
};

}  // namespace pgring

#endif  // PGRING_METRICS_RECORDER_H_
