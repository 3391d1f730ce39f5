// Whether pgbench's tables agree with what the built-in scripts did to them: every committed
// transaction has its row in pgbench_history, and the balances moved by the sum of those rows.
//
// For before and after a run. A table is read as a whole, so a large one is left out: at a scale of
// 1000 the accounts alone have 13 GB.
#ifndef PGRING_WORKLOAD_PGBENCH_BALANCES_H_
#define PGRING_WORKLOAD_PGBENCH_BALANCES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pgring/postgres/blocking_session.h"
#include "workload/verification.h"

namespace pgring {

// As much is read in well under a second from memory.
inline constexpr int64_t kMostSummedBytes = int64_t{256} << 20;

enum PgbenchTable : uint8_t { kHistory, kAccounts, kTellers, kBranches };
inline constexpr size_t kPgbenchTableCount = 4;

struct PgbenchSum {
  int64_t rows = 0;
  int64_t sum = 0;  // of the balances, or of history's deltas
};
// By PgbenchTable; nothing for a table that was not read.
using PgbenchBalances = std::array<std::optional<PgbenchSum>, kPgbenchTableCount>;

// Reads what can be read and adds to `left_out` what cannot and why: "pgbench_accounts (1,281 MB,
// more than 256 MB)". Fails when the session breaks.
absl::StatusOr<PgbenchBalances> ReadPgbenchBalances(BlockingSession* session, int64_t most_bytes,
                                                    std::vector<std::string>* left_out);

// The tables that `before` has, whatever their size is now. Fails when one cannot be read.
absl::StatusOr<PgbenchBalances> ReadPgbenchBalancesAgain(BlockingSession* session,
                                                         const PgbenchBalances& before);

struct PgbenchTransactions {
  int64_t tpcb_like = 0;
  int64_t simple_update = 0;  // leaves tellers and branches alone
  int64_t unconfirmed = 0;    // each is in the database as a whole or not at all
};

// Of the tables that both have; nothing without the history.
std::optional<Verification> VerifyPgbenchBalances(const PgbenchBalances& before,
                                                  const PgbenchBalances& after,
                                                  const PgbenchTransactions& committed);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_PGBENCH_BALANCES_H_
