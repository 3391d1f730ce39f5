// What ScriptWorkload does to pgbench's tables around a run of scripts that need them.
#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

bool WritesPgbenchTables(const ScriptText& script) {
  return script.is_builtin && (script.name == kTpcbLike || script.name == kSimpleUpdate);
}

// For a role that may read the accounts alone. Nothing where they tell nothing either.
std::optional<int64_t> ScaleByAccounts(BlockingSession* session) {
  const absl::StatusOr<Result> highest =
      session->ExecuteSql("SELECT max(aid) FROM pgbench_accounts");
  const std::optional<int64_t> aid = highest.ok() ? highest->Integer(0, 0) : std::nullopt;
  if (!aid.has_value()) return std::nullopt;
  return (*aid + kPgbenchAccountsPerScale - 1) / kPgbenchAccountsPerScale;
}

// As in pgbench, what fails here is left out. An error: the session is gone.
absl::Status TidyTables(BlockingSession* session, std::vector<std::string>* notes) {
  for (const char* sql :
       {"VACUUM pgbench_branches", "VACUUM pgbench_tellers", "TRUNCATE pgbench_history"}) {
    const absl::Status done = session->ExecuteSql(sql).status();
    if (done.ok()) continue;
    if (!session->usable()) return Annotate(done, absl::StrCat(sql, " before the run"));
    notes->push_back(absl::StrCat(
        "no ", sql, " before the run (-n leaves it out): ", std::string(done.message())));
  }
  return absl::OkStatus();
}

absl::Status Checkpoint(BlockingSession* session, std::vector<std::string>* notes) {
  absl::Status done = session->ExecuteSql("CHECKPOINT").status();
  if (done.ok()) return done;
  if (!session->usable()) return Annotate(done, "checkpointing before the run");
  const std::string reason = absl::IsPermissionDenied(done)
                                 ? "this role may not (grant pg_checkpoint to allow it)"
                                 : std::string(done.message());
  notes->push_back(absl::StrCat("no CHECKPOINT before the run: ", reason,
                                "; a checkpoint of the server's own may fall into the run"));
  return absl::OkStatus();
}

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
  if (!scale.ok() && session->usable() && !writes_pgbench_tables()) {
    const std::optional<int64_t> by_accounts = ScaleByAccounts(session);
    if (by_accounts.has_value()) {
      notes->push_back(absl::StrCat("the scale is ", *by_accounts, " by pgbench_accounts: ",
                                    std::string(scale.status().message())));
      scale = *by_accounts;
    }
  }
  if (!scale.ok()) return scale.status();
  if (options_.scale.has_value() && *options_.scale != *scale) {
    notes->push_back(absl::StrCat("--scale ", *options_.scale,
                                  " is not used: the tables are of scale ", *scale));
  }
  UseScale(*scale);
  return absl::OkStatus();
}

void ScriptWorkload::UseScale(int64_t scale) {
  found_scale_ = scale;
  if (!scale_given_) initial_variables_.SetValue(scale_, Value::Integer(scale));
}

std::string ScriptWorkload::Findings() const {
  return found_scale_.has_value() ? absl::StrCat(*found_scale_) : "";
}

void ScriptWorkload::Adopt(std::string_view findings) {
  int64_t scale = 0;
  if (absl::SimpleAtoi(absl::string_view(findings.data(), findings.size()), &scale)) {
    UseScale(scale);
  }
}

bool ScriptWorkload::writes_pgbench_tables() const {
  return std::any_of(options_.scripts.begin(), options_.scripts.end(), &WritesPgbenchTables);
}

// As pgbench's -v: it goes on where that is not possible.
void ScriptWorkload::VacuumAccounts(BlockingSession* session, std::vector<std::string>* notes) {
  if (!options_.vacuum || !options_.vacuum_all) return;
  const absl::Status vacuumed = session->ExecuteSql("VACUUM ANALYZE pgbench_accounts").status();
  if (vacuumed.ok()) return;
  notes->push_back(
      absl::StrCat("-v: pgbench_accounts was not vacuumed: ", std::string(vacuumed.message())));
}

// Scripts that only read touch nothing here but the accounts: they run on a standby, and as a role
// that may read and no more.
absl::Status ScriptWorkload::Prepare(BlockingSession* session, std::vector<std::string>* notes) {
  balances_.reset();
  notes->insert(notes->end(), warnings_.begin(), warnings_.end());
  if (uses_pgbench_tables()) PGRING_RETURN_IF_ERROR(FindTables(session, notes));
  VacuumAccounts(session, notes);
  if (!uses_pgbench_tables()) return absl::OkStatus();
  if (writes_pgbench_tables()) {
    if (options_.vacuum) PGRING_RETURN_IF_ERROR(TidyTables(session, notes));
    PGRING_RETURN_IF_ERROR(ReadBalances(session, notes));
  }
  return Checkpoint(session, notes);
}

absl::Status ScriptWorkload::ReadBalances(BlockingSession* session,
                                          std::vector<std::string>* notes) {
  // What a user's own script does to the tables is not known, so there is nothing to compare.
  for (const ScriptText& script : options_.scripts) {
    if (!script.is_builtin) return absl::OkStatus();
  }
  std::vector<std::string> left_out;
  absl::StatusOr<PgbenchBalances> balances =
      ReadPgbenchBalances(session, kMostSummedBytes, &left_out);
  if (!balances.ok()) return balances.status();
  balances_ = *balances;
  if (!left_out.empty()) {
    notes->push_back(absl::StrCat("not verified: ", absl::StrJoin(left_out, ", ")));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Verification>> ScriptWorkload::Verify(BlockingSession* session,
                                                                   const CommittedWork& work) {
  if (!balances_.has_value()) return std::nullopt;
  PgbenchTransactions committed;
  for (size_t kind = 0; kind < options_.scripts.size(); ++kind) {
    const ScriptText& script = options_.scripts[kind];
    if (script.name == kTpcbLike) committed.tpcb_like += work.succeeded[kind];
    if (script.name == kSimpleUpdate) committed.simple_update += work.succeeded[kind];
  }
  committed.unconfirmed = work.unconfirmed_commits;
  absl::StatusOr<PgbenchBalances> after = ReadPgbenchBalancesAgain(session, *balances_);
  if (!after.ok()) return after.status();
  return VerifyPgbenchBalances(*balances_, *after, committed);
}

}  // namespace pgring
