// What tests of coroutines share. At the end of each of their tests every coroutine frame and every
// Counted is gone again.
#ifndef PGRING_TESTS_SUPPORT_CORO_FIXTURE_H_
#define PGRING_TESTS_SUPPORT_CORO_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/intrusive_list.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/coro/task.h"
#include "pgring/uring/ready_queue.h"
#include "support/counted.h"
#include "support/reactor_fixture.h"

namespace pgring {

// Longer than any test waits.
inline constexpr int64_t kHourNs = 3'600 * kNanosecondsPerSecond;

// Expects at its end what was alive at its beginning.
class FrameBalance {
 public:
  FrameBalance() : live_frames_(GetFramePoolStats().live_frames), live_counted_(Counted::live()) {}
  ~FrameBalance() {
    EXPECT_EQ(GetFramePoolStats().live_frames, live_frames_) << "a coroutine frame was leaked";
    EXPECT_EQ(Counted::live(), live_counted_) << "an argument or result was not freed once";
  }
  FrameBalance(const FrameBalance&) = delete;
  FrameBalance& operator=(const FrameBalance&) = delete;

  // Not an exact number: clang may do without the frame of a task that does not escape.
  int64_t new_frames() const { return GetFramePoolStats().live_frames - live_frames_; }

 private:
  const int64_t live_frames_;
  const int64_t live_counted_;
};

// Runs `task` to its first wait, as awaiting it would.
template <typename T>
void StartOn(ReadyQueue* ready, const Task<T>& task) {
  task.handle().promise().set_ready_queue(ready);
  task.handle().resume();
}

inline Task<void> Log(std::vector<int>* log, int number) {
  log->push_back(number);
  co_return;
}

// Coroutines without a reactor: the test runs the ready queue itself.
class ReadyQueueTest : public ::testing::Test {
 protected:
  ReadyQueue* ready() { return &ready_; }
  const FrameBalance& frames() const { return frames_; }

  void RunReady() {
    constexpr int kMaxBatches = 1'000'000;
    for (int batch = 0; !ready_.empty(); ++batch) {
      ASSERT_LT(batch, kMaxBatches);
      ready_.RunBatch();
    }
  }

 private:
  FrameBalance frames_;
  ReadyQueue ready_;
};

// Coroutines on a reactor, in both worlds.
template <typename World>
class CoroTest : public ReactorTest<World> {
 protected:
  const FrameBalance& frames() const { return frames_; }

  template <typename T>
  void Start(const Task<T>& task) {
    StartOn(this->reactor()->ready(), task);
  }

 private:
  FrameBalance frames_;
};

// A wait that the test ends by hand.
class Gate {
 public:
  explicit Gate(ReadyQueue* ready) : ready_(ready) {}

  class Awaiter : public ListHook<> {
   public:
    explicit Awaiter(Gate* gate) : gate_(gate) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      node_.handle = waiter;
      gate_->waiters_.PushBack(this);
    }
    void await_resume() const {}

   private:
    friend class Gate;
    Gate* gate_;
    ReadyNode node_;
  };

  Awaiter Wait() { return Awaiter(this); }
  bool has_waiters() const { return !waiters_.empty(); }
  // Every current waiter is resumed by the ready queue.
  void Open() {
    while (Awaiter* waiter = waiters_.PopFront()) ready_->Post(&waiter->node_);
  }

 private:
  ReadyQueue* const ready_;
  IntrusiveList<Awaiter> waiters_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_CORO_FIXTURE_H_
