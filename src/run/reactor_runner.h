// Runs a scenario on the reactor: one coroutine admits the operations through the limiter, each
// operation is a task that leases a connection from the pool.
#ifndef PGRING_RUN_REACTOR_RUNNER_H_
#define PGRING_RUN_REACTOR_RUNNER_H_

#include <memory>

#include "pgring/postgres/session.h"
#include "pgring/uring/reactor.h"
#include "run/measured_run.h"

namespace pgring {

// Runs every operation of `context` over connections from `factory`, on `reactor`. After an
// interrupt nothing more is admitted; what is in flight may end within Interrupt::kDrainNs, is then
// cancelled at the server and Interrupt::kCancelNs later dropped. Failures of operations are data;
// this function itself cannot fail.
void RunOnReactor(const RunContext& context, Reactor* reactor, SessionFactory* factory,
                  MeasuredRun* measured);

}  // namespace pgring

#endif  // PGRING_RUN_REACTOR_RUNNER_H_
