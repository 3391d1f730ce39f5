#include "pgring/uring/timer_queue.h"

#include "pgring/base/check.h"

namespace pgring {

TimerNode::~TimerNode() {
  if (queue_ != nullptr) queue_->Disarm(this);
}

TimerQueue::~TimerQueue() { PGRING_CHECK(heap_.empty(), "a timer outlived its queue"); }

void TimerQueue::Arm(TimerNode* node, int64_t deadline_ns) {
  PGRING_CHECK(!node->armed() && !node->linked(), "a timer can be armed once at a time");
  node->queue_ = this;
  node->deadline_ns_ = deadline_ns;
  node->sequence_ = next_sequence_++;
  heap_.push_back(node);
  node->index_ = heap_.size() - 1;
  SiftUp(node->index_);
}

void TimerQueue::Disarm(TimerNode* node) {
  if (!node->armed()) return;
  const size_t index = node->index_;
  node->queue_ = nullptr;
  TimerNode* last = heap_.back();
  heap_.pop_back();
  if (last == node) return;
  Place(last, index);
  SiftUp(index);
  SiftDown(last->index_);
}

int64_t TimerQueue::NextDeadlineNs() const {
  return heap_.empty() ? kNoDeadlineNs : heap_.front()->deadline_ns_;
}

void TimerQueue::Expire(int64_t now_ns, ReadyQueue* ready) {
  while (!heap_.empty() && heap_.front()->deadline_ns_ <= now_ns) {
    TimerNode* node = heap_.front();
    Disarm(node);
    // A stop may have posted it already in this very turn.
    if (!node->linked()) ready->Post(node);
  }
}

bool TimerQueue::Earlier(const TimerNode* left, const TimerNode* right) {
  if (left->deadline_ns_ != right->deadline_ns_) return left->deadline_ns_ < right->deadline_ns_;
  return left->sequence_ < right->sequence_;
}

void TimerQueue::Place(TimerNode* node, size_t index) {
  heap_[index] = node;
  node->index_ = index;
}

void TimerQueue::SiftUp(size_t index) {
  TimerNode* node = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (!Earlier(node, heap_[parent])) break;
    Place(heap_[parent], index);
    index = parent;
  }
  Place(node, index);
}

void TimerQueue::SiftDown(size_t index) {
  TimerNode* node = heap_[index];
  for (;;) {
    size_t child = index * 2 + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Earlier(heap_[child + 1], heap_[child])) ++child;
    if (!Earlier(heap_[child], node)) break;
    Place(heap_[child], index);
    index = child;
  }
  Place(node, index);
}

}  // namespace pgring
