// Runs a scenario on the reactor: one coroutine admits the operations through the limiter, each
// operation is a task that leases a connection from the pool.
#ifndef PGRING_RUN_REACTOR_RUNNER_H_
#define PGRING_RUN_REACTOR_RUNNER_H_

#include <memory>

#include "absl/status/status.h"
#include "pgring/postgres/pooled_connection.h"
#include "pgring/uring/reactor.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

// Runs every operation of `context` over connections from `factory`, on `reactor`. After an
// interrupt nothing more is admitted; what is in flight may end within Interrupt::kDrainNs, is then
// cancelled at the server and Interrupt::kCancelNs later dropped. Failures of operations are data;
// this function itself cannot fail.
void RunOnReactor(const RunContext& context, Reactor* reactor, PooledConnectionFactory* factory,
                  Run* run);

// The same on a ring and connections of its own, for real servers. An error means that there is no
// ring to be had, and nothing ran.
absl::Status RunOnNewReactor(const RunContext& context, Run* run);

}  // namespace pgring

#endif  // PGRING_RUN_REACTOR_RUNNER_H_
