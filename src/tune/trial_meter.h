// Cuts trials out of a run that goes on: sets the limit that a search asks for, lets the run
// settle, measures for a while, tells the search, and sets the next limit.
//
// Borrows the search. Lives on the thread of the run. Nothing here can fail.
#ifndef PGRING_TUNE_TRIAL_METER_H_
#define PGRING_TUNE_TRIAL_METER_H_

#include <cstdint>
#include <functional>

#include "pgring/base/clock.h"
#include "pgring/metrics/histogram.h"
#include "run/limit_source.h"
#include "search/limit_search.h"

namespace pgring {

// How long a trial is. With n completions the throughput is known to about
// (standard deviation / mean of the times between them) / sqrt(n): 2 % for 2,500.
struct TrialExtent {
  int64_t enough_completions = 2'500;
  int64_t shortest_ns = 250 * kNanosecondsPerMillisecond;
  // Without enough completions a trial ends here, if it has at least the fewest.
  int64_t longest_ns = 2 * kNanosecondsPerSecond;
  int64_t fewest_completions = 30;
  // With fewer, it ends here.
  int64_t at_most_ns = 10 * kNanosecondsPerSecond;
};

// A trial in which this process's thread was busy for that share of the time says more about the
// client than about the server.
inline constexpr double kClientLimitedShare = 0.9;

class TrialMeter final : public LimitSource {
 public:
  // The run has at most `connections`. `thread_cpu_ns` is the CPU time of its thread so far.
  // `on_trial` is called after each trial.
  TrialMeter(LimitSearch* search, const TrialExtent& extent, int connections,
             std::function<int64_t()> thread_cpu_ns, std::function<void(const Trial&)> on_trial);

  int limit() const override { return limit_; }
  void OnEnd(const OperationSample& sample, int open_connections) override;
  bool done() const override { return search_->done(); }

 private:
  enum class Phase : uint8_t { kSettling, kMeasuring };

  bool HasSettled(int64_t now_ns, int open_connections) const;
  bool IsLongEnough(int64_t now_ns) const;
  void StartMeasuring(int64_t now_ns);
  void Finish(int64_t now_ns);

  LimitSearch* const search_;
  const TrialExtent extent_;
  const int connections_;
  const std::function<int64_t()> thread_cpu_ns_;
  const std::function<void(const Trial&)> on_trial_;
  int limit_;
  Phase phase_ = Phase::kSettling;
  // Of the phase; 0: no operation has ended yet.
  int64_t began_ns_ = 0;
  int64_t cpu_began_ns_ = 0;
  int64_t last_end_ns_ = 0;  // of an operation
  int64_t settled_ = 0;      // operations that were begun under this limit and have ended
  int64_t last_p99_ns_ = 0;
  int64_t completed_ = 0;
  int64_t failed_ = 0;
  Histogram latency_ns_;
};

}  // namespace pgring

#endif  // PGRING_TUNE_TRIAL_METER_H_
