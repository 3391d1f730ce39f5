#include "script/builtin_scripts.h"

#include <fmt/format.h>

namespace pgring {
namespace {

// From the documentation of pgbench, "What is the transaction actually performed in pgbench?".
constexpr std::string_view kTpcbLike =
    R"(\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
)"
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) "
    "VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);\n"
    R"(END;
)";

constexpr std::string_view kSimpleUpdate =
    R"(\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
)"
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) "
    "VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);\n"
    R"(END;
)";

constexpr std::string_view kSelectOnly =
    R"(\set aid random(1, 100000 * :scale)
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
)";

}  // namespace

const std::vector<BuiltinScript>& BuiltinScripts() {
  static const std::vector<BuiltinScript> scripts = {
      {"tpcb-like", "<builtin: TPC-B (sort of)>", kTpcbLike, true},
      {"simple-update", "<builtin: simple update>", kSimpleUpdate, true},
      {"select-only", "<builtin: select only>", kSelectOnly, true},
      {"ping", "<builtin: ping>", "SELECT 1;\n", false},
  };
  return scripts;
}

absl::StatusOr<const BuiltinScript*> FindBuiltinScript(std::string_view prefix) {
  const BuiltinScript* found = nullptr;
  int count = 0;
  for (const BuiltinScript& script : BuiltinScripts()) {
    if (!script.name.starts_with(prefix)) continue;
    found = &script;
    ++count;
  }
  if (count == 1) return found;
  if (count == 0) {
    return absl::NotFoundError(
        fmt::format("no builtin script found for name \"{}\"\n{}", prefix, BuiltinScriptList()));
  }
  return absl::InvalidArgumentError(
      fmt::format("ambiguous builtin name: {} builtin scripts found for prefix \"{}\"\n{}", count,
                  prefix, BuiltinScriptList()));
}

std::string BuiltinScriptList() {
  std::string list = "Available builtin scripts:\n";
  for (const BuiltinScript& script : BuiltinScripts()) {
    list += fmt::format("  {:>13}: {}\n", script.name, script.description);
  }
  return list;
}

}  // namespace pgring
