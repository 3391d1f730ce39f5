// The plan and the environment of a saved result.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "report/read_result.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

constexpr int64_t kMostPlanned = 1'000'000'000;

int IntBelow(const Json& json, JsonKeys keys) {
  const std::optional<int64_t> value = CountBelow(json, keys);
  return static_cast<int>(std::min<int64_t>(value.value_or(0), kMostPlanned));
}

std::optional<QueryMode> ReadQueryMode(const Json& json, JsonKeys keys) {
  const std::string name = TextBelow(json, keys);
  for (const QueryMode mode : {QueryMode::kSimple, QueryMode::kExtended, QueryMode::kPrepared}) {
    if (QueryModeName(mode) == name) return mode;
  }
  return std::nullopt;
}

WorkloadPlan ReadWorkload(const Json& json) {
  WorkloadPlan workload;
  workload.name = TextBelow(json, {"name"});
  workload.operations = CountBelow(json, {"operations"}).value_or(kUnlimitedOperations);
  workload.write_ratio = NumberBelow(json, {"write_ratio"}).value_or(workload.write_ratio);
  const Json* const seed = Below(json, {"seed"});
  if (seed != nullptr && seed->is_number_unsigned()) workload.seed = seed->get<uint64_t>();
  if (TextBelow(json, {"statements"}) == StatementStyleName(StatementStyle::kPerRow)) {
    workload.statements = StatementStyle::kPerRow;
  }
  workload.fk_index = TruthBelow(json, {"fk_index"});
  workload.print_rows = TruthBelow(json, {"print_rows"});
  workload.scale = CountBelow(json, {"scale"});
  for (const Json& script : ArrayBelow(json, {"scripts"})) {
    ScriptText text;
    text.name = TextBelow(script, {"name"});
    text.text = TextBelow(script, {"text"});
    text.weight = CountBelow(script, {"weight"}).value_or(1);
    text.default_mode = ReadQueryMode(script, {"protocol"}).value_or(text.default_mode);
    workload.scripts.push_back(std::move(text));
  }
  const Json* const variables = Below(json, {"variables"});
  if (variables != nullptr && variables->is_object()) {
    for (const auto& [name, value] : variables->items()) {
      if (value.is_string()) workload.variables.emplace_back(name, value.get<std::string>());
    }
  }
  return workload;
}

LoadPlan ReadLoad(const Json& json) {
  LoadPlan load;
  load.duration_s = NumberBelow(json, {"duration_s"});
  load.operations_per_client = CountBelow(json, {"operations_per_client"});
  const std::string connect = TextBelow(json, {"connect"});
  load.connect_each = connect == "each";
  load.connect_before = connect == "before";
  load.warmup_s = NumberBelow(json, {"warmup_s"}).value_or(0);
  load.ramp_s = NumberBelow(json, {"ramp_s"}).value_or(0);
  load.rate_per_s = NumberBelow(json, {"rate_per_s"});
  if (TextBelow(json, {"arrivals"}) == ArrivalKindName(ArrivalKind::kConstant)) {
    load.arrivals = ArrivalKind::kConstant;
  }
  load.latency_limit_ms = NumberBelow(json, {"latency_limit_ms"});
  const std::optional<int64_t> tries = CountBelow(json, {"max_tries"});
  if (tries.has_value()) load.max_tries = IntBelow(json, {"max_tries"});
  load.max_failed_share = NumberBelow(json, {"max_failed_share"}).value_or(load.max_failed_share);
  load.allow_unstable = TruthBelow(json, {"allow_unstable"});
  load.exit_on_abort = TruthBelow(json, {"exit_on_abort"});
  return load;
}

}  // namespace

std::optional<ScenarioPlan> ReadScenarioPlan(const Json& json, const std::string& label) {
  ScenarioPlan scenario;
  scenario.label = label;
  scenario.type = FindScenarioType(label.substr(0, label.find_first_of(":#,")));
  if (scenario.type == nullptr) return std::nullopt;
  if (scenario.type->has_limit) {
    const std::optional<int64_t> limit = CountBelow(json, {"limiter", "limit"});
    if (limit.has_value()) scenario.limit = IntBelow(json, {"limiter", "limit"});
  }
  scenario.pool.size = IntBelow(json, {"pool", "size"});
  scenario.pool.max_overflow = IntBelow(json, {"pool", "max_overflow"});
  scenario.pool.timeout_s = NumberBelow(json, {"pool", "timeout_s"}).value_or(0);
  scenario.pipeline = TruthBelow(json, {"pipeline"});
  if (const std::optional<int64_t> workers = CountBelow(json, {"workers"}); workers > 1) {
    scenario.workers = IntBelow(json, {"workers"});
  }
  return scenario;
}

absl::StatusOr<ComparisonPlan> ReadPlan(const Json& json) {
  ComparisonPlan plan;
  plan.arguments = TextsBelow(json, {"arguments"});
  const Json none = Json::object();
  const auto part = [&](const char* key) -> const Json& {
    const Json* const found = Below(json, {key});
    return found == nullptr ? none : *found;
  };
  plan.workload = ReadWorkload(part("workload"));
  plan.load = ReadLoad(part("load"));
  plan.repeat.blocks = std::max(1, IntBelow(json, {"repeat", "blocks"}));
  plan.repeat.until_percent = NumberBelow(json, {"repeat", "until_percent"});
  plan.target.throwaway = TruthBelow(json, {"target", "throwaway"});
  plan.target.description = TextBelow(json, {"target", "description"});
  const std::string io = TextBelow(json, {"io"});
  for (const IoMode mode : {IoMode::kReadiness, IoMode::kCompletion, IoMode::kRing}) {
    if (IoModeName(mode) == io) plan.io = mode;
  }
  for (const Json& scenario : ArrayBelow(json, {"scenarios"})) {
    const std::string label = TextBelow(scenario, {"scenario"});
    std::optional<ScenarioPlan> read = ReadScenarioPlan(scenario, label);
    if (!read.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("its scenario \"", ShortenedText(label, 40),
                       "\" is of no type that this pgring knows: a newer one wrote it"));
    }
    plan.scenarios.push_back(*std::move(read));
  }
  return plan;
}

Environment ReadEnvironment(const Json& json) {
  Environment environment;
  BuildInfo& build = environment.build;
  build.version = TextBelow(json, {"tool", "version"});
  build.commit = TextBelow(json, {"tool", "commit"});
  build.compiler = TextBelow(json, {"environment", "compiler"});
  build.build_type = TextBelow(json, {"environment", "build_type"});
  // Runs of other builds are not valid, and say why.
  build.sanitizers = "none";
  environment.started_at = TextBelow(json, {"tool", "started_at"});
  environment.host = TextBelow(json, {"environment", "host"});
  environment.kernel = TextBelow(json, {"environment", "kernel"});
  environment.cpu_model = TextBelow(json, {"environment", "cpu", "model"});
  environment.cpu_count = IntBelow(json, {"environment", "cpu", "count"});
  environment.libpq_version = TextBelow(json, {"environment", "libpq"});
  environment.server_version = TextBelow(json, {"environment", "server_version"});
  environment.server_address = TextBelow(json, {"plan", "target", "address"});
  environment.server_is_throwaway = TruthBelow(json, {"plan", "target", "throwaway"});
  const Json* const settings = Below(json, {"environment", "settings"});
  if (settings != nullptr && settings->is_object()) {
    for (const auto& [name, value] : settings->items()) {
      if (value.is_string()) {
        environment.server_settings.emplace_back(name, value.get<std::string>());
      }
    }
  }
  return environment;
}

}  // namespace pgring
