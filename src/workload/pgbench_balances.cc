#include "workload/pgbench_balances.h"

#include <fmt/format.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

struct SummedTable {
  const char* name;
  const char* column;
};
// By PgbenchTable.
constexpr SummedTable kTables[kPgbenchTableCount] = {{"history", "delta"},
                                                     {"accounts", "abalance"},
                                                     {"tellers", "tbalance"},
                                                     {"branches", "bbalance"}};

std::string Megabytes(int64_t bytes) {
  std::string digits = std::to_string((bytes + (1 << 20) - 1) >> 20);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits + " MB";
}

// Partitions included; nothing when there is no such table.
absl::StatusOr<std::optional<int64_t>> SizeBytes(BlockingSession* session,
                                                 const SummedTable& table) {
  const std::string sql = fmt::format(
      "SELECT pg_relation_size(oid) + coalesce((SELECT sum(pg_relation_size(inhrelid)) FROM "
      "pg_inherits WHERE inhparent = oid), 0) FROM (SELECT to_regclass('pgbench_{}') AS oid) t",
      table.name);
  const absl::StatusOr<Result> size = session->ExecuteSql(sql.c_str());
  if (!size.ok()) return size.status();
  return size->Integer(0, 0);
}

absl::StatusOr<PgbenchSum> SumOf(BlockingSession* session, const SummedTable& table) {
  const std::string sql = fmt::format("SELECT count(*), coalesce(sum({}), 0) FROM pgbench_{}",
                                      table.column, table.name);
  const absl::StatusOr<Result> read = session->ExecuteSql(sql.c_str());
  if (!read.ok()) return Annotate(read.status(), absl::StrCat("summing up pgbench_", table.name));
  const auto rows = read->Integer(0, 0);
  const auto sum = read->Integer(0, 1);
  if (!rows || !sum) return absl::InternalError("summing up pgbench's tables gave no number");
  return PgbenchSum{*rows, *sum};
}

// Empty: it can be summed up.
absl::StatusOr<std::string> ReasonToLeaveOut(BlockingSession* session, const SummedTable& table,
                                             int64_t most_bytes) {
  const auto size_bytes = SizeBytes(session, table);
  if (!size_bytes.ok()) return size_bytes.status();
  if (!size_bytes->has_value()) return std::string("there is none");
  if (**size_bytes <= most_bytes) return std::string();
  return absl::StrCat(Megabytes(**size_bytes), ", more than ", Megabytes(most_bytes));
}

}  // namespace

absl::StatusOr<PgbenchBalances> ReadPgbenchBalances(BlockingSession* session, int64_t most_bytes,
                                                    std::vector<std::string>* left_out) {
  PgbenchBalances balances;
  for (size_t table = 0; table < kPgbenchTableCount; ++table) {
    absl::StatusOr<std::string> reason = ReasonToLeaveOut(session, kTables[table], most_bytes);
    if (reason.ok() && reason->empty()) {
      const absl::StatusOr<PgbenchSum> sum = SumOf(session, kTables[table]);
      if (sum.ok()) balances[table] = *sum;
      if (!sum.ok()) reason = sum.status();
    }
    if (!reason.ok()) {
      if (!session->usable()) return reason.status();
      reason = std::string(reason.status().message());
    }
    if (!balances[table].has_value()) {
      left_out->push_back(absl::StrCat("pgbench_", kTables[table].name, " (", *reason, ")"));
    }
  }
  return balances;
}

absl::StatusOr<PgbenchBalances> ReadPgbenchBalancesAgain(BlockingSession* session,
                                                         const PgbenchBalances& before) {
  PgbenchBalances balances;
  for (size_t table = 0; table < kPgbenchTableCount; ++table) {
    if (!before[table].has_value()) continue;
    const absl::StatusOr<PgbenchSum> sum = SumOf(session, kTables[table]);
    if (!sum.ok()) return sum.status();
    balances[table] = *sum;
  }
  return balances;
}

std::optional<Verification> VerifyPgbenchBalances(const PgbenchBalances& before,
                                                  const PgbenchBalances& after,
                                                  const PgbenchTransactions& committed) {
  if (!before[kHistory].has_value() || !after[kHistory].has_value()) return std::nullopt;
  const int64_t rows = after[kHistory]->rows - before[kHistory]->rows;
  const int64_t moved = after[kHistory]->sum - before[kHistory]->sum;
  const int64_t expected_rows = committed.tpcb_like + committed.simple_update;
  const int64_t extra = rows - expected_rows;
  Verification verification;
  verification.expected = {{kTables[kHistory].name, expected_rows}};
  verification.found = {{kTables[kHistory].name, rows}};
  verification.ok = extra >= 0 && extra <= committed.unconfirmed;
  std::string balances;
  for (const PgbenchTable table : {kAccounts, kTellers, kBranches}) {
    // Which rows of the history are of which script is not to be seen.
    if (table != kAccounts && committed.simple_update > 0) continue;
    if (!before[table].has_value() || !after[table].has_value()) continue;
    const int64_t found = after[table]->sum - before[table]->sum;
    verification.expected.emplace_back(kTables[table].name, moved);
    verification.found.emplace_back(kTables[table].name, found);
    verification.ok = verification.ok && found == moved;
    absl::StrAppend(&balances, balances.empty() ? "" : ", ", found, " (", kTables[table].name, ")");
  }
  if (!verification.ok) {
    verification.remark = absl::StrCat("pgbench_history has ", rows, " new rows after ",
                                       expected_rows, " committed transactions; their sum is ",
                                       moved, ", and the balances moved by ", balances);
  } else if (extra > 0) {
    verification.remark =
        absl::StrCat(committed.unconfirmed,
                     " transactions ended before their COMMIT was confirmed and count as failed; ",
                     extra, " of them are in the database");
  }
  return verification;
}

}  // namespace pgring
