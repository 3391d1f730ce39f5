#include "tune/testing_stage.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "experiment/comparison.h"
#include "pgring/base/clock.h"
#include "pgring/statistics/median_interval.h"
#include "pgring/statistics/ratio.h"
#include "pgring/statistics/signed_rank.h"
#include "run/summary.h"
#include "tune/scenario_at.h"
#include "workload/script_sharing.h"

namespace pgring {
namespace {

constexpr double kShortestRunS = 0.2;
constexpr double kLongestRunS = 5;
// Of a run's time goes to connecting, preparing and winding down, until that is known.
constexpr double kOverheadShare = 0.3;

bool CanPipeline(const WorkloadPlan& workload) {
  return workload.scripts.empty() || workload.mode != QueryMode::kSimple;
}

bool CanShare(const WorkloadPlan& workload) {
  return CheckScriptsCanShare(workload.scripts, workload.mode).ok();
}

// The answer first, then its neighbours.
std::vector<ScenarioPlan> LimitsBeside(const TunePlan& plan, const TestingRequest& request,
                                       TestingStage* stage) {
  const int answer = request.answer;
  const int connections = request.connections;
  std::vector<ScenarioPlan> scenarios = {ScenarioAt(*plan.type, answer, connections)};
  const auto add = [&scenarios, &plan](int limit, int over) {
    scenarios.push_back(ScenarioAt(*plan.type, limit, over));
    return scenarios.back().label;
  };
  if (answer > 1) stage->half = add((answer + 1) / 2, connections);
  const int twice = std::min(2 * answer, request.highest_limit);
  if (twice > answer) stage->twice = add(twice, connections);
  if (connections == 0) return scenarios;
  if (connections > 1) stage->fewer_connections = add(answer, (connections + 1) / 2);
  // More than operations have nothing to do.
  const int more = std::min({2 * connections, request.most_connections, answer});
  if (more > connections) stage->more_connections = add(answer, more);
  return scenarios;
}

// `allowed`: connections, where that is known.
std::vector<ScenarioPlan> OtherWays(const TunePlan& plan, const TestingRequest& request,
                                    const std::optional<int64_t>& allowed) {
  std::vector<ScenarioPlan> scenarios;
  if (!request.compares_scenarios) return scenarios;
  for (const ScenarioType& type : ScenarioTypes()) {
    if (&type == plan.type || !type.has_limit) continue;
    if (type.pipelines && !CanPipeline(plan.base.workload)) continue;
    if (type.shares_connections && !CanShare(plan.base.workload)) continue;
    const bool fits = request.answer <= type.highest_limit || type.highest_limit == 1;
    ScenarioPlan scenario = ScenarioAt(type, request.answer);
    // Where operations share connections more of them may be in flight than could have their own.
    if (fits && scenario.pool.size <= allowed.value_or(kMaxLimit)) {
      scenarios.push_back(std::move(scenario));
    }
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
    stage_.connections = request.connections;
    scenarios_ = LimitsBeside(plan, request, &stage_);
    limits_ = scenarios_.size();
    const std::vector<ScenarioPlan> others =
        OtherWays(plan, request, experiment->allowed_connections());
    scenarios_.insert(scenarios_.end(), others.begin(), others.end());
    const double run_s =
        request.seconds / (kFewestForInterval * static_cast<double>(scenarios_.size()));
    load_ = FreshLoad(plan, std::clamp(run_s * (1 - kOverheadShare) / (1 + kWarmupShare),
                                       kShortestRunS, kLongestRunS));
    Describe(plan, {scenarios_.begin(), scenarios_.begin() + LimitCount()}, &stage_.limits);
    if (others.empty()) return;
    Describe(plan, {scenarios_.begin() + LimitCount(), scenarios_.end()}, &stage_.ways);
    std::vector<ScenarioPlan>& ways = stage_.ways.plan.scenarios;
    ways.insert(ways.begin(), scenarios_.front());
  }

  TestingStage RunAll() {
    observer_->OnTesting(request_.answer, request_.seconds);
    for (int number = 1; number <= kMaxTestingBlocks; ++number) {
      const size_t count = ScenariosOfBlock(number);
      if (count == 0 || !RunBlock(number, count)) break;
    }
    experiment_->set_sampling(true);
    stage_.limits.interrupted = stage_.ways.interrupted = interrupt_->raised();
    Judge();
    return std::move(stage_);
  }

 private:
  ptrdiff_t LimitCount() const { return static_cast<ptrdiff_t>(limits_); }

  void Describe(const TunePlan& plan, std::vector<ScenarioPlan> scenarios,
                ComparisonResult* result) const {
    result->plan = plan.base;
    result->plan.load = load_;
    result->plan.scenarios = std::move(scenarios);
    result->environment = experiment_->environment();
  }

  double PassedS() const { return NsInSeconds(SteadyClock::Get()->NowNs() - began_ns_); }

  // Beyond its share of the time it may end after any block.
  double LeftS() const {
    const double passed_s = PassedS();
    const double most_s = passed_s < request_.seconds ? request_.seconds : request_.most_seconds;
    return std::max(0.0, most_s - passed_s);
  }

  // Known from the first run on. A budget may be too small for one whole block, in which the limits
  // matter most.
  bool HasTimeForAnotherRun() const {
    const double passed_s = PassedS();
    return runs_ == 0 || passed_s + passed_s / runs_ <= request_.most_seconds;
  }

  // All of them for as long as the time is meant for that; then the limits alone, for as long as
  // they are not decided: three runs tell as much of them as seven do. 0: no further block.
  size_t ScenariosOfBlock(int number) {
    if (number == 1) return scenarios_.size();
    const double run_s = PassedS() / static_cast<double>(runs_);
    const auto ends_s = [&](size_t count) {
      return PassedS() + run_s * static_cast<double>(count);
    };
    if (!is_narrow_ && ends_s(scenarios_.size()) <= request_.seconds) return scenarios_.size();
    if (ends_s(limits_) > request_.most_seconds) return 0;
    if (Judge() != Confirmation::kUndecided) return 0;
    is_narrow_ = true;
    return limits_;
  }

  Confirmation Judge() {
    stage_.limits.ChooseRuns();
    stage_.ways.ChooseRuns();
    stage_.better.reset();
    stage_.better_connections.reset();
    const ScenarioPlan* better = nullptr;
    stage_.confirmation = JudgeAnswer(stage_, gain_, &better);
    if (better == nullptr) return stage_.confirmation;
    if (better->label == stage_.half || better->label == stage_.twice) {
      stage_.better = better->limit;
    } else {
      stage_.better_connections = better->pool.size;
    }
    return stage_.confirmation;
  }

  // The first `count` scenarios. False: nothing is to be run after it.
  bool RunBlock(int number, size_t count) {
    Block* const limits = AddBlock(&stage_.limits);
    Block* const ways = count > limits_ ? AddBlock(&stage_.ways) : nullptr;
    const uint64_t seed = stage_.limits.plan.workload.seed;
    for (const size_t place : BlockOrder(count, seed, number)) {
      if (place >= limits_ && !HasTimeForAnotherRun()) continue;
      // What ends the growth shows at the answer or beyond it. All limits pay for it alike.
      experiment_->set_sampling(place < limits_);
      Run run =
          experiment_->Measure(scenarios_[place], load_, kUnlimitedOperations, request_.reset);
      run.timeline.Compact(kMaxReportedSteps);
      ++runs_;
      observer_->OnTestingRun(run, number, LeftS());
      const absl::Status answers = experiment_->CheckServerAfter(run);
      if (!answers.ok()) stage_.lost_server = std::string(answers.message());
      const bool ends = !run.not_started.empty() || !answers.ok() || interrupt_->raised();
      if (place == 0 && ways != nullptr) ways->runs.push_back(run);
      (place < limits_ ? limits : ways)->runs.push_back(std::move(run));
      if (ends) return false;
    }
    return true;
  }

  static Block* AddBlock(ComparisonResult* result) {
    result->blocks.push_back({{}, result->plan.scenarios.size()});
    return &result->blocks.back();
  }

  const TestingRequest& request_;
  const double gain_;
  Experiment* const experiment_;
  Interrupt* const interrupt_;
  TuneObserver* const observer_;
  const int64_t began_ns_;
  std::vector<ScenarioPlan> scenarios_;  // the limits, then the other ways
  size_t limits_ = 0;
  LoadPlan load_;
  int runs_ = 0;
  bool is_narrow_ = false;
  TestingStage stage_;
};

// ln of how many times as good as a limit that has no failures one is in whose run operations
// failed: as little as could be.
constexpr double kFailed = -10;

struct Advantage {
  // ln of how many times as good as the answer a limit is, less the margin, block by block: of
  // throughputs, less what the limit costs by the gain. Empty: not known.
  std::vector<double> blocks;
  double median() const { return EstimateMedian(blocks).median; }
};

// How many times as much as the answer it takes, of operations or of connections that are shared.
double SizeRatio(const ScenarioPlan& scenario, const ScenarioPlan& answer) {
  double ratio = static_cast<double>(scenario.limit.value_or(1)) / answer.limit.value_or(1);
  if (answer.type->shares_connections) {
    ratio *= static_cast<double>(scenario.pool.size) / answer.pool.size;
  }
  return ratio;
}

// Blocks whose run of the answer cannot be compared say nothing; nor do runs of the other that are
// not valid for another reason than operations that failed.
Advantage AdvantageOf(const TestingStage& stage, const std::string& label, double gain) {
  const std::string& own = stage.limits.plan.scenarios.front().label;
  Advantage advantage;
  for (const Block& block : stage.limits.blocks) {
    const Run* const base = block.Find(own);
    const Run* const run = block.Find(label);
    if (base == nullptr || run == nullptr || !base->comparable()) continue;
    if (base->throughput_per_s() <= 0) continue;
    if (!run->comparable()) {
      if (run->valid() || run->total().failed == 0) continue;
      advantage.blocks.push_back(kFailed);
      continue;
    }
    advantage.blocks.push_back(
        std::log(std::max(run->throughput_per_s() / base->throughput_per_s(), 1e-3)) -
        gain * std::log(SizeRatio(run->scenario, base->scenario)) - std::log1p(kEquivalenceMargin));
  }
  if (advantage.blocks.size() < kFewestForInterval) advantage.blocks.clear();
  return advantage;
}

const ScenarioPlan* PlanOf(const TestingStage& stage, const std::string& label) {
  for (const ScenarioPlan& scenario : stage.limits.plan.scenarios) {
    if (scenario.label == label) return &scenario;
  }
  return nullptr;
}

}  // namespace

Confirmation JudgeAnswer(const TestingStage& stage, double gain, const ScenarioPlan** better) {
  Confirmation confirmation = Confirmation::kConfirmed;
  double most = 0;
  // An answer of 1 that is the highest limit has no neighbours.
  if (stage.half.empty() && stage.twice.empty()) return Confirmation::kUndecided;
  for (const std::string& label :
       {stage.half, stage.twice, stage.fewer_connections, stage.more_connections}) {
    if (label.empty()) continue;
    const Advantage advantage = AdvantageOf(stage, label, gain);
    const SignedRankResult test = SignedRankTest(advantage.blocks);
    if (advantage.blocks.empty() || test.p_value > 1 - kDefaultConfidence) {
      confirmation = std::max(confirmation, Confirmation::kUndecided);
    } else if (test.positive_rank_sum > test.negative_rank_sum) {
      confirmation = Confirmation::kContradicted;
      if (*better != nullptr && advantage.median() <= most) continue;
      most = advantage.median();
      *better = PlanOf(stage, label);
    }
  }
  return confirmation;
}

TestingStage RunTesting(const TunePlan& plan, const TestingRequest& request, Experiment* experiment,
                        Interrupt* interrupt, TuneObserver* observer) {
  return Testing(plan, request, experiment, interrupt, observer).RunAll();
}

}  // namespace pgring
