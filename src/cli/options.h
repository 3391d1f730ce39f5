// The command line: arguments in, a fully resolved request out. No side effects but reading the
// environment.
#ifndef PGRING_CLI_OPTIONS_H_
#define PGRING_CLI_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/diff_options.h"
#include "cli/export_options.h"
#include "cli/init_options.h"
#include "cli/merge_options.h"
#include "cli/output_options.h"
#include "cli/report_options.h"
#include "experiment/fleet.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/plan.h"
#include "tune/tune_plan.h"

namespace pgring {

enum class Subcommand : uint8_t {
  kHelp,
  kVersion,
  kCompare,
  kTune,
  kReport,
  kDiff,
  kExport,
  kMerge,
  kInit,
  kServer,
  kDoctor
};

struct ServerOptions {
  int max_connections = 2000;
  std::optional<int> tcp_port;
  bool unsafe_fast = false;
};

struct Options {
  Subcommand command = Subcommand::kHelp;
  std::string help_text;  // of kHelp
  ComparisonPlan plan;    // of kCompare; `run` is a comparison of one
  TunePlan tune;          // of kTune
  ConnectionTarget target;
  bool force_throwaway = false;
  // Whether the server's sessions are sampled during a run, and over which connection: a conninfo
  // string or URI, empty for that of the target.
  bool samples_server = true;
  std::string control;
  std::string perf_control;  // perf's control channel; empty: none
  OutputOptions output;
  ReportOptions report;
  DiffOptions diff;
  ExportOptions exported;
  MergeOptions merge;
  std::optional<FleetPlan> fleet;  // of which this is one worker
  // For how long workers that do nothing are waited for.
  double worker_timeout_s = 60;
  InitOptions init;
  ServerOptions server;
};

// Fails with one line that names the option and says what it takes.
absl::StatusOr<Options> ParseOptions(int argument_count, const char* const* arguments);

// Calls `use` with the command line as it is described to the parser: for documents about it.
void WithCommandLine(const std::function<void(const CLI::App&)>& use);

}  // namespace pgring

#endif  // PGRING_CLI_OPTIONS_H_
