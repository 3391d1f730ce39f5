#include "workload/pgbench_balances.h"

#include <array>

#include "absl/strings/str_format.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kReadBalances =
    "SELECT (SELECT count(*) FROM pgbench_history),"
    " (SELECT coalesce(sum(delta), 0) FROM pgbench_history),"
    " (SELECT coalesce(sum(abalance), 0) FROM pgbench_accounts),"
    " (SELECT coalesce(sum(tbalance), 0) FROM pgbench_tellers),"
    " (SELECT coalesce(sum(bbalance), 0) FROM pgbench_branches)";

}  // namespace

absl::StatusOr<PgbenchBalances> ReadPgbenchBalances(BlockingSession* session) {
  absl::StatusOr<Result> read = session->ExecuteSql(kReadBalances);
  if (!read.ok()) return Annotate(read.status(), "summing up pgbench's tables");
  std::array<int64_t, 5> sums = {};
  for (size_t column = 0; column < sums.size(); ++column) {
    const auto sum = read->Integer(0, static_cast<int>(column));
    if (!sum.has_value()) return absl::InternalError("summing up pgbench's tables gave no number");
    sums[column] = *sum;
  }
  return PgbenchBalances{sums[0], sums[1], sums[2], sums[3], sums[4]};
}

Verification VerifyPgbenchBalances(const PgbenchBalances& before, const PgbenchBalances& after,
                                   const PgbenchTransactions& committed) {
  const int64_t rows = after.history_rows - before.history_rows;
  const int64_t moved = after.history - before.history;
  const int64_t expected_rows = committed.tpcb_like + committed.simple_update;
  Verification verification;
  verification.expected = {{"history", expected_rows}, {"accounts", moved}};
  verification.found = {{"history", rows}, {"accounts", after.accounts - before.accounts}};
  // Which rows of the history are of which script is not to be seen.
  if (committed.simple_update == 0) {
    verification.expected.insert(verification.expected.end(),
                                 {{"tellers", moved}, {"branches", moved}});
    verification.found.insert(verification.found.end(),
                              {{"tellers", after.tellers - before.tellers},
                               {"branches", after.branches - before.branches}});
  }
  const int64_t extra = rows - expected_rows;
  verification.ok = extra >= 0 && extra <= committed.unconfirmed;
  for (size_t figure = 1; figure < verification.expected.size(); ++figure) {
    verification.ok =
        verification.ok && verification.expected[figure] == verification.found[figure];
  }
  if (!verification.ok) {
    verification.remark = absl::StrFormat(
        "pgbench_history has %d new rows after %d committed transactions; their sum is %d, and the "
        "balances moved by %d (accounts), %d (tellers) and %d (branches)",
        rows, expected_rows, moved, after.accounts - before.accounts,
        after.tellers - before.tellers, after.branches - before.branches);
  } else if (extra > 0) {
    verification.remark = absl::StrFormat(
        "%d transactions ended before their COMMIT was confirmed and count as failed; %d of them "
        "are in the database",
        committed.unconfirmed, extra);
  }
  return verification;
}

}  // namespace pgring
