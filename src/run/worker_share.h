// Which part of a run one of several workers does: which operations of the list, which clients, how
// much of the limit and of the pool. The workers' parts together are the run of a single process:
// each operation of its list once, with its own time of a schedule, each client once.
//
// Plain data; nothing here can fail.
#ifndef PGRING_RUN_WORKER_SHARE_H_
#define PGRING_RUN_WORKER_SHARE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "run/load_plan.h"
#include "run/plan.h"

namespace pgring {

inline constexpr int kMaxWorkers = 1'000;

struct WorkerShare {
  int rank = 0;
  int size = 1;
  int clients = 1;  // of all workers together
  // Every client has operations of its own (-t): operations follow the clients, one for each of
  // them in turn. Else operation i goes to worker i mod size.
  bool follows_clients = false;

  // The number in the list of the operation that this worker has as its `number`-th, from 0.
  int64_t IndexOf(int64_t number) const {
    const int64_t mine = OwnPerRound();
    return number / mine * Round() + rank + number % mine * size;
  }
  // How many of the list's first `operations` are this worker's; kUnlimitedOperations stays.
  int64_t CountOf(int64_t operations) const;
  // The number, in the whole run, of this worker's `number`-th client.
  int ClientOf(int number) const { return rank + number * size; }

 private:
  int64_t Round() const { return follows_clients ? clients : size; }
  int64_t OwnPerRound() const { return follows_clients ? (clients - rank + size - 1) / size : 1; }
};

// Of a scenario that runs with scenario.workers of them.
WorkerShare ShareOf(const ScenarioPlan& scenario, const LoadPlan& load, int rank);
// What is left to that worker of the limit and of the pool: remainders go to low ranks.
ScenarioPlan ScenarioShare(const ScenarioPlan& scenario, int rank);

// Has `workers` processes share it; one where its limit cannot be set. InvalidArgument where they
// are more than its limit or its connections: each needs one.
absl::Status ShareScenario(int workers, ScenarioPlan* scenario);

}  // namespace pgring

#endif  // PGRING_RUN_WORKER_SHARE_H_
