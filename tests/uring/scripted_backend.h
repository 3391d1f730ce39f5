// A backend for tests of the reactor itself: it records what is queued and how long it is asked to
// wait, and completes only what the test tells it to.
#ifndef PGRING_TESTS_URING_SCRIPTED_BACKEND_H_
#define PGRING_TESTS_URING_SCRIPTED_BACKEND_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "pgring/base/clock.h"
#include "pgring/uring/backend.h"

namespace pgring {

class ScriptedBackend final : public Backend {
 public:
  struct Queued {
    uint64_t user_data;
    bool is_cancel;
    uint64_t target;
  };

  // Given out at the next TakeCompletions, in this order.
  void Complete(uint64_t user_data, int32_t result) { completions_.push_back({user_data, result}); }
  void Complete(const Completion& completion) { completions_.push_back(completion); }
  // What each following wait returns; as long as the deadline is given, time passes until it.
  void SetWaitStatus(const absl::Status& status) { wait_status_ = status; }

  FakeClock& fake_clock() { return clock_; }
  // Everything ever queued, and the deadline of every wait so far.
  const std::vector<Queued>& queued() const { return queued_; }
  const std::vector<int64_t>& deadlines_ns() const { return deadlines_ns_; }
  const std::vector<int>& returned_buffers() const { return returned_buffers_; }

  void QueuePoll(uint64_t user_data, int, uint32_t) override {
    queued_.push_back({user_data, false, 0});
  }
  void QueueReceive(uint64_t user_data, BackendFile) override {
    queued_.push_back({user_data, false, 0});
  }
  const char* BufferBytes(int) const override { return nullptr; }
  void ReturnBuffer(int buffer) override { returned_buffers_.push_back(buffer); }
  void QueueSend(uint64_t user_data, BackendFile, absl::Span<const char>) override {
    queued_.push_back({user_data, false, 0});
  }
  void QueueCancel(uint64_t user_data, uint64_t target) override {
    queued_.push_back({user_data, true, target});
  }
  absl::Status SubmitAndWait(int64_t deadline_ns) override {
    deadlines_ns_.push_back(deadline_ns);
    if (completions_.empty() && deadline_ns != kNoDeadlineNs) clock_.AdvanceTo(deadline_ns);
    return wait_status_;
  }
  void SleepUntil(int64_t deadline_ns) override { clock_.AdvanceTo(deadline_ns); }
  size_t TakeCompletions(absl::Span<Completion> completions) override {
    size_t taken = 0;
    while (taken < completions.size() && !completions_.empty()) {
      completions[taken++] = completions_.front();
      completions_.pop_front();
    }
    return taken;
  }
  const Clock& clock() const override { return clock_; }
  BackendStats stats() const override { return {}; }
  const std::string& setup() const override { return setup_; }

 private:
  FakeClock clock_;
  std::string setup_ = "scripted";
  absl::Status wait_status_;
  std::vector<Queued> queued_;
  std::vector<int64_t> deadlines_ns_;
  std::vector<int> returned_buffers_;
  std::deque<Completion> completions_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_URING_SCRIPTED_BACKEND_H_
