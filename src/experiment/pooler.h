// Whether a connection pooler, such as PgBouncer, stands between pgring and the server.
#ifndef PGRING_EXPERIMENT_POOLER_H_
#define PGRING_EXPERIMENT_POOLER_H_

#include "absl/status/statusor.h"
#include "pgring/postgres/blocking_session.h"

namespace pgring {

// A pooler shows in that the process which it named for cancels, when the session connected, is not
// the one that answers.
absl::StatusOr<bool> IsBehindPooler(BlockingSession* session);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_POOLER_H_
