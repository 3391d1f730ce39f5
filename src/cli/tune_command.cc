#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/error_display.h"
#include "cli/messages.h"
#include "cli/metrics_server.h"
#include "cli/output_directory.h"
#include "cli/output_files.h"
#include "cli/progress_state.h"
#include "cli/signals.h"
#include "cli/target.h"
#include "cli/terminal.h"
#include "cli/tune_options.h"
#include "experiment/io_choice.h"
#include "experiment/workloads.h"
#include "pgring/base/clock.h"
#include "pgring/base/printable.h"
#include "pgring/base/status.h"
#include "report/format.h"
#include "report/knee_svg.h"
#include "report/tune_html.h"
#include "report/tune_json.h"
#include "report/tune_report.h"
#include "tune/tune.h"

namespace pgring {
namespace {

std::string_view StageName(SearchStage stage) {
  switch (stage) {
    case SearchStage::kRamp:
      return "ramp";
    case SearchStage::kFit:
      return "fit";
    case SearchStage::kCompare:
      return "compare";
  }
  return "";
}

std::string LeftText(double left_s) { return fmt::format("{:.0f} s left", std::ceil(left_s)); }

class TuneDisplay final : public TuneObserver {
 public:
  // `metrics` is told of each run; may be nullptr.
  TuneDisplay(const Options& options, const TextStyle& style, MetricsServer* metrics)
      : metrics_(metrics),
        quiet_(options.output.quiet),
        redraws_(ProgressOf(options.output) == ProgressMode::kBar),
        prints_report_(options.output.json_file != "-"),
        style_(style),
        errors_(quiet_ ? ErrorDisplay::Verbosity::kNone : ErrorDisplay::Verbosity::kAbortedClients,
                [this](const std::string& lines) { PrintLines(lines); }) {}

  void OnRunStart(const ScenarioPlan& scenario,
                  std::shared_ptr<const RunProgress> progress) override {
    errors_.StartRun(scenario.label);
    if (metrics_ != nullptr) metrics_->ShowRun(scenario.label, 0, std::move(progress));
  }
  bool wants_details() const override { return metrics_ != nullptr; }
  void OnNote(const std::string& note) override {
    if (!quiet_) PrintLines(absl::StrCat("pgring: note: ", note, "\n"));
  }
  ErrorLog* error_log() override { return &errors_; }

  void OnStart(const TuneResult& result) override {
    if (!prints_report_) return;
    PrintOutput(TuneHeader(result, style_) + "\n");
    FlushOutput();
  }
  void OnTrial(const Trial& trial, const LimitSearch& search, SearchedNumber number,
               double left_s) override {
    const std::optional<int> best = search.answer().limit;
    const bool is_new_stage = search.stage() != std::exchange(stage_, search.stage());
    const bool of_connections = number == SearchedNumber::kConnections;
    Show(fmt::format(
             "search{}, {}: {} {}, {}/s{}; {}, {}", of_connections ? " for connections" : "",
             StageName(search.stage()), of_connections ? "connections" : "limit", trial.limit,
             FigureText(trial.throughput_per_s),
             trial.p99_ns.has_value() ? ", p99 " + DurationText(static_cast<double>(*trial.p99_ns))
                                      : "",
             best.has_value() ? fmt::format("best so far {}", *best) : "no answer yet",
             search.done() ? "ended" : "at most " + LeftText(left_s)),
         is_new_stage || search.done());
  }
  void OnTesting(int answer, double left_s) override {
    Show(fmt::format("testing {} by fresh runs, about {}", answer, LeftText(left_s)), true);
  }
  void OnTestingRun(const Run& run, int block, double left_s) override {
    Show(fmt::format("testing, block {}: {} {}/s, {}{}", block, run.scenario.label,
                     FigureText(run.throughput_per_s()), LeftText(left_s),
                     run.valid() ? "" : ", INVALID: " + run.verdict.reasons.front()),
         !run.valid());
  }
  void OnRate(const RateTrial& trial, double left_s) override {
    std::string percentiles;
    for (const std::optional<double>& value_ms : trial.percentiles_ms) {
      percentiles += fmt::format("{} ms, ", FigureText(value_ms));
    }
    Show(fmt::format("rate {}/s offered, {}/s achieved, {}{}; at most {}",
                     FigureText(trial.offered_per_s), FigureText(trial.achieved_per_s), percentiles,
                     trial.holds ? "keeps it" : "does not keep it", LeftText(left_s)),
         true);
  }

  // The line that is redrawn has had its time.
  void Finish() {
    if (std::exchange(is_drawn_, false)) DrawOnStandardError("\r\033[K");
  }

 private:
  // Elsewhere than on a terminal that is as many lines as one would read.
  static constexpr int64_t kPlainIntervalNs = 2 * kNanosecondsPerSecond;

  void Show(const std::string& line, bool matters) {
    if (quiet_) return;
    if (redraws_) {
      // A line that wraps cannot be redrawn.
      DrawOnStandardError(
          absl::StrCat("\r\033[K", CutTo(EscapeControls(line), StandardErrorColumns() - 1)));
      is_drawn_ = true;
      return;
    }
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    if (!matters && now_ns - shown_ns_ < kPlainIntervalNs) return;
    shown_ns_ = now_ns;
    PrintToStandardError(line + "\n");
  }

  void PrintLines(const std::string& lines) {
    Finish();
    PrintToStandardError(lines);
  }

  MetricsServer* const metrics_;
  const bool quiet_;
  const bool redraws_;
  const bool prints_report_;
  const TextStyle style_;
  ErrorDisplay errors_;
  std::optional<SearchStage> stage_;
  bool is_drawn_ = false;
  int64_t shown_ns_ = 0;
};

// Fewer connections are tried where this process may not open as many files.
absl::Status FitOpenFiles(TunePlan* plan) {
  const int64_t most = RaiseOpenFileLimit() - kOtherOpenFiles;
  if (plan->highest_limit <= most) return absl::OkStatus();
  if (plan->highest_limit_given) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "--max-limit ", plan->highest_limit, " needs ", plan->highest_limit + kOtherOpenFiles,
        " open files; raise the limit with 'ulimit -n', or give a smaller --max-limit"));
  }
  plan->highest_limit = static_cast<int>(std::max<int64_t>(most, 1));
  return absl::OkStatus();
}

}  // namespace

int TuneCommand(Options options, WorkerTeam* team, Interrupt* interrupt) {
  TunePlan& plan = options.tune;
  auto workload = MakeWorkload(plan.base.workload, WantsThrowaway(options));
  absl::Status ready = workload.status();
  ready.Update(FitOpenFiles(&plan));
  if (ready.ok()) ready = ChooseIoMode(&plan.base);
  ready.Update(CheckJsonFile(options.output.json_file));
  if (!ready.ok()) {
    PrintError(ready);
    return kExitCouldNotStart;
  }
  if (options.output.json_file == "-") KeepStandardOutputForUs();
  const std::string& wanted = options.output.directory;
  auto directory = OutputDirectory::Create(wanted.empty() ? DefaultOutputDirectory() : wanted);
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
  TuneDisplay display(options, style, metrics->get());
  if (plan.workers > 1) {
    display.OnNote(absl::StrCat("up to ", plan.workers,
                                " workers share each run (-j), and each limit has one of its own"));
  }
  using Tuned = absl::StatusOr<TuneResult>;
  const auto tune = [&](ExperimentTarget target) -> Tuned {
    target.team = team;
    target.team_workers = plan.workers;
    PGRING_RETURN_IF_ERROR(ServeMetrics(metrics->get(), &display));
    return RunTune(plan, *std::move(workload), target, interrupt, &display);
  };
  const Tuned result = OnTarget(options, *interrupt, &display, tune);
  display.Finish();
  if (!result.ok()) {
    if (interrupt->raised()) {
      PrintNote("interrupted before the first trial: nothing was measured, and nothing is written");
      return ExitCodeOf(*interrupt);
    }
    PrintError(result.status());
    return kExitCouldNotStart;
  }
  if (options.output.json_file != "-") PrintOutput(TuneBody(*result, style));
  FlushOutput();
  const absl::Status written = WriteOutputs(options.output,
                                            {{"tune.json", TuneJson(*result)},
                                             {"report.txt", TuneReport(*result, TextStyle())},
                                             {"report.html", TuneHtml(*result)},
                                             {"knee.svg", KneeSvg(TunePicture(*result))}},
                                            &*directory);
  if (!written.ok()) {
    PrintError(written);
    return kExitCouldNotStart;
  }
  if (!options.output.quiet) {
    PrintNote(absl::StrCat(kTuneFiles, " are in ", directory->path()));
  }
  if (interrupt->raised()) return ExitCodeOf(*interrupt);
  return result->succeeded() ? kExitValid : kExitInvalid;
}

}  // namespace pgring
