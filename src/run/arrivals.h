// Which operation is next, when it is due, and of which phase it is: from the list that every
// scenario shares, in a closed loop (due when there is room for it) or an open one (due on a
// schedule that the seed fixes, whatever becomes of the operations).
//
// Borrows the context. Not thread-safe; nothing here can fail.
#ifndef PGRING_RUN_ARRIVALS_H_
#define PGRING_RUN_ARRIVALS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "pgring/base/clock.h"
#include "run/run_context.h"

namespace pgring {

enum class Phase : uint8_t { kWarmup, kMeasured };

// An operation that is to begin.
struct Arrival {
  int64_t due_ns = 0;
  Operation operation;
  Phase phase = Phase::kMeasured;
};

class Arrivals {
 public:
  virtual ~Arrivals() = default;

  // The clock of the run starts: connections that are to be opened before it are open. To be called
  // once, before anything that asks for a time.
  void Start(int64_t start_ns);
  bool started() const { return started_; }
  int64_t start_ns() const { return start_ns_; }
  int64_t measuring_from_ns() const { return measuring_from_ns_; }
  bool has_warmup() const { return measuring_from_ns_ > start_ns_; }
  // kNoDeadlineNs where no duration ends the run.
  int64_t end_ns() const { return end_ns_; }

  // Takes the next operation; nothing when there is none any more. In a closed loop it is due now,
  // and has to be asked for when there is room; in an open one it may be due earlier or later.
  virtual std::optional<Arrival> Next(int64_t now_ns) = 0;

  // The operation that was taken last has not become due: as if it had not been taken.
  void PutBack(const Arrival& arrival);

  // Takes the next operation that is never to be scheduled, for the account; nothing when all have
  // been taken, or when a duration, not their number, ends the run.
  std::optional<Arrival> TakeUnscheduled(int64_t now_ns);

 protected:
  explicit Arrivals(const RunContext& context) : context_(context) {}

  Phase PhaseAt(int64_t due_ns) const {
    return due_ns < measuring_from_ns_ ? Phase::kWarmup : Phase::kMeasured;
  }
  // Nothing when all have been taken.
  std::optional<Arrival> Take(int64_t due_ns);
  // The number in the list, or in the warm-up, of what Take takes next.
  int64_t NextIndex(Phase phase) const {
    return context_.share.IndexOf(phase == Phase::kWarmup ? warmups_taken_ : taken_);
  }
  bool AllTaken() const { return taken_ >= context_.operation_count; }

  const RunContext& context_;

 private:
  bool started_ = false;
  int64_t start_ns_ = 0;
  int64_t measuring_from_ns_ = 0;
  int64_t end_ns_ = kNoDeadlineNs;
  int64_t taken_ = 0;
  int64_t warmups_taken_ = 0;
};

// Of the loop that the context's load asks for. Poisson: gaps are exponential with mean 1 / rate,
// as pgbench's -R makes them, but in nanoseconds. Constant: every 1 / rate seconds, without
// accumulated rounding. Workers that share a run follow one schedule: each goes through all of it
// and takes what is its own.
std::unique_ptr<Arrivals> MakeArrivals(const RunContext& context);

}  // namespace pgring

#endif  // PGRING_RUN_ARRIVALS_H_
