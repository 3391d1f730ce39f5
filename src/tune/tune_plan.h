// What `pgring tune` is asked for. Plain data.
#ifndef PGRING_TUNE_TUNE_PLAN_H_
#define PGRING_TUNE_TUNE_PLAN_H_

#include <optional>
#include <vector>

#include "run/plan.h"
#include "search/limit_search.h"

namespace pgring {

// "p99=20ms": that percentile of the response is to stay within that time.
struct ServiceLevel {
  double percentile = 99;  // above 0, below 100
  double within_ms = 0;    // above 0
};

inline constexpr int kDefaultHighestLimit = 512;
inline constexpr double kDefaultBudgetS = 120;
inline constexpr double kLeastBudgetS = 5;
inline constexpr int kMaxInstances = 10'000;

struct TunePlan {
  // Arguments, workload, target and I/O; its load and scenarios are the stages' own.
  ComparisonPlan base;
  // What is driven with the limit that is looked for.
  const ScenarioType* type = nullptr;
  int highest_limit = kDefaultHighestLimit;
  bool highest_limit_given = false;
  // How much more throughput a limit has to bring: the limit where doubling it brings less than
  // 2^gain is the answer. 0 .. 0.5.
  double gain = kDefaultGain;
  // For all stages together, from when the server and the tables are there.
  double budget_s = kDefaultBudgetS;
  // Attempts at an operation that ends in a serialization failure or a deadlock, >= 1.
  int max_tries = 1;
  std::vector<ServiceLevel> service_levels;
  // What the user expects, for the headroom.
  std::optional<double> rate_per_s;
  // Processes of the application among which the answer is divided.
  int instances = 1;
  // Processes that share each run, as far as its limit and its connections go (-j).
  int workers = 1;
  // Nothing: this machine's, where the server is on it.
  std::optional<int> server_cores;
};

}  // namespace pgring

#endif  // PGRING_TUNE_TUNE_PLAN_H_
