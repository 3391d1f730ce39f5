// Watches a run on the reactor while it is in progress: for the interrupt, and for lost completions
// (connections whose wait would never end).
//
// Borrows everything. Stop and Join before it is destroyed. Not thread-safe.
#ifndef PGRING_RUN_RUN_WATCH_H_
#define PGRING_RUN_RUN_WATCH_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "pgring/base/interrupt.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/reactor.h"
#include "pgring/uring/ring_operation.h"

namespace pgring {

class RunWatch {
 public:
  RunWatch(Reactor* reactor, Pool* pool, const Interrupt* interrupt);

  // Calls `on_interrupt` once, when the interrupt is raised. Statements that have not ended
  // Interrupt::kDrainNs later are cancelled, and their connections given up kCancelNs after that.
  // Calls `on_ring_failed` instead, and gives up every connection, when the reactor's backend
  // fails.
  void WatchInterrupt(std::function<void()> on_interrupt, std::function<void()> on_ring_failed);
  // To be called too when statements are cancelled.
  void set_on_cancel(std::function<void()> on_cancel) { on_cancel_ = std::move(on_cancel); }
  // Once a second begins waits again whose completion was lost; see Pool::RescueWaits.
  void WatchWaits();
  int64_t rescued_waits() const { return rescued_waits_; }

  void Stop();
  TaskGroup::JoinAwaiter Join() { return tasks_.Join(); }

 private:
  Task<void> AwaitInterrupt();
  Task<void> RescueEverySecond();

  Reactor* const reactor_;
  Pool* const pool_;
  const Interrupt* const interrupt_;
  std::function<void()> on_interrupt_;
  std::function<void()> on_ring_failed_;
  std::function<void()> on_cancel_;
  int64_t rescued_waits_ = 0;
  StopSource stop_;
  TaskGroup tasks_;
  RingOperation interrupt_poll_;
  RingOperation watchdog_poll_;
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_WATCH_H_
