// Opens a run's connections before its clock starts, so that what is measured is work and not
// connecting.
//
// Borrows the reactor and the pool. Not thread-safe.
#ifndef PGRING_RUN_CONNECTION_OPENER_H_
#define PGRING_RUN_CONNECTION_OPENER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "pgring/base/clock.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/reactor.h"

namespace pgring {

class ConnectionOpener {
 public:
  // For so long after the first refusal the rest is waited for.
  static constexpr int64_t kPatienceNs = 10 * kNanosecondsPerSecond;

  ConnectionOpener(Reactor* reactor, Pool* pool);

  // Opens `count` connections side by side and gives those that could be opened. Refused ones are
  // tried again for kPatienceNs, and, as long as there is none at all, until the pool gives up.
  Task<std::vector<Lease>> Open(int64_t count);

  // The pool was refused a connection, whether Open is running or not.
  void OnRefused();
  // Open ends with what it has.
  void Stop() { stop_.RequestStop(); }
  // Why a connection could not be opened, other than by a stop; OK: there was no such failure.
  const absl::Status& failure() const { return failure_; }

 private:
  Task<void> OpenInto(Lease* lease);
  Task<void> StopAfterPatience();

  Reactor* const reactor_;
  Pool* const pool_;
  StopSource stop_;
  TaskGroup openers_;
  TaskGroup timers_;
  bool opening_ = false;
  bool timed_ = false;
  absl::Status failure_;
};

}  // namespace pgring

#endif  // PGRING_RUN_CONNECTION_OPENER_H_
