// What a failed COMMIT leaves open. Pure.
#ifndef PGRING_WORKLOAD_COMMIT_OUTCOME_H_
#define PGRING_WORKLOAD_COMMIT_OUTCOME_H_

#include <string>

#include "absl/status/status.h"
#include "pgring/base/status.h"

namespace pgring {

// A failed COMMIT whose outcome the server did not tell: the connection was lost or shut down under
// it. Any other error means that the transaction was rolled back.
inline bool OutcomeUnknown(const absl::Status& failure) {
  const std::string code = FailureCode(failure);
  return code == kCauseConnectionLost || code == kCauseInterrupted || code.rfind("08", 0) == 0 ||
         code.rfind("57P", 0) == 0;
}

}  // namespace pgring

#endif  // PGRING_WORKLOAD_COMMIT_OUTCOME_H_
