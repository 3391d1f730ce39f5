// Whether pgbench's tables agree with what the built-in scripts did to them: every committed
// transaction has its row in pgbench_history, and the balances moved by the sum of those rows.
//
// Reads whole tables; for before and after a run. Fails when they cannot be read.
#ifndef PGRING_WORKLOAD_PGBENCH_BALANCES_H_
#define PGRING_WORKLOAD_PGBENCH_BALANCES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "pgring/postgres/blocking_session.h"
#include "workload/verification.h"

namespace pgring {

struct PgbenchBalances {
  int64_t history_rows = 0;
  int64_t history = 0;  // sum of delta
  int64_t accounts = 0;
  int64_t tellers = 0;
  int64_t branches = 0;
};

absl::StatusOr<PgbenchBalances> ReadPgbenchBalances(BlockingSession* session);

struct PgbenchTransactions {
  int64_t tpcb_like = 0;
  int64_t simple_update = 0;  // leaves tellers and branches alone
  int64_t unconfirmed = 0;    // each is in the database as a whole or not at all
};

Verification VerifyPgbenchBalances(const PgbenchBalances& before, const PgbenchBalances& after,
                                   const PgbenchTransactions& committed);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_PGBENCH_BALANCES_H_
