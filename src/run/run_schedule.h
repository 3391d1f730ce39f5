// When a run's phases begin and end, and which operation is next. Pure; not thread-safe.
#ifndef PGRING_RUN_RUN_SCHEDULE_H_
#define PGRING_RUN_RUN_SCHEDULE_H_

#include <cstdint>
#include <limits>
#include <optional>

#include "run/arrivals.h"
#include "run/measured_run.h"

namespace pgring {

class RunSchedule {
 public:
  RunSchedule(const RunContext& context, int64_t start_ns);

  int64_t measuring_from_ns() const { return measuring_from_ns_; }
  bool has_warmup() const { return measuring_from_ns_ > start_ns_; }
  int64_t end_ns() const { return end_ns_; }
  bool open_loop() const { return arrivals_.has_value(); }

  // Whether another operation is to be scheduled. In a closed loop that is a question of time.
  bool HasNext(int64_t now_ns) const {
    return next_index_ < context_.operation_count && (open_loop() || now_ns < end_ns_);
  }
  // Open loop only: when the next operation is due; end_ns() or later means that there is none.
  int64_t NextDueNs() { return arrivals_->NextNs(); }

  // Takes the next operation, one of the warm-up's before the measured phase.
  Operation Take(int64_t scheduled_ns);

  // Takes the next operation that is never to be scheduled, for the account; nothing when all have
  // been taken, or when a duration, not their number, ends the run.
  std::optional<Operation> TakeUnscheduled();

 private:
  const RunContext& context_;
  const int64_t start_ns_;
  int64_t measuring_from_ns_;
  int64_t end_ns_ = std::numeric_limits<int64_t>::max();
  std::optional<Arrivals> arrivals_;
  int64_t next_index_ = 0;
  int64_t next_warmup_index_ = kFirstWarmupIndex;
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_SCHEDULE_H_
