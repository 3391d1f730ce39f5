#include "cli/scenario_list.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/leftover_arguments.h"
#include "pgring/base/status.h"
#include "pgring/postgres/pool.h"

namespace pgring {
namespace {

struct OwnSettings {
  std::optional<int> limit;
  std::optional<int> pool_size;
  std::optional<int> max_overflow;
  std::optional<double> pool_timeout_s;
  bool pipeline = false;
};

absl::Status Bad(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("scenario \"", text, "\": ", why));
}

absl::Status SetTwice(const std::string& text, const std::string& what, const std::string& first,
                      const std::string& second) {
  return Bad(text, absl::StrCat(what, " is set twice, to ", first, " and to \"", second,
                                "\": leave one out"));
}

absl::StatusOr<const ScenarioType*> TypeOf(const std::string& text, const std::string& name) {
  const ScenarioType* type = FindScenarioType(name);
  if (type != nullptr) return type;
  const std::vector<std::string> names = ScenarioTypeNames();
  const std::string nearest = NearestName(name, names);
  return Bad(text, absl::StrCat("there is no such scenario; ",
                                nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? "),
                                "known are ", absl::StrJoin(names, ", ")));
}

absl::Status ParseInt(const std::string& text, const std::string& what, const std::string& value,
                      int low, int high, std::optional<int>* result) {
  if (result->has_value()) return SetTwice(text, what, absl::StrCat(**result), value);
  int number = 0;
  if (!absl::SimpleAtoi(value, &number) || number < low || number > high) {
    return Bad(text, absl::StrCat(what, " must be a whole number from ", low, " to ", high,
                                  ", not \"", value, "\""));
  }
  *result = number;
  return absl::OkStatus();
}

absl::Status ParseSetting(const std::string& text, const std::string& setting, OwnSettings* own) {
  if (setting == "pipeline") {
    own->pipeline = true;
    return absl::OkStatus();
  }
  const std::vector<std::string> parts = absl::StrSplit(setting, absl::MaxSplits('=', 1));
  const std::string key = parts.size() == 2 ? parts[0] : "limit";
  const std::string& value = parts.back();
  if (key == "limit") return ParseInt(text, "the limit", value, 1, kMaxLimit, &own->limit);
  if (key == "pool") {
    return ParseInt(text, "pool", value, 1, kMaxPoolConnections, &own->pool_size);
  }
  if (key == "overflow") {
    return ParseInt(text, "overflow", value, 0, kMaxPoolConnections, &own->max_overflow);
  }
  if (key == "timeout") {
    if (own->pool_timeout_s) {
      return SetTwice(text, "timeout", absl::StrCat(*own->pool_timeout_s), value);
    }
    double seconds = 0;
    if (!absl::SimpleAtod(value, &seconds) || !(seconds >= 0 && seconds <= kMaxPoolTimeoutS)) {
      return Bad(text, absl::StrCat("timeout must be seconds from 0 to ", kMaxPoolTimeoutS,
                                    ", not \"", value, "\""));
    }
    own->pool_timeout_s = seconds;
    return absl::OkStatus();
  }
  const std::string nearest =
      NearestName(key, {"limit", "pool", "overflow", "timeout", "pipeline"});
  return Bad(text, absl::StrCat("unknown setting \"", key, "\"; ",
                                nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? "),
                                "known are limit, pool, overflow, timeout and pipeline"));
}

absl::Status RefuseForeignSettings(const std::string& text, const ScenarioType& type,
                                   const OwnSettings& own) {
  if (!type.driver->uses_io_uring && own.pipeline) {
    return Bad(text, "a blocking scenario sends one statement at a time: leave out pipeline");
  }
  const bool may_set_limit = type.highest_limit > type.default_limit;
  const bool sets_pool = own.pool_size || own.max_overflow || own.pool_timeout_s;
  const bool may_overflow = type.has_pool && !type.shares_connections;
  const bool overflows = own.max_overflow || own.pool_timeout_s;
  if ((own.limit && !may_set_limit) || (sets_pool && !type.has_pool) ||
      (overflows && !may_overflow)) {
    return Bad(text, std::string(type.settings_hint));
  }
  return absl::OkStatus();
}

absl::Status SetLimit(const std::string& text, const OwnSettings& own,
                      const ScenarioDefaults& defaults, ScenarioPlan* plan) {
  const ScenarioType& type = *plan->type;
  plan->pool.size = type.default_pool;
  if (!type.has_limit) return absl::OkStatus();
  const bool may_set_limit = type.highest_limit > type.default_limit;
  std::optional<int> limit = own.limit;
  if (!limit.has_value() && may_set_limit) limit = defaults.limit;
  plan->limit = limit.value_or(type.default_limit);
  if (*plan->limit > type.highest_limit) {
    return Bad(text, absl::StrCat("at most ", type.highest_limit, " ", std::string(type.limiter)));
  }
  plan->pool.size = type.DefaultPool(*plan->limit);
  plan->connections_given = limit.has_value() || !may_set_limit;
  return absl::OkStatus();
}

absl::Status SetPool(const std::string& text, const OwnSettings& own,
                     const ScenarioDefaults& defaults, ScenarioPlan* plan) {
  if (!plan->type->has_pool) return absl::OkStatus();
  const std::optional<int> pool_size = own.pool_size ? own.pool_size : defaults.pool_size;
  if (pool_size) plan->pool.size = *pool_size;
  if (plan->type->shares_connections) {
    if (pool_size) plan->connections_given = true;
    return absl::OkStatus();
  }
  plan->pool.max_overflow = own.max_overflow.value_or(defaults.max_overflow.value_or(0));
  plan->pool.timeout_s = own.pool_timeout_s.value_or(defaults.pool_timeout_s.value_or(0));
  if (pool_size || plan->pool.max_overflow > 0) plan->connections_given = true;
  if (plan->pool.size + plan->pool.max_overflow > kMaxPoolConnections) {
    return Bad(text, absl::StrCat("pool and overflow together exceed ", kMaxPoolConnections));
  }
  return absl::OkStatus();
}

absl::StatusOr<ScenarioPlan> ParseScenario(const std::string& text,
                                           const ScenarioDefaults& defaults) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  const auto type = TypeOf(text, parts[0]);
  if (!type.ok()) return type.status();
  OwnSettings own;
  for (size_t i = 1; i < parts.size(); ++i) {
    PGRING_RETURN_IF_ERROR(ParseSetting(text, parts[i], &own));
  }
  PGRING_RETURN_IF_ERROR(RefuseForeignSettings(text, **type, own));

  ScenarioPlan plan;
  plan.type = *type;
  plan.label = text;
  plan.pipeline = plan.type->pipelines || own.pipeline;
  if (defaults.pipeline && !plan.pipeline && plan.type->driver->uses_io_uring) {
    plan.pipeline = true;
    plan.label += ":pipeline";
  }
  PGRING_RETURN_IF_ERROR(SetLimit(text, own, defaults, &plan));
  PGRING_RETURN_IF_ERROR(SetPool(text, own, defaults, &plan));
  return plan;
}

}  // namespace

absl::StatusOr<std::vector<ScenarioPlan>> ParseScenarios(const std::string& text,
                                                         const ScenarioDefaults& defaults) {
  std::vector<ScenarioPlan> plans;
  for (absl::string_view item : absl::StrSplit(text, ',')) {
    auto plan = ParseScenario(std::string(absl::StripAsciiWhitespace(item)), defaults);
    if (!plan.ok()) return plan.status();
    // The same scenario twice is a fair question (how noisy is this machine?).
    int copies = 1;
    const std::string label = plan->label;
    const auto taken = [&plans](const std::string& candidate) {
      return std::any_of(plans.begin(), plans.end(),
                         [&candidate](const ScenarioPlan& p) { return p.label == candidate; });
    };
    while (taken(plan->label)) plan->label = absl::StrCat(label, "#", ++copies);
    plans.push_back(*std::move(plan));
    if (plans.size() > kMaxScenarios) {
      return absl::InvalidArgumentError(absl::StrCat("at most ", kMaxScenarios, " scenarios"));
    }
  }
  return plans;
}

}  // namespace pgring
