#include "tune/search_stage.h"

#include <time.h>

#include <algorithm>

#include "pgring/base/clock.h"
#include "pgring/metrics/process_cost.h"
#include "tune/scenario_at.h"
#include "tune/trial_meter.h"

namespace pgring {
namespace {

// About as many trials as a search needs at most.
constexpr double kPlannedTrials = 90;
constexpr int64_t kShortestTrialNs = 100 * kNanosecondsPerMillisecond;

int64_t ThreadCpuNs() {
  timespec now = {};
  // Fails only for a clock that Linux does not have.
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

TrialExtent ExtentFor(double seconds) {
  TrialExtent extent;
  const auto share_ns = static_cast<int64_t>(seconds / kPlannedTrials * kNanosecondsPerSecond);
  extent.longest_ns = std::clamp(share_ns, kShortestTrialNs, extent.longest_ns);
  extent.shortest_ns = std::min(extent.shortest_ns, extent.longest_ns);
  return extent;
}

// As many as there is time for, with a little for each to settle.
int MostTrials(double seconds, const TrialExtent& extent) {
  constexpr double kSettlingShare = 0.15;
  const double trial_s = NsInSeconds(extent.longest_ns);
  return std::clamp(static_cast<int>(seconds / trial_s / (1 + kSettlingShare)), 1,
                    kDefaultMostTrials);
}

// The highest number that is tried.
int HighestOf(const SearchRequest& request) {
  const bool of_connections = request.number == SearchedNumber::kConnections;
  return of_connections ? request.scenario.pool.size : request.scenario.limit.value_or(1);
}

class Search {
 public:
  Search(const TunePlan& plan, const SearchRequest& request, Experiment* experiment,
         Interrupt* interrupt, TuneObserver* observer)
      : plan_(plan),
        request_(request),
        extent_(ExtentFor(request.seconds)),
        experiment_(experiment),
        interrupt_(interrupt),
        observer_(observer),
        ends_ns_(SteadyClock::Get()->NowNs() + SecondsInNs(request.seconds)),
        search_({.gain = plan.gain,
                 .max_limit = HighestOf(request),
                 .seed = request.seed,
                 .most_trials = MostTrials(request.seconds, extent_)}) {}

  void SearchInOneRun() {
    TrialMeter meter(&search_, extent_, request_.scenario.pool.size, ThreadCpuNs,
                     [this](const Trial& trial) { Note(trial); });
    LoadPlan load;
    load.duration_s = request_.seconds;
    load.max_tries = plan_.max_tries;
    const Run run =
        experiment_->Measure(request_.scenario, load, kUnlimitedOperations, Reset::kKeep, &meter);
    if (!run.not_started.empty()) outcome_.stopped = run.not_started;
    if (!run.gave_up.empty()) outcome_.stopped = run.gave_up;
    outcome_.first_failure = run.first_failure;
    NoteLongest(run);
  }

  void SearchByRuns(Reset reset) {
    while (!search_.done() && !interrupt_->raised() && SteadyClock::Get()->NowNs() < ends_ns_) {
      const int number = search_.NextLimit();
      const Run run = RunTrial(number, reset);
      if (!run.not_started.empty()) {
        outcome_.stopped = run.not_started;
        return;
      }
      if (outcome_.first_failure.empty()) outcome_.first_failure = run.first_failure;
      if (run.interrupted) return;
      // What failed at one limit may do at another; a server that is gone will not.
      if (!experiment_->CheckServerAfter(run).ok()) {
        outcome_.stopped = run.gave_up;
        return;
      }
      NoteLongest(run);
      const Trial trial = TrialOf(run, number);
      search_.Record(trial);
      Note(trial);
    }
  }

  SearchOutcome Finish() {
    outcome_.answer = search_.answer();
    outcome_.trials = search_.trials();
    return std::move(outcome_);
  }

 private:
  Run RunTrial(int number, Reset reset) {
    const ScenarioType& type = *request_.scenario.type;
    const int most = request_.scenario.limit.value_or(1);
    const ScenarioPlan scenario =
        request_.number == SearchedNumber::kConnections
            ? ScenarioAt(type, std::min(number * kOperationsPerConnection, most), number)
            : ScenarioAt(type, number, request_.scenario.pool.size);
    const double seconds = NsInSeconds(extent_.longest_ns);
    return experiment_->Measure(scenario, FreshLoad(plan_, seconds), kUnlimitedOperations, reset);
  }

  Trial TrialOf(const Run& run, int number) const {
    const OperationSummary& total = run.total();
    Trial trial;
    trial.limit = number;
    trial.throughput_per_s = run.throughput_per_s();
    trial.completed = total.succeeded;
    trial.failed = total.failed;
    trial.seconds = run.duration_s();
    trial.p99_ns = total.part(LatencyPart::kResponse).SupportedPercentile(99);
    trial.client_limited =
        ClientShare(run, experiment_->environment().cpu_count) > kClientLimitedShare;
    return trial;
  }

  void NoteLongest(const Run& run) {
    const auto longest_ns = static_cast<double>(run.total().part(LatencyPart::kResponse).Max());
    outcome_.longest_operation_s =
        std::max(outcome_.longest_operation_s, longest_ns / kNanosecondsPerSecond);
  }

  void Note(const Trial& trial) {
    const int64_t left_ns = std::max<int64_t>(ends_ns_ - SteadyClock::Get()->NowNs(), 0);
    observer_->OnTrial(trial, search_, request_.number, NsInSeconds(left_ns));
  }

  const TunePlan& plan_;
  const SearchRequest& request_;
  const TrialExtent extent_;
  Experiment* const experiment_;
  Interrupt* const interrupt_;
  TuneObserver* const observer_;
  const int64_t ends_ns_;
  LimitSearch search_;
  SearchOutcome outcome_;
};

}  // namespace

SearchOutcome RunSearch(const TunePlan& plan, const SearchRequest& request, bool tables_grow,
                        Experiment* experiment, Interrupt* interrupt, TuneObserver* observer) {
  experiment->set_sampling(false);
  Search search(plan, request, experiment, interrupt, observer);
  // A run from which trials are cut is one process's.
  const bool in_one_run = request.scenario.type->make_limiter != nullptr && !tables_grow &&
                          request.number == SearchedNumber::kOperations && plan.workers == 1;
  if (in_one_run) {
    search.SearchInOneRun();
  } else {
    search.SearchByRuns(tables_grow ? Reset::kMakeAnew : Reset::kKeep);
  }
  experiment->set_sampling(true);
  return search.Finish();
}

}  // namespace pgring
