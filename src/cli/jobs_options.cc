#include "cli/jobs_options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/option_values.h"
#include "run/worker_share.h"

namespace pgring {

void AddJobs(CLI::App* command, std::string* jobs) {
  command
      ->add_option("-j,--jobs", *jobs,
                   "workers: processes that share a scenario's operations, limit, connections and "
                   "rate, and whose results are added exactly; or auto, one for each processor "
                   "(default 1)")
      ->type_name("N|auto")
      ->check(WholeNumberOr(1, kMaxWorkers, "auto"))
      ->group("Load");
}

std::optional<int> WorkersWanted(const std::string& jobs) {
  if (jobs.empty()) return std::nullopt;
  if (jobs == "auto") {
    return static_cast<int>(std::clamp<int64_t>(sysconf(_SC_NPROCESSORS_ONLN), 1, kMaxWorkers));
  }
  int wanted = 1;
  // It has been checked.
  (void)absl::SimpleAtoi(jobs, &wanted);
  return wanted;
}

absl::Status ResolveWorkers(const std::string& jobs, ComparisonPlan* plan) {
  const std::optional<int> wanted = WorkersWanted(jobs);
  if (!wanted.has_value()) return absl::OkStatus();
  const bool is_auto = jobs == "auto";
  for (ScenarioPlan& scenario : plan->scenarios) {
    const int most = std::min(scenario.limit.value_or(*wanted), scenario.pool.size);
    const absl::Status shared =
        ShareScenario(is_auto ? std::min(*wanted, most) : *wanted, &scenario);
    if (!shared.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("-j ", jobs, ": ", shared.message()));
    }
  }
  const bool any = std::any_of(plan->scenarios.begin(), plan->scenarios.end(),
                               [](const ScenarioPlan& scenario) { return scenario.workers > 1; });
  if (any && plan->workload.print_rows) {
    return absl::InvalidArgumentError(
        "--print-rows would mix the rows of several workers: leave out -j, or --print-rows");
  }
  return absl::OkStatus();
}

}  // namespace pgring
