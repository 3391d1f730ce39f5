#include "cli/output_options.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "cli/option_values.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kOutputGroup = "Output";

constexpr int kMaxIntervalS = 86'400;

absl::Status CheckLog(const RawOutput& raw, const LoadPlan& load, const OutputOptions& output) {
  const bool aggregates = output.aggregate_interval_s.has_value();
  const char* unused = nullptr;
  if (raw.sampling_rate.has_value()) unused = "--sampling-rate";
  if (aggregates) unused = "--aggregate-interval";
  if (raw.log_prefix.has_value()) unused = "--log-prefix";
  if (!output.log && unused != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(unused, " is for the transaction log: add -l, or leave ", unused, " out"));
  }
  if (aggregates && raw.sampling_rate.has_value()) {
    return absl::InvalidArgumentError(
        "--aggregate-interval sums up all transactions: leave out --sampling-rate");
  }
  if (output.sampling_rate == 0) {
    return absl::InvalidArgumentError("--sampling-rate: must be above 0 and at most 1");
  }
  if (aggregates && load.duration_s.has_value() &&
      std::fmod(*load.duration_s, *output.aggregate_interval_s) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("-T ", *load.duration_s, " is not a multiple of --aggregate-interval ",
                     *output.aggregate_interval_s, ": the last line of the log would be short"));
  }
  return absl::OkStatus();
}

// pgbench's --progress takes seconds, pgring's the name of a mode; each option has its last value.
absl::Status ResolveProgress(const RawOutput& raw, OutputOptions* output) {
  static const std::map<std::string, ProgressMode> modes = {{"auto", ProgressMode::kAuto},
                                                            {"bar", ProgressMode::kBar},
                                                            {"plain", ProgressMode::kPlain},
                                                            {"none", ProgressMode::kNone}};
  for (const std::string& value : raw.progress) {
    const auto mode = modes.find(value);
    if (mode != modes.end()) {
      output->progress = mode->second;
      continue;
    }
    std::string seconds = value;
    if (!WholeSeconds(1, kMaxIntervalS)(seconds).empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "-P/--progress: \"", value, "\" is neither a whole number of seconds from 1 to ",
          kMaxIntervalS, " nor auto, bar, plain or none"));
    }
    output->progress_interval_s = std::stoi(seconds);
  }
  if (output->progress_timestamp && !output->progress_interval_s.has_value()) {
    return absl::InvalidArgumentError(
        "--progress-timestamp is for pgbench's progress lines: add -P SECONDS");
  }
  return absl::OkStatus();
}

}  // namespace

void AddFileOptions(CLI::App* command, const std::string& files, OutputOptions* output,
                    RawOutput* raw) {
  command
      ->add_option(
          "--out", output->directory,
          absl::StrCat("directory for ", files, " (default: bench-results/<UTC time>-<host>)"))
      ->check(NotEmpty())
      ->group(kOutputGroup);
  command
      ->add_option("--json", output->json_file,
                   absl::StrCat("also write ", files.substr(0, files.find(',')),
                                " here; - for standard output, in place of the report"))
      ->check(NotEmpty())
      ->group(kOutputGroup);
  command->add_flag("--quiet", output->quiet, "no progress and no notes")->group(kOutputGroup);
  command->add_option("--color", raw->color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str()
      ->group(kOutputGroup);
}

void AddReportOptions(CLI::App* command, const std::string& files, OutputOptions* output,
                      RawOutput* raw) {
  AddFileOptions(command, files, output, raw);
  command
      ->add_option("--metrics", output->metrics,
                   "serve metrics of the run that goes on for Prometheus, at http://ADDRESS:PORT"
                   "/metrics (ADDRESS: 127.0.0.1)")
      ->type_name("[ADDRESS:]PORT")
      ->check(NotEmpty())
      ->group(kOutputGroup);
}

void AddBrief(CLI::App* command, OutputOptions* output) {
  command
      ->add_flag("--brief", output->brief,
                 "print the answer in short and one table; report.txt has all of it")
      ->group(kOutputGroup);
}

void AddOutputOptions(CLI::App* command, OutputOptions* output, RawOutput* raw) {
  AddReportOptions(command, kComparisonFiles, output, raw);
  AddBrief(command, output);
  command
      ->add_option(
          "-P,--progress", raw->progress,
          "seconds between pgbench's progress lines; or how pgring's own progress is shown")
      ->allow_extra_args(false)
      ->type_name("SECONDS|MODE:{auto,bar,plain,none}")
      ->default_str("auto")
      ->group(kOutputGroup);
  command
      ->add_flag("--progress-timestamp", output->progress_timestamp,
                 "with -P: the time of day in place of the time passed")
      ->group(kOutputGroup);
  command
      ->add_flag("-l,--log", output->log,
                 "write pgbench's transaction log, PREFIX.PID (PREFIX.SCENARIO.PID for several)")
      ->group(kOutputGroup);
  command->add_option("--log-prefix", raw->log_prefix, "of -l")
      ->check(NotEmpty())
      ->default_str(output->log_prefix)
      ->group(kOutputGroup);
  command
      ->add_option("--aggregate-interval", output->aggregate_interval_s,
                   "with -l: a line for so many seconds in place of every transaction")
      ->transform(WholeSeconds(1, kMaxIntervalS))
      ->group(kOutputGroup);
  command
      ->add_option("--sampling-rate", raw->sampling_rate,
                   "with -l: the share of transactions that is logged, 0 to 1")
      ->check(Number(0, 1))
      ->group(kOutputGroup);
  command
      ->add_flag("--failures-detailed", output->failures_detailed,
                 "with -l: serialization failures and deadlocks by name")
      ->group(kOutputGroup);
  command
      ->add_flag("--verbose-errors", output->verbose_errors,
                 "tell of every failed attempt at an operation and of every notice and warning of "
                 "the server's at once, in full; without it, of aborted clients")
      ->group(kOutputGroup);
}

absl::Status ResolveOutput(const RawOutput& raw, const LoadPlan& load, OutputOptions* output) {
  if (raw.color == "always") output->color = ColorMode::kAlways;
  if (raw.color == "never") output->color = ColorMode::kNever;
  output->log_prefix = raw.log_prefix.value_or(output->log_prefix);
  output->sampling_rate = raw.sampling_rate.value_or(output->sampling_rate);
  PGRING_RETURN_IF_ERROR(ResolveProgress(raw, output));
  return CheckLog(raw, load, *output);
}

}  // namespace pgring
