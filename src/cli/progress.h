// The live display of a run, on standard error: a bar that is redrawn on a terminal, plain lines
// elsewhere. A thread of its own reads the run's counters, so that the run is not slowed by a slow
// terminal.
#ifndef PGRING_CLI_PROGRESS_H_
#define PGRING_CLI_PROGRESS_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "cli/options.h"
#include "cli/transaction_watch.h"
#include "report/pgbench_progress.h"
#include "run/measured_run.h"

namespace pgring {

// One line, without a line end: "window   [=====>    ]  12,345 of 35,000  1,050/s  21 s left".
// `bar_columns` 0 leaves out the bar. `recent_per_s` is the rate over the last seconds.
std::string ProgressLine(const std::string& label, int64_t ended, int64_t total, int64_t failed,
                         double recent_per_s, int bar_columns);

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
  void Start(const std::string& label, int64_t total, const RunProgress* progress);
  // Writes whole lines in place of the bar, which is drawn again below them. From any thread.
  void PrintLines(std::string_view lines);
  // Clears the bar. Does nothing when none is running.
  void Stop();

 private:
  void Run(const std::string& label, int64_t total, const RunProgress* progress);
  void RunPgbenchLines();

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
