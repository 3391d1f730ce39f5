// The questions that are asked of the server about a run, in the words of its version: which
// columns the statistics views have is a table of data here, from 12 to 18.
//
// Pure; nothing here can fail. A version above 18 is asked what 18 is, one below 12 what 12 is.
#ifndef PGRING_DIAGNOSIS_SERVER_SQL_H_
#define PGRING_DIAGNOSIS_SERVER_SQL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

// In which order the columns of SampleSql come.
enum class SampleColumn : uint8_t {
  kRow,  // kOurs, kOthers, or kSelf in the last row, which has nothing but kServerSeconds
  kState,
  kWaitEventType,
  kWaitEvent,
  kQueryId,
  kSessions,
  kServerSeconds,  // what the server took for the question so far
};
inline constexpr std::string_view kOursRow = "ours";
inline constexpr std::string_view kOthersRow = "others";
inline constexpr std::string_view kSelfRow = "self";

// Sessions of client programs in the current database that are not idle, grouped and counted, but
// for the one that asks. Ours are those of that application name. Where the state is empty, the
// role may not see it. `major` is 12, 13, …
std::string SampleSql(int major, std::string_view application_name);

// How many sessions of that name have not ended, at work or not, but for the one of that process.
std::string SessionsSql(std::string_view application_name, int64_t control_pid);

// Which tables others wait for, or hold rows of: kind of lock, table, count.
std::string LocksSql();

// One view of counters.
struct CounterQuery {
  std::string view;  // "pg_stat_database"
  // One row of numbers, or none; the names of its columns are those of the view.
  std::string sql;
};
std::vector<CounterQuery> CounterQueries(int major);

// Of every table that is no system table: name, sequential scans, their tuples, index scans, their
// tuples.
std::string TablesSql();

// Foreign keys of tables that are no system tables without an index that begins with their columns:
// name, table, referenced table, columns as a comma-separated list of quoted names.
std::string ForeignKeysSql();

// 'it''s': a literal of SQL.
std::string SqlLiteral(std::string_view text);

}  // namespace pgring

#endif  // PGRING_DIAGNOSIS_SERVER_SQL_H_
