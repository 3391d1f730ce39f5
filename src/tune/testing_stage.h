// The second stage of `pgring tune`: fresh runs, interleaved block by block, of the answer, of half
// of it and twice as much, and of the other ways to drive as many operations. The search's own
// trials take no part, because it chose among them.
#ifndef PGRING_TUNE_TESTING_STAGE_H_
#define PGRING_TUNE_TESTING_STAGE_H_

#include <vector>

#include "experiment/experiment.h"
#include "tune/tune_observer.h"
#include "tune/tune_plan.h"
#include "tune/tune_result.h"

namespace pgring {

// More blocks than this tell little that is new.
inline constexpr int kMaxTestingBlocks = 40;

struct TestingRequest {
  int answer = 0;
  int highest_limit = 0;
  // Where operations share them: of the answer, and the most that can be had; else 0.
  int connections = 0;
  int most_connections = 0;
  double seconds = 0;
  // As long as the blocks do not decide; at least `seconds`.
  double most_seconds = 0;
  // Also the other ways to drive; else the limits alone.
  bool compares_scenarios = true;
  Reset reset = Reset::kKeep;
};

// As many blocks as the time allows, at least one unless the interrupt is raised. Runs are so long
// that the fewest blocks with an interval fit into `seconds`; beyond them the blocks are of the
// limits alone.
TestingStage RunTesting(const TunePlan& plan, const TestingRequest& request, Experiment* experiment,
                        Interrupt* interrupt, TuneObserver* observer);

// What the blocks say of the answer, by Wilcoxon's signed-rank test of each neighbour's advantage
// over it less kEquivalenceMargin: from 6 blocks on, and sooner sure than intervals of medians,
// which throw away by how much each block differs. `gain` is the plan's, and `better` is set where
// a neighbour is better: the best of them.
Confirmation JudgeAnswer(const TestingStage& stage, double gain, const ScenarioPlan** better);

}  // namespace pgring

#endif  // PGRING_TUNE_TESTING_STAGE_H_
