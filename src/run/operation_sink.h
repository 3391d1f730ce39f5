// Where an operation goes when it has ended: counts, histograms, progress. One place for both
// runners. What is of the warm-up counts nowhere but in the verification.
//
// Borrows the context and the measured run. Not thread-safe: the blocking runner holds its mutex.
#ifndef PGRING_RUN_OPERATION_SINK_H_
#define PGRING_RUN_OPERATION_SINK_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "pgring/metrics/recorder.h"
#include "run/arrivals.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

// Who ran an operation, and how often it was begun.
struct Attempts {
  int client = 0;
  int tries = 0;
};

class OperationSink {
 public:
  OperationSink(const RunContext& context, Run* run);

  // The clock of the run starts. The measured phase begins at `measuring_from_ns`; no attempt
  // begins after `end_ns`.
  void StartClock(int64_t measuring_from_ns, int64_t end_ns);
  // The measured phase has begun, or, before its time, never will: all that is left counts then.
  void StartMeasuring(int64_t now_ns);
  bool measuring() const { return measuring_; }

  // Every operation is scheduled once, when it is due, and then ends in one of three ways.
  void Scheduled(const Arrival& arrival);
  void Succeeded(const Arrival& arrival, const OperationStamps& stamps, const Attempts& attempts);
  void Failed(const Arrival& arrival, const OperationStamps& stamps, const absl::Status& status,
              const Attempts& attempts);
  void Skipped(const Arrival& arrival, SkipReason reason, int64_t now_ns);

  // Where an operation counts what it reads.
  OperationTally* TallyOf(Phase phase) {
    return phase == Phase::kMeasured ? &run_->tally : &run_->warmup_tally;
  }

  // Whether an attempt that ended with `status` may be followed by another: serialization failures
  // and deadlocks, within the plan's tries and its latency limit.
  // Tells the error log where it may. Called without the blocking runner's mutex.
  bool MayRetry(const absl::Status& status, const Attempts& attempts, int64_t due_ns,
                int64_t now_ns) const;

  // Why an operation must not begin any more; nothing: it may.
  std::optional<SkipReason> ReasonToSkip(int64_t due_ns, int64_t now_ns) const {
    if (now_ns >= end_ns_) return SkipReason::kTimeUp;
    const bool too_late = context_.load.open_loop() && now_ns - due_ns > latency_limit_ns_;
    return too_late ? std::optional<SkipReason>(SkipReason::kTooLate) : std::nullopt;
  }

 private:
  void Ended(const OperationStamps& stamps, int tries);
  void Tell(ErrorOutcome outcome, const absl::Status& status, const Attempts& attempts) const;
  void Log(const Operation& operation, const OperationStamps& stamps, OperationEnd end,
           const Attempts& attempts, std::string_view failure_code);

  const RunContext& context_;
  Run* const run_;
  int64_t measuring_from_ns_ = 0;
  bool measuring_ = false;
  int64_t latency_limit_ns_ = kNoDeadlineNs;
  int64_t end_ns_ = kNoDeadlineNs;
};

}  // namespace pgring

#endif  // PGRING_RUN_OPERATION_SINK_H_
