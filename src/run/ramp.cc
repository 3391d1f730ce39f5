#include "run/ramp.h"

#include "pgring/coro/awaitables.h"

namespace pgring {

Task<void> FollowRamp(Reactor* reactor, Ramp ramp, StopToken stop,
                      std::function<void(int limit)> set_limit) {
  for (int limit = 2; limit <= ramp.full; ++limit) {
    const int64_t reaches_ns = ramp.ReachesNs(limit);
    const bool reached = co_await SleepUntil(reactor, reaches_ns, stop);
    if (!reached) limit = ramp.full;
    set_limit(limit);
  }
}

}  // namespace pgring
