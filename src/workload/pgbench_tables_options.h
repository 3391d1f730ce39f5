// What `pgring init` may choose about pgbench's tables; the defaults are those of pgbench -i.
#ifndef PGRING_WORKLOAD_PGBENCH_TABLES_OPTIONS_H_
#define PGRING_WORKLOAD_PGBENCH_TABLES_OPTIONS_H_

#include <cstdint>
#include <string>

namespace pgring {

// As many as pgbench takes: INT_MAX.
inline constexpr int kMaxPgbenchScale = 2'147'483'647;
inline constexpr int kMinPgbenchFillfactor = 10;
inline constexpr int kMaxPgbenchFillfactor = 100;
// Each is one statement and one file or more.
inline constexpr int kMaxPgbenchPartitions = 100'000;

inline constexpr char kDefaultPgbenchSteps[] = "dtgvp";
inline constexpr char kAllPgbenchSteps[] = "dtgGvpf";

enum class PgbenchPartitionMethod : uint8_t { kRange, kHash };

struct PgbenchTablesOptions {
  int scale = 1;                             // 1 to kMaxPgbenchScale; 100,000 accounts each
  std::string steps = kDefaultPgbenchSteps;  // letters of kAllPgbenchSteps and spaces
  int fillfactor = kMaxPgbenchFillfactor;    // from kMinPgbenchFillfactor
  bool unlogged = false;
  std::string tablespace;        // of the tables; empty: the database's
  std::string index_tablespace;  // of the primary keys; the same
  int partitions = 0;            // of pgbench_accounts; 0: a plain table
  PgbenchPartitionMethod partition_method = PgbenchPartitionMethod::kRange;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_PGBENCH_TABLES_OPTIONS_H_
