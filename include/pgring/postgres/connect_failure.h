// Why a connection could not be opened, and what the user can do about it.
#ifndef PGRING_POSTGRES_CONNECT_FAILURE_H_
#define PGRING_POSTGRES_CONNECT_FAILURE_H_

#include <string_view>

#include "absl/status/status.h"
#include "pgring/postgres/connection_parameters.h"

namespace pgring {

// libpq's message, with PQERRORS_VERBOSE (see sqlstate.h), as a status in one line without what
// that adds. kResourceExhausted: refused for now, try again later (too many clients, starting or
// shutting down, no listener); kUnauthenticated, kNotFound, kPermissionDenied: for good. The
// failure code is the server's SQLSTATE, and for what PgBouncer says the one that a server would
// have sent; what libpq says by itself is kCauseConnectionRefused or kCauseConnectionLost.
absl::Status ClassifyConnectFailure(std::string_view verbose_message);

// "connecting to <where>: <what happened>; <what to do>".
absl::Status ExplainConnectFailure(const absl::Status& failure,
                                   const ConnectionParameters& parameters);

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECT_FAILURE_H_
