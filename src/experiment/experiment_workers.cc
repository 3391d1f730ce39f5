// What an experiment does where other processes have a share of its runs: workers of -j, or a fleet
// of which this process is one. A part of experiment.h.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "experiment/drive.h"
#include "experiment/experiment.h"
#include "experiment/fleet.h"
#include "experiment/worker_team.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "run/worker_share.h"

namespace pgring {

// As the first worker has fitted them, or not.
absl::Status Experiment::FitWithFleet(std::vector<ScenarioPlan>* scenarios) {
  for (ScenarioPlan& scenario : *scenarios) {
    const absl::StatusOr<int64_t> pool = target_.fleet->OfFirst(scenario.pool.size);
    const absl::StatusOr<int64_t> overflow = target_.fleet->OfFirst(scenario.pool.max_overflow);
    const absl::StatusOr<int64_t> limit = target_.fleet->OfFirst(scenario.limit.value_or(-1));
    for (const auto* one : {&pool, &overflow, &limit}) PGRING_RETURN_IF_ERROR(one->status());
    scenario.pool.size = static_cast<int>(*pool);
    scenario.pool.max_overflow = static_cast<int>(*overflow);
    if (*limit >= 0) scenario.limit = static_cast<int>(*limit);
  }
  return absl::OkStatus();
}

// A source of limits follows one process's operations.
ScenarioPlan Experiment::Shared(ScenarioPlan scenario, const LimitSource* limits) const {
  if (target_.team == nullptr || scenario.workers > 1 || limits != nullptr) return scenario;
  const int most = std::min(
      {target_.team_workers, scenario.limit.value_or(scenario.pool.size), scenario.pool.size});
  scenario.workers = std::max(1, most);
  return scenario;
}

// Times are from here on since the common start, for every worker has a clock of its own.
void Experiment::EndInFleet(Reset reset, Run* run) {
  Fleet& fleet = *target_.fleet;
  const absl::StatusOr<FleetWork> all = fleet.End(*run);
  if (run->not_started.empty()) run->Shift(-fleet.start_ns());
  run->workers = {PartOf(*run, fleet.plan().rank)};
  WorkerPart& part = run->workers.front();
  part.host = environment_.host;
  part.late_ns = fleet.late_ns();
  part.clock_bound_ns = fleet.clock_bound_ns();
  if (!all.ok()) {
    run->remarks.push_back(std::string(all.status().message()));
    if (is_first() && run->not_verified.empty()) {
      run->not_verified = "what the other workers did is not known";
    }
    return;
  }
  run->interrupted = run->interrupted || all->interrupted;
  if (!is_first() || reset != Reset::kMakeAnew) return;
  CommittedWork work = all->work;
  // What those did that are gone is not known: it may be in the database.
  for (const auto& [rank, why] : fleet.lost()) {
    const int64_t planned = ShareOf(run->scenario, run->load, rank).CountOf(planned_operations_);
    if (planned != kUnlimitedOperations) work.unconfirmed_commits += planned;
  }
  Verify(work, run);
}

absl::Status Experiment::DriveInFleet(RunContext context, Run* run) {
  const int rank = target_.fleet->plan().rank;
  const ScenarioPlan scenario = ScenarioShare(*context.scenario, rank);
  context.share = ShareOf(*context.scenario, context.load, rank);
  context.operation_count = context.share.CountOf(context.operation_count);
  context.scenario = &scenario;
  context.start_line = target_.fleet;
  return DriveHere(context, target_.parameters, run);
}

absl::Status Experiment::DriveShared(const RunContext& context, Run* run) {
  RunRequest request;
  request.scenario = *context.scenario;
  request.load = context.load;
  request.operations = context.operation_count;
  request.parameters = target_.parameters;
  request.io = context.io;
  request.behind_pooler = context.behind_pooler;
  request.findings = workload_.workload->Findings();
  request.log_name = observer_->log_name();
  request.wants_details = context.progress->is_detailed;
  request.tells_every_error = context.errors != nullptr && context.errors->wants_everything();
  PGRING_CHECK(target_.team != nullptr, "a scenario is shared by workers that there are not");
  return target_.team->Drive(context, request, run);
}

}  // namespace pgring
