// `pgring init`: makes pgbench's tables on the user's server. What it says of its work goes to
// standard error, in the order and with the last line of pgbench -i; standard output stays empty.
#ifndef PGRING_CLI_INIT_COMMAND_H_
#define PGRING_CLI_INIT_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.h"
#include "pgring/base/interrupt.h"
#include "workload/pgbench_tables.h"

namespace pgring {

// Returns the program's exit code and has said on standard error what went wrong.
int InitCommand(const Options& options, Interrupt* interrupt);

// "done in 0.35 s (drop tables 0.01 s, create tables 0.02 s, …).", without a line end.
std::string InitSummary(const std::vector<PgbenchStepTime>& times);

// Which of the many reports of rows are shown, and how.
class RowReports {
 public:
  // Quiet: one every five seconds and the last. Else one for every 100,000 rows.
  explicit RowReports(bool quiet) : quiet_(quiet) {}

  // The line for the report, without a line end, or "" when it is not shown:
  // "pgbench_accounts: 100000 of 500000 rows (20%), 0.10 s, 0.40 s left".
  std::string Line(const char* table, int64_t rows, int64_t total_rows, int64_t elapsed_ns);

 private:
  const bool quiet_;
  int64_t intervals_ = 0;  // quiet: how many have passed since the table was begun
};

}  // namespace pgring

#endif  // PGRING_CLI_INIT_COMMAND_H_
