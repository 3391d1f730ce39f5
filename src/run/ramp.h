// A limit that grows from 1 to its full size in equal steps: how a run's load is put on slowly, for
// both drivers.
#ifndef PGRING_RUN_RAMP_H_
#define PGRING_RUN_RAMP_H_

#include <cstdint>
#include <functional>

#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/uring/reactor.h"
#include "run/worker_share.h"

namespace pgring {

struct Ramp {
  // full >= 1, full_ns >= start_ns.
  int full = 1;
  int64_t start_ns = 0;
  int64_t full_ns = 0;
  // Whose clients they are: those of all workers together begin one after the other.
  WorkerShare share = {};

  // When the limit becomes `limit` (1..full): that of all workers together is 1 at start_ns, and
  // full at full_ns.
  int64_t ReachesNs(int limit) const {
    const int all = share.size == 1 ? full : share.clients;
    if (all == 1) return start_ns;
    return start_ns + (full_ns - start_ns) / (all - 1) * share.ClientOf(limit - 1);
  }
};

// Calls `set_limit` with 2, 3, ... full at their times, and with full at once when `stop` is
// requested. To begin with 1 is the caller's: operations may be admitted before the task has run.
Task<void> FollowRamp(Reactor* reactor, Ramp ramp, StopToken stop,
                      std::function<void(int limit)> set_limit);

}  // namespace pgring

#endif  // PGRING_RUN_RAMP_H_
