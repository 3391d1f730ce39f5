// What decides when the next operation may start. A limiter is told how each operation that it
// admitted ended, and its limit may change at any moment of a run: a ramp, clients that have ended
// and a search for the best limit all do nothing but set it.
//
// Must outlive the permits that it gave. Not thread-safe.
#ifndef PGRING_RUN_LIMITER_H_
#define PGRING_RUN_LIMITER_H_

#include <memory>

#include "pgring/coro/semaphore.h"
#include "pgring/coro/task.h"
#include "pgring/metrics/recorder.h"
#include "pgring/uring/reactor.h"

namespace pgring {

// How an operation ended.
struct OperationSample {
  OperationStamps stamps;
  bool succeeded = false;
};

class Limiter {
 public:
  virtual ~Limiter() = default;

  // Waits until the next operation may start. The operation holds the permit until it has ended. A
  // permit without units is given by a limiter without a limit, and by every limiter once closed.
  virtual Task<Permit> Admit() = 0;

  // The operation that holds `permit` has ended; its place is free from now on.
  virtual void OnEnd(Permit permit, const OperationSample& sample);

  // Asked in place of OnEnd where an operation has ended and its client could begin the next one at
  // once, with the same permit: whether that is what this limiter would admit next. If not, OnEnd
  // follows. A client that goes on costs no task, no permit and no turn of the ready queue.
  virtual bool GoesOn(const Permit& /*permit*/, const OperationSample& /*sample*/) { return false; }

  // How many operations may be in flight, 1 or more: from now on, or, for what starts operations in
  // groups, from the next group on. Operations in flight beyond a lowered limit go on.
  virtual void set_limit(int limit) = 0;
  virtual int limit() const = 0;

  // Admits every operation from now on, without units.
  virtual void Close() = 0;
};

struct LimiterOptions {
  Reactor* reactor = nullptr;
  int limit = 1;  // to begin with; of no meaning to a limiter without one
  // A schedule or a duration ends the run, not a number of operations.
  bool endless = false;
};

// At once. An endless run has a limit of kMaxQueuedOperations nevertheless: a schedule goes on
// whatever happens, and memory is finite.
inline constexpr int kMaxQueuedOperations = 100'000;
std::unique_ptr<Limiter> MakeUnboundedLimiter(const LimiterOptions& options);
// As soon as one of the last `limit` has ended. Admitting allocates nothing.
std::unique_ptr<Limiter> MakeWindowLimiter(const LimiterOptions& options);
// When the whole previous chunk of `limit` has ended. Admitting allocates nothing.
std::unique_ptr<Limiter> MakeChunkLimiter(const LimiterOptions& options);

}  // namespace pgring

#endif  // PGRING_RUN_LIMITER_H_
