#include "cli/workers.h"

#include <algorithm>
#include <string>

#include "cli/commands.h"
#include "cli/signals.h"
#include "cli/target.h"
#include "cli/transaction_watch.h"
#include "experiment/worker_process.h"
#include "experiment/workloads.h"

namespace pgring {
namespace {

class WorkersOwnLog final : public WorkerLog {
 public:
  WorkersOwnLog(const Options& options, const WorkerTeam::Link& link)
      : watch_(options.output, options.plan.load, options.plan.workload.seed) {
    watch_.BecomeWorkers(link.parent, link.rank, &link.progress->totals);
  }

  OperationLog* StartRun(const std::string& name) override {
    if (!watch_.wanted()) return nullptr;
    logged_ = watch_.StartRun(name);
    return &watch_;
  }
  absl::Status EndRun() override {
    logged_.Update(watch_.EndRun());
    return logged_;
  }

 private:
  TransactionWatch watch_;
  absl::Status logged_;
};

// The life of a worker.
void WorkHere(const Options& options, const WorkerTeam::Link& link) {
  RaiseOpenFileLimit();
  const bool throwaway = WantsThrowaway(options);
  if (throwaway) (void)ForgetConnectionEnvironment();
  // Not the parent's: both would read from one descriptor.
  static Interrupt interrupt;
  WatchParentsSignal(&interrupt);
  auto workload = MakeWorkload(options.plan.workload, throwaway);
  // The parent, which makes the same one, has said what is wrong with it.
  if (!workload.ok()) return;
  WorkersOwnLog log(options, link);
  ServeRuns({.rank = link.rank,
             .channel = link.channel,
             .progress = link.progress,
             .workload = &*workload,
             .log = &log,
             .interrupt = &interrupt});
}

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerTeam>> ForkWorkers(const Options& options) {
  int count = options.command == Subcommand::kTune ? options.tune.workers : 1;
  // A worker of a fleet shares with other processes.
  if (options.fleet.has_value()) return nullptr;
  for (const ScenarioPlan& scenario : options.plan.scenarios) {
    count = std::max(count, scenario.workers);
  }
  if (count == 1) return nullptr;
  auto team = WorkerTeam::Fork(
      count, [&options](const WorkerTeam::Link& link) { WorkHere(options, link); });
  if (team.ok()) (*team)->set_patience_s(options.worker_timeout_s);
  return team;
}

}  // namespace pgring
