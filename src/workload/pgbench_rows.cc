// The contents of pgbench's tables, sent by COPY or made by the server.
#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "workload/pgbench_steps.h"

namespace pgring {
namespace {

// Large enough that a system call per piece is nothing, small enough that an interrupt is heeded
// soon on any connection.
constexpr size_t kPieceBytes = 64 * 1024;
// A piece ends at every multiple, so that the observer hears of it.
constexpr int64_t kReportedRows = 100'000;

// COPY with FREEZE: rows that no VACUUM has to look at again. pgbench uses it from this version on.
constexpr int kFreezeFromVersion = 140'000;

struct GeneratedTable {
  const char* name;
  int64_t rows_per_scale;
  // Appends row `number` (from 1) in COPY's text format.
  void (*append_row)(int64_t number, std::string* text);
};

// In this order foreign keys that exist already are satisfied. The fillers of branches and tellers
// are NULL; those of accounts are empty, which char(84) pads with blanks.
constexpr GeneratedTable kGeneratedTables[] = {
    {"pgbench_branches", 1,
     [](int64_t number, std::string* text) { absl::StrAppend(text, number, "\t0\t\\N\n"); }},
    {"pgbench_tellers", kPgbenchTellersPerScale,
     [](int64_t number, std::string* text) {
       absl::StrAppend(text, number, "\t", (number - 1) / kPgbenchTellersPerScale + 1,
                       "\t0\t\\N\n");
     }},
    {"pgbench_accounts", kPgbenchAccountsPerScale,
     [](int64_t number, std::string* text) {
       absl::StrAppend(text, number, "\t", (number - 1) / kPgbenchAccountsPerScale + 1, "\t0\t\n");
     }},
};

// Only plain tables may be frozen while they are filled: not partitioned ones.
absl::StatusOr<bool> MayFreeze(const PgbenchStepContext& context, const char* table) {
  if (context.session->libpq().server_version_number() < kFreezeFromVersion) return false;
  absl::StatusOr<Result> kind = context.session->ExecuteSql(
      fmt::format("SELECT relkind FROM pg_catalog.pg_class WHERE oid = '{}'::regclass", table)
          .c_str());
  if (!kind.ok()) return ExplainPgbenchFailure(kind.status(), "looking at " + std::string(table));
  return kind->rows() == 1 && kind->Text(0, 0) == "r";
}

absl::Status CopyTable(const PgbenchStepContext& context, const GeneratedTable& table) {
  absl::StatusOr<bool> freeze = MayFreeze(context, table.name);
  if (!freeze.ok()) return freeze.status();
  const std::string sql =
      fmt::format("COPY {} FROM STDIN{}", table.name, *freeze ? " WITH (FREEZE on)" : "");
  const int64_t total_rows = table.rows_per_scale * context.options->scale;
  const int64_t start_ns = SteadyClock::Get()->NowNs();
  int64_t rows = 0;
  const auto next_piece = [&](std::string* piece) {
    // The caller asks for the next piece once it has sent the one before.
    if (rows > 0) {
      context.observer->OnRows(table.name, rows, total_rows,
                               SteadyClock::Get()->NowNs() - start_ns);
    }
    const int64_t stop = std::min(total_rows, (rows / kReportedRows + 1) * kReportedRows);
    while (rows < stop && piece->size() < kPieceBytes) table.append_row(++rows, piece);
    return absl::OkStatus();
  };
  return ExplainPgbenchFailure(context.session->CopyIn(sql.c_str(), next_piece),
                               fmt::format("filling {}", table.name));
}

absl::Status CopyTables(const PgbenchStepContext& context) {
  for (const GeneratedTable& table : kGeneratedTables) {
    PGRING_RETURN_IF_ERROR(CopyTable(context, table));
  }
  return absl::OkStatus();
}

absl::Status InsertTables(const PgbenchStepContext& context) {
  const int64_t scale = context.options->scale;
  PGRING_RETURN_IF_ERROR(
      RunPgbenchStatement(context,
                          fmt::format("INSERT INTO pgbench_branches (bid, bbalance)"
                                      " SELECT bid, 0 FROM generate_series(1, {}) AS bid",
                                      scale),
                          "filling pgbench_branches"));
  PGRING_RETURN_IF_ERROR(RunPgbenchStatement(
      context,
      fmt::format("INSERT INTO pgbench_tellers (tid, bid, tbalance)"
                  " SELECT tid, (tid - 1) / {} + 1, 0 FROM generate_series(1, {}) AS tid",
                  kPgbenchTellersPerScale, kPgbenchTellersPerScale * scale),
      "filling pgbench_tellers"));
  return RunPgbenchStatement(
      context,
      fmt::format("INSERT INTO pgbench_accounts (aid, bid, abalance, filler)"
                  " SELECT aid, (aid - 1) / {} + 1, 0, '' FROM generate_series(1, {}) AS aid",
                  kPgbenchAccountsPerScale, kPgbenchAccountsPerScale * scale),
      "filling pgbench_accounts");
}

// One transaction: a table that is emptied and filled in the same one needs no write-ahead log on a
// server with wal_level minimal, and COPY may freeze.
absl::Status InOneTransaction(const PgbenchStepContext& context,
                              absl::Status (*fill)(const PgbenchStepContext& context)) {
  PGRING_RETURN_IF_ERROR(RunPgbenchStatement(context, "BEGIN", "beginning to generate data"));
  absl::Status status = RunPgbenchStatement(
      context, "TRUNCATE pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers",
      "emptying the pgbench tables");
  if (status.ok()) status = fill(context);
  if (status.ok()) status = RunPgbenchStatement(context, "COMMIT", "committing the data");
  // Its own failure would say less than the first one; closing the session rolls back as well.
  if (!status.ok()) (void)context.session->ExecuteSql("ROLLBACK");
  return status;
}

}  // namespace

absl::Status GeneratePgbenchRowsOnClient(const PgbenchStepContext& context) {
  context.observer->OnActivity("generating data (client-side)");
  return InOneTransaction(context, &CopyTables);
}

absl::Status GeneratePgbenchRowsOnServer(const PgbenchStepContext& context) {
  context.observer->OnActivity("generating data (server-side)");
  return InOneTransaction(context, &InsertTables);
}

}  // namespace pgring
