// What was to be run, and where: parts of result.json.
#include <string_view>
#include <utility>

#include "report/format.h"
#include "report/json_values.h"
#include "report/sha256.h"

namespace pgring {
namespace {

Json WorkloadJson(const WorkloadPlan& workload) {
  Json json = {{"name", workload.name},
               {"operations",
                workload.operations == kUnlimitedOperations ? Json() : Json(workload.operations)}};
  if (workload.scripts.empty()) {
    json["write_ratio"] = FiniteOrNull(workload.write_ratio);
    json["seed"] = workload.seed;
    json["statements"] = StatementStyleName(workload.statements);
    json["fk_index"] = workload.fk_index;
    json["print_rows"] = workload.print_rows;
    return json;
  }
  json["seed"] = workload.seed;
  const std::optional<QueryMode> common = CommonQueryMode(workload);
  json["protocol"] = common.has_value() ? Json(QueryModeName(*common)) : Json();
  json["scale"] = ValueOrNull(workload.scale);
  json["scripts"] = Json::array();
  for (const ScriptText& script : workload.scripts) {
    json["scripts"].push_back({{"name", script.name},
                               {"weight", script.weight},
                               {"protocol", QueryModeName(workload.ModeOf(script))},
                               {"sha256", Sha256(script.text)},
                               {"text", script.text}});
  }
  json["variables"] = Json::object();
  for (const auto& [name, value] : workload.variables) json["variables"][name] = value;
  return json;
}

std::string_view ConnectName(const LoadPlan& load) {
  if (load.connect_each) return "each";
  return load.connect_before ? "before" : "lazily";
}

Json LoadJson(const LoadPlan& load) {
  return {{"duration_s", ValueOrNull(load.duration_s)},
          {"operations_per_client", ValueOrNull(load.operations_per_client)},
          {"connect", ConnectName(load)},
          {"warmup_s", load.warmup_s},
          {"ramp_s", load.ramp_s},
          {"rate_per_s", ValueOrNull(load.rate_per_s)},
          {"arrivals", load.open_loop() ? Json(ArrivalKindName(load.arrivals)) : Json()},
          {"latency_limit_ms", ValueOrNull(load.latency_limit_ms)},
          {"max_tries", load.max_tries},
          {"max_failed_share", load.max_failed_share},
          {"allow_unstable", load.allow_unstable},
          {"exit_on_abort", load.exit_on_abort}};
}

}  // namespace

Json PoolJson(const PoolPlan& pool) {
  return {{"size", pool.size},
          {"max_overflow", pool.max_overflow},
          {"timeout_s", FiniteOrNull(pool.timeout_s)}};
}

Json LimiterJson(const ScenarioPlan& scenario) {
  return {{"kind", scenario.type->limiter}, {"limit", ValueOrNull(scenario.limit)}};
}

Json ToolJson(const Environment& environment) {
  return {{"name", "pgring"},
          {"version", TextOrNull(environment.build.version)},
          {"commit", TextOrNull(environment.build.commit)},
          {"started_at", TextOrNull(environment.started_at)}};
}

Json EnvironmentJson(const Environment& environment) {
  Json settings = Json::object();
  for (const auto& [name, value] : environment.server_settings) settings[name] = value;
  const Json cpu_count = environment.cpu_count > 0 ? Json(environment.cpu_count) : Json();
  return {{"host", TextOrNull(environment.host)},
          {"kernel", TextOrNull(environment.kernel)},
          {"cpu", {{"model", TextOrNull(environment.cpu_model)}, {"count", cpu_count}}},
          {"compiler", TextOrNull(environment.build.compiler)},
          {"build_type", TextOrNull(environment.build.build_type)},
          {"libpq", TextOrNull(environment.libpq_version)},
          {"server_version", TextOrNull(environment.server_version)},
          {"settings", std::move(settings)}};
}

Json PlanJson(const ComparisonResult& result) {
  const ComparisonPlan& plan = result.plan;
  Json scenarios = Json::array();
  for (const ScenarioPlan& scenario : plan.scenarios) {
    scenarios.push_back({{"scenario", ScenarioLabel(scenario)},
                         {"driver", scenario.type->driver->name},
                         {"limiter", LimiterJson(scenario)},
                         {"pool", PoolJson(scenario.pool)},
                         {"pipeline", scenario.pipeline}});
    if (scenario.workers > 1) scenarios.back()["workers"] = scenario.workers;
  }
  return {{"arguments", plan.arguments},
          {"workload", WorkloadJson(plan.workload)},
          {"load", LoadJson(plan.load)},
          {"repeat",
           {{"blocks", plan.repeat.until_percent.has_value() ? Json() : Json(plan.repeat.blocks)},
            {"until_percent", ValueOrNull(plan.repeat.until_percent)},
            {"max_blocks",
             plan.repeat.until_percent.has_value() ? Json(plan.repeat.max_blocks) : Json()}}},
          {"target",
           {{"throwaway", result.environment.server_is_throwaway || plan.target.throwaway},
            {"description", TextOrNull(plan.target.description)},
            {"address", TextOrNull(result.environment.server_address)}}},
          {"io", IoModeName(plan.io)},
          {"scenarios", std::move(scenarios)}};
}

}  // namespace pgring
