// Cooperative stopping: a source that is asked to stop once, and tokens that look at it or wait for
// it. One stop path serves an interrupt and a failed run alike.
//
// The source must outlive its tokens and waiters. Not thread-safe; never allocates.
#ifndef PGRING_CORO_STOP_H_
#define PGRING_CORO_STOP_H_

#include "pgring/base/intrusive_list.h"
#include "pgring/uring/ready_queue.h"

namespace pgring {

class StopSource;

// Something to post when the stop is requested. Leaves the source when destroyed.
struct StopWaiter : public ListHook<StopSource> {
  ReadyNode* node = nullptr;
};

class StopSource {
 public:
  explicit StopSource(ReadyQueue* ready) : ready_(ready) {}
  StopSource(const StopSource&) = delete;
  StopSource& operator=(const StopSource&) = delete;

  // Posts every waiter. Later calls do nothing.
  void RequestStop() {
    stop_requested_ = true;
    while (StopWaiter* waiter = waiters_.PopFront()) {
      if (!waiter->node->linked()) ready_->Post(waiter->node);
    }
  }
  bool stop_requested() const { return stop_requested_; }

 private:
  friend class StopToken;

  ReadyQueue* const ready_;
  bool stop_requested_ = false;
  IntrusiveList<StopWaiter, StopSource> waiters_;
};

// A token without a source never stops.
class StopToken {
 public:
  StopToken() = default;
  explicit StopToken(StopSource* source) : source_(source) {}

  bool stop_requested() const { return source_ != nullptr && source_->stop_requested_; }
  // `waiter->node` will be posted at the stop, once, unless it is on the ready queue already then.
  void Register(StopWaiter* waiter) const {
    if (source_ != nullptr) source_->waiters_.PushBack(waiter);
  }

 private:
  StopSource* source_ = nullptr;
};

}  // namespace pgring

#endif  // PGRING_CORO_STOP_H_
