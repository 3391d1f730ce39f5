#include "report/tune_json.h"

#include <string_view>
#include <utility>

#include "pgring/base/check.h"
#include "report/json_report.h"
#include "report/json_values.h"
#include "report/tune_answer.h"
#include "report/tune_report.h"

namespace pgring {
namespace {

std::string_view ConfirmationName(Confirmation confirmation) {
  switch (confirmation) {
    case Confirmation::kConfirmed:
      return "confirmed";
    case Confirmation::kUndecided:
      return "undecided";
    case Confirmation::kContradicted:
      return "contradicted";
  }
  PGRING_CHECK(false, "a confirmation without a name");
}

Json AnswerJson(const TuneResult& result) {
  if (result.searches.empty() || !result.searches.back().limit.has_value()) return Json();
  const SearchAnswer& search = result.searches.back();
  return {{"limit", *search.limit},
          {"connections", ValueOrNull(result.connections())},
          {"indifferent", search.indifferent},
          {"gain", result.plan.gain},
          {"capped", search.capped},
          {"client_limited", search.client_limited},
          {"noise", ValueOrNull(search.noise)},
          {"confirmed", result.confirmed()}};
}

Json TrialJson(const Trial& trial) {
  return {{"limit", trial.limit},
          {"throughput_per_s", FiniteOrNull(trial.throughput_per_s)},
          {"completed", trial.completed},
          {"failed", trial.failed},
          {"seconds", trial.seconds},
          {"p99_ns", ValueOrNull(trial.p99_ns)},
          {"client_limited", trial.client_limited}};
}

Json ScalabilityJson(const SearchAnswer& search) {
  if (!search.scalability.has_value()) return Json();
  const ScalabilityFit& fit = *search.scalability;
  Json errors;
  if (fit.standard_errors.has_value()) {
    errors = {{"sigma", FiniteOrNull(fit.standard_errors->sigma)},
              {"kappa", FiniteOrNull(fit.standard_errors->kappa)},
              {"lambda_per_s", FiniteOrNull(fit.standard_errors->lambda)}};
  }
  Json knees = Json::array();
  for (const KneeEstimate& knee : search.knees) {
    knees.push_back(
        {{"gain", knee.gain}, {"limit", ValueOrNull(knee.limit)}, {"tested", knee.tested}});
  }
  return {{"sigma", fit.model.sigma},
          {"kappa", fit.model.kappa},
          {"lambda_per_s", fit.model.lambda},
          {"standard_errors", std::move(errors)},
          {"knees", std::move(knees)}};
}

// What came before that search, where operations share connections.
Json ConnectionSearchJson(const TuneResult& result, size_t number) {
  if (number >= result.connection_searches.size()) return Json();
  const ConnectionSearch& search = result.connection_searches[number];
  Json trials = Json::array();
  for (const Trial& trial : search.trials) trials.push_back(TrialJson(trial));
  return {{"limit", ValueOrNull(search.answer.limit)},
          {"converged", search.answer.converged},
          {"trials", std::move(trials)}};
}

Json SearchesJson(const TuneResult& result) {
  Json searches = Json::array();
  for (size_t i = 0; i < result.searches.size(); ++i) {
    const SearchAnswer& search = result.searches[i];
    Json trials = Json::array();
    for (const Trial& trial : result.trials[i]) trials.push_back(TrialJson(trial));
    searches.push_back({{"limit", ValueOrNull(search.limit)},
                        {"connections", ConnectionSearchJson(result, i)},
                        {"converged", search.converged},
                        {"usl", ScalabilityJson(search)},
                        {"trials", std::move(trials)}});
  }
  return searches;
}

Json TestingJson(const TuneResult& result) {
  Json stages = Json::array();
  for (const TestingStage& stage : result.testing) {
    stages.push_back({{"answer", stage.answer},
                      {"connections", stage.connections > 0 ? Json(stage.connections) : Json()},
                      {"half", TextOrNull(stage.half)},
                      {"twice", TextOrNull(stage.twice)},
                      {"fewer_connections", TextOrNull(stage.fewer_connections)},
                      {"more_connections", TextOrNull(stage.more_connections)},
                      {"outcome", ConfirmationName(stage.confirmation)},
                      {"better_limit", ValueOrNull(stage.better)},
                      {"better_connections", ValueOrNull(stage.better_connections)},
                      {"limits", ResultJson(stage.limits)},
                      {"ways", stage.ways.runs.empty() ? Json() : ResultJson(stage.ways)}});
  }
  return stages;
}

Json FormulasJson(const TuneResult& result) {
  Json formulas = Json::array();
  for (const Formula& formula : result.formulas) {
    formulas.push_back({{"name", formula.name},
                        {"limit", formula.limit},
                        {"throughput_ratio", ValueOrNull(formula.throughput_ratio)},
                        {"p99_ns", ValueOrNull(formula.p99_ns)}});
  }
  return formulas;
}

Json ServiceLevelJson(const TuneResult& result) {
  if (!result.service_level.has_value()) return Json();
  Json levels = Json::array();
  for (const ServiceLevel& level : result.plan.service_levels) {
    levels.push_back({{"percentile", level.percentile}, {"within_ms", level.within_ms}});
  }
  Json trials = Json::array();
  for (const RateTrial& trial : result.service_level->trials) {
    Json percentiles = Json::array();
    for (const auto& value_ms : trial.percentiles_ms) percentiles.push_back(ValueOrNull(value_ms));
    trials.push_back({{"offered_per_s", trial.offered_per_s},
                      {"achieved_per_s", FiniteOrNull(trial.achieved_per_s)},
                      {"percentiles_ms", std::move(percentiles)},
                      {"holds", trial.holds},
                      {"client_limited", trial.client_limited}});
  }
  return {{"levels", std::move(levels)},
          {"limit", result.service_level->limit},
          {"highest_rate_per_s", ValueOrNull(result.service_level->highest_rate_per_s)},
          {"held_twice", result.service_level->held_twice},
          {"at_least", !result.service_level->is_bounded},
          {"asked_rate_per_s", ValueOrNull(result.plan.rate_per_s)},
          {"trials", std::move(trials)}};
}

}  // namespace

std::string TuneJson(const TuneResult& result) {
  const Json report = {{"schema", kTuneSchema},
                       {"tool", ToolJson(result.environment)},
                       {"environment", EnvironmentJson(result.environment)},
                       {"plan", PlanJson(DescribedBy(result))},
                       {"scenario", result.plan.type->name},
                       {"budget_s", result.plan.budget_s},
                       {"took_s", result.took_s},
                       {"interrupted", result.interrupted},
                       {"failure", TextOrNull(result.failure)},
                       {"remarks", result.remarks},
                       {"in_short", TuneAnswer(result)},
                       {"answer", AnswerJson(result)},
                       {"searches", SearchesJson(result)},
                       {"testing", TestingJson(result)},
                       {"formulas", FormulasJson(result)},
                       {"service_level", ServiceLevelJson(result)},
                       {"client_share", ValueOrNull(result.client_share)}};
  return JsonText(report);
}

}  // namespace pgring
