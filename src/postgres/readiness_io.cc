#include "pgring/base/check.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/ring_operation.h"
#include "pgring/uring/timer_queue.h"

namespace pgring {
namespace {

class ReadinessIo final : public SocketIo {
 public:
  explicit ReadinessIo(Reactor* reactor) : reactor_(reactor), poll_(reactor) {}

  void Abort() override {
    aborted_ = true;
    poll_.Cancel();
  }

  // libpq has sent it itself.
  void NoteOutput(bool is_unsent) override {
    // The poll is begun again, for both.
    if (is_unsent && want_ != Want::kReadOrWrite) poll_.Cancel();
  }

  bool Start(int socket, Want want) override {
    if (aborted_ || reactor_->has_failed()) return false;
    PGRING_CHECK(socket >= 0, "a wait on a connection without a socket");
    want_ = want;
    poll_.StartPoll(socket, static_cast<uint32_t>(PollEvents(want)));
    return true;
  }

  void Suspend(std::coroutine_handle<> waiter, int64_t deadline_ns, WakeStep* step) override {
    node_.handle = waiter;
    node_.step = step;
    poll_.SetWaiter(&node_);
    if (deadline_ns != kNoDeadlineNs) reactor_->timers()->Arm(&node_, deadline_ns);
  }

  WaitOutcome Finish() override {
    reactor_->timers()->Disarm(&node_);
    if (aborted_ || reactor_->has_failed()) return WaitOutcome::kAborted;
    // The poll may still be in flight here; End() waits for it before the socket is closed, and a
    // connection whose deadline passed is always closed.
    return poll_.in_flight() ? WaitOutcome::kDeadline : WaitOutcome::kReady;
  }

 private:
  bool StartEnd() override {
    poll_.Cancel();
    return poll_.in_flight();
  }

  void SuspendEnd(std::coroutine_handle<> waiter) override {
    node_.handle = waiter;
    node_.step = nullptr;
    poll_.SetWaiter(&node_);
  }

  Reactor* const reactor_;
  RingOperation poll_;
  Want want_ = Want::kDone;  // of the poll
  bool aborted_ = false;
  // One waiter at a time, posted by the completion or by the deadline, whichever comes first.
  TimerNode node_;
};

}  // namespace

std::unique_ptr<SocketIo> MakeReadinessIo(Reactor* reactor) {
  return std::make_unique<ReadinessIo>(reactor);
}

}  // namespace pgring
