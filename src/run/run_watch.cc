#include "run/run_watch.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

#include "pgring/coro/awaitables.h"

namespace pgring {

RunWatch::RunWatch(Reactor* reactor, Pool* pool, const Interrupt* interrupt)
    : reactor_(reactor),
      pool_(pool),
      interrupt_(interrupt),
      stop_(reactor->ready()),
      tasks_(reactor->ready()),
      interrupt_poll_(reactor),
      watchdog_poll_(reactor) {}

void RunWatch::WatchInterrupt(std::function<void()> on_interrupt,
                              std::function<void()> on_ring_failed) {
  on_interrupt_ = std::move(on_interrupt);
  on_ring_failed_ = std::move(on_ring_failed);
  tasks_.Spawn(AwaitInterrupt());
}

void RunWatch::WatchWaits() { tasks_.Spawn(RescueEverySecond()); }

void RunWatch::Stop() {
  stop_.RequestStop();
  interrupt_poll_.Cancel();
  watchdog_poll_.Cancel();
}

Task<void> RunWatch::AwaitInterrupt() {
  const StopToken stop(&stop_);
  // A run without operations is over before this has begun to watch.
  if (stop.stop_requested()) co_return;
  RingOperation* poll = &interrupt_poll_;
  const int descriptor = interrupt_->descriptor();
  co_await PollDescriptor(poll, descriptor, POLLIN, PollUrgency::kBackground);
  if (reactor_->has_failed()) {
    on_ring_failed_();
    if (on_cancel_) on_cancel_();
    pool_->AbortBusy();
    co_return;
  }
  if (!interrupt_->raised()) co_return;
  on_interrupt_();
  const int64_t cancel_ns = reactor_->clock().NowNs() + Interrupt::kDrainNs;
  bool still_running = co_await SleepUntil(reactor_, cancel_ns, stop);
  if (!still_running) co_return;
  if (on_cancel_) on_cancel_();
  pool_->CancelBusy();
  const int64_t abort_ns = cancel_ns + Interrupt::kCancelNs;
  still_running = co_await SleepUntil(reactor_, abort_ns, stop);
  if (still_running) pool_->AbortBusy();
}

// A timer of the kernel's: one of the reactor's would give every wait of the loop a deadline.
Task<void> RunWatch::RescueEverySecond() {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer < 0) co_return;
  const itimerspec every_second = {{1, 0}, {1, 0}};
  timerfd_settime(timer, 0, &every_second, nullptr);
  RingOperation* poll = &watchdog_poll_;
  while (!stop_.stop_requested()) {
    const int32_t events = co_await PollDescriptor(poll, timer, POLLIN, PollUrgency::kBackground);
    uint64_t expirations = 0;
    if (events <= 0 || read(timer, &expirations, sizeof expirations) <= 0) break;
    rescued_waits_ += pool_->RescueWaits();
  }
  close(timer);
}

}  // namespace pgring
