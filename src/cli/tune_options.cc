#include "cli/tune_options.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/leftover_arguments.h"
#include "cli/load_options.h"
#include "cli/option_values.h"
#include "pgring/base/status.h"
#include "pgring/postgres/pool.h"
#include "workload/script_sharing.h"

namespace pgring {
namespace {

constexpr const char* kSearchGroup = "Search";
constexpr double kMostGain = 0.5;
constexpr int kMostCores = 4'096;
constexpr double kMostMilliseconds = kMaxDurationS * 1e3;

// What has a limit of its own that can be set.
bool IsTunable(const ScenarioType& type) {
  return type.has_limit && type.highest_limit > type.default_limit;
}

std::vector<std::string> TunableNames() {
  std::vector<std::string> names;
  for (const ScenarioType& type : ScenarioTypes()) {
    if (IsTunable(type)) names.emplace_back(type.name);
  }
  return names;
}

// "p99=20ms", "p99.9=1 s"; a number without a unit is of milliseconds.
absl::StatusOr<ServiceLevel> ParseServiceLevel(const std::string& text) {
  const auto bad = [&text](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--slo \"", text, "\": ", why, "; give a percentile and a time, for instance p99=20ms"));
  };
  const size_t equals = text.find('=');
  if (equals == std::string::npos || !absl::StartsWith(text, "p")) return bad("not of that form");
  ServiceLevel level;
  const std::string percentile = text.substr(1, equals - 1);
  if (!absl::SimpleAtod(percentile, &level.percentile) || !(level.percentile > 0) ||
      !(level.percentile < 100)) {
    return bad("the percentile lies between 0 and 100");
  }
  std::string time = text.substr(equals + 1);
  const std::string problem = Duration(TimeUnit::kMilliseconds, 0.001, kMostMilliseconds)(time);
  if (!problem.empty()) return bad(problem);
  if (!absl::SimpleAtod(time, &level.within_ms)) return bad("that is no time");
  return level;
}

}  // namespace

void AddTuneOptions(CLI::App* command, TunePlan* plan, RawTune* raw) {
  command
      ->add_option("--scenario", raw->scenario,
                   "what is driven with the limit that is looked for; of multiplexed the number of "
                   "connections is looked for first")
      ->type_name(absl::StrCat("TEXT:{", absl::StrJoin(TunableNames(), ","), "}"))
      ->capture_default_str()
      ->group(kSearchGroup);
  command
      ->add_option("--max-limit", raw->highest_limit,
                   absl::StrCat("operations in flight, and connections, that are tried at most "
                                "(default ",
                                kDefaultHighestLimit, ", or what the server allows)"))
      ->check(WholeNumber(1, kMaxPoolConnections))
      ->group(kSearchGroup);
  command
      ->add_option("--gain", plan->gain,
                   "how much more throughput a higher limit has to bring: 0 asks for the highest "
                   "throughput, 0.1 for 7 % by doubling the limit, 0.5 for 41 %")
      ->check(Number(0, kMostGain))
      ->capture_default_str()
      ->group(kSearchGroup);
  command
      ->add_option("--budget", plan->budget_s,
                   "seconds for all of it, from when the server and the tables are there")
      ->transform(Duration(TimeUnit::kSeconds, kLeastBudgetS, kMaxDurationS))
      ->capture_default_str()
      ->group(kSearchGroup);
  command
      ->add_option("--slo", raw->service_levels,
                   "also look for the highest arrival rate that keeps a percentile of the response "
                   "within a time: p99=20ms; may be given several times")
      ->allow_extra_args(false)
      ->group(kSearchGroup);
  command
      ->add_option("-R,--rate", plan->rate_per_s,
                   "with --slo: operations a second that you expect, for the headroom")
      ->check(Number(0.001, kMaxRatePerS))
      ->group(kSearchGroup);
  command
      ->add_option("--max-tries", plan->max_tries,
                   "attempts at an operation that ends in a serialization failure or a deadlock")
      ->check(WholeNumber(1, kMostTries))
      ->capture_default_str()
      ->group(kSearchGroup);
  command
      ->add_option("--instances", plan->instances,
                   "processes of your application, among which the answer is divided")
      ->check(WholeNumber(1, kMaxInstances))
      ->capture_default_str()
      ->group(kSearchGroup);
  command
      ->add_option("--server-cores", plan->server_cores,
                   "of the server's machine, for the formulas (default: this machine's, where the "
                   "server is on it)")
      ->check(WholeNumber(1, kMostCores))
      ->group(kSearchGroup);
}

absl::Status ResolveTune(const RawTune& raw, TunePlan* plan) {
  plan->type = FindScenarioType(raw.scenario);
  const std::vector<std::string> names = TunableNames();
  if (plan->type == nullptr || std::find(names.begin(), names.end(), raw.scenario) == names.end()) {
    const std::string nearest = NearestName(raw.scenario, names);
    return absl::InvalidArgumentError(
        absl::StrCat("--scenario \"", raw.scenario, "\" has no limit to look for; ",
                     nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? "),
                     "known are ", absl::StrJoin(names, ", ")));
  }
  if (plan->type->pipelines && plan->base.workload.mode == QueryMode::kSimple) {
    return absl::InvalidArgumentError(
        "pipelining needs the extended query protocol: leave out -M simple");
  }
  if (plan->type->shares_connections) {
    const WorkloadPlan& workload = plan->base.workload;
    PGRING_RETURN_IF_ERROR(CheckScriptsCanShare(workload.scripts, workload.mode));
  }
  plan->highest_limit_given = raw.highest_limit.has_value();
  plan->highest_limit = raw.highest_limit.value_or(plan->highest_limit);
  plan->highest_limit = std::min(plan->highest_limit, plan->type->highest_limit);
  for (const std::string& text : raw.service_levels) {
    absl::StatusOr<ServiceLevel> level = ParseServiceLevel(text);
    if (!level.ok()) return level.status();
    plan->service_levels.push_back(*level);
  }
  if (!plan->service_levels.empty() && plan->type->make_limiter == nullptr) {
    return absl::InvalidArgumentError(
        "--slo needs a schedule that does not wait for threads: use it with window, chunked, "
        "pipelined or multiplexed");
  }
  if (plan->rate_per_s.has_value() && plan->service_levels.empty()) {
    return absl::InvalidArgumentError(
        "-R is the rate that --slo's headroom counts from: give --slo, or leave it out");
  }
  return absl::OkStatus();
}

}  // namespace pgring
