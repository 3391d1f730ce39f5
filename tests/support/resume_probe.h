// A coroutine for tests below the coroutine layer: it counts how often it was resumed and can do
// something each time. Its handle goes into a ReadyNode or TimerNode.
//
// The probe owns the coroutine; nothing may resume it once the probe is gone.
#ifndef PGRING_TESTS_SUPPORT_RESUME_PROBE_H_
#define PGRING_TESTS_SUPPORT_RESUME_PROBE_H_

#include <coroutine>
#include <cstdlib>
#include <functional>
#include <utility>

namespace pgring {

class ResumeProbe {
 public:
  explicit ResumeProbe(std::function<void()> action = nullptr)
      : action_(std::move(action)), handle_(Run(this).handle) {}
  ~ResumeProbe() { handle_.destroy(); }
  ResumeProbe(const ResumeProbe&) = delete;
  ResumeProbe& operator=(const ResumeProbe&) = delete;

  std::coroutine_handle<> handle() const { return handle_; }
  int resumed() const { return resumed_; }

 private:
  struct Loop {
    struct promise_type {
      Loop get_return_object() {
        return {std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      std::suspend_always initial_suspend() const noexcept { return {}; }
      std::suspend_always final_suspend() const noexcept { return {}; }
      void return_void() const {}
      void unhandled_exception() const { std::abort(); }
    };
    std::coroutine_handle<promise_type> handle;
  };

  static Loop Run(ResumeProbe* probe) {
    for (;;) {
      ++probe->resumed_;
      if (probe->action_) probe->action_();
      co_await std::suspend_always();
    }
  }

  std::function<void()> action_;
  int resumed_ = 0;
  std::coroutine_handle<> handle_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_RESUME_PROBE_H_
