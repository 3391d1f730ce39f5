#include "run/plan.h"

#include <algorithm>

#include "pgring/base/check.h"

namespace pgring {

int64_t ScenarioPlan::ConnectionsNeeded(int64_t operations) const {
  int64_t needed = int64_t{pool.size} + pool.max_overflow;
  if (limit.has_value()) needed = std::min<int64_t>(needed, *limit);
  return std::clamp<int64_t>(needed, 1, std::max<int64_t>(operations, 1));
}

bool ScenarioPlan::IsLike(const ScenarioPlan& other) const {
  return type == other.type && limit == other.limit && pool == other.pool &&
         pipeline == other.pipeline && workers == other.workers;
}

int64_t OperationCount(const WorkloadPlan& workload, const LoadPlan& load,
                       const ScenarioPlan& scenario) {
  if (!load.operations_per_client.has_value()) return workload.operations;
  return *load.operations_per_client * scenario.ClientCount();
}

std::optional<QueryMode> CommonQueryMode(const WorkloadPlan& workload) {
  std::optional<QueryMode> common;
  for (const ScriptText& script : workload.scripts) {
    const QueryMode mode = workload.ModeOf(script);
    if (common.value_or(mode) != mode) return std::nullopt;
    common = mode;
  }
  return common;
}

bool UsesReactor(const ComparisonPlan& plan) {
  return std::any_of(
      plan.scenarios.begin(), plan.scenarios.end(),
      [](const ScenarioPlan& scenario) { return scenario.type->driver->uses_io_uring; });
}

std::string_view IoModeName(IoMode mode) {
  switch (mode) {
    case IoMode::kReadiness:
      return "readiness";
    case IoMode::kCompletion:
      return "completion";
    case IoMode::kRing:
      return "ring";
  }
  PGRING_CHECK(false, "a mode without a name");
}

}  // namespace pgring
