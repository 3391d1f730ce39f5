// The choices that a workload of scripts offers. Plain data.
#ifndef PGRING_WORKLOAD_SCRIPT_OPTIONS_H_
#define PGRING_WORKLOAD_SCRIPT_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgring {

// pgbench's -M: the text with the variables' values in it, or $1 and parameters, prepared or not.
enum class QueryMode : uint8_t { kSimple, kExtended, kPrepared };
constexpr std::string_view QueryModeName(QueryMode mode) {
  switch (mode) {
    case QueryMode::kSimple:
      return "simple";
    case QueryMode::kExtended:
      return "extended";
    case QueryMode::kPrepared:
      break;
  }
  return "prepared";
}

struct ScriptText {
  std::string name;  // the file's, or the built-in script's
  std::string text;
  int64_t weight = 1;
  bool is_builtin = false;
  bool needs_pgbench_tables = false;
  QueryMode default_mode = QueryMode::kSimple;  // where -M does not say
};

struct ScriptOptions {
  std::vector<ScriptText> scripts;
  std::optional<QueryMode> mode;                               // -M
  std::vector<std::pair<std::string, std::string>> variables;  // -D
  uint64_t seed = 0;
  std::optional<int64_t> scale;  // else asked of the tables where a script needs them
  bool vacuum = true;            // pgbench's tables before a run, and empties the history
  bool vacuum_all = false;       // with vacuum: pgbench_accounts too
  bool record_commands = false;  // -r
  // An SQL error fails its operation only; its client goes on.
  bool continue_on_error = false;
  // The server is a throwaway one: pgbench's tables are made where they are needed.
  bool may_make_tables = false;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SCRIPT_OPTIONS_H_
