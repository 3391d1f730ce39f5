#include "report/read_result.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "report/svg_page.h"
#include "report/workers.h"

namespace pgring {
namespace {

constexpr double kLongestRunS = 1e9;

VerifiedFigures ReadVerified(const Json& json, const char* key) {
  VerifiedFigures figures;
  const Json* const found = Below(json, {"verification", key});
  if (found == nullptr || !found->is_object()) return figures;
  for (const auto& [name, value] : found->items()) {
    if (value.is_number_integer()) figures.emplace_back(name, value.get<int64_t>());
  }
  return figures;
}

void ReadVerdict(const Json& json, Run* run) {
  run->verdict.reasons = TextsBelow(json, {"reasons"});
  run->verdict.warnings = TextsBelow(json, {"warnings"});
  run->verdict.unstable = TruthBelow(json, {"unstable"});
  // Written where there was no other reason.
  if (run->verdict.reasons == std::vector<std::string>{"interrupted"}) {
    run->interrupted = true;
    run->verdict.reasons.clear();
  } else if (!TruthBelow(json, {"valid"}) && run->verdict.reasons.empty()) {
    run->verdict.reasons = {"it is not valid, and does not say why"};
  }
  const Json* const verification = Below(json, {"verification"});
  if (verification != nullptr && verification->is_object()) {
    run->verification = Verification{ReadVerified(json, "expected"), ReadVerified(json, "found"),
                                     TruthBelow(json, {"verification", "ok"}), ""};
  }
}

// What only some plans bring about.
void ReadLoadFigures(const Json& json, Run* run) {
  run->late = CountBelow(json, {"late"}).value_or(0);
  run->retried = CountBelow(json, {"retried"}).value_or(0);
  run->retries = CountBelow(json, {"retries"}).value_or(0);
  run->aborted_clients = CountBelow(json, {"aborted_clients"}).value_or(0);
  ServerMessageCounts& messages = run->server_messages;
  const auto count = [&json](const char* key) {
    return CountBelow(json, {"server_messages", key}).value_or(0);
  };
  messages.warnings = count("warnings");
  messages.notices = count("notices");
  messages.notifications = count("notifications");
  messages.first_warning = TextBelow(json, {"server_messages", "first_warning"});
  messages.first_notice = TextBelow(json, {"server_messages", "first_notice"});
}

absl::StatusOr<Run> ReadRun(const ComparisonPlan& plan, const Json& json) {
  const std::string label = TextBelow(json, {"scenario"});
  const auto planned =
      std::find_if(plan.scenarios.begin(), plan.scenarios.end(),
                   [&label](const ScenarioPlan& scenario) { return scenario.label == label; });
  if (planned == plan.scenarios.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("its run \"", ShortenedText(label, 40), "\" is of no scenario of its plan"));
  }
  Run run(*planned, plan.load, {});
  // What the run took may differ from the plan: the server's allowance of connections.
  if (std::optional<ScenarioPlan> ran = ReadScenarioPlan(json, label);
      ran.has_value() && Below(json, {"pool"}) != nullptr) {
    run.scenario = *std::move(ran);
    run.scenario.workers = planned->workers;
  }
  const double wall_s = std::clamp(NumberBelow(json, {"wall_s"}).value_or(0), 0.0, kLongestRunS);
  run.ended_ns = std::llround(wall_s * static_cast<double>(kNanosecondsPerSecond));
  ReadVerdict(json, &run);
  ReadLoadFigures(json, &run);
  run.workers = ReadWorkers(json);
  PGRING_RETURN_IF_ERROR(ReadFigures(json, &run));
  return run;
}

}  // namespace

absl::StatusOr<ComparisonResult> ComparisonFromJson(const Json& json) {
  ComparisonResult result;
  const Json* const plan_json = Below(json, {"plan"});
  if (plan_json == nullptr) return absl::InvalidArgumentError("it has no plan");
  absl::StatusOr<ComparisonPlan> plan = ReadPlan(*plan_json);
  if (!plan.ok()) return plan.status();
  result.plan = *std::move(plan);
  result.environment = ReadEnvironment(json);
  result.interrupted = TruthBelow(json, {"interrupted"});
  result.told = TextsBelow(json, {"in_short"});
  for (const Json& run_json : ArrayBelow(json, {"runs"})) {
    absl::StatusOr<Run> run = ReadRun(result.plan, run_json);
    if (!run.ok()) return run.status();
    result.runs.push_back(*std::move(run));
  }
  for (const Json& block_json : ArrayBelow(json, {"blocks"})) {
    Block block;
    block.planned = result.plan.scenarios.size();
    for (const Json& run_json : ArrayBelow(block_json, {"runs"})) {
      absl::StatusOr<Run> run = ReadRun(result.plan, run_json);
      if (!run.ok()) return run.status();
      block.runs.push_back(*std::move(run));
    }
    result.blocks.push_back(std::move(block));
  }
  if (result.runs.empty()) return absl::InvalidArgumentError("it has no run");
  return result;
}

absl::StatusOr<ComparisonResult> ReadComparison(const std::string& path) {
  const absl::StatusOr<ResultFile> file = ReadResultFile(path);
  return file.ok() ? ReadComparison(*file) : file.status();
}

absl::StatusOr<ComparisonResult> ReadComparison(const ResultFile& file) {
  absl::StatusOr<ComparisonResult> result = ComparisonFromJson(file.json);
  if (result.ok()) return result;
  return absl::Status(result.status().code(),
                      absl::StrCat(file.path, ": ", result.status().message()));
}

}  // namespace pgring
