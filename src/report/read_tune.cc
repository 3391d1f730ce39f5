#include "report/read_tune.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "report/read_result.h"
#include "report/tune_json.h"

namespace pgring {
namespace {

constexpr int64_t kMostLimit = 1'000'000;

// A limit of operations in flight; nothing where it is none.
std::optional<int> LimitBelow(const Json& json, const char* key) {
  const std::optional<int64_t> limit = CountBelow(json, {key});
  if (!limit.has_value() || *limit < 1 || *limit > kMostLimit) return std::nullopt;
  return static_cast<int>(*limit);
}

std::optional<Trial> ReadTrial(const Json& json) {
  Trial trial;
  const std::optional<int> limit = LimitBelow(json, "limit");
  const double throughput_per_s = NumberBelow(json, {"throughput_per_s"}).value_or(0);
  if (!limit.has_value() || throughput_per_s < 0) return std::nullopt;
  trial.limit = *limit;
  trial.throughput_per_s = throughput_per_s;
  trial.completed = CountBelow(json, {"completed"}).value_or(0);
  trial.failed = CountBelow(json, {"failed"}).value_or(0);
  trial.seconds = NumberBelow(json, {"seconds"}).value_or(0);
  trial.p99_ns = CountBelow(json, {"p99_ns"});
  trial.client_limited = TruthBelow(json, {"client_limited"});
  return trial;
}

std::optional<ScalabilityFit> ReadScalability(const Json& search,
                                              const std::vector<Trial>& trials) {
  const std::optional<double> sigma = NumberBelow(search, {"usl", "sigma"});
  const std::optional<double> kappa = NumberBelow(search, {"usl", "kappa"});
  const std::optional<double> lambda = NumberBelow(search, {"usl", "lambda_per_s"});
  if (!sigma.has_value() || !kappa.has_value() || !lambda.has_value()) return std::nullopt;
  // As a fit is.
  if (*sigma < 0 || *sigma > 1 || *kappa < 0 || *kappa > 1 || *lambda <= 0) return std::nullopt;
  ScalabilityFit fit = {};
  fit.model.sigma = *sigma;
  fit.model.kappa = *kappa;
  fit.model.lambda = *lambda;
  const std::optional<double> error = NumberBelow(search, {"usl", "standard_errors", "kappa"});
  int successes = 0;
  for (const Trial& trial : trials) {
    if (!Succeeded(trial) || trial.client_limited) continue;
    ++successes;
    fit.highest_limit = std::max<double>(fit.highest_limit, trial.limit);
  }
  constexpr int kParameters = 3;
  fit.degrees_of_freedom = std::max(0, successes - kParameters);
  if (error.has_value() && *error >= 0 && fit.degrees_of_freedom > 0) {
    fit.standard_errors = ScalabilityErrors{
        NumberBelow(search, {"usl", "standard_errors", "sigma"}).value_or(0), *error,
        NumberBelow(search, {"usl", "standard_errors", "lambda_per_s"}).value_or(0)};
  }
  return fit;
}

absl::Status ReadTrials(const Json& search_json, SearchAnswer* search, std::vector<Trial>* trials) {
  search->limit = LimitBelow(search_json, "limit");
  search->converged = TruthBelow(search_json, {"converged"});
  for (const Json& trial_json : ArrayBelow(search_json, {"trials"})) {
    std::optional<Trial> trial = ReadTrial(trial_json);
    if (!trial.has_value()) {
      return absl::InvalidArgumentError(
          "a trial of it has no limit or throughput: pgring did not write it so");
    }
    trials->push_back(*trial);
  }
  search->trials = static_cast<int>(trials->size());
  return absl::OkStatus();
}

absl::Status ReadSearches(const Json& json, TuneResult* result) {
  for (const Json& search_json : ArrayBelow(json, {"searches"})) {
    SearchAnswer search;
    std::vector<Trial> trials;
    PGRING_RETURN_IF_ERROR(ReadTrials(search_json, &search, &trials));
    search.scalability = ReadScalability(search_json, trials);
    result->searches.push_back(std::move(search));
    result->trials.push_back(std::move(trials));
    const Json* const connections = Below(search_json, {"connections"});
    if (connections == nullptr || !connections->is_object()) continue;
    ConnectionSearch shared;
    PGRING_RETURN_IF_ERROR(ReadTrials(*connections, &shared.answer, &shared.trials));
    result->connection_searches.push_back(std::move(shared));
  }
  if (result->searches.empty()) return absl::OkStatus();
  for (const Json& limit : ArrayBelow(json, {"answer", "indifferent"})) {
    const std::optional<int> value = LimitBelow({{"limit", limit}}, "limit");
    if (value.has_value()) result->searches.back().indifferent.push_back(*value);
  }
  return absl::OkStatus();
}

absl::Status ReadTesting(const Json& json, TuneResult* result) {
  for (const Json& stage_json : ArrayBelow(json, {"testing"})) {
    TestingStage stage;
    stage.answer = LimitBelow(stage_json, "answer").value_or(0);
    stage.half = TextBelow(stage_json, {"half"});
    stage.twice = TextBelow(stage_json, {"twice"});
    stage.better = LimitBelow(stage_json, "better_limit");
    stage.better_connections = LimitBelow(stage_json, "better_connections");
    stage.connections = LimitBelow(stage_json, "connections").value_or(0);
    stage.fewer_connections = TextBelow(stage_json, {"fewer_connections"});
    stage.more_connections = TextBelow(stage_json, {"more_connections"});
    const std::string outcome = TextBelow(stage_json, {"outcome"});
    if (outcome == "confirmed") stage.confirmation = Confirmation::kConfirmed;
    if (outcome == "contradicted") stage.confirmation = Confirmation::kContradicted;
    for (const auto& [key, part] :
         {std::pair("limits", &stage.limits), std::pair("ways", &stage.ways)}) {
      const Json* const found = Below(stage_json, {key});
      // A stage that was cut off has no run of them.
      if (found == nullptr || ArrayBelow(*found, {"runs"}).empty()) continue;
      absl::StatusOr<ComparisonResult> read = ComparisonFromJson(*found);
      if (!read.ok()) return read.status();
      *part = *std::move(read);
    }
    result->testing.push_back(std::move(stage));
  }
  return absl::OkStatus();
}

void ReadServiceLevels(const Json& json, TuneResult* result) {
  const Json* const found = Below(json, {"service_level"});
  if (found == nullptr || !found->is_object()) return;
  for (const Json& level : ArrayBelow(*found, {"levels"})) {
    result->plan.service_levels.push_back({NumberBelow(level, {"percentile"}).value_or(0),
                                           NumberBelow(level, {"within_ms"}).value_or(0)});
  }
  ServiceLevelStage stage;
  stage.limit = LimitBelow(*found, "limit").value_or(0);
  stage.highest_rate_per_s = NumberBelow(*found, {"highest_rate_per_s"});
  for (const Json& trial_json : ArrayBelow(*found, {"trials"})) {
    RateTrial trial;
    trial.offered_per_s = NumberBelow(trial_json, {"offered_per_s"}).value_or(0);
    trial.achieved_per_s = NumberBelow(trial_json, {"achieved_per_s"}).value_or(0);
    trial.holds = TruthBelow(trial_json, {"holds"});
    trial.client_limited = TruthBelow(trial_json, {"client_limited"});
    for (const Json& value_ms : ArrayBelow(trial_json, {"percentiles_ms"})) {
      trial.percentiles_ms.push_back(NumberBelow({{"value", value_ms}}, {"value"}));
    }
    trial.percentiles_ms.resize(result->plan.service_levels.size());
    stage.trials.push_back(std::move(trial));
  }
  result->service_level = std::move(stage);
}

absl::StatusOr<SavedTune> TuneFromJson(const Json& json) {
  SavedTune saved;
  TuneResult& result = saved.result;
  const Json* const plan_json = Below(json, {"plan"});
  if (plan_json == nullptr) return absl::InvalidArgumentError("it has no plan");
  absl::StatusOr<ComparisonPlan> plan = ReadPlan(*plan_json);
  if (!plan.ok()) return plan.status();
  result.plan.base = *std::move(plan);
  result.plan.type = FindScenarioType(TextBelow(json, {"scenario"}));
  if (result.plan.type == nullptr) {
    return absl::InvalidArgumentError("its scenario is of no type that this pgring knows");
  }
  result.plan.budget_s = NumberBelow(json, {"budget_s"}).value_or(0);
  result.plan.gain =
      std::clamp(NumberBelow(json, {"answer", "gain"}).value_or(kDefaultGain), 0.0, 1.0);
  result.environment = ReadEnvironment(json);
  result.interrupted = TruthBelow(json, {"interrupted"});
  result.failure = TextBelow(json, {"failure"});
  result.took_s = NumberBelow(json, {"took_s"}).value_or(0);
  PGRING_RETURN_IF_ERROR(ReadSearches(json, &result));
  PGRING_RETURN_IF_ERROR(ReadTesting(json, &result));
  ReadServiceLevels(json, &result);
  saved.answer = TextsBelow(json, {"in_short"});
  if (saved.answer.empty()) return absl::InvalidArgumentError("it has no answer");
  return saved;
}

}  // namespace

absl::StatusOr<SavedTune> ReadTune(const ResultFile& file) {
  const std::string schema = TextBelow(file.json, {"schema"});
  if (schema != kTuneSchema) {
    return absl::InvalidArgumentError(absl::StrCat(file.path, ": its schema is not ", kTuneSchema,
                                                   ", the one this pgring knows"));
  }
  absl::StatusOr<SavedTune> saved = TuneFromJson(file.json);
  if (saved.ok()) return saved;
  return absl::Status(saved.status().code(),
                      absl::StrCat(file.path, ": ", saved.status().message()));
}

}  // namespace pgring
