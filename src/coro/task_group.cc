#include "pgring/coro/task_group.h"

#include <utility>

#include "pgring/base/check.h"

namespace pgring {

// The root coroutine of one spawned task; destroys itself at its end.
struct TaskGroup::Member {
  class promise_type : public coro_internal::PromiseBase {
   public:
    Member get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}

    ReadyNode start;
  };

  std::coroutine_handle<promise_type> handle;
};

TaskGroup::~TaskGroup() { PGRING_CHECK(running_ == 0, "a task group was not joined"); }

TaskGroup::Member TaskGroup::RunMember(TaskGroup* group, Task<void> task) {
  co_await task;
  group->OnMemberFinished();
}

void TaskGroup::Spawn(Task<void> task) {
  ++running_;
  Member member = RunMember(this, std::move(task));
  Member::promise_type& promise = member.handle.promise();
  promise.set_ready_queue(ready_);
  promise.start.handle = member.handle;
  ready_->Post(&promise.start);
}

void TaskGroup::OnMemberFinished() {
  PGRING_CHECK(running_ > 0, "more tasks ended than were spawned");
  if (--running_ == 0 && joiner_ != nullptr) ready_->Post(std::exchange(joiner_, nullptr));
}

TaskGroup::JoinAwaiter::~JoinAwaiter() {
  if (group_->joiner_ == &node_) group_->joiner_ = nullptr;
}

void TaskGroup::JoinAwaiter::await_suspend(std::coroutine_handle<> joiner) {
  PGRING_CHECK(group_->joiner_ == nullptr, "a task group has one joiner at a time");
  node_.handle = joiner;
  group_->joiner_ = &node_;
}

}  // namespace pgring
