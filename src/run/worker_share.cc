#include "run/worker_share.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pgring {
namespace {

int PartOf(int whole, int rank, int size) { return whole / size + (rank < whole % size ? 1 : 0); }

}  // namespace

int64_t WorkerShare::CountOf(int64_t operations) const {
  if (operations == kUnlimitedOperations) return operations;
  const int64_t left = operations % Round();
  const int64_t of_the_last = left > rank ? (left - rank + size - 1) / size : 0;
  return operations / Round() * OwnPerRound() + std::min(of_the_last, OwnPerRound());
}

WorkerShare ShareOf(const ScenarioPlan& scenario, const LoadPlan& load, int rank) {
  return {.rank = rank,
          .size = scenario.workers,
          .clients = scenario.ClientCount(),
          .follows_clients = load.operations_per_client.has_value()};
}

ScenarioPlan ScenarioShare(const ScenarioPlan& scenario, int rank) {
  ScenarioPlan share = scenario;
  const int size = scenario.workers;
  share.workers = 1;
  if (scenario.limit.has_value()) share.limit = PartOf(*scenario.limit, rank, size);
  share.pool.size = PartOf(scenario.pool.size, rank, size);
  share.pool.max_overflow = PartOf(scenario.pool.max_overflow, rank, size);
  return share;
}

absl::Status ShareScenario(int workers, ScenarioPlan* scenario) {
  if (scenario->type->has_limit && scenario->type->highest_limit == 1) return absl::OkStatus();
  if (scenario->limit.value_or(workers) < workers) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d workers cannot share the %d operations in flight of scenario %s: each needs one; use "
        "at most %d workers, or a larger --limit",
        workers, *scenario->limit, scenario->label, *scenario->limit));
  }
  if (scenario->pool.size < workers) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d workers cannot share the %d connections of scenario %s: each needs one; use at most "
        "%d workers, or a larger --pool-size",
        workers, scenario->pool.size, scenario->label, scenario->pool.size));
  }
  scenario->workers = workers;
  return absl::OkStatus();
}

}  // namespace pgring
