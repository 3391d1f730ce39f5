// Told of every failed attempt at an operation when it has failed, while the run goes on: what is
// shown of errors before there is a report. Warm-up included.
//
// Called on the runner's threads, also on several at once; must not wait.
#ifndef PGRING_RUN_ERROR_LOG_H_
#define PGRING_RUN_ERROR_LOG_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace pgring {

enum class ErrorOutcome : uint8_t {
  kClientAborted,    // the operation failed, and its client runs nothing more
  kOperationFailed,  // it counts as failed, and the client goes on
  kRetried,          // it is begun once more
};

struct OperationError {
  ErrorOutcome outcome = ErrorOutcome::kOperationFailed;
  int client = 0;
  int tries = 1;  // attempts so far
  // Valid during the call. See error_details.h for what it carries.
  const absl::Status& status;
};

class ErrorLog {
 public:
  virtual ~ErrorLog() = default;
  virtual void OnError(const OperationError& error) = 0;
  // Whether it does anything with other errors than those that abort a client, and with what the
  // server says.
  virtual bool wants_everything() const { return true; }
  // A notice or a warning of the server's, in full. Called from inside libpq: must not throw.
  virtual void OnServerMessage(std::string_view text) = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_ERROR_LOG_H_
