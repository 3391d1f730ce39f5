#include "diagnosis/server_sql.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgring {
namespace {

constexpr int kOldest = 12;
constexpr int kNewest = 18;

struct CounterColumn {
  std::string_view name;
  int from = kOldest;
  int to = kNewest;
  std::string_view expression = {};  // empty: the column itself
};

struct CounterView {
  std::string_view name;
  std::string_view where;  // with the keyword, or empty
  std::vector<CounterColumn> columns;
};

// Sources: src/backend/catalog/system_views.sql of each version; the tests compare it with recorded
// catalogues.
const std::vector<CounterView>& CounterViews() {
  static const std::vector<CounterView> views = {
      {"pg_stat_database",
       "WHERE datname = current_database()",
       {{"xact_commit"},
        {"xact_rollback"},
        {"blks_read"},
        {"blks_hit"},
        {"tup_returned"},
        {"tup_fetched"},
        {"tup_inserted"},
        {"tup_updated"},
        {"tup_deleted"},
        {"temp_files"},
        {"temp_bytes"},
        {"deadlocks"},
        {"session_time", 14},
        {"active_time", 14},
        {"idle_in_transaction_time", 14},
        {"sessions", 14}}},
      {"pg_stat_wal",
       "",
       {{"wal_records", 14},
        {"wal_fpi", 14},
        {"wal_bytes", 14},
        {"wal_buffers_full", 14},
        {"wal_write", 14, 17},
        {"wal_sync", 14, 17}}},
      {"pg_stat_io",
       "",
       {{"reads", 16, 18, "sum(reads) FILTER (WHERE backend_type = 'client backend')"},
        {"writes", 16, 18, "sum(writes) FILTER (WHERE backend_type = 'client backend')"},
        {"extends", 16, 18, "sum(extends) FILTER (WHERE backend_type = 'client backend')"},
        {"evictions", 16, 18, "sum(evictions) FILTER (WHERE backend_type = 'client backend')"},
        {"wal_writes", 18, 18, "sum(writes) FILTER (WHERE object = 'wal')"},
        {"wal_fsyncs", 18, 18, "sum(fsyncs) FILTER (WHERE object = 'wal')"}}},
      {"pg_stat_bgwriter",
       "",
       {{"checkpoints_timed", 12, 16},
        {"checkpoints_req", 12, 16},
        {"buffers_checkpoint", 12, 16},
        {"buffers_backend", 12, 16},
        {"buffers_clean"},
        {"maxwritten_clean"},
        {"buffers_alloc"}}},
      {"pg_stat_checkpointer",
       "",
       {{"num_timed", 17}, {"num_requested", 17}, {"buffers_written", 17}}},
  };
  return views;
}

constexpr std::string_view kNotSystem = "NOT IN ('pg_catalog', 'information_schema')";
constexpr std::string_view kThisDatabase =
    "(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())";

}  // namespace

// Backslashes mean something in E'' alone, whatever standard_conforming_strings says.
std::string SqlLiteral(std::string_view text) {
  std::string literal = "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += c;
    literal += c;
  }
  return literal + "'";
}

std::string SampleSql(int major, std::string_view application_name) {
  // A role that may not see a session sees no backend_type either, but the role of every client. A
  // session that is about to begin has a backend_type and no state yet.
  return fmt::format(
      "SELECT CASE WHEN application_name = {} THEN 'ours' ELSE 'others' END,"
      " state, wait_event_type, wait_event, {}, count(*), 0::float8"
      " FROM pg_catalog.pg_stat_activity"
      " WHERE datid = {} AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
      " AND (backend_type = 'client backend' OR backend_type IS NULL)"
      " AND (state <> 'idle' OR backend_type IS NULL)"
      " GROUP BY 1, 2, 3, 4, 5"
      " UNION ALL SELECT 'self', NULL, NULL, NULL, NULL, 0,"
      " extract(epoch FROM clock_timestamp() - statement_timestamp())",
      SqlLiteral(application_name), major >= 14 ? "query_id" : "NULL::bigint", kThisDatabase);
}

std::string SessionsSql(std::string_view application_name, int64_t control_pid) {
  return fmt::format(
      "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE application_name = {}"
      " AND datid = {} AND usesysid IS NOT NULL AND pid NOT IN (pg_backend_pid(), {})",
      SqlLiteral(application_name), kThisDatabase, control_pid);
}

std::string LocksSql() {
  return fmt::format(
      "SELECT locktype, relation::regclass::text, count(*) FROM pg_catalog.pg_locks"
      " WHERE (NOT granted OR locktype = 'tuple') AND relation IS NOT NULL AND database = {}"
      " GROUP BY 1, 2",
      kThisDatabase);
}

std::vector<CounterQuery> CounterQueries(int major) {
  major = std::clamp(major, kOldest, kNewest);
  std::vector<CounterQuery> queries;
  for (const CounterView& view : CounterViews()) {
    std::string list;
    for (const CounterColumn& column : view.columns) {
      if (major < column.from || major > column.to) continue;
      const std::string_view what = column.expression.empty() ? column.name : column.expression;
      list += fmt::format("{}({})::float8 AS {}", list.empty() ? "" : ", ", what, column.name);
    }
    if (list.empty()) continue;
    queries.push_back(
        {std::string(view.name), fmt::format("SELECT {} FROM pg_catalog.{}{}{}", list, view.name,
                                             view.where.empty() ? "" : " ", view.where)});
  }
  return queries;
}

std::string TablesSql() {
  return fmt::format(
      "SELECT relid::regclass::text, coalesce(seq_scan, 0), coalesce(seq_tup_read, 0),"
      " coalesce(idx_scan, 0), coalesce(idx_tup_fetch, 0)"
      " FROM pg_catalog.pg_stat_all_tables"
      " WHERE schemaname {} AND schemaname NOT LIKE 'pg\\_%'",
      kNotSystem);
}

std::string ForeignKeysSql() {
  // An index serves when its first columns are those of the key in any order, and it holds all
  // rows.
  return fmt::format(
      "SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,"
      " (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY place)"
      "  FROM unnest(k.conkey) WITH ORDINALITY AS c(attnum, place)"
      "  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum)"
      " FROM pg_catalog.pg_constraint k"
      " JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace"
      " WHERE k.contype = 'f' AND k.conparentid = 0 AND n.nspname {}"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i"
      "  WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL"
      "  AND i.indnkeyatts >= cardinality(k.conkey)"
      "  AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)"
      " ORDER BY 2, 1",
      kNotSystem);
}

}  // namespace pgring
