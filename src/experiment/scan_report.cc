#include "experiment/scan_report.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "diagnosis/server_sql.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// Of the tuples read from the table, and of those read from all tables.
constexpr double kMostByScans = 0.5;
constexpr double kLeastOfAll = 0.1;
// A table of a few pages is best read as a whole, and one that grows was small at first.
constexpr int64_t kFewestTuplesOfScan = 1'000;

struct PlannedScan {
  std::string table;
  std::string filter;
};

std::vector<ScanFinding> ScannedTables(const ServerSamples& samples) {
  double all = 0;
  for (const auto& [name, activity] : samples.tables) {
    all += static_cast<double>(activity.sequential_tuples + activity.index_tuples);
  }
  std::vector<ScanFinding> scanned;
  for (const auto& [name, activity] : samples.tables) {
    const auto tuples = static_cast<double>(activity.sequential_tuples);
    const double of_table = tuples + static_cast<double>(activity.index_tuples);
    if (activity.sequential_scans <= 0 || tuples <= kMostByScans * of_table ||
        tuples < kLeastOfAll * all ||
        activity.sequential_tuples < kFewestTuplesOfScan * activity.sequential_scans) {
      continue;
    }
    ScanFinding finding;
    finding.table = name;
    finding.scans = activity.sequential_scans;
    finding.tuples = activity.sequential_tuples;
    finding.share = tuples / all;
    scanned.push_back(std::move(finding));
  }
  return scanned;
}

// Parameters of a statement: the highest $n.
int ParameterCount(const std::string& sql) {
  int most = 0;
  for (size_t at = 0; at < sql.size(); ++at) {
    if (sql[at] != '$') continue;
    int number = 0;
    for (size_t digit = at + 1; digit < sql.size() && sql[digit] >= '0' && sql[digit] <= '9';
         ++digit) {
      number = std::min(number * 10 + (sql[digit] - '0'), 100'000);
    }
    most = std::max(most, number);
  }
  return most;
}

std::optional<std::string> Ask(BlockingSession* session, const std::string& sql) {
  absl::StatusOr<Result> answer = session->ExecuteSql(sql.c_str());
  if (!answer.ok() || answer->rows() == 0) return std::nullopt;
  return std::string(answer->Text(0, 0));
}

// The plan as JSON, for no values in particular; nothing where it cannot be planned.
std::optional<std::string> GenericPlan(SamplingSession* session, const std::string& sql) {
  BlockingSession* const ask = session->session();
  if (session->major() >= 16) {
    return Ask(ask, absl::StrCat("EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) ", sql));
  }
  if (!ask->ExecuteSql(absl::StrCat("PREPARE pgring_explained AS ", sql).c_str()).ok()) {
    return std::nullopt;
  }
  const int count = ParameterCount(sql);
  const std::string values =
      count == 0
          ? ""
          : absl::StrCat("(", absl::StrJoin(std::vector<std::string>(count, "NULL"), ", "), ")");
  std::optional<std::string> plan =
      Ask(ask, absl::StrCat("EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE pgring_explained", values));
  // Fails only with the connection, which the next question shows.
  (void)ask->ExecuteSql("DEALLOCATE pgring_explained");
  return plan;
}

// The server reads its own JSON.
std::vector<PlannedScan> ScansOf(BlockingSession* session, const std::string& plan) {
  absl::StatusOr<Result> answer = session->ExecuteSql(
      absl::StrCat("SELECT DISTINCT format('%I.%I', node->>'Schema', node->>'Relation Name')"
                   "::regclass::text, coalesce(node->>'Filter', '')"
                   " FROM jsonb_path_query(",
                   SqlLiteral(plan),
                   "::jsonb, 'strict $.** ? (@.\"Node Type\" == \"Seq Scan\")') AS node")
          .c_str());
  std::vector<PlannedScan> scans;
  if (!answer.ok()) return scans;
  for (int row = 0; row < answer->rows(); ++row) {
    scans.push_back({std::string(answer->Text(row, 0)), std::string(answer->Text(row, 1))});
  }
  return scans;
}

// Columns that the filter compares with something, those that must be equal first: an index on them
// in that order serves it. None of a filter with alternatives, which one index does not serve.
std::vector<std::string> FilterColumns(BlockingSession* session, const PlannedScan& scan) {
  std::vector<std::string> columns;
  if (scan.filter.find(" OR ") != std::string::npos) return columns;
  // Without texts and casts, in which a column's name may appear as well.
  const std::string filter =
      absl::StrCat("regexp_replace(regexp_replace(", SqlLiteral(scan.filter),
                   ", '''[^'']*''', '''''', 'g'), '::[a-z ]+(\\[\\])?', '', 'g')");
  absl::StatusOr<Result> answer = session->ExecuteSql(
      absl::StrCat(
          "SELECT column_name FROM (SELECT quote_ident(attname) AS column_name, attnum,"
          " '(?:^|[( ])(?:[\\w\"]+\\.)?' ||"
          " regexp_replace(quote_ident(attname), '(\\W)', '\\\\\\1', 'g') || '\\)? ' AS name"
          " FROM pg_catalog.pg_attribute WHERE attrelid = ",
          SqlLiteral(scan.table), "::regclass AND attnum > 0 AND NOT attisdropped) AS c,",
          " LATERAL (SELECT ", filter,
          " AS text) AS f"
          " WHERE text ~ (name || '(=|<|>|<=|>=) ')"
          " ORDER BY text !~ (name || '= '), attnum")
          .c_str());
  if (!answer.ok()) return columns;
  for (int row = 0; row < answer->rows(); ++row) {
    columns.emplace_back(answer->Text(row, 0));
  }
  return columns;
}

void ExplainStatements(SamplingSession* session, const std::vector<std::string>& statements,
                       std::vector<ScanFinding>* findings) {
  for (const std::string& sql : statements) {
    const std::optional<std::string> plan = GenericPlan(session, sql);
    if (!plan.has_value()) continue;
    for (const PlannedScan& scan : ScansOf(session->session(), *plan)) {
      const auto finding =
          std::find_if(findings->begin(), findings->end(),
                       [&](const ScanFinding& found) { return found.table == scan.table; });
      if (finding == findings->end()) continue;
      finding->statements.push_back({sql, scan.filter, FilterColumns(session->session(), scan)});
      const std::vector<std::string>& columns = finding->statements.back().columns;
      if (finding->index_sql.empty() && !columns.empty()) {
        finding->index_sql = CreateIndexSql(finding->table, columns);
      }
    }
  }
}

}  // namespace

absl::Status ReportScans(SamplingSession* session, const std::vector<std::string>& statements,
                         ServerSamples* samples) {
  samples->scans = ScannedTables(*samples);
  if (!samples->scans.empty() && !statements.empty()) {
    if (session->major() < 16) {
      PGRING_RETURN_IF_ERROR(
          session->session()->ExecuteSql("SET plan_cache_mode = force_generic_plan").status());
    }
    ExplainStatements(session, statements, &samples->scans);
  }
  absl::StatusOr<std::vector<ForeignKeyFinding>> keys = session->ForeignKeys();
  if (!keys.ok()) return keys.status();
  // Those that the run had to do with.
  const auto was_used = [&](const std::string& table) {
    const auto found = samples->tables.find(table);
    return found != samples->tables.end() &&
           found->second.sequential_scans + found->second.index_scans > 0;
  };
  for (ForeignKeyFinding& key : *keys) {
    if (was_used(key.table) || was_used(key.referenced_table)) {
      samples->foreign_keys.push_back(std::move(key));
    }
  }
  return absl::OkStatus();
}

}  // namespace pgring
