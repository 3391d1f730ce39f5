#include "tune/tune.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "tune/formulas.h"
#include "tune/scenario_at.h"
#include "tune/search_stage.h"
#include "tune/service_level_stage.h"
#include "tune/testing_stage.h"

namespace pgring {
namespace {

// Shares of the budget. The rest is for further blocks where the first ones decide nothing, or for
// a second search where they contradict the answer.
constexpr double kSearchShare = 0.42;
constexpr double kTestingShare = 0.36;
constexpr double kServiceLevelShare = 0.30;  // of the others' time
// Of a search for two numbers goes to the connections.
constexpr double kConnectionsShare = 0.45;
// Of what is left after a testing stage that contradicts the answer.
constexpr double kSecondSearchShare = 0.5;
constexpr double kLeastSecondSearchS = 2;
// Preparing the tables before each fresh run may take that share of it.
constexpr double kMaxPrepareShare = 0.3;
constexpr int kLeastTrials = 12;
constexpr int kRunsOfTesting = 42;  // 7 scenarios, 6 blocks

class Tune {
 public:
  Tune(Experiment* experiment, const TunePlan& plan, bool tables_grow, bool server_is_here,
       Interrupt* interrupt, TuneObserver* observer)
      : experiment_(experiment),
        tables_grow_(tables_grow),
        server_is_here_(server_is_here),
        interrupt_(interrupt),
        observer_(observer) {
    result_.plan = plan;
    result_.environment = experiment->environment();
  }

  absl::StatusOr<TuneResult> RunAll() {
    PGRING_RETURN_IF_ERROR(FitHighestLimit());
    const int64_t preparing_ns = SteadyClock::Get()->NowNs();
    PGRING_RETURN_IF_ERROR(experiment_->PrepareFirst());
    began_ns_ = SteadyClock::Get()->NowNs();
    prepare_s_ = NsInSeconds(began_ns_ - preparing_ns);
    observer_->OnStart(result_);
    const double closed_loop_s = plan().service_levels.empty()
                                     ? plan().budget_s
                                     : plan().budget_s * (1 - kServiceLevelShare);
    SearchAll(kSearchShare * closed_loop_s);
    if (CanGoOn()) {
      Test({kTestingShare * closed_loop_s, closed_loop_s - PassedS()}, /*compares_scenarios=*/true);
    }
    if (WantsSecondSearch()) SearchAgain(closed_loop_s);
    if (CanGoOn() && !plan().service_levels.empty()) {
      result_.service_level =
          RunServiceLevelStage(plan(), LastAnswer(), SharedConnections(), ThroughputAtAnswer(),
                               plan().budget_s - PassedS(), experiment_, interrupt_, observer_);
      if (!result_.service_level->lost_server.empty()) {
        NoteLostServer(result_.service_level->lost_server);
      }
    }
    if (HasAnswer()) Explain();
    result_.interrupted = interrupt_->raised();
    result_.took_s = PassedS();
    return std::move(result_);
  }

 private:
  const TunePlan& plan() const { return result_.plan; }
  double PassedS() const { return NsInSeconds(SteadyClock::Get()->NowNs() - began_ns_); }
  bool HasAnswer() const {
    return result_.failure.empty() && !result_.searches.empty() &&
           result_.searches.back().limit.has_value();
  }
  // There is something to measure further, and a server to do it on.
  bool CanGoOn() const { return HasAnswer() && !lost_server_ && !interrupt_->raised(); }
  bool shares_connections() const { return plan().type->shares_connections; }
  int SharedConnections() const { return result_.connections().value_or(0); }
  int LastAnswer() const { return result_.searches.back().limit.value_or(1); }

  // There is a connection for every operation in flight, unless they share them.
  absl::Status FitHighestLimit() {
    TunePlan& plan = result_.plan;
    std::vector<ScenarioPlan> scenarios = {
        ScenarioAt(*plan.type, std::min(plan.highest_limit, plan.type->highest_limit))};
    scenarios.front().connections_given = plan.highest_limit_given;
    scenarios.front().label = std::string(plan.type->name);
    LoadPlan load;
    load.duration_s = plan.budget_s;
    PGRING_RETURN_IF_ERROR(experiment_->FitConnections(plan.base.workload, load, &scenarios));
    search_scenario_ = scenarios.front();
    if (!shares_connections()) search_scenario_.limit = search_scenario_.pool.size;
    return absl::OkStatus();
  }

  // The connections first, where they are a number of their own.
  void SearchAll(double seconds) {
    SearchRequest request = {search_scenario_, SearchedNumber::kOperations, seconds,
                             plan().base.workload.seed + result_.searches.size()};
    if (shares_connections()) {
      const double passed_s = PassedS();
      request.number = SearchedNumber::kConnections;
      request.seconds = kConnectionsShare * seconds;
      SearchOutcome outcome =
          RunSearch(plan(), request, tables_grow_, experiment_, interrupt_, observer_);
      if (!NoteFailures(outcome, request.seconds)) return;
      request.scenario.pool.size = outcome.answer.limit.value_or(1);
      request.number = SearchedNumber::kOperations;
      result_.connection_searches.push_back({std::move(outcome.answer), std::move(outcome.trials)});
      request.seconds = seconds - (PassedS() - passed_s);
    }
    Search(request);
  }

  // False: there is no answer, and result_.failure says why.
  bool NoteFailures(const SearchOutcome& outcome, double seconds) {
    const std::string& why = outcome.stopped.empty() ? outcome.first_failure : outcome.stopped;
    if (outcome.trials.empty()) {
      result_.failure = WhyNoTrial(outcome, seconds);
    } else if (!outcome.answer.limit.has_value()) {
      result_.failure =
          absl::StrCat("operations failed in every trial", why.empty() ? "" : ": ", why);
    }
    return result_.failure.empty();
  }

  void Search(const SearchRequest& request) {
    SearchOutcome outcome =
        RunSearch(plan(), request, tables_grow_, experiment_, interrupt_, observer_);
    const bool has_answer = NoteFailures(outcome, request.seconds);
    if (outcome.trials.empty()) return;
    if (plan().max_tries == 1 && (outcome.first_failure.find("40001") != std::string::npos ||
                                  outcome.first_failure.find("40P01") != std::string::npos)) {
      result_.remarks.emplace_back(
          "Operations ended in serialization failures or deadlocks, and count as failed: "
          "--max-tries 10 tries them again.");
    }
    result_.trials.push_back(std::move(outcome.trials));
    result_.searches.push_back(std::move(outcome.answer));
    if (has_answer && !outcome.stopped.empty()) {
      result_.stopped_early = true;
      result_.remarks.push_back(absl::StrCat("The search was stopped early: ", outcome.stopped));
    }
  }

  static std::string WhyNoTrial(const SearchOutcome& outcome, double seconds) {
    const std::string& why = outcome.stopped.empty() ? outcome.first_failure : outcome.stopped;
    if (!why.empty()) return absl::StrCat("no trial could be measured: ", why);
    std::string text = absl::StrFormat(
        "not one trial of a few operations ended within the %.0f s that the budget leaves for the "
        "search; give a larger --budget",
        seconds);
    if (outcome.longest_operation_s > 0) {
      // The least that answers: each limit of a short ramp twice.
      absl::StrAppendFormat(&text, ", %.0f or more: an operation took %.1f s",
                            std::ceil(kLeastTrials * outcome.longest_operation_s / kSearchShare),
                            outcome.longest_operation_s);
    }
    return text;
  }

  struct TestTime {
    double seconds;
    double most_seconds;
  };
  void Test(const TestTime& time, bool compares_scenarios) {
    if (const absl::Status answers = experiment_->CheckServer(); !answers.ok()) {
      NoteLostServer(std::string(answers.message()));
      return;
    }
    TestingRequest request;
    request.answer = LastAnswer();
    request.highest_limit = *search_scenario_.limit;
    request.connections = SharedConnections();
    request.most_connections = search_scenario_.pool.size;
    request.seconds = std::max(time.seconds, 0.0);
    request.most_seconds = std::max(time.most_seconds, 0.0);
    request.compares_scenarios = compares_scenarios;
    const bool prepares_quickly = prepare_s_ * kRunsOfTesting < kMaxPrepareShare * time.seconds;
    request.reset = tables_grow_ && prepares_quickly ? Reset::kMakeAnew : Reset::kKeep;
    result_.testing.push_back(RunTesting(plan(), request, experiment_, interrupt_, observer_));
    const std::string& lost = result_.testing.back().lost_server;
    if (!lost.empty()) NoteLostServer(lost);
  }

  void NoteLostServer(const std::string& why) {
    lost_server_ = true;
    result_.remarks.push_back(absl::StrCat("The server did not answer any more: ", why));
  }

  bool WantsSecondSearch() const {
    return CanGoOn() && !result_.testing.empty() &&
           result_.testing.back().confirmation == Confirmation::kContradicted;
  }

  void SearchAgain(double closed_loop_s) {
    const double left_s = closed_loop_s - PassedS();
    if (left_s * kSecondSearchShare < kLeastSecondSearchS) return;
    SearchAll(kSecondSearchShare * left_s);
    if (CanGoOn()) {
      const double rest_s = closed_loop_s - PassedS();
      Test({rest_s, rest_s}, /*compares_scenarios=*/false);
    }
  }

  const Run* RunAtAnswer() const {
    const ComparisonResult& tested = result_.testing.back().limits;
    return tested.runs.empty() ? nullptr : &tested.runs.front();
  }

  double ThroughputAtAnswer() const {
    const Run* run = result_.testing.empty() ? nullptr : RunAtAnswer();
    if (run != nullptr && run->throughput_per_s() > 0) return run->throughput_per_s();
    return InterpolateThroughput(result_.trials.back(), LastAnswer()).value_or(0);
  }

  void Explain() {
    FormulaInput input;
    // They are of connections.
    input.answer = shares_connections() ? SharedConnections() : LastAnswer();
    input.server_cores = plan().server_cores;
    if (!input.server_cores.has_value() && server_is_here_) {
      input.server_cores = result_.environment.cpu_count;
    }
    if (experiment_->allowed_connections().has_value()) {
      input.allowed_connections = static_cast<int>(*experiment_->allowed_connections());
    }
    result_.formulas =
        CompareFormulas(input, shares_connections() ? result_.connection_searches.back().trials
                                                    : result_.trials.back());
    if (result_.testing.empty()) return;
    const Run* run = RunAtAnswer();
    if (run == nullptr || run->duration_s() <= 0) return;
    result_.client_share = ClientShare(*run, result_.environment.cpu_count);
  }

  Experiment* const experiment_;
  const bool tables_grow_;
  const bool server_is_here_;
  Interrupt* const interrupt_;
  TuneObserver* const observer_;
  int64_t began_ns_ = 0;
  double prepare_s_ = 0;
  bool lost_server_ = false;
  ScenarioPlan search_scenario_;
  TuneResult result_;
};

}  // namespace

absl::StatusOr<TuneResult> RunTune(const TunePlan& plan, PlannedWorkload workload,
                                   const ExperimentTarget& target, Interrupt* interrupt,
                                   TuneObserver* observer) {
  const bool tables_grow = workload.workload->uses_own_schema();
  absl::StatusOr<std::unique_ptr<Experiment>> experiment =
      Experiment::Open(std::move(workload), &target, plan.base.io, interrupt, observer);
  if (!experiment.ok()) return experiment.status();
  const std::string& address = (*experiment)->environment().server_address;
  const bool server_is_here = target.throwaway || address.starts_with("Unix socket");
  return Tune(experiment->get(), plan, tables_grow, server_is_here, interrupt, observer).RunAll();
}

}  // namespace pgring
