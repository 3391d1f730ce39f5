// Where an operation goes when it has ended: counts, histograms, progress. One place for both
// runners. What was scheduled before the measured phase counts nowhere but in the verification.
//
// Borrows the context and the measured run. Not thread-safe: the blocking runner holds its mutex.
#ifndef PGRING_RUN_OPERATION_SINK_H_
#define PGRING_RUN_OPERATION_SINK_H_

#include <cstdint>
#include <limits>

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

  // No attempt begins after that.
  void set_end_ns(int64_t end_ns) { end_ns_ = end_ns; }

  // What is scheduled before that is the warm-up's.
  void set_measuring_from_ns(int64_t measuring_from_ns) { measuring_from_ns_ = measuring_from_ns; }
  // The measured phase has begun, or, before its time, never will: all that is left counts then.
  void StartMeasuring(int64_t now_ns);
  bool measuring() const { return measuring_; }

  // Every operation is scheduled once and then ends in one of three ways.
  void Scheduled(const Operation& operation, int64_t scheduled_ns);
  void Succeeded(const Operation& operation, const OperationStamps& stamps,
                 const Attempts& attempts);
  void Failed(const Operation& operation, const OperationStamps& stamps, const absl::Status& status,
              const Attempts& attempts);
  void Skipped(const Operation& operation, int64_t scheduled_ns, int64_t now_ns);

  // Where an operation counts what it reads.
  OperationTally* TallyOf(int64_t scheduled_ns) {
    return Counts(scheduled_ns) ? &measured_->tally : &measured_->warmup_tally;
  }

  // Whether an attempt that ended with `status` may be followed by another: serialization failures
  // and deadlocks, within the plan's tries and its latency limit.
  bool MayRetry(const absl::Status& status, int tries, int64_t scheduled_ns, int64_t now_ns) const;

  // With a rate and a latency limit: too late to begin.
  bool IsTooLate(int64_t scheduled_ns, int64_t now_ns) const {
    return context_.load.open_loop() && now_ns - scheduled_ns > latency_limit_ns_;
  }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  bool Counts(int64_t scheduled_ns) const { return scheduled_ns >= measuring_from_ns_; }
  void Ended(const OperationStamps& stamps, int tries);
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
