// Where an operation goes when it has ended: counts, histograms, progress. One place for both
// runners. What was scheduled before the measured phase counts nowhere but in the verification.
//
// Borrows the context and the measured run. Not thread-safe: the blocking runner holds its mutex.
#ifndef PGRING_RUN_OPERATION_SINK_H_
#define PGRING_RUN_OPERATION_SINK_H_

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "pgring/metrics/recorder.h"
#include "run/measured_run.h"

namespace pgring {

// Who ran an operation, and how often it was begun.
struct Attempts {
  int client = 0;
  int tries = 0;
};

class OperationSink {
 public:
  OperationSink(const RunContext& context, MeasuredRun* measured);

  // The clock of the run starts. What is scheduled before `measuring_from_ns` is the warm-up's; no
  // attempt begins after `end_ns`.
  void StartClock(int64_t measuring_from_ns, int64_t end_ns);
  // The measured phase has begun, or, before its time, never will: all that is left counts then.
  void StartMeasuring(int64_t now_ns);
  bool measuring() const { return measuring_; }

  // Every operation is scheduled once and then ends in one of three ways.
  void Scheduled(const Operation& operation, int64_t scheduled_ns);
  void Succeeded(const Operation& operation, const OperationStamps& stamps,
                 const Attempts& attempts);
  void Failed(const Operation& operation, const OperationStamps& stamps, const absl::Status& status,
              const Attempts& attempts);
  void Skipped(const Operation& operation, SkipReason reason, int64_t scheduled_ns, int64_t now_ns);

  // Where an operation counts what it reads.
  OperationTally* TallyOf(int64_t scheduled_ns) {
    return Counts(scheduled_ns) ? &measured_->tally : &measured_->warmup_tally;
  }

  // Whether an attempt that ended with `status` may be followed by another: serialization failures
  // and deadlocks, within the plan's tries and its latency limit.
  // Tells the error log where it may. Called without the blocking runner's mutex.
  bool MayRetry(const absl::Status& status, const Attempts& attempts, int64_t scheduled_ns,
                int64_t now_ns) const;

  // Why an operation must not begin any more; nothing: it may.
  std::optional<SkipReason> ReasonToSkip(int64_t scheduled_ns, int64_t now_ns) const {
    if (now_ns >= end_ns_) return SkipReason::kTimeUp;
    const bool too_late = context_.load.open_loop() && now_ns - scheduled_ns > latency_limit_ns_;
    return too_late ? std::optional<SkipReason>(SkipReason::kTooLate) : std::nullopt;
  }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  bool Counts(int64_t scheduled_ns) const { return scheduled_ns >= measuring_from_ns_; }
  void Ended(const OperationStamps& stamps, int tries);
  void Tell(ErrorOutcome outcome, const absl::Status& status, const Attempts& attempts) const;
  void Log(const Operation& operation, const OperationStamps& stamps, OperationEnd end,
           const Attempts& attempts, std::string_view failure_code);

  const RunContext& context_;
  MeasuredRun* const measured_;
  int64_t measuring_from_ns_ = 0;
  bool measuring_ = false;
  int64_t latency_limit_ns_ = kNever;
  int64_t end_ns_ = kNever;
};

}  // namespace pgring

#endif  // PGRING_RUN_OPERATION_SINK_H_
