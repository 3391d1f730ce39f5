#include "cli/init_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/option_values.h"
#include "pgring/base/status.h"
#include "workload/pgbench_tables.h"

namespace pgring {

void AddInitOptions(CLI::App* command, InitOptions* options, RawInit* raw) {
  const char* group = "Tables (as pgbench -i makes them)";
  PgbenchTablesOptions* tables = &options->tables;
  command->add_option("-s,--scale", tables->scale, "100,000 accounts for each")
      ->check(WholeNumber(1, kMaxPgbenchScale))
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("-I,--init-steps", tables->steps,
                   "what to do, in which order: d drop the tables, t create them, g generate data "
                   "here, G on the server, v vacuum, p primary keys, f foreign keys")
      ->capture_default_str()
      ->group(group);
  command->add_option("-F,--fillfactor", tables->fillfactor, "of the tables, in percent")
      ->check(WholeNumber(kMinPgbenchFillfactor, kMaxPgbenchFillfactor))
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
      ->check(WholeNumber(0, kMaxPgbenchPartitions))
      ->capture_default_str()
      ->group(group);
  command->add_option("--partition-method", raw->partition_method, "range (default) or hash")
      ->check(CLI::IsMember({"range", "hash"}))
      ->group(group);
  command
      ->add_flag("-q,--quiet", options->quiet,
                 "tell of the rows every 5 seconds, not every 100,000 rows")
      ->group("Output");
}

absl::Status ResolveInit(const RawInit& raw, PgbenchTablesOptions* tables) {
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

}  // namespace pgring
