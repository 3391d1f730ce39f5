#include "experiment/comparison.h"

#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/random.h"
#include "pgring/base/status.h"
#include "run/summary.h"

namespace pgring {
namespace {

// --until ends after so many blocks, one after the other, that do not count.
constexpr int kMaxBrokenInARow = 3;

class Comparison {
 public:
  Comparison(Experiment* experiment, ComparisonPlan plan, Interrupt* interrupt,
             ComparisonObserver* observer)
      : experiment_(experiment), interrupt_(interrupt), observer_(observer) {
    result_.plan = std::move(plan);
    result_.environment = experiment->environment();
  }

  absl::StatusOr<ComparisonResult> RunAll() {
    const ComparisonPlan& plan = result_.plan;
    PGRING_RETURN_IF_ERROR(
        experiment_->FitConnections(plan.workload, plan.load, &result_.plan.scenarios));
    PGRING_RETURN_IF_ERROR(experiment_->PrepareFirst());
    observer_->OnStart(result_);
    if (plan.repeat.repeats()) {
      RunBlocks();
    } else {
      for (const ScenarioPlan& scenario : plan.scenarios) {
        if (!RunOne(scenario, &result_.runs)) break;
      }
    }
    result_.interrupted = interrupt_->raised() || was_interrupted_;
    return std::move(result_);
  }

 private:
  // False: nothing is to be run after it.
  bool RunOne(const ScenarioPlan& scenario, std::vector<Run>* runs) {
    const ComparisonPlan& plan = result_.plan;
    const int64_t operations = OperationCount(plan.workload, plan.load, scenario);
    runs->push_back(experiment_->Measure(scenario, plan.load, operations, Reset::kMakeAnew));
    const Run& run = runs->back();
    observer_->OnRunEnd(run);
    const bool aborted = run.aborted_clients > 0 && plan.load.exit_on_abort;
    // Of a fleet another worker may have been.
    was_interrupted_ = was_interrupted_ || run.interrupted;
    return run.not_started.empty() && !interrupt_->raised() && !was_interrupted_ && !aborted;
  }

  void RunBlocks() {
    const RepeatPlan& repeat = result_.plan.repeat;
    const int most = repeat.until_percent.has_value() ? repeat.max_blocks : repeat.blocks;
    bool goes_on = true;
    int broken_in_a_row = 0;
    for (int number = 1; number <= most && goes_on; ++number) {
      observer_->OnBlockStart(number);
      goes_on = RunBlock(number);
      if (!repeat.until_percent.has_value()) continue;
      broken_in_a_row = result_.blocks.back().is_whole() ? 0 : broken_in_a_row + 1;
      if (goes_on && broken_in_a_row == kMaxBrokenInARow) {
        observer_->OnNote(absl::StrCat("--until ends here: the last ", kMaxBrokenInARow,
                                       " blocks do not count, so more would decide nothing"));
        break;
      }
      result_.ChooseRuns();
      if (IsDecided(Summarize(result_), *repeat.until_percent)) return;
    }
    result_.ChooseRuns();
  }

  bool RunBlock(int number) {
    const std::vector<ScenarioPlan>& scenarios = result_.plan.scenarios;
    result_.blocks.push_back({{}, scenarios.size()});
    Block& block = result_.blocks.back();
    for (const size_t place : BlockOrder(scenarios.size(), result_.plan.workload.seed, number)) {
      const bool goes_on = RunOne(scenarios[place], &block.runs);
      // What is kept of a block is its histograms and a picture of its connections.
      block.runs.back().timeline.Compact(kMaxReportedSteps);
      if (!goes_on) return false;
    }
    return true;
  }

  Experiment* const experiment_;
  Interrupt* const interrupt_;
  ComparisonObserver* const observer_;
  ComparisonResult result_;
  bool was_interrupted_ = false;
};

}  // namespace

std::vector<size_t> BlockOrder(size_t scenario_count, uint64_t seed, int number) {
  std::vector<size_t> order(scenario_count);
  std::iota(order.begin(), order.end(), size_t{0});
  Random random(seed);
  for (int block = 0; block < number; ++block) random.Shuffle(&order);
  return order;
}

absl::StatusOr<ComparisonResult> RunComparison(const ComparisonPlan& plan, PlannedWorkload workload,
                                               const ExperimentTarget& target, Interrupt* interrupt,
                                               ComparisonObserver* observer) {
  absl::StatusOr<std::unique_ptr<Experiment>> experiment =
      Experiment::Open(std::move(workload), &target, plan.io, interrupt, observer);
  if (!experiment.ok()) return experiment.status();
  return Comparison(experiment->get(), plan, interrupt, observer).RunAll();
}

}  // namespace pgring
