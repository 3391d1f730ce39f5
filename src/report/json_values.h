// For the parts of result.json. Pure; nothing here can fail.
#ifndef PGRING_REPORT_JSON_VALUES_H_
#define PGRING_REPORT_JSON_VALUES_H_

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "run/comparison_result.h"
#include "run/plan.h"
#include "run/run.h"

namespace pgring {

// Keeps the order in which keys are written: the one of the contract.
using Json = nlohmann::ordered_json;

inline Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

inline Json FiniteOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(); }

template <typename T>
Json ValueOrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json();
}

// Of json_plan.cc.
Json PoolJson(const PoolPlan& pool);
Json LimiterJson(const ScenarioPlan& scenario);
Json ToolJson(const Environment& environment);
Json EnvironmentJson(const Environment& environment);
Json PlanJson(const ComparisonResult& result);

// Of json_run.cc: everything of a run, and what a block keeps of each of its runs.
Json RunJson(const ComparisonPlan& plan, const Run& run);
Json BlockRunJson(const Run& run);

// Of json_report.cc: a whole result, and how everything is written.
Json ResultJson(const ComparisonResult& result);
std::string JsonText(const Json& json);

// Of json_server.cc; null where the server was not sampled.
Json ServerSamplesJson(const Run& run);

}  // namespace pgring

#endif  // PGRING_REPORT_JSON_VALUES_H_
