// The only schema that pgring touches, `pgring`, and the proof that it is ours: a comment on it. An
// existing schema of that name without the comment belongs to others and is left alone.
#ifndef PGRING_WORKLOAD_SCHEMA_OWNERSHIP_H_
#define PGRING_WORKLOAD_SCHEMA_OWNERSHIP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/postgres/blocking_session.h"

namespace pgring {

// kNone is for a connection through a pooler, whose session of the server's goes on, with the lock,
// when ours ends.
enum class SchemaLock : uint8_t { kNone, kSession };

// Takes the schema for this session: locks out any other pgring on the same database (until the
// session ends, with kSession) and creates the schema when there is none. Returns whether it
// created it. Fails when the schema is not ours, another pgring is at work, or the role may not
// create it.
absl::StatusOr<bool> ClaimSchema(BlockingSession* session, SchemaLock lock = SchemaLock::kSession);

// Drops the schema and everything in it. Only after ClaimSchema succeeded.
absl::Status DropSchema(BlockingSession* session);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SCHEMA_OWNERSHIP_H_
