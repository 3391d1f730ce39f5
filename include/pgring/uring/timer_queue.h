// Timers, kept in user space: a binary heap of nodes that live inside their owners. The ring is
// only ever told "wait until the earliest".
//
// The queue owns nothing; a TimerNode leaves the heap when it is destroyed. Adding may allocate
// when the heap grows beyond its largest size so far. Not thread-safe.
#ifndef PGRING_URING_TIMER_QUEUE_H_
#define PGRING_URING_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/uring/ready_queue.h"

namespace pgring {

class TimerQueue;

// One wait for a point in time. When it comes, the node is posted to the ready queue.
struct TimerNode : public ReadyNode {
  TimerNode() = default;
  ~TimerNode();
  bool armed() const { return queue_ != nullptr; }

 private:
  friend class TimerQueue;
  TimerQueue* queue_ = nullptr;
  size_t index_ = 0;
  int64_t deadline_ns_ = 0;
  uint64_t sequence_ = 0;  // equal deadlines expire in the order of their arming
};

class TimerQueue {
 public:
  TimerQueue() = default;
  // Every node must be gone.
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // `node` must not be armed; `node->handle` is set.
  void Arm(TimerNode* node, int64_t deadline_ns);
  // Takes the node off; does nothing when it is not armed.
  void Disarm(TimerNode* node);

  bool empty() const { return heap_.empty(); }
  // kNoDeadlineNs when empty.
  int64_t NextDeadlineNs() const;

  // Posts every node whose deadline is at or before `now_ns`, earliest first.
  void Expire(int64_t now_ns, ReadyQueue* ready);

 private:
  static bool Earlier(const TimerNode* left, const TimerNode* right);
  void Place(TimerNode* node, size_t index);
  void SiftUp(size_t index);
  void SiftDown(size_t index);

  std::vector<TimerNode*> heap_;
  uint64_t next_sequence_ = 0;
};

}  // namespace pgring

#endif  // PGRING_URING_TIMER_QUEUE_H_
