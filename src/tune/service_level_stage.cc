#include "tune/service_level_stage.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "pgring/base/clock.h"
#include "search/rate_search.h"
#include "tune/scenario_at.h"
#include "tune/trial_meter.h"

namespace pgring {
namespace {

constexpr double kShortestTrialS = 0.3;
constexpr double kLongestTrialS = 20;
// A percentile is not one operation's: so many of them lie beyond it.
constexpr double kOperationsBeyond = 10;

double TrialSeconds(const TunePlan& plan, double rate_per_s, double seconds) {
  double least = 0;
  for (const ServiceLevel& level : plan.service_levels) {
    least = std::max(least, kOperationsBeyond / (1 - level.percentile / 100) / rate_per_s);
  }
  const double planned = seconds / kPlannedRateTrials;
  return std::clamp(std::max(least, planned), kShortestTrialS, kLongestTrialS);
}

Run RunAtRate(const TunePlan& plan, const ScenarioPlan& scenario, double rate_per_s, double seconds,
              Experiment* experiment) {
  LoadPlan load = FreshLoad(plan, TrialSeconds(plan, rate_per_s, seconds) / (1 + kWarmupShare));
  load.rate_per_s = rate_per_s;
  load.arrival_seed = plan.base.workload.seed;
  return experiment->Measure(scenario, load, kUnlimitedOperations, Reset::kKeep);
}

RateTrial TrialOf(const TunePlan& plan, const Run& run, double rate_per_s, int cpu_count) {
  const OperationSummary& total = run.total();
  RateTrial trial;
  trial.offered_per_s = rate_per_s;
  trial.achieved_per_s = run.throughput_per_s();
  trial.client_limited = ClientShare(run, cpu_count) > kClientLimitedShare;
  trial.holds =
      total.failed == 0 && total.succeeded > 0 &&
      static_cast<double>(total.succeeded) >= kKeepsUpShare * static_cast<double>(total.scheduled);
  for (const ServiceLevel& level : plan.service_levels) {
    const auto value = total.part(LatencyPart::kResponse).SupportedPercentile(level.percentile);
    std::optional<double> value_ms;
    if (value.has_value()) value_ms = static_cast<double>(*value) / kNanosecondsPerMillisecond;
    trial.holds = trial.holds && value_ms.has_value() && *value_ms <= level.within_ms;
    trial.percentiles_ms.push_back(value_ms);
  }
  return trial;
}

}  // namespace

ServiceLevelStage RunServiceLevelStage(const TunePlan& plan, int limit, int connections,
                                       double closed_loop_per_s, double seconds,
                                       Experiment* experiment, Interrupt* interrupt,
                                       TuneObserver* observer) {
  const int64_t began_ns = SteadyClock::Get()->NowNs();
  const auto left_s = [&] { return seconds - NsInSeconds(SteadyClock::Get()->NowNs() - began_ns); };
  ServiceLevelStage stage;
  stage.limit = limit;
  if (closed_loop_per_s <= 0) return stage;
  // A blocking scenario's threads cannot be offered more than they take.
  const ScenarioPlan scenario = ScenarioAt(*plan.type, limit, connections);
  RateSearch search(closed_loop_per_s);
  double longest_s = 0;
  while (!search.done() && !interrupt->raised() && left_s() > longest_s) {
    const double before_s = left_s();
    const double rate_per_s = search.NextRate();
    const Run run = RunAtRate(plan, scenario, rate_per_s, seconds, experiment);
    if (interrupt->raised()) break;
    if (const absl::Status answers = experiment->CheckServerAfter(run); !answers.ok()) {
      stage.lost_server = std::string(answers.message());
      break;
    }
    RateTrial trial = TrialOf(plan, run, rate_per_s, experiment->environment().cpu_count);
    search.Record(trial.holds, trial.achieved_per_s);
    longest_s = std::max(longest_s, before_s - left_s());
    observer->OnRate(trial, std::max(0.0, left_s()));
    stage.trials.push_back(std::move(trial));
  }
  stage.highest_rate_per_s = search.answer();
  stage.held_twice = search.held_twice();
  stage.is_bounded = search.is_bounded();
  return stage;
}

}  // namespace pgring
