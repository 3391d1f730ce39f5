// The bridges between ordinary code and coroutines: run one task to its end, over a reactor or, for
// the blocking driver, without one.
#ifndef PGRING_CORO_RUN_H_
#define PGRING_CORO_RUN_H_

#include <utility>

#include "pgring/base/check.h"
#include "pgring/coro/task.h"
#include "pgring/uring/reactor.h"

namespace pgring {

// Turns `reactor` until `task` has finished, also after its backend has failed: see
// Reactor::failure. A task that waits for something that can never come is a checked error.
template <typename T>
T RunUntilDone(Reactor* reactor, Task<T> task) {
  auto handle = task.handle();
  handle.promise().set_ready_queue(reactor->ready());
  handle.promise().SetRoot();
  handle.resume();
  while (!task.finished()) {
    PGRING_CHECK(reactor->HasWork(), "every task waits and nothing can wake one");
    // Who waits learns of a failure by its own operation's end.
    (void)reactor->Turn();
  }
  return handle.promise().TakeValue();
}

// Runs `task` at once on this stack. It must not wait for anything: a blocking session's awaits
// complete inline.
template <typename T>
T RunInline(Task<T> task) {
  auto handle = task.handle();
  handle.resume();
  PGRING_CHECK(task.finished(), "a task of the blocking driver waited");
  return handle.promise().TakeValue();
}

}  // namespace pgring

#endif  // PGRING_CORO_RUN_H_
