#include "run/limiter.h"

#include <algorithm>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/coro/awaitables.h"

namespace pgring {

Limiter::Limiter(ReadyQueue* ready, LimiterKind kind, std::optional<int> limit)
    : kind_(kind), limit_(limit.value_or(0)) {
  if (kind == LimiterKind::kUnbounded) return;
  PGRING_CHECK(kind == LimiterKind::kChunk || kind == LimiterKind::kWindow,
               "the reactor's limiters are unbounded, chunk and window");
  PGRING_CHECK(limit_ > 0, "a bounded limiter needs a limit");
  semaphore_.emplace(ready, limit_);
}

Task<Permit> Limiter::Admit() {
  if (!semaphore_.has_value()) co_return Permit();
  Semaphore& semaphore = *semaphore_;
  if (kind_ == LimiterKind::kWindow) {
    Permit permit = co_await semaphore.Acquire(1);
    co_return std::move(permit);
  }
  if (chunk_.units() == 0) {
    // All of the previous chunk's come back, also from clients that are retired meanwhile: how many
    // places are left, and how far the ramp has come, is known only then.
    withheld_.Release();
    const int units = limit_;
    Permit whole = co_await semaphore.Acquire(units);
    if (whole.units() == 0) co_return Permit();
    chunk_ = whole.Split(std::max(1, limit_ - held_back_ - retired_places_));
    withheld_ = std::move(whole);
  }
  co_return chunk_.Split(1);
}

void Limiter::Retire(Permit permit) {
  if (permit.units() == 0) return;
  ++retired_places_;
  if (kind_ == LimiterKind::kWindow) retired_.push_back(std::move(permit));
}

// No coroutine: operations may be admitted before the task that it returns is started.
Task<void> Limiter::Ramp(Reactor* reactor, int64_t full_ns, StopToken stop) {
  held_back_ = semaphore_.has_value() ? limit_ - 1 : 0;
  Permit held;
  // A chunk holds back its own places when it begins: taken from the semaphore, they would come
  // free in the middle of a chunk, and the next one would begin with them before its end.
  if (held_back_ > 0 && kind_ == LimiterKind::kWindow) {
    Semaphore::AcquireAwaiter acquire = semaphore_->Acquire(held_back_);
    PGRING_CHECK(acquire.await_ready(), "the ramp begins before the first operation");
    held = acquire.await_resume();
  }
  return Grow(reactor, full_ns, stop, std::move(held));
}

Task<void> Limiter::Grow(Reactor* reactor, int64_t full_ns, StopToken stop, Permit held) {
  if (held_back_ == 0) co_return;
  int64_t next_ns = reactor->clock().NowNs();
  const int64_t step_ns = (full_ns - next_ns) / held_back_;
  while (held_back_ > 0) {
    next_ns += step_ns;
    const bool reached = co_await SleepUntil(reactor, next_ns, stop);
    if (!reached) break;
    --held_back_;
    if (held.units() > 0) held.Split(1).Release();
  }
  held_back_ = 0;
}

void Limiter::Close() {
  if (semaphore_.has_value()) semaphore_->Close();
}

}  // namespace pgring
