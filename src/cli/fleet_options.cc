#include "cli/fleet_options.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/option_values.h"
#include "pgring/base/status.h"
#include "run/worker_share.h"

namespace pgring {
namespace {

constexpr size_t kLongestId = 63;
constexpr double kLongestTimeoutS = 86'400;

struct Engine {
  const char* name;
  const char* rank;
  const char* size;  // nullptr: --workers says it
};
constexpr Engine kEngines[] = {
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI", "PMI_RANK", "PMI_SIZE"},
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    {"Kubernetes", "JOB_COMPLETION_INDEX", nullptr},
};

absl::Status BadPlace(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("--fleet: ", what));
}

absl::StatusOr<int> Number(const std::string& what, const std::string& text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number) && number >= 0) return number;
  return BadPlace(absl::StrCat(what, " is \"", text, "\", no whole number"));
}

// "I/N" of --worker.
absl::Status ReadPlace(const std::string& text, FleetPlan* fleet) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && absl::SimpleAtoi(parts[0], &fleet->rank) &&
      absl::SimpleAtoi(parts[1], &fleet->size) && fleet->rank >= 0 && fleet->size > 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--worker \"", text, "\": not I/N, for instance 0/4 to 3/4"));
}

absl::Status AskEngine(const RawFleet& raw, FleetPlan* fleet) {
  for (const Engine& engine : kEngines) {
    const char* const rank = std::getenv(engine.rank);
    if (rank == nullptr) continue;
    const absl::StatusOr<int> place = Number(engine.rank, rank);
    if (!place.ok()) return place.status();
    fleet->rank = *place;
    const char* const size = engine.size == nullptr ? nullptr : std::getenv(engine.size);
    if (raw.workers.has_value()) {
      fleet->size = *raw.workers;
    } else if (size != nullptr) {
      const absl::StatusOr<int> count = Number(engine.size, size);
      if (!count.ok()) return count.status();
      fleet->size = *count;
    } else {
      return BadPlace(
          absl::StrCat(engine.name, " does not say how many workers there are; give --workers N"));
    }
    return absl::OkStatus();
  }
  return BadPlace(
      "no engine says which worker this is (Open MPI, PMI, Slurm, a Kubernetes Indexed Job); give "
      "--worker I/N");
}

}  // namespace

void AddFleetOptions(CLI::App* command, RawFleet* raw) {
  const char* group = "Fleet";
  command
      ->add_option("--fleet", raw->id,
                   "be one worker of several processes with this ID, also on other machines: they "
                   "meet at the database, share the run as with -j, and each writes "
                   "worker-<rank>.pgring for pgring merge")
      ->type_name("ID")
      ->group(group);
  command
      ->add_option("--worker", raw->worker,
                   "which one of how many, 0/4 to 3/4 (default: what mpirun, srun or a Kubernetes "
                   "Indexed Job says)")
      ->type_name("I/N")
      ->group(group);
  command
      ->add_option("--workers", raw->workers,
                   "how many, where the engine tells only which one this is (Kubernetes)")
      ->check(WholeNumber(1, kMaxWorkers))
      ->group(group);
  command
      ->add_option("--fleet-timeout", raw->timeout_s,
                   "seconds to wait for workers that are missing or do not answer, also those of "
                   "-j (default 60)")
      ->transform(Duration(TimeUnit::kSeconds, 0.1, kLongestTimeoutS))
      ->group(group);
}

absl::StatusOr<std::optional<FleetPlan>> ResolveFleet(const RawFleet& raw, ComparisonPlan* plan) {
  if (raw.id.empty()) {
    if (raw.worker.empty() && !raw.workers.has_value()) return std::nullopt;
    return absl::InvalidArgumentError(
        "--worker and --workers are for --fleet ID: add it, or leave them out");
  }
  FleetPlan fleet;
  fleet.id = raw.id;
  fleet.timeout_s = raw.timeout_s;
  if (fleet.id.size() > kLongestId) {
    return BadPlace(absl::StrCat("an ID has at most ", kLongestId, " bytes"));
  }
  PGRING_RETURN_IF_ERROR(raw.worker.empty() ? AskEngine(raw, &fleet)
                                            : ReadPlace(raw.worker, &fleet));
  if (fleet.size > kMaxWorkers || fleet.rank >= fleet.size) {
    return BadPlace(absl::StrCat("there is no worker ", fleet.rank, " of ", fleet.size,
                                 "; workers are 0 to N-1, and at most ", kMaxWorkers));
  }
  if (plan->repeat.until_percent.has_value()) {
    return BadPlace("--until needs results that no worker has alone: give --repeat N");
  }
  if (plan->workload.print_rows) {
    return BadPlace("--print-rows would mix the rows of several workers: leave it out");
  }
  for (ScenarioPlan& scenario : plan->scenarios) {
    if (scenario.workers > 1) {
      return BadPlace(
          "a worker of a fleet has no workers of its own: leave out -j, and have the "
          "engine start more");
    }
    const absl::Status shared = ShareScenario(fleet.size, &scenario);
    if (!shared.ok()) return BadPlace(std::string(shared.message()));
    if (scenario.workers == fleet.size) continue;
    return BadPlace(absl::StrCat("scenario ", scenario.label,
                                 " is one client, which workers cannot share: leave it out"));
  }
  return fleet;
}

}  // namespace pgring
