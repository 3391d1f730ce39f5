#include "run/limiter.h"

#include <utility>

#include "pgring/base/check.h"

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
    Permit whole = co_await semaphore.Acquire(limit_);
    chunk_ = std::move(whole);
  }
  if (chunk_.units() == 0) co_return Permit();
  co_return chunk_.Split(1);
}

void Limiter::Close() {
  if (semaphore_.has_value()) semaphore_->Close();
}

}  // namespace pgring
