// A worker: a process that has a share of each run, forked before anything was opened. It has a
// connection parameter and no server to prepare: it waits for runs, opens its connections, waits
// for the start of all, and hands over what it found.
#ifndef PGRING_EXPERIMENT_WORKER_PROCESS_H_
#define PGRING_EXPERIMENT_WORKER_PROCESS_H_

#include <string>

#include "absl/status/status.h"
#include "experiment/worker_channel.h"
#include "experiment/workloads.h"
#include "pgring/base/interrupt.h"
#include "run/operation_log.h"
#include "run/run_progress.h"

namespace pgring {

// Where the operations of a worker are logged.
class WorkerLog {
 public:
  virtual ~WorkerLog() = default;
  // nullptr: they are not, or cannot be; EndRun says why.
  virtual OperationLog* StartRun(const std::string& name) = 0;
  virtual absl::Status EndRun() = 0;
};

// Everything is borrowed.
struct WorkerSetup {
  int rank = 0;
  WorkerChannel* channel = nullptr;
  // In memory that the other process reads.
  RunProgress* progress = nullptr;
  PlannedWorkload* workload = nullptr;
  WorkerLog* log = nullptr;
  Interrupt* interrupt = nullptr;
};

// Until the other side of the channel ends.
void ServeRuns(const WorkerSetup& setup);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_WORKER_PROCESS_H_
