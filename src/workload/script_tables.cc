// What ScriptWorkload does to pgbench's tables around a run of scripts that need them.
#include <string>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "workload/pgbench_tables.h"
#include "workload/script_workload.h"

namespace pgring {
namespace {

constexpr std::string_view kTpcbLike = "tpcb-like";
constexpr std::string_view kSimpleUpdate = "simple-update";

class NoObserver final : public PgbenchTablesObserver {
 public:
  void OnActivity(std::string_view) override {}
  void OnRows(const char*, int64_t, int64_t, int64_t) override {}
};

}  // namespace

bool ScriptWorkload::uses_pgbench_tables() const {
  for (const ScriptText& script : options_.scripts) {
    if (script.needs_pgbench_tables) return true;
  }
  return false;
}

// Makes them where that is allowed; :scale is what they say, as in pgbench.
absl::Status ScriptWorkload::FindTables(BlockingSession* session, std::vector<std::string>* notes) {
  absl::StatusOr<int64_t> scale = DetectPgbenchScale(session);
  if (absl::IsNotFound(scale.status()) && options_.may_make_tables) {
    PgbenchTablesOptions tables;
    tables.scale = static_cast<int>(options_.scale.value_or(1));
    NoObserver observer;
    auto made = InitializePgbenchTables(session, tables, nullptr, &observer);
    if (!made.ok()) return made.status();
    scale = DetectPgbenchScale(session);
  }
  if (!scale.ok()) return scale.status();
  if (options_.scale.has_value() && *options_.scale != *scale) {
    notes->push_back(absl::StrCat("--scale ", *options_.scale,
                                  " is not used: the tables are of scale ", *scale,
                                  ", by the rows of pgbench_branches"));
  }
  if (!scale_given_) initial_variables_.SetValue(scale_, Value::Integer(*scale));
  return absl::OkStatus();
}

absl::Status ScriptWorkload::Prepare(BlockingSession* session, std::vector<std::string>* notes) {
  if (!uses_pgbench_tables()) return absl::OkStatus();
  PGRING_RETURN_IF_ERROR(FindTables(session, notes));
  if (options_.vacuum) {
    for (const char* sql :
         {"VACUUM pgbench_branches", "VACUUM pgbench_tellers", "TRUNCATE pgbench_history"}) {
      PGRING_RETURN_IF_ERROR(Annotate(session->ExecuteSql(sql).status(),
                                      absl::StrCat(sql, " before the run (-n leaves it out)")));
    }
  }
  absl::StatusOr<PgbenchBalances> balances = ReadPgbenchBalances(session);
  if (!balances.ok()) return balances.status();
  balances_ = *balances;
  const absl::Status checkpoint = session->ExecuteSql("CHECKPOINT").status();
  if (!absl::IsPermissionDenied(checkpoint)) {
    return Annotate(checkpoint, "checkpointing before the run");
  }
  notes->push_back(
      "no CHECKPOINT before the run: this role may not (grant pg_checkpoint to allow it); a "
      "checkpoint of the server's own may fall into the run");
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Verification>> ScriptWorkload::Verify(BlockingSession* session,
                                                                   const CommittedWork& work) {
  PgbenchTransactions committed;
  for (size_t kind = 0; kind < options_.scripts.size(); ++kind) {
    const ScriptText& script = options_.scripts[kind];
    // What a user's own script does to the tables, nobody knows.
    if (!script.is_builtin) return std::nullopt;
    if (script.name == kTpcbLike) committed.tpcb_like += work.succeeded[kind];
    if (script.name == kSimpleUpdate) committed.simple_update += work.succeeded[kind];
  }
  if (!balances_.has_value()) return std::nullopt;
  committed.unconfirmed = work.unconfirmed_commits;
  absl::StatusOr<PgbenchBalances> after = ReadPgbenchBalances(session);
  if (!after.ok()) return after.status();
  return VerifyPgbenchBalances(*balances_, *after, committed);
}

}  // namespace pgring
