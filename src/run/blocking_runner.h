// Runs a scenario on blocking sessions: `limit` threads, each taking the next operation of the list
// and waiting for its server, as a program with a thread per connection does. One thread is the
// sync baseline.
#ifndef PGRING_RUN_BLOCKING_RUNNER_H_
#define PGRING_RUN_BLOCKING_RUNNER_H_

#include "absl/status/status.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

inline constexpr int kMaxBlockingThreads = 4'096;

// Runs every operation of `context`. Interrupts and refused connections are treated as by the
// reactor's runner. Failures of operations are data; the status is always OK.
absl::Status RunBlocking(const RunContext& context, Run* run);

}  // namespace pgring

#endif  // PGRING_RUN_BLOCKING_RUNNER_H_
