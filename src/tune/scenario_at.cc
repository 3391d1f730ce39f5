#include "tune/scenario_at.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace pgring {

ScenarioPlan ScenarioAt(const ScenarioType& type, int limit) {
  ScenarioPlan scenario;
  scenario.type = &type;
  scenario.limit = std::min(limit, type.highest_limit);
  scenario.pool.size = *scenario.limit;
  scenario.pipeline = type.pipelines;
  scenario.label = std::string(type.name);
  if (type.highest_limit > type.default_limit) absl::StrAppend(&scenario.label, ":", limit);
  return scenario;
}

}  // namespace pgring
