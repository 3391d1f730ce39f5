// Why a connection could not be opened, and what the user can do about it.
#ifndef PGRING_POSTGRES_CONNECT_FAILURE_H_
#define PGRING_POSTGRES_CONNECT_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "pgring/postgres/connection_parameters.h"

namespace pgring {

// libpq's message as a status. kResourceExhausted: refused for now, try again later (too many
// clients, starting or shutting down, nobody listens); kUnauthenticated, kNotFound: for good. The
// failure code is the SQLSTATE where the text tells it: libpq gives none for a failed connect, so
// this knows the untranslated texts; others are kCauseConnectionLost.
absl::Status ClassifyConnectFailure(const std::string& message);

// "connecting to <where>: <what happened>; <what to do>".
absl::Status ExplainConnectFailure(const absl::Status& failure,
                                   const ConnectionParameters& parameters);

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECT_FAILURE_H_
