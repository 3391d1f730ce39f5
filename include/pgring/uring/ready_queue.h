// What may run next. Everything that ends a wait - a completion, a timer, a released semaphore, a
// returned connection, a finished child task - puts the waiting coroutine here and nowhere resumes
// it directly. So a release cannot recurse into the waiting coroutine, and the stack never grows
// with the number of waiters.
//
// The queue owns nothing: a ReadyNode lives inside the awaiter (and so inside the suspended
// coroutine's frame) and leaves the queue when it is destroyed. Not thread-safe.
#ifndef PGRING_URING_READY_QUEUE_H_
#define PGRING_URING_READY_QUEUE_H_

#include <coroutine>

#include "pgring/base/intrusive_list.h"

namespace pgring {

struct ReadyTag {};

// What has to be done when a wait ends, before its coroutine is resumed: where the wait turns out
// to go on, the coroutine sleeps through it.
class WakeStep {
 public:
  // Whether the coroutine is to be resumed. If not, its node has been set up for another wait.
  virtual bool OnWake() = 0;

 protected:
  ~WakeStep() = default;
};

struct ReadyNode : public ListHook<ReadyTag> {
  std::coroutine_handle<> handle;
  WakeStep* step = nullptr;  // none: the coroutine is resumed
};

class ReadyQueue {
 public:
  // `node->handle` is set. A node is posted at most once until it has run.
  void Post(ReadyNode* node) { ready_.PushBack(node); }

  // For a coroutine that yields: it continues after the kernel's completions have been read.
  void PostForNextTurn(ReadyNode* node) { next_turn_.PushBack(node); }

  // For a parent whose child has just finished: it continues in this batch, right after the node
  // that finished the child. A chain of awaits would otherwise cost a turn of the loop for each
  // link. It cannot starve others: a chain is as long as the nesting, and every new wait ends it.
  void PostContinuation(ReadyNode* node) { continuations_.PushBack(node); }

  // Nothing for another batch of this turn.
  bool batch_empty() const { return ready_.empty() && continuations_.empty(); }
  bool empty() const { return batch_empty() && next_turn_.empty(); }

  // A new turn begins: what was posted for it is ready.
  void StartTurn() { ready_.TakeAll(&next_turn_); }

  // Resumes what was posted before the call, in order, each followed by the parents that it lets go
  // on; what is posted meanwhile waits for the next call. The only place in the program that
  // resumes a waiting coroutine.
  void RunBatch();

 private:
  IntrusiveList<ReadyNode, ReadyTag> ready_;
  IntrusiveList<ReadyNode, ReadyTag> continuations_;
  IntrusiveList<ReadyNode, ReadyTag> next_turn_;
};

}  // namespace pgring

#endif  // PGRING_URING_READY_QUEUE_H_
