#include "tune/trial_meter.h"

#include <algorithm>
#include <utility>

namespace pgring {

TrialMeter::TrialMeter(LimitSearch* search, const TrialExtent& extent, int connections,
                       std::function<int64_t()> thread_cpu_ns,
                       std::function<void(const Trial&)> on_trial)
    : search_(search),
      extent_(extent),
      connections_(connections),
      thread_cpu_ns_(std::move(thread_cpu_ns)),
      on_trial_(std::move(on_trial)),
      limit_(search->NextLimit()) {}

void TrialMeter::OnEnd(const OperationSample& sample, int open_connections) {
  const int64_t now_ns = sample.stamps.finished_ns;
  if (began_ns_ == 0) began_ns_ = now_ns;
  if (phase_ == Phase::kSettling) {
    if (sample.stamps.admitted_ns >= began_ns_) ++settled_;
    if (HasSettled(now_ns, open_connections)) StartMeasuring(now_ns);
    return;
  }
  if (sample.succeeded) {
    ++completed_;
    latency_ns_.Record(now_ns - sample.stamps.admitted_ns);
  } else {
    ++failed_;
  }
  // Between two moments at which something ended, not in the middle of what ended together: then
  // half a chunk is never too many.
  const bool is_new_moment = now_ns != std::exchange(last_end_ns_, now_ns);
  if (is_new_moment && IsLongEnough(now_ns)) Finish(now_ns);
}

// What was in flight under the limit before has ended, and every operation has its connection, or a
// share of all of them.
bool TrialMeter::HasSettled(int64_t now_ns, int open_connections) const {
  const int64_t passed_ns = now_ns - began_ns_;
  if (passed_ns >= extent_.at_most_ns) return true;
  return settled_ >= limit_ && open_connections >= std::min(limit_, connections_) &&
         passed_ns >= std::min(2 * last_p99_ns_, extent_.longest_ns);
}

bool TrialMeter::IsLongEnough(int64_t now_ns) const {
  const int64_t passed_ns = now_ns - began_ns_;
  const int64_t ended = completed_ + failed_;
  if (passed_ns >= extent_.at_most_ns) return true;
  if (passed_ns >= extent_.longest_ns) return ended >= extent_.fewest_completions;
  return passed_ns >= extent_.shortest_ns && ended >= extent_.enough_completions;
}

void TrialMeter::StartMeasuring(int64_t now_ns) {
  phase_ = Phase::kMeasuring;
  began_ns_ = last_end_ns_ = now_ns;
  cpu_began_ns_ = thread_cpu_ns_();
  completed_ = failed_ = 0;
  latency_ns_.Reset();
}

void TrialMeter::Finish(int64_t now_ns) {
  const double measured_ns = static_cast<double>(now_ns - began_ns_);
  Trial trial;
  trial.limit = limit_;
  trial.seconds = measured_ns / kNanosecondsPerSecond;
  trial.completed = completed_;
  trial.failed = failed_;
  trial.throughput_per_s = trial.seconds > 0 ? static_cast<double>(completed_) / trial.seconds : 0;
  trial.p99_ns = latency_ns_.SupportedPercentile(99);
  trial.client_limited =
      static_cast<double>(thread_cpu_ns_() - cpu_began_ns_) > kClientLimitedShare * measured_ns;
  last_p99_ns_ = trial.p99_ns.value_or(latency_ns_.Max());
  search_->Record(trial);
  on_trial_(trial);
  if (!search_->done()) limit_ = search_->NextLimit();
  phase_ = Phase::kSettling;
  began_ns_ = now_ns;
  settled_ = 0;
}

}  // namespace pgring
