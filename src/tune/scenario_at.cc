#include "tune/scenario_at.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace pgring {

ScenarioPlan ScenarioAt(const ScenarioType& type, int limit, int connections) {
  ScenarioPlan scenario;
  scenario.type = &type;
  scenario.limit = std::min(limit, type.highest_limit);
  scenario.pool.size =
      type.shares_connections && connections > 0 ? connections : type.DefaultPool(*scenario.limit);
  scenario.pipeline = type.pipelines;
  scenario.label = std::string(type.name);
  if (type.highest_limit > type.default_limit) absl::StrAppend(&scenario.label, ":", limit);
  if (type.shares_connections) absl::StrAppend(&scenario.label, ":pool=", scenario.pool.size);
  return scenario;
}

LoadPlan FreshLoad(const TunePlan& plan, double measured_s) {
  LoadPlan load;
  load.duration_s = measured_s;
  load.warmup_s = kWarmupShare * measured_s;
  load.connect_before = true;
  load.max_tries = plan.max_tries;
  return load;
}

double ClientShare(const Run& run, int cpu_count) {
  if (run.duration_s() <= 0) return 0;
  // Each worker has a thread of its own, and one that has nothing left to give is enough.
  const WorkerPart* const busiest = run.BusiestWorker();
  if (busiest != nullptr && run.scenario.type->driver->uses_io_uring) {
    return busiest->processor_share();
  }
  const int processors = run.scenario.type->driver->uses_io_uring ? 1 : std::max(1, cpu_count);
  return (run.client.user_s + run.client.system_s) / run.duration_s() / processors;
}

}  // namespace pgring
