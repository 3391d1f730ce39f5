// The command line: arguments in, a fully resolved request out. No side effects but reading the
// environment.
#ifndef PGRING_CLI_OPTIONS_H_
#define PGRING_CLI_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/plan.h"
#include "workload/pgbench_tables_options.h"

namespace pgring {

enum class Subcommand : uint8_t { kHelp, kVersion, kCompare, kInit, kServer, kDoctor };
enum class ProgressMode : uint8_t { kAuto, kBar, kPlain, kNone };
enum class ColorMode : uint8_t { kAuto, kAlways, kNever };

struct OutputOptions {
  std::string directory;  // empty: bench-results/<UTC time>-<host>
  std::string json_file;  // empty: none; "-": standard output
  bool quiet = false;
  ProgressMode progress = ProgressMode::kAuto;
  // As pgbench's: lines of progress every so many seconds; the transaction log.
  std::optional<int> progress_interval_s;
  bool progress_timestamp = false;
  bool log = false;
  std::string log_prefix = "pgbench_log";
  std::optional<int> aggregate_interval_s;
  double sampling_rate = 1;
  bool failures_detailed = false;
  ColorMode color = ColorMode::kAuto;
};

struct ServerOptions {
  int max_connections = 2000;
  std::optional<int> tcp_port;
  bool unsafe_fast = false;
};

struct InitOptions {
  PgbenchTablesOptions tables;
  bool quiet = false;  // fewer lines while data is generated
};

struct Options {
  Subcommand command = Subcommand::kHelp;
  std::string help_text;  // of kHelp
  ComparisonPlan plan;    // of kCompare; `run` is a comparison of one
  ConnectionTarget target;
  bool force_throwaway = false;
  OutputOptions output;
  InitOptions init;
  ServerOptions server;
};

// Fails with one line that names the option and says what it takes.
absl::StatusOr<Options> ParseOptions(int argument_count, const char* const* arguments);

}  // namespace pgring

#endif  // PGRING_CLI_OPTIONS_H_
