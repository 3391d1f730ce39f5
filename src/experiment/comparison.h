// Runs the scenarios of a plan on one server, once or block by block, and collects what they were.
#ifndef PGRING_EXPERIMENT_COMPARISON_H_
#define PGRING_EXPERIMENT_COMPARISON_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "experiment/experiment.h"
#include "pgring/base/interrupt.h"
#include "run/comparison_result.h"
#include "run/plan.h"

namespace pgring {

class ComparisonObserver : public ExperimentObserver {
 public:
  // The server has been reached and described; nothing has run yet.
  virtual void OnStart(const ComparisonResult& result) = 0;
  // With repeats only: the block with that number, from 1, begins.
  virtual void OnBlockStart(int /*number*/) {}
  virtual void OnRunEnd(const Run& run) = 0;
};

// An error means that nothing was measured, and nothing is left behind in the database. Whatever
// goes wrong later is in the result. An interrupt ends the comparison after the run in progress has
// been wound down. `workload` is the plan's.
absl::StatusOr<ComparisonResult> RunComparison(const ComparisonPlan& plan, PlannedWorkload workload,
                                               const ExperimentTarget& target, Interrupt* interrupt,
                                               ComparisonObserver* observer);

// In which order the scenarios run in the block with that number, from 1: drawn from the seed, so
// that what one leaves behind for the next (caches, bloat, a checkpoint) is shared out fairly.
std::vector<size_t> BlockOrder(size_t scenario_count, uint64_t seed, int number);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_COMPARISON_H_
