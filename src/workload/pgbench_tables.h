// The tables that pgbench -i makes (pgbench_accounts, _branches, _history, _tellers), made the same
// way: names, columns, storage options, keys and contents are those of PostgreSQL 15's pgbench, so
// that either program runs on what the other initialised. Names are unqualified: the session's
// search_path says in which schema.
//
// Everything is borrowed for the call. Statements fail with the server's message and SQLSTATE and,
// where there is one, what to do about it. What a failed or interrupted step of generating data did
// is undone; the other steps stay done statement by statement, as in pgbench.
#ifndef PGRING_WORKLOAD_PGBENCH_TABLES_H_
#define PGRING_WORKLOAD_PGBENCH_TABLES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/interrupt.h"
#include "pgring/postgres/blocking_session.h"
#include "workload/pgbench_tables_options.h"

namespace pgring {

// Rows for each unit of scale.
inline constexpr int64_t kPgbenchTellersPerScale = 10;
inline constexpr int64_t kPgbenchAccountsPerScale = 100'000;

class PgbenchTablesObserver {
 public:
  virtual ~PgbenchTablesObserver() = default;
  // What begins now: "dropping old tables", without a line end.
  virtual void OnActivity(std::string_view activity) = 0;
  // While data is generated on the client: `rows` of `total_rows` have been sent. Called often;
  // among others at every multiple of 100,000 and at the end.
  virtual void OnRows(const char* table, int64_t rows, int64_t total_rows, int64_t elapsed_ns) = 0;
};

struct PgbenchStepTime {
  char step = '\0';
  int64_t elapsed_ns = 0;
};

// What pgbench calls the step in its last line, "client-side generate"; nullptr for no step.
const char* PgbenchStepName(char step);

// Fails when `steps` holds no step or something else than steps and spaces.
absl::Status CheckPgbenchSteps(std::string_view steps);

// Runs `options.steps`, which CheckPgbenchSteps accepts or which are blank, one after the other on
// a connected session. Stops with kCauseInterrupted before the next statement, and between pieces
// of data, once `interrupt` is raised; it may be nullptr. The session of an error that is not a
// statement's is unusable.
absl::StatusOr<std::vector<PgbenchStepTime>> InitializePgbenchTables(
    BlockingSession* session, const PgbenchTablesOptions& options, const Interrupt* interrupt,
    PgbenchTablesObserver* observer);

// The scale of the tables that are there: the number of branches. Fails with kNotFound when there
// is no such table and kFailedPrecondition when it is empty; both name `pgring init`.
absl::StatusOr<int64_t> DetectPgbenchScale(BlockingSession* session);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_PGBENCH_TABLES_H_
