#include "tune/testing_stage.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "experiment/comparison.h"
#include "pgring/base/clock.h"
#include "pgring/statistics/median_interval.h"
#include "run/summary.h"
#include "tune/scenario_at.h"

namespace pgring {
namespace {

constexpr double kShortestRunS = 0.2;
constexpr double kLongestRunS = 5;
// Of a run's time goes to connecting, preparing and winding down, until that is known.
constexpr double kOverheadShare = 0.3;

bool CanPipeline(const WorkloadPlan& workload) {
  return workload.scripts.empty() || workload.mode != QueryMode::kSimple;
}

// The answer first, then its neighbours, then the other types.
std::vector<ScenarioPlan> ScenariosOf(const TunePlan& plan, const TestingRequest& request,
                                      TestingStage* stage) {
  std::vector<ScenarioPlan> scenarios = {ScenarioAt(*plan.type, request.answer)};
  const auto add = [&scenarios](const ScenarioType& type, int limit) {
    scenarios.push_back(ScenarioAt(type, limit));
    return scenarios.back().label;
  };
  if (request.answer > 1) stage->half = add(*plan.type, (request.answer + 1) / 2);
  const int twice = std::min(2 * request.answer, request.highest_limit);
  if (twice > request.answer) stage->twice = add(*plan.type, twice);
  if (!request.compares_scenarios) return scenarios;
  for (const ScenarioType& type : ScenarioTypes()) {
    if (&type == plan.type || !type.has_limit) continue;
    if (type.pipelines && !CanPipeline(plan.base.workload)) continue;
    const bool fits = request.answer <= type.highest_limit || type.highest_limit == 1;
    if (fits) add(type, request.answer);
  }
  return scenarios;
}

class Testing {
 public:
  Testing(const TunePlan& plan, const TestingRequest& request, Experiment* experiment,
          Interrupt* interrupt, TuneObserver* observer)
      : request_(request),
        gain_(plan.gain),
        experiment_(experiment),
        interrupt_(interrupt),
        observer_(observer),
        began_ns_(SteadyClock::Get()->NowNs()) {
    stage_.answer = request.answer;
    stage_.comparison.plan = plan.base;
    stage_.comparison.plan.scenarios = ScenariosOf(plan, request, &stage_);
    stage_.comparison.environment = experiment->environment();
    LoadPlan& load = stage_.comparison.plan.load;
    load = LoadPlan();
    load.connect_before = true;
    const double run_s =
        request.seconds / (kFewestForInterval * static_cast<double>(scenarios().size()));
    load.duration_s =
        std::clamp(run_s * (1 - kOverheadShare) / (1 + kWarmupShare), kShortestRunS, kLongestRunS);
    load.warmup_s = kWarmupShare * *load.duration_s;
  }

  TestingStage RunAll() {
    observer_->OnTesting(request_.answer, request_.seconds);
    bool goes_on = true;
    for (int number = 1; goes_on && number <= kMaxTestingBlocks; ++number) {
      goes_on = RunBlock(number) && HasTimeForAnother(number);
    }
    experiment_->set_sampling(true);
    stage_.comparison.interrupted = interrupt_->raised();
    Judge();
    return std::move(stage_);
  }

 private:
  const std::vector<ScenarioPlan>& scenarios() const { return stage_.comparison.plan.scenarios; }

  double PassedS() const {
    return static_cast<double>(SteadyClock::Get()->NowNs() - began_ns_) / kNanosecondsPerSecond;
  }

  // Beyond its share of the time it may end after any block.
  double LeftS() const {
    const double passed_s = PassedS();
    const double most_s = passed_s < request_.seconds ? request_.seconds : request_.most_seconds;
    return std::max(0.0, most_s - passed_s);
  }

  bool HasTimeForAnother(int blocks) {
    const double then_s = PassedS() * (blocks + 1) / blocks;
    return then_s <= request_.seconds ||
           (then_s <= request_.most_seconds && Judge() == Confirmation::kUndecided);
  }

  Confirmation Judge() {
    stage_.comparison.ChooseRuns();
    stage_.better.reset();
    stage_.confirmation = JudgeAnswer(stage_, gain_, &stage_.better);
    return stage_.confirmation;
  }

  // False: nothing is to be run after it.
  bool RunBlock(int number) {
    std::vector<Block>& blocks = stage_.comparison.blocks;
    blocks.push_back({{}, scenarios().size()});
    const uint64_t seed = stage_.comparison.plan.workload.seed;
    for (const size_t place : BlockOrder(scenarios().size(), seed, number)) {
      std::vector<Run>& runs = blocks.back().runs;
      // Only the answer is explained, and only its runs pay for it.
      experiment_->set_sampling(place == 0);
      runs.push_back(experiment_->Measure(scenarios()[place], stage_.comparison.plan.load,
                                          kUnlimitedOperations, request_.reset));
      runs.back().timeline.Compact(kMaxReportedSteps);
      observer_->OnTestingRun(runs.back(), number, LeftS());
      if (!runs.back().not_started.empty() || interrupt_->raised()) return false;
    }
    return true;
  }

  const TestingRequest& request_;
  const double gain_;
  Experiment* const experiment_;
  Interrupt* const interrupt_;
  TuneObserver* const observer_;
  const int64_t began_ns_;
  TestingStage stage_;
};

size_t PlaceOf(const ComparisonResult& result, const std::string& label) {
  const auto found = std::find_if(result.runs.begin(), result.runs.end(),
                                  [&label](const Run& run) { return run.scenario.label == label; });
  return static_cast<size_t>(found - result.runs.begin());
}

// By how much the scenario is better than the answer: of throughputs, less what its limit costs by
// the gain. Nothing: not known.
std::optional<Interval> Advantage(const TestingStage& stage, const std::string& label,
                                  double gain) {
  const ComparisonResult& result = stage.comparison;
  const size_t place = PlaceOf(result, label);
  if (place >= result.runs.size()) return std::nullopt;
  const std::optional<RatioEstimate> ratio = SpeedBetween(result, place, 0);
  if (!ratio.has_value() || !ratio->interval.has_value()) return std::nullopt;
  const double limits = static_cast<double>(result.runs[place].scenario.limit.value_or(1)) /
                        static_cast<double>(stage.answer);
  const double cost = std::pow(limits, gain);
  return Interval{ratio->interval->low / cost, ratio->interval->high / cost};
}

}  // namespace

Confirmation JudgeAnswer(const TestingStage& stage, double gain, std::optional<int>* better) {
  Confirmation confirmation = Confirmation::kConfirmed;
  double most = 1 + kEquivalenceMargin;
  // An answer of 1 that is the highest limit has no neighbours, and nothing to be decided.
  for (const std::string& label : {stage.half, stage.twice}) {
    if (label.empty()) continue;
    const std::optional<Interval> advantage = Advantage(stage, label, gain);
    if (!advantage.has_value()) {
      confirmation = std::max(confirmation, Confirmation::kUndecided);
    } else if (advantage->low > most) {
      confirmation = Confirmation::kContradicted;
      most = advantage->low;
      const ComparisonResult& result = stage.comparison;
      *better = result.runs[PlaceOf(result, label)].scenario.limit;
    } else if (advantage->high > 1 + kEquivalenceMargin) {
      confirmation = std::max(confirmation, Confirmation::kUndecided);
    }
  }
  return confirmation;
}

TestingStage RunTesting(const TunePlan& plan, const TestingRequest& request, Experiment* experiment,
                        Interrupt* interrupt, TuneObserver* observer) {
  return Testing(plan, request, experiment, interrupt, observer).RunAll();
}

}  // namespace pgring
