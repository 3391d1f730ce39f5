#include "experiment/pooler.h"

#include "pgring/base/status.h"

namespace pgring {

absl::StatusOr<bool> IsBehindPooler(BlockingSession* session) {
  absl::StatusOr<Result> pid = session->ExecuteSql("SELECT pg_backend_pid()");
  if (!pid.ok()) return Annotate(pid.status(), "asking for the server's process");
  return pid->Integer(0, 0) != session->libpq().backend_pid();
}

}  // namespace pgring
