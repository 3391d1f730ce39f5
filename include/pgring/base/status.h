// Failures carry a short code beside their message: the server's SQLSTATE where there is one, else
// a cause of our own. Counting failures by that code is how a run accounts for every operation.
//
// Everything here may allocate; it is meant for the failure path only.
#ifndef PGRING_BASE_STATUS_H_
#define PGRING_BASE_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgring {

// Causes of our own, beside the server's SQLSTATEs (which are five characters, never these words).
inline constexpr std::string_view kCauseConnectionLost = "connection_lost";
inline constexpr std::string_view kCauseConnectionRefused = "connection_refused";
inline constexpr std::string_view kCauseConnectTimeout = "connect_timeout";
inline constexpr std::string_view kCausePoolTimeout = "pool_timeout";
inline constexpr std::string_view kCauseInterrupted = "interrupted";
// What became of the operation is not known: the process that ran it is gone.
inline constexpr std::string_view kCauseWorkerLost = "worker_lost";
inline constexpr std::string_view kCauseUnexpectedResult = "unexpected_result";

// Attaches `code` to a copy of `status`; replaces a code that is there already.
absl::Status WithFailureCode(absl::Status status, std::string_view code);

// The code attached by WithFailureCode, else the status's canonical name ("UNAVAILABLE").
std::string FailureCode(const absl::Status& status);

// A failure of a system call: "<attempt>: <strerror>".
absl::Status ErrnoStatus(int error_number, std::string_view attempt);

// A message of several lines, as libpq's are, as one: "; " between them.
std::string OneLine(std::string_view message);

// Puts "<attempt>: " before the message and keeps code and payload.
absl::Status Annotate(const absl::Status& status, std::string_view attempt);

}  // namespace pgring

// In plain functions. In coroutines write it out, so that every suspension point is visible.
#define PGRING_RETURN_IF_ERROR(expression)           \
  do {                                               \
    absl::Status pgring_status_ = (expression);      \
    if (!pgring_status_.ok()) return pgring_status_; \
  } while (false)

#endif  // PGRING_BASE_STATUS_H_
