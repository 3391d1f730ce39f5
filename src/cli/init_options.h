// The options of `pgring init`: those of pgbench -i.
#ifndef PGRING_CLI_INIT_OPTIONS_H_
#define PGRING_CLI_INIT_OPTIONS_H_

#include <string>

#include "absl/status/status.h"
#include "workload/pgbench_tables_options.h"

// The name is the library's.
// NOLINTNEXTLINE(readability-identifier-naming)
namespace CLI {
class App;
}

namespace pgring {

struct InitOptions {
  PgbenchTablesOptions tables;
  bool quiet = false;  // fewer lines while data is generated
};

// What CLI11 fills in before anything is resolved.
struct RawInit {
  std::string partition_method;  // empty: not given
  bool no_vacuum = false;
  bool foreign_keys = false;
};

void AddInitOptions(CLI::App* command, InitOptions* options, RawInit* raw);

// Checks the steps, and adds and removes those that other options ask for, as pgbench does.
absl::Status ResolveInit(const RawInit& raw, PgbenchTablesOptions* tables);

}  // namespace pgring

#endif  // PGRING_CLI_INIT_OPTIONS_H_
