// Task<T>: a lazy coroutine that is awaited exactly once.
//
//   Task<absl::StatusOr<int>> Answer(Session* session);
//   ...
//   auto answer = co_await Answer(session);
//
// A task does nothing until it is awaited. It then runs on the awaiting coroutine's stack until it
// first waits for something; if it never does, the await does not suspend at all. So a loop of
// synchronous awaits needs no tail calls and no stack, whatever the compiler and build. A task that
// did wait hands its end to the ready queue, which resumes the parent in the same batch.
//
// Task owns its frame: destroying a Task destroys a suspended chain from the inside out, and every
// awaiter unlinks itself from what it waits on. Not thread-safe; frames come from the frame pool.
// An exception that leaves a coroutine ends the program: pgring's code throws none.
//
// Rules for coroutines (g++ 12 miscompiles other forms; tools/lint enforces them): co_await only as
// a whole statement or as the initialiser of a named variable; arguments of an awaited call are
// names, std::move(name), literals or constructor calls; no captures in lambda coroutines.
#ifndef PGRING_CORO_TASK_H_
#define PGRING_CORO_TASK_H_

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/uring/ready_queue.h"

namespace pgring {

template <typename T>
class Task;

namespace coro_internal {

[[noreturn]] void DieOfException();

// What every coroutine of ours has: pooled frames and the queue that its waits end on.
class PromiseBase {
 public:
  static void* operator new(size_t size_bytes) { return AllocateFrame(size_bytes); }
  static void operator delete(void* frame, size_t size_bytes) { FreeFrame(frame, size_bytes); }

  [[noreturn]] void unhandled_exception() { DieOfException(); }

  // nullptr in a coroutine that a blocking driver runs: it never waits.
  ReadyQueue* ready_queue() const { return ready_queue_; }
  void set_ready_queue(ReadyQueue* queue) { ready_queue_ = queue; }

 private:
  ReadyQueue* ready_queue_ = nullptr;
};

class TaskPromiseBase : public PromiseBase {
 public:
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
      finished.promise().OnFinished();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }

  bool finished() const { return finished_; }

  // A second parent would resume the frame in the middle of the first parent's wait.
  void NoteAwaited() {
    PGRING_CHECK(!awaited_, "a task can be awaited once");
    awaited_ = true;
  }

  // The parent has suspended and is to be posted at the end.
  void SetParent(std::coroutine_handle<> parent) { parent_.handle = parent; }

  // A root is not awaited: its owner runs the loop until it has finished. Its end leaves a node
  // ready, because the loop iteration that ends it would otherwise wait for what is in flight.
  void SetRoot() {
    is_root_ = true;
    parent_.handle = std::noop_coroutine();
  }

 private:
  void OnFinished() noexcept {
    finished_ = true;
    if (is_root_) {
      ready_queue()->PostForNextTurn(&parent_);
    } else if (parent_.handle) {
      ready_queue()->PostContinuation(&parent_);
    }
  }

  bool finished_ = false;
  bool awaited_ = false;
  bool is_root_ = false;
  ReadyNode parent_;
};

template <typename T>
class TaskPromise : public TaskPromiseBase {
 public:
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T TakeValue() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() const {}
  void TakeValue() const {}
};

template <typename T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(std::coroutine_handle<TaskPromise<T>> child) : child_(child) {}

  bool await_ready() const noexcept { return false; }

  // True: the child waits for something, and so does the parent.
  template <typename ParentPromise>
  bool await_suspend(std::coroutine_handle<ParentPromise> parent) {
    TaskPromise<T>& promise = child_.promise();
    promise.set_ready_queue(parent.promise().ready_queue());
    child_.resume();
    if (promise.finished()) return false;
    promise.SetParent(parent);
    return true;
  }

  T await_resume() { return child_.promise().TakeValue(); }

 private:
  std::coroutine_handle<TaskPromise<T>> child_;
};

}  // namespace coro_internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = coro_internal::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  coro_internal::TaskAwaiter<T> operator co_await() const {
    PGRING_CHECK(handle_, "a task that was moved away cannot be awaited");
    handle_.promise().NoteAwaited();
    return coro_internal::TaskAwaiter<T>(handle_);
  }

  // For drivers (run.h): whether it has finished, and its frame.
  bool finished() const { return handle_.promise().finished(); }
  Handle handle() const { return handle_; }

 private:
  Handle handle_;
};

namespace coro_internal {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace coro_internal

}  // namespace pgring

#endif  // PGRING_CORO_TASK_H_
