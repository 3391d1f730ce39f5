// The workers of -j: processes forked before this one has a connection, a ring or a thread. This
// one prepares, verifies and reports; each run's operations are theirs, and what they find is added
// exactly, as if one process had seen all of it.
//
// A worker that dies in a run, or that no longer gets on, is named in the run, and its operations
// count as failed. The others end as planned; there is no run after that.
//
// Owns the processes: they end with it, and with this process in whatever way that ends. Not
// thread-safe.
#ifndef PGRING_EXPERIMENT_WORKER_TEAM_H_
#define PGRING_EXPERIMENT_WORKER_TEAM_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/worker_channel.h"
#include "pgring/base/interrupt.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

class WorkerTeam {
 public:
  // What a worker is to do with its end of a channel: returns when the other end has ended.
  struct Link {
    int rank = 0;
    pid_t parent = 0;
    WorkerChannel* channel = nullptr;
    RunProgress* progress = nullptr;
  };
  // Forks `count` of them, in each of which `work` is called and the process ended. To be called
  // before there are threads.
  static absl::StatusOr<std::unique_ptr<WorkerTeam>> Fork(
      int count, const std::function<void(const Link&)>& work);
  ~WorkerTeam();
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  // For how long a worker that the others wait for may do nothing.
  void set_patience_s(double patience_s) { patience_s_ = patience_s; }

  // As a driver does, with request.scenario.workers of them. `whole` is the run's context: its
  // events, error log, interrupt and progress are told of all of them. An error: nothing ran.
  absl::Status Drive(const RunContext& whole, const RunRequest& request, Run* run);

  // Whether their transaction logs were written.
  const absl::Status& logged() const { return logged_; }

 private:
  struct Member;
  class RunInProgress;

  WorkerTeam();

  std::vector<std::unique_ptr<Member>> members_;
  RunProgress* progress_ = nullptr;  // of each, in memory that all share
  double patience_s_ = 60;
  absl::Status logged_;
};

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_WORKER_TEAM_H_
