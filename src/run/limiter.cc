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
    // places are left is known only then.
    withheld_.Release();
    const int units = limit_ - held_back_;
    Permit whole = co_await semaphore.Acquire(units);
    if (whole.units() == 0) co_return Permit();
    chunk_ = whole.Split(std::max<int64_t>(1, whole.units() - retired_places_));
    withheld_ = std::move(whole);
  }
  co_return chunk_.Split(1);
}

void Limiter::Retire(Permit permit) {
  if (permit.units() == 0) return;
  ++retired_places_;
  if (kind_ == LimiterKind::kWindow) retired_.push_back(std::move(permit));
}

Task<void> Limiter::Ramp(Reactor* reactor, int64_t full_ns, StopToken stop) {
  if (!semaphore_.has_value() || limit_ == 1) co_return;
  Semaphore& semaphore = *semaphore_;
  const int64_t start_ns = reactor->clock().NowNs();
  held_back_ = limit_ - 1;
  Permit held = co_await semaphore.Acquire(held_back_);
  const int64_t step_ns = (full_ns - start_ns) / held_back_;
  int64_t next_ns = start_ns;
  while (held.units() > 0) {
    next_ns += step_ns;
    const bool reached = co_await SleepUntil(reactor, next_ns, stop);
    if (!reached) break;
    Permit released = held.Split(1);
    --held_back_;
  }
  held_back_ = 0;
}

void Limiter::Close() {
  if (semaphore_.has_value()) semaphore_->Close();
}

}  // namespace pgring
