// What the steps of InitializePgbenchTables share: statements with an explanation when they fail,
// and the two ways of generating the rows.
#ifndef PGRING_WORKLOAD_PGBENCH_STEPS_H_
#define PGRING_WORKLOAD_PGBENCH_STEPS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "workload/pgbench_tables.h"

namespace pgring {

// All borrowed, for the duration of one InitializePgbenchTables.
struct PgbenchStepContext {
  BlockingSession* session;
  const PgbenchTablesOptions* options;
  const Interrupt* interrupt;  // may be nullptr
  PgbenchTablesObserver* observer;
};

// Runs one statement of a step; `attempt` begins the message of a failure, which ends with what the
// user can do where that is known.
absl::Status RunPgbenchStatement(const PgbenchStepContext& context, const std::string& sql,
                                 std::string_view attempt);
// The second half of it, for a statement that ran otherwise.
absl::Status ExplainPgbenchFailure(const absl::Status& failure, std::string_view attempt);

// Steps g and G: empty the tables and fill them, in one transaction.
absl::Status GeneratePgbenchRowsOnClient(const PgbenchStepContext& context);
absl::Status GeneratePgbenchRowsOnServer(const PgbenchStepContext& context);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_PGBENCH_STEPS_H_
