// Facts about this machine and the server that a reader needs to judge a figure.
#ifndef PGRING_EXPERIMENT_ENVIRONMENT_H_
#define PGRING_EXPERIMENT_ENVIRONMENT_H_

#include <string>

#include "absl/status/status.h"
#include "pgring/postgres/blocking_session.h"
#include "run/comparison_result.h"

namespace pgring {

// This machine and this build; unknown facts stay empty. Cannot fail.
Environment DescribeHost();

// Adds what the server says of itself.
absl::Status DescribeServer(BlockingSession* session, const ConnectionParameters& parameters,
                            Environment* environment);

// "2026-11-22T13:40:05Z"
std::string UtcNow();

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_ENVIRONMENT_H_
