// How far a run has come, worked out from its counters; and that in words, for the live displays.
//
// The functions are pure. ProgressMeter is not thread-safe. Nothing here can fail.
#ifndef PGRING_CLI_PROGRESS_STATE_H_
#define PGRING_CLI_PROGRESS_STATE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "pgring/metrics/live_latencies.h"
#include "run/plan.h"
#include "run/run_progress.h"

namespace pgring {

// What ends the measured phase: a number of operations, a time, or whichever comes first.
struct ProgressExtent {
  int64_t operations = kUnlimitedOperations;
  std::optional<double> duration_s;
};

// Which run of how many.
struct ProgressTitle {
  std::string label;  // the scenario's
  int scenario = 1;
  int scenario_count = 1;
  int block = 0;                        // 0: there are no repeats
  std::optional<int> block_count = {};  // nothing: not known beforehand
};

enum class ProgressPhase : uint8_t { kStarting, kWarmup, kMeasuring, kVerifying };

struct ProgressState {
  ProgressPhase phase = ProgressPhase::kStarting;
  double warmup_left_s = 0;
  double measured_s = 0;  // since the measured phase began
  int64_t ended = 0;
  int64_t failed = 0;
  // Over the last seconds of the measured phase: that ended, and that succeeded.
  double recent_per_s = 0;
  double recent_succeeded_per_s = 0;
  // Of runs whose progress is detailed; over the last seconds as well.
  std::optional<int64_t> recent_p99_ns = std::nullopt;
  int64_t in_flight = 0;
  int open_connections = 0;
  int busy_connections = 0;
  std::string first_failure = {};
};

// "window", "block 2 of 6, window".
std::string TitleText(const ProgressTitle& title);

// Cut to a terminal's width, because a line that wraps cannot be redrawn in place. What is not ours
// has had its control characters escaped before, and a character of several bytes is not cut apart.
std::string CutTo(const std::string& text, int columns);

// How many rows these lines take once the terminal has become that wide: most terminals wrap what
// has become too long for them.
int RowsOnScreen(const std::vector<std::string>& lines, int columns);

// One line, without a line end: "window   [=====>    ]  12,345 of 35,000  1,050/s  21 s left".
// `bar_columns` 0 leaves out the bar.
std::string ProgressLine(const std::string& label, const ProgressExtent& extent,
                         const ProgressState& state, int bar_columns);

// Several lines, without line ends and no longer than `columns` characters, 20 or more: for a
// display that is redrawn in place.
std::vector<std::string> ProgressScreen(const ProgressTitle& title, const ProgressExtent& extent,
                                        const ProgressState& state, int columns);

// Makes states from a run's counters. Time before the measured phase has no part in the rate.
class ProgressMeter {
 public:
  ProgressState Update(int64_t now_ns, const RunProgress& progress);

 private:
  struct Sample {
    int64_t time_ns = 0;
    int64_t ended = 0;
    int64_t failed = 0;
    LiveLatencies::Counts latencies = {};  // zeros where progress is not detailed
  };

  void AddRecent(int64_t now_ns, const RunProgress& progress, ProgressState* state);

  std::deque<Sample> samples_;
};

}  // namespace pgring

#endif  // PGRING_CLI_PROGRESS_STATE_H_
