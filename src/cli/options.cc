#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/load_options.h"
#include "cli/scenario_list.h"
#include "pgring/base/status.h"
#include "pgring/postgres/pool.h"
#include "script/builtin_scripts.h"
#include "workload/pgbench_tables.h"

namespace pgring {
namespace {

constexpr const char* kDefaultScenarios = "sync,async,chunked,window";

// What CLI11 fills in before anything is resolved.
struct RawOptions {
  std::string scenarios = kDefaultScenarios;
  std::string scenario;
  ScenarioDefaults defaults;
  RawLoad load;
  std::string io = "auto";
  std::string progress = "auto";
  std::string color = "auto";
  int tcp_port = -1;
  std::string partition_method;  // empty: not given
  bool no_vacuum = false;
  bool foreign_keys = false;
};

void AddAddress(CLI::App* command, const char* group, Options* options) {
  command->add_option("-h,--host", options->target.host, "host name or socket directory")
      ->group(group);
  command->add_option("-p,--port", options->target.port, "port")->group(group);
  command->add_option("-U,--username", options->target.user, "role")->group(group);
  command
      ->add_option("-d,--dbname", options->target.database,
                   "database, 'key=value …' or postgresql:// URI")
      ->group(group);
}

void AddTarget(CLI::App* command, Options* options) {
  const char* group = "Target (default: PG* environment, else a throwaway server)";
  AddAddress(command, group, options);
  command
      ->add_flag("--throwaway", options->force_throwaway,
                 "start a throwaway PostgreSQL whatever the environment says")
      ->group(group);
}

void AddScenario(CLI::App* command, RawOptions* raw, bool several) {
  const char* group = "Scenario";
  if (several) {
    command
        ->add_option("--scenarios", raw->scenarios,
                     "which, in which order: sync, threads, async, chunked, window, pipelined; "
                     "each may carry settings: chunked:10, async:pool=200, "
                     "window:20:pool=10:timeout=5, async:pipeline")
        ->capture_default_str()
        ->group(group);
  } else {
    command
        ->add_option("--scenario", raw->scenario,
                     "sync, threads, async, chunked, window or pipelined, with settings: window:20")
        ->required()
        ->group(group);
  }
  command
      ->add_option("-c,--limit,--client", raw->defaults.limit,
                   "operations at once in threads, chunked, window and pipelined (default 40)")
      ->check(CLI::Range(1, kMaxLimit))
      ->group(group);
  command
      ->add_option("--pool-size", raw->defaults.pool_size,
                   "connections kept (default: 100 in async, else the limit)")
      ->check(CLI::Range(1, kMaxPoolConnections))
      ->group(group);
  command
      ->add_option("--max-overflow", raw->defaults.max_overflow,
                   "connections beyond the pool size, under pressure (default 0)")
      ->check(CLI::Range(0, kMaxPoolConnections))
      ->group(group);
  command
      ->add_option("--pool-timeout", raw->defaults.pool_timeout_s,
                   "seconds to wait for a connection (default 0: for ever)")
      ->check(CLI::Range(0.0, kMaxPoolTimeoutS))
      ->group(group);
  command
      ->add_flag("--pipeline", raw->defaults.pipeline,
                 "on the reactor, send statements that need no answer together with the next one "
                 "of their transaction (scenario pipelined is window with this)")
      ->group(group);
  command
      ->add_option("--io", raw->io,
                   "how bytes move in the reactor: completion (through the ring), "
                   "readiness (libpq's own calls, when the ring says so), or auto: the first that "
                   "works")
      ->check(CLI::IsMember({"auto", "completion", "readiness"}))
      ->capture_default_str()
      ->group(group);
}

void AddOutput(CLI::App* command, Options* options, RawOptions* raw) {
  const char* group = "Output";
  OutputOptions* output = &options->output;
  command
      ->add_option("--out", output->directory,
                   "directory for result.json, report.txt and connections.svg (default: "
                   "bench-results/<UTC time>-<host>)")
      ->group(group);
  command
      ->add_option("--json", output->json_file,
                   "also write result.json here; - for standard "
                   "output, in place of the report")
      ->group(group);
  command->add_flag("--quiet", output->quiet, "no progress and no notes")->group(group);
  command->add_option("--progress", raw->progress, "auto, bar, plain or none")
      ->check(CLI::IsMember({"auto", "bar", "plain", "none"}))
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("-P,--progress-interval", output->progress_interval_s,
                   "print pgbench's progress line every so many seconds")
      ->check(CLI::Range(1, 86'400))
      ->group(group);
  command
      ->add_flag("--progress-timestamp", output->progress_timestamp,
                 "with -P: the time of day in place of the time passed")
      ->group(group);
  command
      ->add_flag("-l,--log", output->log,
                 "write pgbench's transaction log, PREFIX.PID (PREFIX.SCENARIO.PID for several)")
      ->group(group);
  command->add_option("--log-prefix", output->log_prefix, "of -l")
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("--aggregate-interval", output->aggregate_interval_s,
                   "with -l: a line for so many seconds in place of every transaction")
      ->check(CLI::Range(1, 86'400))
      ->group(group);
  command
      ->add_option("--sampling-rate", output->sampling_rate,
                   "with -l: the share of transactions that is logged, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  command
      ->add_flag("--failures-detailed", output->failures_detailed,
                 "with -l: serialization failures and deadlocks by name")
      ->group(group);
  command->add_option("--color", raw->color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str()
      ->group(group);
}

void AddServer(CLI::App* command, Options* options, RawOptions* raw) {
  command->add_option("--max-connections", options->server.max_connections, "of the server")
      ->check(CLI::Range(10, 262'143))
      ->capture_default_str();
  command
      ->add_option("--tcp", raw->tcp_port,
                   "listen on 127.0.0.1 as well, on this port (0: any free one)")
      ->check(CLI::Range(0, 65'535));
  command->add_flag("--unsafe-fast", options->server.unsafe_fast,
                    "fsync, synchronous_commit and full_page_writes off: not a server whose "
                    "figures mean much");
}

void AddInit(CLI::App* command, Options* options, RawOptions* raw) {
  AddAddress(command, "Target (default: PG* environment)", options);
  const char* group = "Tables (as pgbench -i makes them)";
  PgbenchTablesOptions* tables = &options->init.tables;
  command->add_option("-s,--scale", tables->scale, "100,000 accounts for each")
      ->check(CLI::Range(1, kMaxPgbenchScale))
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("-I,--init-steps", tables->steps,
                   "what to do, in which order: d drop the tables, t create them, g generate data "
                   "here, G on the server, v vacuum, p primary keys, f foreign keys")
      ->capture_default_str()
      ->group(group);
  command->add_option("-F,--fillfactor", tables->fillfactor, "of the tables, in percent")
      ->check(CLI::Range(kMinPgbenchFillfactor, kMaxPgbenchFillfactor))
      ->capture_default_str()
      ->group(group);
  command->add_flag("-n,--no-vacuum", raw->no_vacuum, "leave out step v")->group(group);
  command->add_flag("--foreign-keys", raw->foreign_keys, "add step f")->group(group);
  command->add_flag("--unlogged-tables", tables->unlogged, "that a crash empties")->group(group);
  command->add_option("--tablespace", tables->tablespace, "of the tables")->group(group);
  command->add_option("--index-tablespace", tables->index_tablespace, "of the primary keys")
      ->group(group);
  command
      ->add_option("--partitions", tables->partitions, "of pgbench_accounts (0: not partitioned)")
      ->check(CLI::Range(0, kMaxPgbenchPartitions))
      ->capture_default_str()
      ->group(group);
  command->add_option("--partition-method", raw->partition_method, "range (default) or hash")
      ->check(CLI::IsMember({"range", "hash"}))
      ->group(group);
  command
      ->add_flag("-q,--quiet", options->init.quiet,
                 "tell of the rows every 5 seconds, not every 100,000 rows")
      ->group("Output");
}

// Steps that options add and take away, as in pgbench.
absl::Status ResolveInit(const RawOptions& raw, PgbenchTablesOptions* tables) {
  const absl::Status checked = CheckPgbenchSteps(tables->steps);
  if (!checked.ok()) return Annotate(checked, "--init-steps");
  if (!raw.partition_method.empty() && tables->partitions == 0) {
    return absl::InvalidArgumentError(
        "--partition-method: there are no partitions; give their number with --partitions");
  }
  if (raw.partition_method == "hash") tables->partition_method = PgbenchPartitionMethod::kHash;
  // Nothing but spaces may remain, and then nothing is done.
  if (raw.no_vacuum) std::replace(tables->steps.begin(), tables->steps.end(), 'v', ' ');
  if (raw.foreign_keys && tables->steps.find('f') == std::string::npos) tables->steps += 'f';
  return absl::OkStatus();
}

absl::Status CheckLog(const OutputOptions& output) {
  if (output.log) {
    if (output.aggregate_interval_s.has_value() && output.sampling_rate < 1) {
      return absl::InvalidArgumentError(
          "--aggregate-interval sums up all transactions: leave out --sampling-rate");
    }
    if (std::isnan(output.sampling_rate) || output.sampling_rate == 0) {
      return absl::InvalidArgumentError("--sampling-rate: must be above 0 and at most 1");
    }
    return absl::OkStatus();
  }
  if (output.aggregate_interval_s.has_value()) {
    return absl::InvalidArgumentError("--aggregate-interval is for the transaction log: add -l");
  }
  if (output.sampling_rate < 1) {
    return absl::InvalidArgumentError("--sampling-rate is for the transaction log: add -l");
  }
  return absl::OkStatus();
}

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

absl::Status Resolve(const RawOptions& raw, bool one_scenario, Options* options) {
  if (options->plan.workload.print_rows && options->output.json_file == "-") {
    return absl::InvalidArgumentError(
        "--print-rows and --json - both want standard output: give --json a file");
  }
  if (std::isnan(raw.defaults.pool_timeout_s.value_or(0))) {
    return absl::InvalidArgumentError("--pool-timeout: \"nan\" is not a number");
  }
  PGRING_RETURN_IF_ERROR(CheckLog(options->output));
  PGRING_RETURN_IF_ERROR(ResolveLoad(raw.load, &options->plan.workload, &options->plan.load));
  auto scenarios = ParseScenarios(one_scenario ? raw.scenario : raw.scenarios, raw.defaults);
  if (!scenarios.ok()) return scenarios.status();
  if (one_scenario && scenarios->size() != 1) {
    return absl::InvalidArgumentError(
        "--scenario takes one scenario; for several use 'pgring compare --scenarios'");
  }
  options->plan.scenarios = *std::move(scenarios);
  PGRING_RETURN_IF_ERROR(CountForClients(&options->plan));
  PGRING_RETURN_IF_ERROR(CheckPipeline(options->plan, raw.defaults.pipeline));
  if (raw.io == "completion") options->plan.wanted_io = IoMode::kCompletion;
  if (raw.io == "readiness") options->plan.wanted_io = IoMode::kReadiness;
  static const std::map<std::string, ProgressMode> progress_modes = {
      {"auto", ProgressMode::kAuto},
      {"bar", ProgressMode::kBar},
      {"plain", ProgressMode::kPlain},
      {"none", ProgressMode::kNone}};
  static const std::map<std::string, ColorMode> color_modes = {
      {"auto", ColorMode::kAuto}, {"always", ColorMode::kAlways}, {"never", ColorMode::kNever}};
  options->output.progress = progress_modes.at(raw.progress);
  options->output.color = color_modes.at(raw.color);
  if (options->force_throwaway && !options->target.empty()) {
    return absl::InvalidArgumentError(
        "--throwaway starts a server of its own: leave out -h, -p, -U and -d");
  }
  return absl::OkStatus();
}

absl::StatusOr<Options> Parse(int argument_count, const char* const* arguments) {
  Options options;
  RawOptions raw;
  CLI::App app(
      "pgring: how many operations should be in flight, over how many connections, driven "
      "in which way?\nRuns one list of operations against one PostgreSQL in several ways "
      "and compares them.",
      "pgring");
  app.set_help_flag("-?,--help", "print this help");
  app.set_version_flag("-V,--version", "");
  app.require_subcommand(0, 1);
  CLI::App* compare = app.add_subcommand("compare",
                                         "several scenarios, one operation list, one "
                                         "report (the main job)");
  CLI::App* run = app.add_subcommand("run", "one scenario");
  CLI::App* init = app.add_subcommand("init", "make pgbench's tables");
  CLI::App* server = app.add_subcommand(
      "server", "start a throwaway PostgreSQL, print its conninfo, keep it until Ctrl-C");
  CLI::App* doctor = app.add_subcommand(
      "doctor", "what this host and server offer, what pgring would use, and what to fix");
  for (CLI::App* command : {compare, run}) {
    AddTarget(command, &options);
    AddWorkloadOptions(command, &options.plan.workload, &raw.load);
    AddLoadOptions(command, &options.plan.load, &raw.load);
    AddScenario(command, &raw, command == compare);
    AddOutput(command, &options, &raw);
  }
  AddInit(init, &options, &raw);
  AddServer(server, &options, &raw);
  AddTarget(doctor, &options);
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::CallForHelp&) {
    options.help_text = app.help();
    return options;
  } catch (const CLI::CallForVersion&) {
    options.command = Subcommand::kVersion;
    return options;
  } catch (const CLI::ParseError& error) {
    std::string command;
    for (const CLI::App* parsed : app.get_subcommands()) command = " " + parsed->get_name();
    return absl::InvalidArgumentError(absl::StrCat(absl::StrReplaceAll(error.what(), {{"\n", " "}}),
                                                   "; see 'pgring", command, " --help'"));
  }
  if (raw.tcp_port >= 0) options.server.tcp_port = raw.tcp_port;
  if (compare->parsed() || run->parsed()) {
    if (WantsBuiltinList(raw.load)) {
      options.help_text = BuiltinScriptList();
      return options;
    }
    options.command = Subcommand::kCompare;
    absl::Status resolved = Resolve(raw, run->parsed(), &options);
    if (!resolved.ok()) return resolved;
  } else if (init->parsed()) {
    options.command = Subcommand::kInit;
    PGRING_RETURN_IF_ERROR(ResolveInit(raw, &options.init.tables));
  } else if (server->parsed()) {
    options.command = Subcommand::kServer;
  } else if (doctor->parsed()) {
    options.command = Subcommand::kDoctor;
  } else {
    options.help_text = app.help();
  }
  return options;
}

}  // namespace

absl::StatusOr<Options> ParseOptions(int argument_count, const char* const* arguments) {
  // CLI11 reports by exceptions; none leaves this file.
  try {
    return Parse(argument_count, arguments);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace pgring
