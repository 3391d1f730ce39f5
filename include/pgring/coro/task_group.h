// Runs any number of tasks side by side and joins them. A group must have been joined (or be empty)
// when it is destroyed: no task outlives what it works on.
//
// The group owns the tasks spawned into it, each until it has finished. Not thread-safe.
#ifndef PGRING_CORO_TASK_GROUP_H_
#define PGRING_CORO_TASK_GROUP_H_

#include <coroutine>
#include <cstddef>

#include "pgring/coro/task.h"
#include "pgring/uring/ready_queue.h"

namespace pgring {

class TaskGroup {
 public:
  explicit TaskGroup(ReadyQueue* ready) : ready_(ready) {}
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // The task starts when the ready queue comes to it, not before this returns.
  void Spawn(Task<void> task);

  size_t running() const { return running_; }

  class JoinAwaiter {
   public:
    explicit JoinAwaiter(TaskGroup* group) : group_(group) {}
    JoinAwaiter(const JoinAwaiter&) = delete;
    JoinAwaiter& operator=(const JoinAwaiter&) = delete;
    ~JoinAwaiter();
    bool await_ready() const { return group_->running_ == 0; }
    void await_suspend(std::coroutine_handle<> joiner);
    void await_resume() const {}

   private:
    TaskGroup* group_;
    ReadyNode node_;
  };

  // Waits until no task is running. One joiner at a time; tasks may be spawned again afterwards.
  JoinAwaiter Join() { return JoinAwaiter(this); }

 private:
  struct Member;
  static Member RunMember(TaskGroup* group, Task<void> task);
  void OnMemberFinished();

  ReadyQueue* const ready_;
  ReadyNode* joiner_ = nullptr;
  size_t running_ = 0;
};

}  // namespace pgring

#endif  // PGRING_CORO_TASK_GROUP_H_
