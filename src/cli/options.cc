#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/command_options.h"
#include "cli/examples.h"
#include "cli/jobs_options.h"
#include "cli/leftover_arguments.h"
#include "cli/load_options.h"
#include "cli/repeat_options.h"
#include "cli/scenario_list.h"
#include "cli/shown_arguments.h"
#include "cli/tune_options.h"
#include "pgring/base/status.h"
#include "pgring/postgres/pool.h"
#include "workload/script_sharing.h"

namespace pgring {
namespace {

constexpr const char* kProgramDescription =
    "pgring: how many operations should be in flight, over how many connections, driven in which "
    "way?\nRuns one list of operations against one PostgreSQL in several ways and compares them.";

absl::Status CheckPipeline(const ComparisonPlan& plan, bool asked_for) {
  if (asked_for && !UsesReactor(plan)) {
    return absl::InvalidArgumentError(
        "--pipeline: a blocking scenario sends one statement at a time; use it with async, chunked "
        "or window");
  }
  const bool any = std::any_of(plan.scenarios.begin(), plan.scenarios.end(),
                               [](const ScenarioPlan& scenario) { return scenario.pipeline; });
  if (any && !plan.workload.scripts.empty() && plan.workload.mode == QueryMode::kSimple) {
    return absl::InvalidArgumentError(
        "pipelining needs the extended query protocol: leave out -M simple, or --pipeline and the "
        "scenario pipelined");
  }
  return absl::OkStatus();
}

absl::Status CheckSharing(const ComparisonPlan& plan) {
  const bool any =
      std::any_of(plan.scenarios.begin(), plan.scenarios.end(),
                  [](const ScenarioPlan& scenario) { return scenario.type->shares_connections; });
  if (!any) return absl::OkStatus();
  if (plan.load.connect_each) {
    return absl::InvalidArgumentError(
        "-C opens a connection for every operation, and multiplexed has operations share them: "
        "leave out one of the two");
  }
  return CheckScriptsCanShare(plan.workload.scripts, plan.workload.mode);
}

absl::Status ResolveTarget(const RawOptions& raw, Options* options) {
  if (raw.io == "completion") options->plan.wanted_io = IoMode::kCompletion;
  if (raw.io == "ring") options->plan.wanted_io = IoMode::kRing;
  if (raw.io == "readiness") options->plan.wanted_io = IoMode::kReadiness;
  options->samples_server = raw.server_samples == "auto";
  if (!options->samples_server && !options->control.empty() && !options->fleet.has_value()) {
    return absl::InvalidArgumentError(
        "--control is for the server's samples: leave out --server-samples off, or --control");
  }
  if (options->fleet.has_value() && options->force_throwaway) {
    return absl::InvalidArgumentError(
        "--fleet meets at a server that all workers reach: leave out --throwaway");
  }
  if (options->force_throwaway && !options->target.empty()) {
    return absl::InvalidArgumentError(
        "--throwaway starts a server of its own: leave out -h, -p, -U, -d and DBNAME");
  }
  return absl::OkStatus();
}

absl::Status Resolve(const RawOptions& raw, bool one_scenario, Options* options) {
  if (options->plan.workload.print_rows && options->output.json_file == "-") {
    return absl::InvalidArgumentError(
        "--print-rows and --json - both want standard output: give --json a file");
  }
  PGRING_RETURN_IF_ERROR(ResolveLoad(raw.load, &options->plan.workload, &options->plan.load));
  PGRING_RETURN_IF_ERROR(ResolveRepeat(raw.repeat, options->plan.load, &options->plan.repeat));
  PGRING_RETURN_IF_ERROR(ResolveOutput(raw.output, options->plan.load, &options->output));
  if (one_scenario && raw.scenario.empty()) {
    return absl::InvalidArgumentError(
        "--scenario is required, for instance --scenario window:20; 'pgring compare' runs several");
  }
  auto scenarios = ParseScenarios(one_scenario ? raw.scenario : raw.scenarios, raw.defaults);
  if (!scenarios.ok()) return scenarios.status();
  if (one_scenario && scenarios->size() != 1) {
    return absl::InvalidArgumentError(
        "--scenario takes one scenario; for several use 'pgring compare --scenarios'");
  }
  options->plan.scenarios = *std::move(scenarios);
  PGRING_RETURN_IF_ERROR(ResolveWorkers(raw.load.jobs, &options->plan));
  PGRING_RETURN_IF_ERROR(CountForClients(&options->plan));
  PGRING_RETURN_IF_ERROR(CheckPipeline(options->plan, raw.defaults.pipeline));
  PGRING_RETURN_IF_ERROR(CheckSharing(options->plan));
  auto fleet = ResolveFleet(raw.fleet, &options->plan);
  if (!fleet.ok()) return fleet.status();
  options->fleet = *std::move(fleet);
  options->worker_timeout_s = raw.fleet.timeout_s;
  return ResolveTarget(raw, options);
}

absl::Status ResolveTuning(const RawOptions& raw, Options* options) {
  ComparisonPlan* plan = &options->plan;
  // Each stage has a load of its own: what is resolved here is the scripts and the seed.
  LoadPlan load;
  load.duration_s = options->tune.budget_s;
  PGRING_RETURN_IF_ERROR(ResolveLoad(raw.load, &plan->workload, &load));
  PGRING_RETURN_IF_ERROR(ResolveOutput(raw.output, load, &options->output));
  plan->workload.operations = kUnlimitedOperations;
  PGRING_RETURN_IF_ERROR(ResolveTarget(raw, options));
  options->tune.base = *plan;
  options->tune.workers = WorkersWanted(raw.load.jobs).value_or(1);
  PGRING_RETURN_IF_ERROR(ResolveTune(raw.tune, &options->tune));
  // For the choice of the I/O mode, and for the header: fresh runs of the reactor's scenarios test
  // every answer.
  ScenarioPlan shown;
  shown.type =
      options->tune.type->driver->uses_io_uring ? options->tune.type : FindScenarioType("window");
  shown.label = absl::StrCat(std::string(options->tune.type->name), ", 1 to ",
                             options->tune.highest_limit, " operations in flight");
  options->tune.base.scenarios = {shown};
  return absl::OkStatus();
}

struct Commands {
  CLI::App* compare;
  CLI::App* run;
  CLI::App* tune;
  CLI::App* report;
  CLI::App* diff;
  CLI::App* exporting;
  CLI::App* merge;
  CLI::App* init;
  CLI::App* server;
  CLI::App* doctor;
};

Commands AddCommands(CLI::App* app, Options* options, RawOptions* raw) {
  app->set_help_flag("-?,--help", "print this help");
  app->set_version_flag("-V,--version", "", "print the version");
  app->require_subcommand(0, 1);
  // What is left over is judged with better messages than the parser's. Commands and options
  // inherit these two.
  app->allow_extras();
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Commands commands = {};
  commands.compare = app->add_subcommand(
      "compare", "several scenarios, one operation list, one report (the main job)");
  commands.run = app->add_subcommand("run", "one scenario");
  commands.tune = app->add_subcommand(
      "tune", "how many operations in flight, over how many connections, driven in which way");
  commands.report = app->add_subcommand(
      "report", "a saved result again: as text, as one HTML page, as a picture, as percentiles");
  commands.diff = app->add_subcommand(
      "diff", "two saved results, scenario by scenario: what changed, and whether it may");
  commands.exporting = app->add_subcommand("export", "saved results in the formats of other tools");
  commands.merge =
      app->add_subcommand("merge", "the files of a fleet's workers as one result, exactly");
  commands.init = app->add_subcommand("init", "make pgbench's tables");
  commands.server = app->add_subcommand(
      "server", "start a throwaway PostgreSQL, print its conninfo, keep it until Ctrl-C");
  commands.doctor = app->add_subcommand(
      "doctor", "what this host and server offer, what pgring would use, and what to fix");
  app->footer(ExamplesText(""));
  for (CLI::App* command : app->get_subcommands(nullptr)) {
    command->set_version_flag("-V,--version", "", "print the version");
    command->footer(ExamplesText(command->get_name()));
  }
  for (CLI::App* command : {commands.compare, commands.run}) {
    AddTarget(command, options);
    AddWorkloadOptions(command, &options->plan.workload, &raw->load);
    AddLoadOptions(command, &options->plan.workload, &options->plan.load, &raw->load);
    AddScenario(command, raw, command == commands.compare);
    AddRepeatOptions(command, &raw->repeat);
    AddFleetOptions(command, &raw->fleet);
    AddSampling(command, options, raw);
    AddProfiling(command, options);
    AddOutputOptions(command, &options->output, &raw->output);
  }
  AddTarget(commands.tune, options);
  AddWorkloadOptions(commands.tune, &options->plan.workload, &raw->load);
  AddTuneOptions(commands.tune, &options->tune, &raw->tune);
  AddJobs(commands.tune, &raw->load.jobs);
  AddIo(commands.tune, "Search", raw);
  AddSampling(commands.tune, options, raw);
  AddReportOptions(commands.tune, kTuneFiles, &options->output, &raw->output);
  AddSavedReportOptions(commands.report, &options->report);
  AddDiffOptions(commands.diff, &options->diff, &raw->diff);
  AddExportOptions(commands.exporting, &options->exported);
  AddMergeOptions(commands.merge, &options->merge);
  AddFileOptions(commands.merge, kComparisonFiles, &options->output, &raw->output);
  AddBrief(commands.merge, &options->output);
  AddAddress(commands.init, "Target (default: PG* environment)", options);
  AddInitOptions(commands.init, &options->init, &raw->init);
  AddServer(commands.server, options, raw);
  AddTarget(commands.doctor, options);
  return commands;
}

const CLI::App* GivenCommand(const CLI::App& app) {
  const std::vector<CLI::App*> given = app.get_subcommands();
  return given.empty() ? nullptr : given.front();
}

// The parser's message in one line, with all names of its option, so that the one that was typed is
// among them.
std::string ParserMessage(const CLI::App* command, const std::string& text) {
  std::string message = absl::StrReplaceAll(text, {{"\n", " "}});
  std::string see = "pgring";
  if (command != nullptr) {
    absl::StrAppend(&see, " ", command->get_name());
    const std::string name = message.substr(0, message.find_first_of(": "));
    const CLI::Option* option = command->get_option_no_throw(name);
    if (option != nullptr) {
      const std::string names = absl::StrReplaceAll(option->get_name(false, true), {{",", "/"}});
      // "1 required FLOAT missing" is the parser's way to say it.
      const bool lacks_value = message.ends_with(" missing");
      message =
          absl::StrCat(names, lacks_value ? ": a value is missing" : message.substr(name.size()));
    }
  }
  return absl::StrCat(message, "; see '", see, " --help'");
}

absl::Status TakeLeftovers(const CLI::App& app, const CLI::App* command,
                           const std::vector<std::string>& after_marker, const RawDiff& raw,
                           Options* options) {
  std::vector<std::string> leftover = command == nullptr ? app.remaining() : command->remaining();
  PGRING_RETURN_IF_ERROR(RefuseUnknownOptions(app, command, leftover));
  leftover.insert(leftover.end(), after_marker.begin(), after_marker.end());
  if (command != nullptr && command->get_name() == "diff") {
    return ResolveDiff(raw, leftover, &options->diff);
  }
  if (command != nullptr && command->get_name() == "report") {
    return ResolveReport(leftover, &options->report);
  }
  if (command != nullptr && command->get_name() == "export") {
    return ResolveExport(leftover, &options->exported);
  }
  if (command != nullptr && command->get_name() == "merge") {
    return ResolveMerge(leftover, &options->merge);
  }
  if (command != nullptr && command->get_name() == "server") {
    if (leftover.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", leftover.front(), "\" is one argument too many; see 'pgring server --help'"));
  }
  if (options->target.database.starts_with('-')) {
    return absl::InvalidArgumentError(absl::StrCat(
        "-d names a database, and \"", options->target.database,
        "\" looks like an option (pgbench 15 has -d for --debug, which pgring has not)"));
  }
  return TakeDatabaseName(leftover, &options->target.database);
}

absl::Status ResolveCommand(const Commands& commands, const RawOptions& raw, Options* options) {
  if (raw.tcp_port >= 0) options->server.tcp_port = raw.tcp_port;
  if (commands.compare->parsed() || commands.run->parsed() || commands.tune->parsed()) {
    auto requested = RequestedText(raw.load);
    if (!requested.ok()) return requested.status();
    if (requested->has_value()) {
      options->help_text = **requested;
      return absl::OkStatus();
    }
    if (commands.tune->parsed()) {
      options->command = Subcommand::kTune;
      return ResolveTuning(raw, options);
    }
    options->command = Subcommand::kCompare;
    return Resolve(raw, commands.run->parsed(), options);
  }
  if (commands.init->parsed()) {
    options->command = Subcommand::kInit;
    return ResolveInit(raw.init, &options->init.tables);
  }
  if (commands.report->parsed()) options->command = Subcommand::kReport;
  if (commands.diff->parsed()) options->command = Subcommand::kDiff;
  if (commands.exporting->parsed()) options->command = Subcommand::kExport;
  if (commands.merge->parsed()) {
    options->command = Subcommand::kMerge;
    return ResolveOutput(raw.output, LoadPlan(), &options->output);
  }
  if (commands.server->parsed()) options->command = Subcommand::kServer;
  if (commands.doctor->parsed()) options->command = Subcommand::kDoctor;
  return absl::OkStatus();
}

absl::StatusOr<Options> Parse(int argument_count, const char* const* arguments) {
  Options options;
  options.plan.arguments = ShownArguments(argument_count, arguments);
  RawOptions raw;
  CLI::App app(kProgramDescription, "pgring");
  const Commands commands = AddCommands(&app, &options, &raw);
  // What follows "--" is no option, even if it begins with a dash.
  const char* const* const end = arguments + argument_count;
  const char* const* const marker = std::find_if(
      arguments, end, [](const char* argument) { return argument == std::string("--"); });
  const std::vector<std::string> after_marker(std::min(marker + 1, end), end);
  try {
    app.parse(static_cast<int>(marker - arguments), arguments);
  } catch (const CLI::CallForHelp&) {
    options.help_text = app.help();
    return options;
  } catch (const CLI::CallForVersion&) {
    options.command = Subcommand::kVersion;
    return options;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(ParserMessage(GivenCommand(app), error.what()));
  }
  const CLI::App* command = GivenCommand(app);
  PGRING_RETURN_IF_ERROR(TakeLeftovers(app, command, after_marker, raw.diff, &options));
  if (command == nullptr) {
    options.help_text = app.help();
    return options;
  }
  PGRING_RETURN_IF_ERROR(ResolveCommand(commands, raw, &options));
  return options;
}

}  // namespace

void WithCommandLine(const std::function<void(const CLI::App&)>& use) {
  Options options;
  RawOptions raw;
  CLI::App app(kProgramDescription, "pgring");
  AddCommands(&app, &options, &raw);
  use(app);
}

absl::StatusOr<Options> ParseOptions(int argument_count, const char* const* arguments) {
  // CLI11 reports by exceptions; none leaves this file.
  try {
    return Parse(argument_count, arguments);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace pgring
