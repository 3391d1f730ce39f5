// When the next operation may start: at once (unbounded), when the whole previous chunk has ended
// (chunk), or as soon as one of the last `limit` has ended (window). All three are one semaphore: a
// window takes a unit for each operation; a chunk takes all units together and deals them out.
//
// Must outlive the permits that it gave. Not thread-safe; admitting allocates nothing.
#ifndef PGRING_RUN_LIMITER_H_
#define PGRING_RUN_LIMITER_H_

#include <memory>
#include <optional>
#include <vector>

#include "pgring/coro/semaphore.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/uring/reactor.h"
#include "run/plan.h"

namespace pgring {

class Limiter {
 public:
  // `limit` is given for chunk and window, 1 or more.
  Limiter(ReadyQueue* ready, LimiterKind kind, std::optional<int> limit);

  // Waits until the next operation may start. The operation holds the permit until it has ended. A
  // permit without units is given by the unbounded limiter, and by every limiter once closed.
  Task<Permit> Admit();

  // Admits every operation from now on, without units.
  void Close();

  // The operation's place is not given to another: the limit shrinks for good.
  void Retire(Permit permit);

  // Before the first Admit: the limit is 1 from this call on, whenever the task is started, and
  // grows, step by step, to its full size at `full_ns`, or at once when `stop` is requested.
  Task<void> Ramp(Reactor* reactor, int64_t full_ns, StopToken stop);

  bool bounded() const { return semaphore_.has_value(); }

 private:
  Task<void> Grow(Reactor* reactor, int64_t full_ns, StopToken stop, Permit held);

  const LimiterKind kind_;
  const int limit_;
  std::optional<Semaphore> semaphore_;
  Permit chunk_;       // what is left of the chunk being started
  int held_back_ = 0;  // by the ramp
  int retired_places_ = 0;
  std::vector<Permit> retired_;  // of a window
  Permit withheld_;              // the share of the chunk that is retired or held back
};

}  // namespace pgring

#endif  // PGRING_RUN_LIMITER_H_
