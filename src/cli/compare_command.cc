#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/comparison_output.h"
#include "cli/error_display.h"
#include "cli/fleet_end.h"
#include "cli/messages.h"
#include "cli/metrics_server.h"
#include "cli/output_directory.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/target.h"
#include "cli/terminal.h"
#include "experiment/comparison.h"
#include "experiment/io_choice.h"
#include "experiment/worker_team.h"
#include "experiment/workloads.h"
#include "pgring/base/status.h"
#include "report/text_report.h"
#include "run/worker_share.h"

namespace pgring {
namespace {

ErrorDisplay::Verbosity VerbosityOf(const OutputOptions& output) {
  if (output.verbose_errors) return ErrorDisplay::Verbosity::kEverything;
  return output.quiet ? ErrorDisplay::Verbosity::kNone : ErrorDisplay::Verbosity::kAbortedClients;
}

// Of a fleet the first worker's, which goes on as the others' do.
bool ShowsProgress(const Options& options) {
  return !options.fleet.has_value() || options.fleet->rank == 0;
}

class Display final : public ComparisonObserver {
 public:
  // `metrics` is told of each run; may be nullptr.
  Display(const Options& options, const TextStyle& style, MetricsServer* metrics)
      : metrics_(metrics),
        quiet_(options.output.quiet),
        prints_header_(options.output.json_file != "-" && !options.output.brief &&
                       !options.fleet.has_value()),
        is_part_(options.fleet.has_value()),
        is_one_run_(options.plan.scenarios.size() == 1),
        style_(style),
        plan_(options.plan),
        watch_(options.output, options.plan.load, options.plan.workload.seed),
        fleet_(options.fleet),
        progress_(ShowsProgress(options) ? ProgressOf(options.output) : ProgressMode::kNone),
        errors_(VerbosityOf(options.output),
                [this](const std::string& lines) { progress_.PrintLines(lines); }) {
    if (!options.output.progress_interval_s.has_value()) return;
    const LoadPlan& load = options.plan.load;
    progress_.UsePgbenchLines(*options.output.progress_interval_s,
                              {load.open_loop(), load.latency_limit_ms.has_value(),
                               load.max_tries != 1, options.output.progress_timestamp},
                              &watch_);
  }

  absl::Status CheckLog() const { return watch_.CheckLog(); }

  void OnStart(const ComparisonResult& result) override {
    if (!prints_header_) return;
    PrintOutput(ReportHeader(result, style_) + "\n");
    FlushOutput();
  }
  void OnBlockStart(int number) override {
    block_ = number;
    scenario_ = 0;
  }
  void OnRunStart(const ScenarioPlan& scenario,
                  std::shared_ptr<const RunProgress> progress) override {
    log_name_ = LogName(scenario);
    if (scenario.workers > 1) {
      watch_.FollowWorkers(progress);
    } else if (watch_.wanted()) {
      logged_.Update(watch_.StartRun(log_name_));
    }
    errors_.StartRun(scenario.label);
    if (metrics_ != nullptr) metrics_->ShowRun(scenario.label, block_, progress);
    ++scenario_;
    int64_t operations = OperationCount(plan_.workload, plan_.load, scenario);
    if (fleet_.has_value()) {
      operations = ShareOf(scenario, plan_.load, fleet_->rank).CountOf(operations);
    }
    progress_.Start(TitleOf(scenario), {operations, plan_.load.duration_s}, std::move(progress));
  }
  void OnRunEnd(const Run& run) override {
    progress_.Stop();
    logged_.Update(watch_.EndRun());
    if (quiet_ || is_part_) return;
    PrintToStandardError(
        fmt::format("{:<{}} {:.1f} s, {:.0f} operations/s{}{}\n", TitleText(TitleOf(run.scenario)),
                    block_ == 0 ? 10 : 18, run.duration_s(), run.throughput_per_s(),
                    run.total().failed > 0 ? fmt::format(", {} failed", run.total().failed) : "",
                    run.valid() ? "" : ", INVALID: " + run.verdict.reasons.front()));
  }
  void OnNote(const std::string& note) override {
    // Also while a run goes on.
    if (!quiet_) progress_.PrintLines(absl::StrCat("pgring: note: ", note, "\n"));
  }
  ErrorLog* error_log() override { return &errors_; }
  bool wants_details() const override { return metrics_ != nullptr || progress_.wants_details(); }
  OperationLog* operation_log() override { return watch_.wanted() ? &watch_ : nullptr; }
  std::string log_name() override { return log_name_; }

  // Whether every transaction log was written.
  const absl::Status& logged() const { return logged_; }

 private:
  ProgressTitle TitleOf(const ScenarioPlan& scenario) const {
    ProgressTitle title = {.label = scenario.label,
                           .scenario = scenario_,
                           .scenario_count = static_cast<int>(plan_.scenarios.size()),
                           .block = block_,
                           .block_count = std::nullopt};
    if (!plan_.repeat.until_percent.has_value()) title.block_count = plan_.repeat.blocks;
    return title;
  }

  // Every run has a log of its own.
  std::string LogName(const ScenarioPlan& scenario) const {
    std::string name = is_one_run_ ? "" : scenario.label;
    if (block_ == 0) return name;
    return absl::StrCat(name, name.empty() ? "" : ".", "block", block_);
  }

  MetricsServer* const metrics_;
  const bool quiet_;
  const bool prints_header_;
  const bool is_part_;  // of a fleet: its figures are not the run's
  const bool is_one_run_;
  int block_ = 0;     // 0: there are no repeats
  int scenario_ = 0;  // of the block, or of the comparison
  const TextStyle style_;
  const ComparisonPlan& plan_;
  TransactionWatch watch_;
  const std::optional<FleetPlan> fleet_;
  absl::Status logged_;
  std::string log_name_;
  ProgressDisplay progress_;
  ErrorDisplay errors_;
};

// What would stop a run later stops it here, before a server is started or touched.
absl::Status CheckHost(const ComparisonPlan& plan) {
  const int64_t open_files = RaiseOpenFileLimit();
  for (const ScenarioPlan& scenario : plan.scenarios) {
    const int64_t needed =
        ScenarioShare(scenario, 0)
            .ConnectionsNeeded(OperationCount(plan.workload, plan.load, scenario)) +
        kOtherOpenFiles;
    if (needed > open_files) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "scenario %s needs %d open files, but the limit is %d; raise it with 'ulimit -n %d' or "
          "use a smaller --pool-size",
          scenario.label, needed, open_files, needed));
    }
  }
  return absl::OkStatus();
}

std::string DefaultDirectoryOf(const Options& options) {
  // One for all workers, where they see the same.
  return options.fleet.has_value()
             ? absl::StrCat("bench-results/fleet-", FileNamePart(options.fleet->id))
             : DefaultOutputDirectory();
}

// Nothing to do where this is no worker of one.
absl::Status JoinFleet(const Options& options, const Interrupt& interrupt,
                       const ExperimentTarget& target, std::unique_ptr<Fleet>* fleet) {
  if (!options.fleet.has_value()) return absl::OkStatus();
  if (target.throwaway) {
    return absl::InvalidArgumentError(
        "--fleet meets at a server that all workers reach: name one (-h, -d)");
  }
  auto joined = Fleet::Join(*options.fleet, options.plan, target.direct.value_or(target.parameters),
                            &interrupt);
  if (!joined.ok()) return joined.status();
  *fleet = *std::move(joined);
  return absl::OkStatus();
}

}  // namespace

int64_t RaiseOpenFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kOtherOpenFiles;
  const rlimit raised = {limit.rlim_max, limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = limit.rlim_max;
  constexpr rlim_t kPlenty = 1 << 30;
  return static_cast<int64_t>(std::min(limit.rlim_cur, kPlenty));
}

int CompareCommand(Options options, WorkerTeam* team, Interrupt* interrupt) {
  auto workload = MakeWorkload(options.plan.workload, WantsThrowaway(options));
  absl::Status ready = workload.status();
  ready.Update(CheckHost(options.plan));
  if (ready.ok()) ready = ChooseIoMode(&options.plan);
  ready.Update(CheckJsonFile(options.output.json_file));
  if (!ready.ok()) {
    PrintError(ready);
    return kExitCouldNotStart;
  }
  if (options.output.json_file == "-") KeepStandardOutputForUs();
  const std::string& wanted = options.output.directory;
  auto directory = OutputDirectory::Create(wanted.empty() ? DefaultDirectoryOf(options) : wanted);
  if (!directory.ok()) {
    PrintError(directory.status());
    return kExitCouldNotStart;
  }
  const TextStyle style = TerminalStyle(options.output.color);
  const auto metrics = MetricsServer::BindIfWanted(options.output.metrics);
  if (!metrics.ok()) {
    PrintError(metrics.status());
    return kExitCouldNotStart;
  }
  Display display(options, style, metrics->get());
  const absl::Status can_log = display.CheckLog();
  if (!can_log.ok()) {
    PrintError(can_log);
    return kExitCouldNotStart;
  }
  using Measured = absl::StatusOr<ComparisonResult>;
  std::unique_ptr<Fleet> fleet;
  const auto measure = [&](ExperimentTarget target) -> Measured {
    target.team = team;
    PGRING_RETURN_IF_ERROR(JoinFleet(options, *interrupt, target, &fleet));
    target.fleet = fleet.get();
    PGRING_RETURN_IF_ERROR(ServeMetrics(metrics->get(), &display));
    return RunComparison(options.plan, *std::move(workload), target, interrupt, &display);
  };
  const Measured result = OnTarget(options, *interrupt, &display, measure);
  if (!result.ok()) {
    if (interrupt->raised()) {
      PrintNote("interrupted before the first run: nothing was measured, and nothing is written");
      return ExitCodeOf(*interrupt);
    }
    PrintError(result.status());
    return kExitCouldNotStart;
  }
  if (fleet != nullptr) {
    const int exit_code = EndInFleet(options, *result, fleet.get(), &*directory);
    return interrupt->raised() ? ExitCodeOf(*interrupt) : exit_code;
  }
  absl::Status written = ShowComparison(options.output, *result, ReportPart::kBody, &*directory);
  written.Update(display.logged());
  if (team != nullptr) written.Update(team->logged());
  if (!written.ok()) {
    PrintError(written);
    return kExitCouldNotStart;
  }
  if (interrupt->raised()) return ExitCodeOf(*interrupt);
  return result->valid() ? kExitValid : kExitInvalid;
}

}  // namespace pgring
