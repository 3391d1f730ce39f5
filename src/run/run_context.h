// What a driver is given for a run. Plain data.
#ifndef PGRING_RUN_RUN_CONTEXT_H_
#define PGRING_RUN_RUN_CONTEXT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "pgring/base/interrupt.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/error_log.h"
#include "run/load_plan.h"
#include "run/operation_log.h"
#include "run/plan.h"
#include "run/run_progress.h"
#include "run/start_line.h"
#include "run/worker_share.h"
#include "workload/workload.h"

namespace pgring {

class LimitSource;

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
  // How many this worker has; with a duration, at most so many. Where the load says how many each
  // client has, that times the scenario's clients.
  int64_t operation_count = 0;
  // Which of them; the scenario above is this worker's part of the whole.
  WorkerShare share;
  // Where the clock starts together with other workers'; nullptr: it starts at once.
  StartLine* start_line = nullptr;
  LoadPlan load;
  IoMode io = IoMode::kReadiness;  // of the reactor
  bool behind_pooler = false;
  Interrupt* interrupt = nullptr;
  RunProgress* progress = nullptr;
  RunEvents* events = nullptr;  // may be nullptr
  OperationLog* log = nullptr;  // may be nullptr
  ErrorLog* errors = nullptr;   // may be nullptr
  // Of the reactor's scenarios with a limit: what lowers it as the run goes on; may be nullptr.
  LimitSource* limits = nullptr;
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

#endif  // PGRING_RUN_RUN_CONTEXT_H_
