#include "workload/pgbench_tables.h"

#include <fmt/format.h>

#include <utility>

#include "absl/strings/str_replace.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "workload/pgbench_steps.h"

namespace pgring {
namespace {

// From this scale on pgbench makes account numbers 64 bits wide, although the last number that fits
// into 32 bits is a little further.
constexpr int kWideAccountsFromScale = 20'000;

// The server refuses unlogged partitioned tables since 18; before, pgbench makes them.
constexpr int kNoUnloggedParentsFromVersion = 180'000;

constexpr std::string_view kUndefinedTable = "42P01";
constexpr std::string_view kDuplicateTable = "42P07";
constexpr std::string_view kSeveralPrimaryKeys = "42P16";

std::string QuotedIdentifier(const std::string& name) {
  return "\"" + absl::StrReplaceAll(name, {{"\"", "\"\""}}) + "\"";
}

absl::Status DropTables(const PgbenchStepContext& context) {
  context.observer->OnActivity("dropping old tables");
  // One statement, so that foreign keys among the tables do not matter.
  return RunPgbenchStatement(context,
                             "DROP TABLE IF EXISTS pgbench_accounts, pgbench_branches,"
                             " pgbench_history, pgbench_tellers",
                             "dropping the old pgbench tables");
}

// Bounds of the range partition `index` (from 1): equal parts, the first and the last open, so that
// every account number finds a place.
std::string RangeBounds(int index, const PgbenchTablesOptions& options) {
  const int64_t accounts = kPgbenchAccountsPerScale * options.scale;
  const int64_t part = (accounts + options.partitions - 1) / options.partitions;
  const std::string from = index == 1 ? "MINVALUE" : std::to_string((index - 1) * part + 1);
  const std::string to =
      index == options.partitions ? "MAXVALUE" : std::to_string(index * part + 1);
  return fmt::format("FROM ({}) TO ({})", from, to);
}

absl::Status CreatePartitions(const PgbenchStepContext& context) {
  const PgbenchTablesOptions& options = *context.options;
  context.observer->OnActivity(fmt::format("creating {} partitions", options.partitions));
  for (int index = 1; index <= options.partitions; ++index) {
    const std::string bounds =
        options.partition_method == PgbenchPartitionMethod::kRange
            ? RangeBounds(index, options)
            : fmt::format("WITH (MODULUS {}, REMAINDER {})", options.partitions, index - 1);
    const std::string table = fmt::format("pgbench_accounts_{}", index);
    PGRING_RETURN_IF_ERROR(RunPgbenchStatement(
        context,
        fmt::format("CREATE{} TABLE {} PARTITION OF pgbench_accounts FOR VALUES {}"
                    " WITH (fillfactor = {})",
                    options.unlogged ? " UNLOGGED" : "", table, bounds, options.fillfactor),
        "creating the table " + table));
  }
  return absl::OkStatus();
}

absl::Status CreateTable(const PgbenchStepContext& context, const std::string& table,
                         const std::string& columns, bool with_fillfactor) {
  const PgbenchTablesOptions& options = *context.options;
  const bool partitioned = options.partitions > 0 && table == "pgbench_accounts";
  const bool unlogged =
      options.unlogged && !(partitioned && context.session->libpq().server_version_number() >=
                                               kNoUnloggedParentsFromVersion);
  std::string sql =
      fmt::format("CREATE{} TABLE {} ({})", unlogged ? " UNLOGGED" : "", table, columns);
  if (partitioned) {
    sql += options.partition_method == PgbenchPartitionMethod::kRange ? " PARTITION BY RANGE (aid)"
                                                                      : " PARTITION BY HASH (aid)";
  } else if (with_fillfactor) {
    sql += fmt::format(" WITH (fillfactor = {})", options.fillfactor);
  }
  if (!options.tablespace.empty()) sql += " TABLESPACE " + QuotedIdentifier(options.tablespace);
  return RunPgbenchStatement(context, sql, "creating the table " + table);
}

absl::Status CreateTables(const PgbenchStepContext& context) {
  context.observer->OnActivity("creating tables");
  const std::string account_type =
      context.options->scale >= kWideAccountsFromScale ? "bigint" : "integer";
  const std::string teller_columns =
      "tid integer NOT NULL, bid integer, tbalance integer, filler char(84)";
  PGRING_RETURN_IF_ERROR(CreateTable(context, "pgbench_history",
                                     "tid integer, bid integer, aid " + account_type +
                                         ", delta integer, mtime timestamp, filler char(22)",
                                     /*with_fillfactor=*/false));
  PGRING_RETURN_IF_ERROR(CreateTable(context, "pgbench_tellers", teller_columns,
                                     /*with_fillfactor=*/true));
  PGRING_RETURN_IF_ERROR(CreateTable(
      context, "pgbench_accounts",
      "aid " + account_type + " NOT NULL, bid integer, abalance integer, filler char(84)",
      /*with_fillfactor=*/true));
  PGRING_RETURN_IF_ERROR(CreateTable(context, "pgbench_branches",
                                     "bid integer NOT NULL, bbalance integer, filler char(88)",
                                     /*with_fillfactor=*/true));
  return context.options->partitions > 0 ? CreatePartitions(context) : absl::OkStatus();
}

absl::Status Vacuum(const PgbenchStepContext& context) {
  context.observer->OnActivity("vacuuming");
  for (const char* table :
       {"pgbench_branches", "pgbench_tellers", "pgbench_accounts", "pgbench_history"}) {
    PGRING_RETURN_IF_ERROR(RunPgbenchStatement(context, fmt::format("VACUUM (ANALYZE) {}", table),
                                               fmt::format("vacuuming {}", table)));
  }
  return absl::OkStatus();
}

absl::Status CreatePrimaryKeys(const PgbenchStepContext& context) {
  context.observer->OnActivity("creating primary keys");
  const std::string& tablespace = context.options->index_tablespace;
  const std::string where =
      tablespace.empty() ? "" : " USING INDEX TABLESPACE " + QuotedIdentifier(tablespace);
  for (const auto& [table, column] :
       {std::pair("pgbench_branches", "bid"), std::pair("pgbench_tellers", "tid"),
        std::pair("pgbench_accounts", "aid")}) {
    PGRING_RETURN_IF_ERROR(RunPgbenchStatement(
        context, fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({}){}", table, column, where),
        fmt::format("creating the primary key of {}", table)));
  }
  return absl::OkStatus();
}

absl::Status CreateForeignKeys(const PgbenchStepContext& context) {
  context.observer->OnActivity("creating foreign keys");
  struct ForeignKey {
    const char* table;
    const char* column;
    const char* target;
  };
  static constexpr ForeignKey kForeignKeys[] = {{"pgbench_tellers", "bid", "pgbench_branches"},
                                                {"pgbench_accounts", "bid", "pgbench_branches"},
                                                {"pgbench_history", "bid", "pgbench_branches"},
                                                {"pgbench_history", "tid", "pgbench_tellers"},
                                                {"pgbench_history", "aid", "pgbench_accounts"}};
  for (const ForeignKey& key : kForeignKeys) {
    PGRING_RETURN_IF_ERROR(RunPgbenchStatement(
        context,
        fmt::format("ALTER TABLE {0} ADD CONSTRAINT {0}_{1}_fkey FOREIGN KEY ({1}) REFERENCES {2}",
                    key.table, key.column, key.target),
        fmt::format("creating the foreign key of {} ({})", key.table, key.column)));
  }
  return absl::OkStatus();
}

absl::Status RunStep(const PgbenchStepContext& context, char step) {
  switch (step) {
    case 'd':
      return DropTables(context);
    case 't':
      return CreateTables(context);
    case 'g':
      return GeneratePgbenchRowsOnClient(context);
    case 'G':
      return GeneratePgbenchRowsOnServer(context);
    case 'v':
      return Vacuum(context);
    case 'p':
      return CreatePrimaryKeys(context);
    default:
      return CreateForeignKeys(context);
  }
}

const char* AdviceFor(const absl::Status& failure) {
  const std::string code = FailureCode(failure);
  if (absl::IsPermissionDenied(failure)) {
    return "; connect as the owner of the tables, or as a role that may create tables there "
           "(GRANT CREATE ON SCHEMA)";
  }
  if (code == kUndefinedTable) return "; create the tables first: put t before this step";
  if (code == kDuplicateTable) return "; drop the old tables first: put d before this step";
  if (code == kSeveralPrimaryKeys) return "; make the tables anew: begin the steps with dt";
  return "";
}

}  // namespace

absl::Status ExplainPgbenchFailure(const absl::Status& failure, std::string_view attempt) {
  if (failure.ok()) return failure;
  return WithFailureCode(
      absl::Status(failure.code(), fmt::format("{}: {}{}", attempt, std::string(failure.message()),
                                               AdviceFor(failure))),
      FailureCode(failure));
}

absl::Status RunPgbenchStatement(const PgbenchStepContext& context, const std::string& sql,
                                 std::string_view attempt) {
  if (context.interrupt != nullptr && context.interrupt->raised()) {
    return WithFailureCode(absl::CancelledError(fmt::format("interrupted before {}", attempt)),
                           kCauseInterrupted);
  }
  return ExplainPgbenchFailure(context.session->ExecuteSql(sql.c_str()).status(), attempt);
}

const char* PgbenchStepName(char step) {
  switch (step) {
    case 'd':
      return "drop tables";
    case 't':
      return "create tables";
    case 'g':
      return "client-side generate";
    case 'G':
      return "server-side generate";
    case 'v':
      return "vacuum";
    case 'p':
      return "primary keys";
    case 'f':
      return "foreign keys";
    default:
      return nullptr;
  }
}

absl::Status CheckPgbenchSteps(std::string_view steps) {
  bool any = false;
  for (const char step : steps) {
    if (step == ' ') continue;
    if (PgbenchStepName(step) == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("\"{}\" is no step; use letters of {}", step, kAllPgbenchSteps));
    }
    any = true;
  }
  if (any) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("no step is given; use letters of {}", kAllPgbenchSteps));
}

absl::StatusOr<std::vector<PgbenchStepTime>> InitializePgbenchTables(
    BlockingSession* session, const PgbenchTablesOptions& options, const Interrupt* interrupt,
    PgbenchTablesObserver* observer) {
  const PgbenchStepContext context = {session, &options, interrupt, observer};
  std::vector<PgbenchStepTime> times;
  for (const char step : options.steps) {
    if (PgbenchStepName(step) == nullptr) continue;
    const int64_t start_ns = SteadyClock::Get()->NowNs();
    PGRING_RETURN_IF_ERROR(RunStep(context, step));
    times.push_back({step, SteadyClock::Get()->NowNs() - start_ns});
  }
  return times;
}

absl::StatusOr<int64_t> DetectPgbenchScale(BlockingSession* session) {
  absl::StatusOr<Result> counted = session->ExecuteSql("SELECT count(*) FROM pgbench_branches");
  if (!counted.ok()) {
    const absl::Status& failure = counted.status();
    if (FailureCode(failure) != kUndefinedTable) {
      return Annotate(failure, "reading the scale from pgbench_branches");
    }
    return WithFailureCode(
        absl::NotFoundError(fmt::format("reading the scale from pgbench_branches: {}; make "
                                        "pgbench's tables with 'pgring init -s SCALE'",
                                        std::string(failure.message()))),
        kUndefinedTable);
  }
  const auto branches = counted->Integer(0, 0);
  if (!branches) return absl::InternalError("counting pgbench_branches gave no number");
  if (*branches == 0) {
    return absl::FailedPreconditionError(
        "reading the scale from pgbench_branches: the table is empty; fill pgbench's tables with "
        "'pgring init -s SCALE'");
  }
  return *branches;
}

}  // namespace pgring
