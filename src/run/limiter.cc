#include "run/limiter.h"

#include <limits>
#include <optional>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/coro/awaitables.h"

namespace pgring {
namespace {

class WindowLimiter : public Limiter {
 public:
  explicit WindowLimiter(const LimiterOptions& options)
      : semaphore_(options.reactor->ready(), options.limit) {}

  Task<Permit> Admit() override {
    Permit permit = co_await semaphore_.Acquire(1);
    co_return std::move(permit);
  }
  // Unless a limit that was lowered takes the place away.
  bool GoesOn(const Permit& permit, const OperationSample& /*sample*/) override {
    return permit.units() > 0 && semaphore_.available() >= 0 && !semaphore_.closed();
  }
  void set_limit(int limit) override { semaphore_.SetCapacity(limit); }
  int limit() const override { return static_cast<int>(semaphore_.capacity()); }
  void Close() override { semaphore_.Close(); }

 private:
  Semaphore semaphore_;
};

// All units are one chunk's at a time: it deals out as many as its limit says when it begins and
// withholds the rest, so that the next chunk waits for all of this one's operations whatever
// becomes of the limit meanwhile.
class ChunkLimiter : public Limiter {
 public:
  explicit ChunkLimiter(const LimiterOptions& options)
      : limit_(options.limit), semaphore_(options.reactor->ready(), kUnits) {}

  Task<Permit> Admit() override {
    if (chunk_.units() == 0) {
      withheld_.Release();
      Permit whole = co_await semaphore_.Acquire(kUnits);
      if (whole.units() == 0) co_return Permit();
      chunk_ = whole.Split(limit_);
      withheld_ = std::move(whole);
    }
    co_return chunk_.Split(1);
  }
  void set_limit(int limit) override {
    PGRING_CHECK(limit > 0, "a chunk has at least one operation");
    limit_ = limit;
  }
  int limit() const override { return limit_; }
  void Close() override { semaphore_.Close(); }

 private:
  // More than any limit.
  static constexpr int64_t kUnits = std::numeric_limits<int>::max() + int64_t{1};

  int limit_;
  Semaphore semaphore_;
  Permit chunk_;  // what is left of the chunk being started
  Permit withheld_;
};

class UnboundedLimiter : public Limiter {
 public:
  explicit UnboundedLimiter(const LimiterOptions& options) : reactor_(options.reactor) {
    if (options.endless) queue_.emplace(options.reactor->ready(), kMaxQueuedOperations);
  }

  Task<Permit> Admit() override {
    // What is ready runs in between; admitting everything first would let the connections that are
    // open wait for their work.
    co_await Yield(reactor_);
    if (!queue_.has_value()) co_return Permit();
    Permit permit = co_await queue_->Acquire(1);
    co_return std::move(permit);
  }
  void set_limit(int /*limit*/) override {}
  int limit() const override { return std::numeric_limits<int>::max(); }
  void Close() override {
    if (queue_.has_value()) queue_->Close();
  }

 private:
  Reactor* const reactor_;
  std::optional<Semaphore> queue_;
};

}  // namespace

void Limiter::OnEnd(Permit permit, const OperationSample& /*sample*/) { permit.Release(); }

std::unique_ptr<Limiter> MakeUnboundedLimiter(const LimiterOptions& options) {
  return std::make_unique<UnboundedLimiter>(options);
}

std::unique_ptr<Limiter> MakeWindowLimiter(const LimiterOptions& options) {
  return std::make_unique<WindowLimiter>(options);
}

std::unique_ptr<Limiter> MakeChunkLimiter(const LimiterOptions& options) {
  return std::make_unique<ChunkLimiter>(options);
}

}  // namespace pgring
