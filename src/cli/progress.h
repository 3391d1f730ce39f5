// The live display of a run, on standard error: a few lines that are redrawn on a terminal, plain
// lines elsewhere. A thread of its own reads the run's counters, so that the run is not slowed by a
// slow terminal.
#ifndef PGRING_CLI_PROGRESS_H_
#define PGRING_CLI_PROGRESS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/options.h"
#include "cli/progress_state.h"
#include "cli/transaction_watch.h"
#include "report/pgbench_progress.h"
#include "run/run_progress.h"

namespace pgring {

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

  // Whether it shows more of a run than how many operations have ended.
  bool wants_details() const { return mode_ == ProgressMode::kBar && pgbench_interval_s_ == 0; }

  void Start(const ProgressTitle& title, const ProgressExtent& extent,
             std::shared_ptr<const RunProgress> progress);
  // Writes whole lines in place of what is redrawn, which is drawn again below them. From any
  // thread.
  void PrintLines(std::string_view lines);
  // Clears what was drawn. Does nothing when no display is running.
  void Stop();

 private:
  void StartShowing(std::function<void()> show);
  void Run(const ProgressTitle& title, const ProgressExtent& extent, const RunProgress& progress);
  // What takes the cursor to where the drawing began, and clears it from there. With the mutex
  // held.
  std::string EraseDrawing();
  void RunPgbenchLines(const RunProgress& progress);
  // Nothing: stopped before.
  std::optional<int64_t> WaitForMeasuring(const RunProgress& progress,
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
  std::vector<std::string> drawn_;      // the lines on the screen
  int printed_from_signal_thread_ = 0;  // when it last drew
  std::thread thread_;
};

}  // namespace pgring

#endif  // PGRING_CLI_PROGRESS_H_
