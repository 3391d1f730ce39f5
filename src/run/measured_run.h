// What a runner is given and what it leaves behind: raw counts and stamps, before anybody judges
// them. Plain data.
#ifndef PGRING_RUN_MEASURED_RUN_H_
#define PGRING_RUN_MEASURED_RUN_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pgring/base/interrupt.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/histogram.h"
#include "pgring/metrics/recorder.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/backend.h"
#include "run/plan.h"
#include "workload/workload.h"

namespace pgring {

// Read by the progress display from its own thread while a run goes on.
struct RunProgress {
  std::atomic<int64_t> ended{0};
  std::atomic<int64_t> failed{0};
};

// Everything is borrowed and outlives the run.
struct RunContext {
  const ScenarioPlan* scenario = nullptr;
  const ConnectionParameters* parameters = nullptr;
  Workload* workload = nullptr;
  const std::vector<Operation>* operations = nullptr;
  Interrupt* interrupt = nullptr;
  RunProgress* progress = nullptr;
};

struct MeasuredRun {
  explicit MeasuredRun(size_t kind_count) : recorder(kind_count) {}

  int64_t started_ns = 0;
  int64_t ended_ns = 0;
  Recorder recorder;
  OperationTally tally;
  ConnectionTimeline timeline;
  Histogram connect_ns;
  PoolCounters connections;
  // The reactor's only.
  std::string io_setup;
  std::optional<BackendStats> ring;
  std::optional<int64_t> bytes_per_connection;

  bool interrupted = false;
  // Why the run was given up early, other than by an interrupt; empty if it was not.
  std::string gave_up;
  // The first failure in full, as an example beside the counts.
  std::string first_failure;
};

// Steps of the timeline that one operation makes in the common case: waiting, leased, returned.
inline constexpr size_t kTimelineStepsPerOperation = 5;

}  // namespace pgring

#endif  // PGRING_RUN_MEASURED_RUN_H_
