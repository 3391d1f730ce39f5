// What a runner is given and what it leaves behind: raw counts and stamps, before anybody judges
// them. Plain data.
#ifndef PGRING_RUN_MEASURED_RUN_H_
#define PGRING_RUN_MEASURED_RUN_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "pgring/base/interrupt.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/histogram.h"
#include "pgring/metrics/recorder.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/backend.h"
#include "run/error_log.h"
#include "run/load_plan.h"
#include "run/operation_log.h"
#include "run/plan.h"
#include "workload/workload.h"

namespace pgring {

// Read by the progress display from its own thread while a run goes on.
struct RunProgress {
  std::atomic<int64_t> ended{0};
  std::atomic<int64_t> failed{0};
  // When the measured phase begins, by the steady clock: in the future during the warm-up, 0 until
  // it is known.
  std::atomic<int64_t> measuring_from_ns{0};
  // When the run had ended and its verification began; 0 before.
  std::atomic<int64_t> ended_ns{0};
};

// Told by the runner, on one of its threads.
class RunEvents {
 public:
  virtual ~RunEvents() = default;
  // The warm-up, if there is one, is over: costs count from here.
  virtual void OnMeasuringStarts() = 0;
  // The first refusal of a connection in this run; what is refused is tried again.
  virtual void OnConnectionRefused(const absl::Status& refusal) = 0;
};

// Everything is borrowed and outlives the run.
struct RunContext {
  const ScenarioPlan* scenario = nullptr;
  const ConnectionParameters* parameters = nullptr;
  Workload* workload = nullptr;
  const OperationSource* operations = nullptr;
  // How many; with a duration, at most so many. Where the load says how many each client has, that
  // times the scenario's clients.
  int64_t operation_count = 0;
  LoadPlan load;
  bool behind_pooler = false;
  Interrupt* interrupt = nullptr;
  RunProgress* progress = nullptr;
  RunEvents* events = nullptr;  // may be nullptr
  OperationLog* log = nullptr;  // may be nullptr
  ErrorLog* errors = nullptr;   // may be nullptr
};

struct MeasuredRun {
  explicit MeasuredRun(size_t kind_count) : recorder(kind_count), succeeded_by_kind(kind_count) {}

  int64_t started_ns = 0;  // of the measured phase
  int64_t ended_ns = 0;
  Recorder recorder;
  OperationTally tally;
  OperationTally warmup_tally;
  ConnectionTimeline timeline;
  Histogram connect_ns;
  PoolCounters connections;
  // Connections that were to be opened before the clock started, and how many of them were.
  int64_t wanted_before = 0;
  int64_t opened_before = 0;
  // How long opening them took.
  int64_t connecting_ns = 0;
  // The last refusal, or another failure to connect before the clock started; OK: there was none.
  absl::Status connect_failure;
  // The reactor's only.
  IoMode io_mode = IoMode::kReadiness;
  std::string io_setup;
  std::optional<BackendStats> ring;
  std::optional<int64_t> bytes_per_connection;
  // Waits for bytes that were there, and that the ring had not told of.
  int64_t rescued_waits = 0;

  // Warm-up included, for verification.
  std::vector<int64_t> succeeded_by_kind;
  // Successes beyond the latency limit; operations that took more than one attempt, and how many
  // attempts beyond the first there were.
  int64_t late = 0;
  int64_t cut_at_end = 0;  // skipped because the time was up
  int64_t retried = 0;
  int64_t retries = 0;
  // Clients that an error kept from going on.
  int64_t aborted_clients = 0;
  // Open loop: how far behind its schedule the last operation was begun.
  int64_t last_lag_ns = 0;

  bool interrupted = false;
  // Why the run was given up early, other than by an interrupt; empty if it was not.
  std::string gave_up;
  // The first failure in full, as an example beside the counts.
  std::string first_failure;
};

// Steps of the timeline that one operation makes in the common case: waiting, leased, returned.
inline constexpr int64_t kTimelineStepsPerOperation = 5;
inline size_t ExpectedTimelineSteps(const RunContext& context) {
  constexpr auto kMost = static_cast<int64_t>(ConnectionTimeline::kMaxSteps);
  const int64_t steps = context.operation_count < kMost
                            ? context.operation_count * kTimelineStepsPerOperation
                            : kMost;
  return static_cast<size_t>(steps);
}

}  // namespace pgring

#endif  // PGRING_RUN_MEASURED_RUN_H_
