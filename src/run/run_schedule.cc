#include "run/run_schedule.h"

#include "pgring/base/clock.h"

namespace pgring {
namespace {

int64_t Nanoseconds(double seconds) {
  return static_cast<int64_t>(seconds * static_cast<double>(kNanosecondsPerSecond));
}

}  // namespace

void RunSchedule::Start(int64_t start_ns) {
  const LoadPlan& load = context_.load;
  started_ = true;
  start_ns_ = start_ns;
  measuring_from_ns_ = start_ns + Nanoseconds(load.warmup_s);
  if (load.duration_s.has_value()) end_ns_ = measuring_from_ns_ + Nanoseconds(*load.duration_s);
  if (load.open_loop()) arrivals_.emplace(load, start_ns);
}

Operation RunSchedule::Take(int64_t scheduled_ns) {
  const bool warms_up = scheduled_ns < measuring_from_ns_;
  return context_.operations->At(warms_up ? next_warmup_index_++ : next_index_++);
}

std::optional<Operation> RunSchedule::TakeUnscheduled() {
  if (context_.load.duration_s.has_value() || next_index_ >= context_.operation_count) {
    return std::nullopt;
  }
  return context_.operations->At(next_index_++);
}

}  // namespace pgring
