#include "run/plan.h"

#include <algorithm>

namespace pgring {

std::string_view ScenarioKindName(ScenarioKind kind) {
  switch (kind) {
    case ScenarioKind::kSync:
      return "sync";
    case ScenarioKind::kThreads:
      return "threads";
    case ScenarioKind::kAsync:
      return "async";
    case ScenarioKind::kChunked:
      return "chunked";
    case ScenarioKind::kWindow:
      return "window";
    case ScenarioKind::kPipelined:
      return "pipelined";
  }
  return "unknown";
}

std::string_view DriverName(Driver driver) {
  return driver == Driver::kBlocking ? "blocking" : "reactor";
}

Driver DriverOf(ScenarioKind kind) {
  return kind == ScenarioKind::kSync || kind == ScenarioKind::kThreads ? Driver::kBlocking
                                                                       : Driver::kReactor;
}

std::string_view LimiterKindName(LimiterKind kind) {
  switch (kind) {
    case LimiterKind::kOneAtATime:
      return "one";
    case LimiterKind::kThreads:
      return "threads";
    case LimiterKind::kUnbounded:
      return "unbounded";
    case LimiterKind::kChunk:
      return "chunk";
    case LimiterKind::kWindow:
      return "window";
  }
  return "unknown";
}

LimiterKind LimiterOf(ScenarioKind kind) {
  switch (kind) {
    case ScenarioKind::kSync:
      return LimiterKind::kOneAtATime;
    case ScenarioKind::kThreads:
      return LimiterKind::kThreads;
    case ScenarioKind::kAsync:
      return LimiterKind::kUnbounded;
    case ScenarioKind::kChunked:
      return LimiterKind::kChunk;
    case ScenarioKind::kWindow:
    case ScenarioKind::kPipelined:
      return LimiterKind::kWindow;
  }
  return LimiterKind::kOneAtATime;
}

int64_t ScenarioPlan::ConnectionsNeeded(int64_t operations) const {
  int64_t needed = int64_t{pool.size} + pool.max_overflow;
  if (limit.has_value()) needed = std::min<int64_t>(needed, *limit);
  return std::clamp<int64_t>(needed, 1, std::max<int64_t>(operations, 1));
}

int64_t ComparisonPlan::OperationsOf(const ScenarioPlan& scenario) const {
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
      [](const ScenarioPlan& scenario) { return DriverOf(scenario.kind) == Driver::kReactor; });
}

std::string_view IoModeName(IoMode mode) {
  return mode == IoMode::kCompletion ? "completion" : "readiness";
}

}  // namespace pgring
