#include "pgring/uring/ready_queue.h"

namespace pgring {

void ReadyQueue::RunBatch() {
  IntrusiveList<ReadyNode, ReadyTag> batch;
  batch.TakeAll(&ready_);
  for (;;) {
    ReadyNode* node = continuations_.PopFront();
    if (node == nullptr) node = batch.PopFront();
    if (node == nullptr) return;
    if (node->step != nullptr && !node->step->OnWake()) continue;
    // The handle is copied out because the node dies with the frame that this may finish.
    const std::coroutine_handle<> handle = node->handle;
    handle.resume();
  }
}

}  // namespace pgring
