// The built-in scripts: pgbench's three, as its documentation gives them, and a bare round trip.
// Pure.
#ifndef PGRING_SCRIPT_BUILTIN_SCRIPTS_H_
#define PGRING_SCRIPT_BUILTIN_SCRIPTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pgring {

struct BuiltinScript {
  std::string_view name;         // "tpcb-like"
  std::string_view description;  // "<builtin: TPC-B (sort of)>", which reports show as its name
  std::string_view text;
  bool needs_pgbench_tables = false;
};

const std::vector<BuiltinScript>& BuiltinScripts();

// The only one whose name begins with `prefix`. NotFound: `no builtin script found for name "x"`;
// InvalidArgument: `ambiguous builtin name: 2 builtin scripts found for prefix "s"`; with the list.
absl::StatusOr<const BuiltinScript*> FindBuiltinScript(std::string_view prefix);

// What `-b list` shows.
std::string BuiltinScriptList();

}  // namespace pgring

#endif  // PGRING_SCRIPT_BUILTIN_SCRIPTS_H_
