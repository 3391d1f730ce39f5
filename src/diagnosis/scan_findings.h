// Sequential scans and the indexes that would spare them, as data. Nothing here can fail.
#ifndef PGRING_DIAGNOSIS_SCAN_FINDINGS_H_
#define PGRING_DIAGNOSIS_SCAN_FINDINGS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace pgring {

// A statement of the workload whose plan scans the table.
struct ScanningStatement {
  std::string sql;
  std::string filter;                // as EXPLAIN shows it; empty: it reads every row
  std::vector<std::string> columns;  // of the table, in the filter
};

// A table most of whose tuples were read by sequential scans.
struct ScanFinding {
  std::string table;  // as it is written in SQL
  int64_t scans = 0;
  int64_t tuples = 0;
  double share = 0;  // of all tuples that the run read, by whatever means
  std::vector<ScanningStatement> statements;
  std::string index_sql;  // "CREATE INDEX ON …"; empty where no filter says which
};

// A foreign key whose columns no index begins with: to delete or to change a row that it refers to
// scans the table that refers.
struct ForeignKeyFinding {
  std::string name;
  std::string table;
  std::string referenced_table;
  std::vector<std::string> columns;
  std::string index_sql;
};

// `table` and `columns` are quoted already where they have to be.
std::string CreateIndexSql(const std::string& table, const std::vector<std::string>& columns);

}  // namespace pgring

#endif  // PGRING_DIAGNOSIS_SCAN_FINDINGS_H_
