// Told of every operation of the measured phase when it has ended: what a log of transactions is
// made from. Of the skipped ones only of those that were too late, as in pgbench: the others were
// never to begin. Called on the runner's thread, or by one of its threads at a time; must not wait.
#ifndef PGRING_RUN_OPERATION_LOG_H_
#define PGRING_RUN_OPERATION_LOG_H_

#include <cstdint>
#include <string_view>

#include "pgring/metrics/recorder.h"
#include "workload/operation.h"

namespace pgring {

enum class OperationEnd : uint8_t { kSucceeded, kFailed, kSkipped };

// Why an operation was skipped.
enum class SkipReason : uint8_t {
  kTooLate,  // beyond the latency limit before it could begin
  kTimeUp,   // the duration was over before it could begin
  kStopped,  // the run was stopped: an interrupt, no connections, no clients left
};

struct EndedOperation {
  Operation operation;
  OperationEnd end = OperationEnd::kSucceeded;
  int client = 0;  // which one ran it, from 0; 0 where it was given to none
  // Of the skipped ones only scheduled_ns and finished_ns.
  OperationStamps stamps;
  int tries = 1;
  std::string_view failure_code;  // of kFailed; valid during the call
};

class OperationLog {
 public:
  virtual ~OperationLog() = default;
  virtual void OnOperationEnded(const EndedOperation& ended) = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_OPERATION_LOG_H_
