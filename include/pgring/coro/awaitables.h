// The waits that a coroutine can make on the reactor: a point in time, one turn of the loop, a
// descriptor. Each awaiter unlinks itself when it is destroyed, so a suspended chain can be
// destroyed at any moment. Not thread-safe; none allocates in the steady state.
#ifndef PGRING_CORO_AWAITABLES_H_
#define PGRING_CORO_AWAITABLES_H_

#include <coroutine>
#include <cstdint>

#include "pgring/coro/stop.h"
#include "pgring/uring/reactor.h"
#include "pgring/uring/ring_operation.h"

namespace pgring {

// Waits until `deadline_ns` or a stop. `co_await` gives true when the time was reached, false when
// the stop came first (or had come before).
class SleepUntil {
 public:
  SleepUntil(Reactor* reactor, int64_t deadline_ns, StopToken stop = StopToken())
      : reactor_(reactor), deadline_ns_(deadline_ns), stop_(stop) {}
  SleepUntil(const SleepUntil&) = delete;
  SleepUntil& operator=(const SleepUntil&) = delete;

  bool await_ready() const { return stop_.stop_requested(); }
  void await_suspend(std::coroutine_handle<> sleeper) {
    timer_.handle = sleeper;
    reactor_->timers()->Arm(&timer_, deadline_ns_);
    stop_waiter_.node = &timer_;
    stop_.Register(&stop_waiter_);
  }
  bool await_resume() {
    reactor_->timers()->Disarm(&timer_);
    stop_waiter_.Unlink();
    return !stop_.stop_requested();
  }

 private:
  Reactor* reactor_;
  int64_t deadline_ns_;
  StopToken stop_;
  TimerNode timer_;
  StopWaiter stop_waiter_;
};

// Lets everything else that is ready run, and the kernel have a look, before going on.
class Yield {
 public:
  explicit Yield(Reactor* reactor) : reactor_(reactor) {}
  Yield(const Yield&) = delete;
  Yield& operator=(const Yield&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> yielder) {
    node_.handle = yielder;
    reactor_->ready()->PostForNextTurn(&node_);
  }
  void await_resume() const {}

 private:
  Reactor* reactor_;
  ReadyNode node_;
};

// Waits once, through `operation`, for poll(2) `events` on `descriptor`; gives the mask of ready
// events or a negative errno (-ECANCELED after operation->Cancel()).
class PollDescriptor {
 public:
  PollDescriptor(RingOperation* operation, int descriptor, uint32_t events,
                 PollUrgency urgency = PollUrgency::kPrompt)
      : operation_(operation), descriptor_(descriptor), events_(events), urgency_(urgency) {}
  ~PollDescriptor() { operation_->SetWaiter(nullptr); }
  PollDescriptor(const PollDescriptor&) = delete;
  PollDescriptor& operator=(const PollDescriptor&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    node_.handle = waiter;
    operation_->SetWaiter(&node_);
    operation_->StartPoll(descriptor_, events_, urgency_);
  }
  int32_t await_resume() const { return operation_->result(); }

 private:
  RingOperation* operation_;
  int descriptor_;
  uint32_t events_;
  PollUrgency urgency_;
  ReadyNode node_;
};

}  // namespace pgring

#endif  // PGRING_CORO_AWAITABLES_H_
