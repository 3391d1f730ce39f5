// What FamilyWorkload does to the database around a run: tables, verification, observations.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pgring/base/status.h"
#include "workload/family.h"

namespace pgring {
namespace {

constexpr const char* kCreateTables =
    "SET client_min_messages = warning;"
    "DROP TABLE IF EXISTS pgring.b;"
    "DROP TABLE IF EXISTS pgring.a;"
    "CREATE TABLE pgring.a (id serial PRIMARY KEY, data varchar,"
    " create_date timestamp DEFAULT now());"
    "CREATE TABLE pgring.b (id serial PRIMARY KEY, a_id integer REFERENCES pgring.a(id),"
    " data varchar)";

constexpr const char* kCountRows =
    "SELECT (SELECT count(*) FROM pgring.a), (SELECT count(*) FROM pgring.b),"
    " (SELECT count(*) FROM pgring.b WHERE NOT EXISTS"
    "   (SELECT FROM pgring.a WHERE a.id = b.a_id))";

constexpr const char* kSequentialScans =
    "SELECT seq_scan, seq_tup_read FROM pg_stat_user_tables"
    " WHERE schemaname = 'pgring' AND relname = 'b'";

// From this many rows per scan on, scanning b is most of what a read costs.
constexpr int64_t kDominantRowsPerScan = 1'000;

}  // namespace

absl::Status FamilyWorkload::Prepare(BlockingSession* session, std::vector<std::string>* notes) {
  const absl::Status created =
      Annotate(session->ExecuteSql(kCreateTables).status(), "creating the tables pgring.a and b");
  if (absl::IsPermissionDenied(created)) {
    return WithFailureCode(
        absl::PermissionDeniedError(absl::StrCat(
            created.message(),
            "; connect as the role that owns it, or let that role drop the schema pgring")),
        FailureCode(created));
  }
  PGRING_RETURN_IF_ERROR(created);
  if (options_.fk_index) {
    PGRING_RETURN_IF_ERROR(
        Annotate(session->ExecuteSql("CREATE INDEX b_a_id ON pgring.b (a_id)").status(),
                 "creating the index on pgring.b (a_id)"));
  }
  // No ANALYZE: it would record that the tables are empty, and the plans made then - those of the
  // foreign key's checks among them - would scan whole tables until autovacuum came by.
  const absl::Status checkpoint = session->ExecuteSql("CHECKPOINT").status();
  if (absl::IsPermissionDenied(checkpoint)) {
    notes->push_back(
        "no CHECKPOINT before the run: this role may not (grant pg_checkpoint to allow it); a "
        "checkpoint of the server's own may fall into the run");
    return absl::OkStatus();
  }
  return Annotate(checkpoint, "checkpointing before the run");
}

absl::StatusOr<std::optional<Verification>> FamilyWorkload::Verify(BlockingSession* session,
                                                                   const CommittedWork& work) {
  absl::StatusOr<Result> counted = session->ExecuteSql(kCountRows);
  if (!counted.ok()) return Annotate(counted.status(), "counting the rows afterwards");
  const auto a = counted->Integer(0, 0), b = counted->Integer(0, 1),
             orphans = counted->Integer(0, 2);
  if (!a || !b || !orphans) return absl::InternalError("counting the rows gave no numbers");

  const int64_t creates = work.succeeded[kFamilyCreate];
  const int64_t expected_a = creates * kFamilyRowsOfA;
  const int64_t expected_b = creates * kFamilyRowsOfB;
  Verification verification;
  verification.expected = {{"a", expected_a}, {"b", expected_b}};
  verification.found = {{"a", *a}, {"b", *b}};
  // An unconfirmed create is in the database as a whole or not at all.
  const int64_t extra_a = *a - expected_a;
  const int64_t extra_b = *b - expected_b;
  const int64_t extra = extra_a / kFamilyRowsOfA;
  verification.ok = *orphans == 0 && extra >= 0 && extra <= work.unconfirmed_commits &&
                    extra_a == extra * kFamilyRowsOfA && extra_b == extra * kFamilyRowsOfB;
  if (!verification.ok) {
    verification.remark = absl::StrFormat(
        "expected %d rows in a and %d in b, found %d and %d, %d of b without their a", expected_a,
        expected_b, *a, *b, *orphans);
  } else if (work.unconfirmed_commits > 0) {
    verification.remark = absl::StrFormat(
        "%d creates ended before their COMMIT was confirmed and count as failed; %d of them are in "
        "the database",
        work.unconfirmed_commits, extra);
  }
  return verification;
}

std::vector<std::string> FamilyWorkload::Observations(BlockingSession* session,
                                                      const CommittedWork& work) {
  const int64_t reads = work.succeeded[kFamilyRead];
  absl::StatusOr<Result> scans = session->ExecuteSql(kSequentialScans);
  // Statistics may be off or out of reach; then there is nothing to say.
  if (!scans.ok() || scans->rows() != 1) return {};
  const int64_t scan_count = scans->Integer(0, 0).value_or(0);
  const int64_t rows = scans->Integer(0, 1).value_or(0);
  if (reads == 0 || scan_count < reads / 2 ||
      rows / std::max<int64_t>(scan_count, 1) < kDominantRowsPerScan) {
    return {};
  }
  if (options_.fk_index) {
    return {
        "sequential scans of b dominate although b.a_id has an index: the server's plans do not "
        "use "
        "it"};
  }
  return {
      "sequential scans of b dominate: b.a_id has no index, so every read scans the whole table, "
      "and the times show the server scanning more than the client; --fk-index adds the index"};
}

}  // namespace pgring
