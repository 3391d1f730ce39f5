#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/kernel_backend.h"
#include "pgring/uring/ring_operation.h"
#include "pgring/uring/timer_queue.h"
#include "postgres/socket_bytes.h"

namespace pgring {
namespace {

// libpq reads at most twice as much at once; most answers are a fraction of it.
constexpr size_t kReceiveBufferBytes = 8 * 1024;
// Beyond this, libpq is told to wait until some of it has left.
constexpr size_t kMaxQueuedBytes = 256 * 1024;

// One receive and one send in flight at most. What libpq writes is queued and leaves at the next
// wait, in the same system call that waits for the answer; a receive is in flight only during a
// wait, so that an idle connection has nothing to end.
class CompletionIo final : public SocketIo, public SocketBytes, public RingOperationListener {
 public:
  CompletionIo(Reactor* reactor, int socket)
      : reactor_(reactor),
        socket_(socket),
        file_(reactor->backend().Register(socket)),
        receive_(reactor),
        send_(reactor),
        buffer_(std::make_unique<char[]>(kReceiveBufferBytes)) {
    receive_.SetListener(this);
    send_.SetListener(this);
    ServeSocket(socket, this);
  }

  ~CompletionIo() override { PGRING_CHECK(!is_served_, "a connection's I/O was not ended"); }

  CompletionIo(const CompletionIo&) = delete;
  CompletionIo& operator=(const CompletionIo&) = delete;

  void Abort() override {
    aborted_ = true;
    receive_.Cancel();
    send_.Cancel();
  }

  void NoteSocket(int socket) override {
    if (socket == socket_ || !is_served_) return;
    // The number may soon be another connection's.
    StopServing();
    receive_.Cancel();
    send_.Cancel();
  }

  bool Rescue() override {
    if (!is_waiting_ || is_woken_ || !receive_.in_flight()) return false;
    pollfd entry = {socket_, POLLIN, 0};
    const bool is_readable = poll(&entry, 1, 0) == 1;
    // Bytes that came a moment ago are on their way through the ring.
    if (!is_readable || std::exchange(looked_at_wait_, wait_number_) != wait_number_) return false;
    receives_again_ = true;
    receive_.Cancel();
    return true;
  }

  ssize_t Receive(char* buffer, size_t size) override {
    if (taken_ < filled_) {
      const size_t count = std::min(size, filled_ - taken_);
      std::memcpy(buffer, buffer_.get() + taken_, count);
      taken_ += count;
      return static_cast<ssize_t>(count);
    }
    // Told once, and the end after it, as the kernel does.
    if (receive_error_ == 0 && at_end_) return 0;
    errno = receive_error_ != 0 ? std::exchange(receive_error_, 0) : EAGAIN;
    return -1;
  }

  ssize_t Send(const char* bytes, size_t size) override {
    if (send_error_ != 0) {
      errno = send_error_;
      return -1;
    }
    const size_t count = std::min(size, kMaxQueuedBytes - queued_.size());
    if (count == 0) {
      errno = EAGAIN;
      return -1;
    }
    queued_.append(bytes, count);
    return static_cast<ssize_t>(count);
  }

 private:
  bool Start(int socket, Want want) override {
    NoteSocket(socket);
    if (aborted_ || !is_served_) return false;
    StartSend();
    // libpq takes no more than it has room for: what is left is there at once.
    if (HasInput()) return false;
    want_ = want;
    is_woken_ = false;
    ++wait_number_;
    if (!receive_.in_flight()) StartReceive();
    return true;
  }

  void Suspend(std::coroutine_handle<> waiter, int64_t deadline_ns) override {
    node_.handle = waiter;
    is_waiting_ = true;
    if (deadline_ns != kNoDeadlineNs) reactor_->timers()->Arm(&node_, deadline_ns);
  }

  WaitOutcome Finish() override {
    reactor_->timers()->Disarm(&node_);
    const bool timed_out = is_waiting_ && !is_woken_;
    is_waiting_ = false;
    if (aborted_) return WaitOutcome::kAborted;
    return timed_out ? WaitOutcome::kDeadline : WaitOutcome::kReady;
  }

  bool StartEnd() override {
    StopServing();
    receive_.Cancel();
    send_.Cancel();
    const bool in_flight = receive_.in_flight() || send_.in_flight();
    if (!in_flight) LetGo();
    return in_flight;
  }

  void SuspendEnd(std::coroutine_handle<> waiter) override {
    node_.handle = waiter;
    is_ending_ = true;
  }

  void OnEnd(RingOperation* operation) override {
    if (operation == &receive_) {
      EndReceive(receive_.result());
    } else {
      EndSend(send_.result());
    }
    if (is_ending_) {
      if (receive_.in_flight() || send_.in_flight()) return;
      LetGo();
      reactor_->ready()->Post(&node_);
      return;
    }
    const bool sent = !send_.in_flight() && want_ != Want::kRead;
    const bool goes_on = HasInput() || sent || (aborted_ && !receive_.in_flight());
    if (!is_waiting_ || is_woken_ || !goes_on) return;
    is_woken_ = true;
    reactor_->ready()->Post(&node_);
  }

  void StartReceive() {
    taken_ = filled_ = 0;
    receive_.StartReceive(file_, absl::MakeSpan(buffer_.get(), kReceiveBufferBytes));
  }

  void EndReceive(int32_t result) {
    if (result > 0) {
      filled_ = static_cast<size_t>(result);
    } else if (result == 0) {
      at_end_ = true;
    } else if (aborted_ || !is_served_) {
      return;
    } else if (result == -EAGAIN || result == -EINTR ||
               (result == -ECANCELED && std::exchange(receives_again_, false))) {
      StartReceive();
    } else {
      receive_error_ = -result;
      // What the kernel would say from now on.
      at_end_ = true;
    }
  }

  void StartSend() {
    if (send_.in_flight() || queued_.empty() || send_error_ != 0) return;
    leaving_.swap(queued_);
    queued_.clear();
    sent_ = 0;
    send_.StartSend(file_, absl::MakeConstSpan(leaving_));
  }

  void EndSend(int32_t result) {
    if (aborted_ || !is_served_) return;
    if (result < 0 && result != -EAGAIN && result != -EINTR) {
      send_error_ = -result;
      queued_.clear();
      return;
    }
    if (result > 0) sent_ += static_cast<size_t>(result);
    if (sent_ < leaving_.size()) {
      send_.StartSend(file_, absl::MakeConstSpan(leaving_).subspan(sent_));
    } else {
      StartSend();
    }
  }

  bool HasInput() const { return taken_ < filled_ || at_end_ || receive_error_ != 0; }

  // The kernel's file goes with the connection's own descriptor.
  void LetGo() { reactor_->backend().Unregister(std::exchange(file_, BackendFile(socket_))); }

  void StopServing() {
    if (!is_served_) return;
    is_served_ = false;
    ServeSocket(socket_, nullptr);
  }

  Reactor* const reactor_;
  const int socket_;
  BackendFile file_;
  RingOperation receive_;
  RingOperation send_;
  bool is_served_ = true;
  bool aborted_ = false;

  const std::unique_ptr<char[]> buffer_;  // the kernel's while receive_ is in flight
  size_t filled_ = 0;
  size_t taken_ = 0;
  bool at_end_ = false;
  int receive_error_ = 0;

  std::string queued_;   // by libpq
  std::string leaving_;  // the kernel's while send_ is in flight
  size_t sent_ = 0;
  int send_error_ = 0;

  // One waiter at a time.
  TimerNode node_;
  Want want_ = Want::kRead;
  int64_t wait_number_ = 0;
  int64_t looked_at_wait_ = 0;  // and found bytes
  bool receives_again_ = false;
  bool is_waiting_ = false;
  bool is_woken_ = false;
  bool is_ending_ = false;
};

// Sends a byte to itself through a ring.
absl::Status CheckTransfer(Backend* backend, const int (&sockets)[2]) {
  const char sent = 'x';
  char received = 0;
  backend->QueueSend(1, sockets[0], absl::MakeConstSpan(&sent, 1));
  backend->QueueReceive(2, sockets[1], absl::MakeSpan(&received, 1));
  const int64_t deadline_ns = backend->clock().NowNs() + kNanosecondsPerSecond;
  int ended = 0;
  absl::Status status;
  while (ended < 2) {
    PGRING_RETURN_IF_ERROR(backend->SubmitAndWait(deadline_ns));
    Completion completions[2];
    const size_t count = backend->TakeCompletions(absl::MakeSpan(completions));
    for (size_t i = 0; i < count; ++i) {
      ++ended;
      if (completions[i].result != 1) {
        status.Update(ErrnoStatus(-completions[i].result, "a transfer through the ring"));
      }
    }
    // What has not ended by now still holds `received`; the ring's end waits for it.
    if (backend->clock().NowNs() > deadline_ns) {
      return absl::UnavailableError("a transfer through the ring did not end within a second");
    }
  }
  if (status.ok() && received != sent) status = absl::UnavailableError("the ring lost a byte");
  return status;
}

}  // namespace

std::unique_ptr<SocketIo> MakeCompletionIo(Reactor* reactor, int socket) {
  return std::make_unique<CompletionIo>(reactor, socket);
}

absl::Status CheckCompletionIo() {
  if (!OwnsSocketCalls()) {
    return absl::UnavailableError("another library comes before this program's recv and send");
  }
  KernelBackendOptions options;
  options.submission_entries = 8;
  auto backend = CreateKernelBackend(options);
  if (!backend.ok()) return backend.status();
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) != 0) {
    return ErrnoStatus(errno, "making a pair of sockets");
  }
  const absl::Status status = CheckTransfer(backend->get(), sockets);
  close(sockets[0]);
  close(sockets[1]);
  return status;
}

}  // namespace pgring
