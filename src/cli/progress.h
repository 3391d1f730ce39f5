// The live display of a run, on standard error: a bar that is redrawn on a terminal, plain lines
// elsewhere. A thread of its own reads the run's counters, so that the run is not slowed by a slow
// terminal.
#ifndef PGRING_CLI_PROGRESS_H_
#define PGRING_CLI_PROGRESS_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cli/options.h"
#include "cli/transaction_watch.h"
#include "report/pgbench_progress.h"
#include "run/run_context.h"

namespace pgring {

// What ends the measured phase: a number of operations, a time, or whichever comes first.
struct ProgressExtent {
  int64_t operations = kUnlimitedOperations;
  std::optional<double> duration_s;
};

enum class ProgressPhase : uint8_t { kStarting, kWarmup, kMeasuring, kVerifying };

struct ProgressState {
  ProgressPhase phase = ProgressPhase::kStarting;
  double warmup_left_s = 0;
  double measured_s = 0;  // since the measured phase began
  int64_t ended = 0;
  int64_t failed = 0;
  double recent_per_s = 0;  // over the last seconds of the measured phase
};

// One line, without a line end: "window   [=====>    ]  12,345 of 35,000  1,050/s  21 s left".
// `bar_columns` 0 leaves out the bar.
std::string ProgressLine(const std::string& label, const ProgressExtent& extent,
                         const ProgressState& state, int bar_columns);

// Makes states from a run's counters. Time before the measured phase has no part in the rate.
class ProgressMeter {
 public:
  ProgressState Update(int64_t now_ns, const RunProgress& progress);

 private:
  double RecentRate(int64_t now_ns, int64_t ended);

  std::deque<std::pair<int64_t, int64_t>> samples_;  // time and operations ended
};

class ProgressDisplay {
 public:
  // kAuto must have been resolved to kBar or kPlain.
  explicit ProgressDisplay(ProgressMode mode) : mode_(mode) {}
  // In place of our own lines pgbench's, made from `watch`, every `interval_s`.
  void UsePgbenchLines(int interval_s, const PgbenchProgressFormat& format,
                       const TransactionWatch* watch);
  ~ProgressDisplay() { Stop(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // `progress` must stay until Stop.
  void Start(const std::string& label, const ProgressExtent& extent, const RunProgress* progress);
  // Writes whole lines in place of the bar, which is drawn again below them. From any thread.
  void PrintLines(std::string_view lines);
  // Clears the bar. Does nothing when none is running.
  void Stop();

 private:
  void StartShowing(std::function<void()> show);
  void Run(const std::string& label, const ProgressExtent& extent, const RunProgress* progress);
  void RunPgbenchLines(const RunProgress* progress);
  // Nothing: stopped before.
  std::optional<int64_t> WaitForMeasuring(const RunProgress* progress,
                                          std::unique_lock<std::mutex>* lock);
  void PrintPgbenchLine(int64_t start_ns, int64_t last_ns, int64_t now_ns,
                        PgbenchProgressTotals* last) const;

  const ProgressMode mode_;
  int pgbench_interval_s_ = 0;  // 0: our own lines
  PgbenchProgressFormat pgbench_format_;
  const TransactionWatch* watch_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool bar_is_drawn_ = false;
  std::thread thread_;
};

}  // namespace pgring

#endif  // PGRING_CLI_PROGRESS_H_
