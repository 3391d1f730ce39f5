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
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  explicit RunSchedule(const RunContext& context) : context_(context) {}

  // The clock of the run starts: connections that are to be opened before it are open. To be called
  // once, before anything that asks for a time.
  void Start(int64_t start_ns);

  bool started() const { return started_; }
  int64_t start_ns() const { return start_ns_; }
  int64_t measuring_from_ns() const { return measuring_from_ns_; }
  bool has_warmup() const { return measuring_from_ns_ > start_ns_; }
  // kNever where no duration ends the run.
  int64_t end_ns() const { return end_ns_; }
  bool open_loop() const { return context_.load.open_loop(); }

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
  bool started_ = false;
  int64_t start_ns_ = 0;
  int64_t measuring_from_ns_ = 0;
  int64_t end_ns_ = kNever;
  std::optional<Arrivals> arrivals_;
  int64_t next_index_ = 0;
  int64_t next_warmup_index_ = kFirstWarmupIndex;
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_SCHEDULE_H_
