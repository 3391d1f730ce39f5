#include "workload/schema_ownership.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kOurMark =
    "created by pgring; its tables are dropped and made anew by every run";

// The number is "pgring" in ASCII: an arbitrary key that no other program is likely to use.
// Waits a little: the server may take a moment to notice that a pgring that has just ended is gone.
constexpr const char* kLock = "SET lock_timeout = '2s'; SELECT pg_advisory_lock(123589603454567)";
constexpr std::string_view kLockNotAvailable = "55P03";

// A wait for another session's lock on our tables must end with an error, not hang the run.
constexpr const char* kLockTimeout = "SET lock_timeout = '30s'";

constexpr const char* kFindSchema =
    "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace"
    " WHERE nspname = 'pgring'";

absl::Status CreateSchema(BlockingSession* session) {
  const std::string sql = absl::StrCat("BEGIN; CREATE SCHEMA pgring; COMMENT ON SCHEMA pgring IS '",
                                       kOurMark, "'; COMMIT");
  const absl::Status created = session->ExecuteSql(sql.c_str()).status();
  if (absl::IsPermissionDenied(created)) {
    return WithFailureCode(
        absl::PermissionDeniedError(absl::StrCat(
            "creating the schema pgring: ", created.message(),
            "; as an owner of the database run 'GRANT CREATE ON DATABASE <database> TO <role>'")),
        FailureCode(created));
  }
  return Annotate(created, "creating the schema pgring");
}

}  // namespace

absl::StatusOr<bool> ClaimSchema(BlockingSession* session, SchemaLock lock) {
  absl::Status locked;
  if (lock == SchemaLock::kSession) {
    locked = session->ExecuteSql(kLock).status();
    if (locked.ok()) locked = session->ExecuteSql(kLockTimeout).status();
  }
  if (FailureCode(locked) == kLockNotAvailable) {
    return absl::AlreadyExistsError(
        "another pgring is running against this database; wait for it to end, or use another "
        "database");
  }
  if (!locked.ok()) return Annotate(locked, "locking the schema pgring");
  absl::StatusOr<Result> found = session->ExecuteSql(kFindSchema);
  if (!found.ok()) return Annotate(found.status(), "looking for the schema pgring");
  if (found->rows() == 0) {
    PGRING_RETURN_IF_ERROR(CreateSchema(session));
    return true;
  }
  if (found->Text(0, 0) != kOurMark) {
    return absl::AlreadyExistsError(
        "the schema pgring exists and was not created by pgring (its comment is not ours), so it "
        "is left alone; rename or drop it, or use another database");
  }
  return false;
}

absl::Status DropSchema(BlockingSession* session) {
  return Annotate(session->ExecuteSql("DROP SCHEMA pgring CASCADE").status(),
                  "dropping the schema pgring");
}

}  // namespace pgring
