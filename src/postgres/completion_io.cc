#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "pgring/base/check.h"
#include "pgring/base/system_calls.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/ring_operation.h"
#include "pgring/uring/timer_queue.h"
#include "postgres/socket_bytes.h"

namespace pgring {
namespace {

// Beyond this, libpq is told to wait until some of it has left.
constexpr size_t kMaxQueuedBytes = 256 * 1024;
// A request larger than this need not be gone at once.
constexpr size_t kMaxBytesSentAtOnce = 4 * 1024;
// What an idle connection may be told before it is left in the kernel, which holds the server up.
constexpr size_t kMaxKeptBytes = 64 * 1024;

// A multishot receive is in flight from the first wait on (where the backend has nothing else in
// flight, it may end with each answer: the next wait re-arms it). Bytes that arrive while a wait is
// in progress are taken by libpq from the ring's own buffer. What libpq writes is queued and sent
// at the next wait, in the same system call that waits for the answer, one send at a time.
//
// The kernel may not report the end of a stream that comes right behind bytes (Linux 6.18: six of
// 45,000 on a Unix socket, and that is how a server closes a connection). So the socket is polled
// for it whenever libpq has received a part of an answer and wants more.
//
// A buffer of the ring's is held only from its completion until the waiter has run, which it does
// before the next submission: so a receive that ended because there was no buffer can be begun
// again at once, and an idle connection never keeps another from receiving.
class CompletionIo final : public SocketIo, public SocketBytes, public RingOperationListener {
 public:
  CompletionIo(Reactor* reactor, int socket)
      : reactor_(reactor),
        socket_(socket),
        file_(reactor->backend().PrepareSocket(socket)),
        receive_(reactor),
        send_(reactor) {
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

  void NoteStep(int socket, bool is_last) override {
    if (socket != socket_ && is_served_) {
      // The number may soon be another connection's.
      StopServing();
      receive_.Cancel();
      send_.Cancel();
    }
    if (is_last) KeepPieces();
  }

  bool Rescue() override {
    if (!is_waiting_ || is_woken_ || !receive_.in_flight()) return false;
    // Bytes that came a moment ago are on their way through the ring.
    if (!Shows(POLLIN) || std::exchange(looked_at_wait_, wait_number_) != wait_number_)
      return false;
    receive_.Cancel();
    return true;
  }

  ssize_t Receive(char* buffer, size_t size) override {
    size_t count =
        Copy(absl::MakeConstSpan(kept_).subspan(kept_taken_), buffer, size, &kept_taken_);
    if (kept_taken_ == kept_.size()) DropKept();
    while (count < size && piece_ < pieces_.size()) {
      const ReceivedBytes& piece = pieces_[piece_];
      count += Copy(piece.bytes.subspan(piece_taken_), buffer + count, size - count, &piece_taken_);
      if (piece_taken_ == piece.bytes.size()) NextPiece();
    }
    if (count > 0) {
      is_answered_in_part_ = true;
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
    is_answered_in_part_ = false;
    return static_cast<ssize_t>(count);
  }

  void NoteOutput(bool is_unsent) override {
    if (aborted_ || !is_served_) return;
    if (is_unsent) want_ = Want::kReadOrWrite;
    StartSend();
  }

  bool Start(int socket, Want want) override {
    NoteStep(socket, false);
    if (aborted_ || !is_served_ || reactor_->has_failed()) return false;
    // No other connection waits for an answer: the server may begin while this process sleeps.
    if (reactor_->exchanges() == 0) SendAtOnce();
    StartSend();
    // libpq takes no more than it has room for: what is left is there at once.
    if (HasInput() || (want != Want::kRead && queued_.empty() && !send_.in_flight())) return false;
    want_ = want;
    is_woken_ = false;
    ++wait_number_;
    if (!receive_.in_flight()) {
      receive_.StartReceive(file_);
    } else if (is_answered_in_part_ && Shows(POLLRDHUP)) {
      // Begun again at its end: a new receive looks first.
      receive_.Cancel();
    }
    return true;
  }

  void Suspend(std::coroutine_handle<> waiter, int64_t deadline_ns, WakeStep* step) override {
    node_.handle = waiter;
    node_.step = step;
    is_waiting_ = true;
    reactor_->BeginExchange();
    if (deadline_ns != kNoDeadlineNs) reactor_->timers()->Arm(&node_, deadline_ns);
  }

  WaitOutcome Finish() override {
    reactor_->timers()->Disarm(&node_);
    const bool timed_out = is_waiting_ && !is_woken_;
    if (std::exchange(is_waiting_, false)) reactor_->EndExchange();
    if (aborted_ || reactor_->has_failed()) return WaitOutcome::kAborted;
    return timed_out ? WaitOutcome::kDeadline : WaitOutcome::kReady;
  }

 private:
  bool StartEnd() override {
    StopServing();
    // A wait that was destroyed.
    if (std::exchange(is_waiting_, false)) reactor_->EndExchange();
    receive_.Cancel();
    send_.Cancel();
    const bool in_flight = receive_.in_flight() || send_.in_flight();
    if (!in_flight) KeepPieces();
    return in_flight;
  }

  void SuspendEnd(std::coroutine_handle<> waiter) override {
    node_.handle = waiter;
    node_.step = nullptr;
    is_ending_ = true;
  }

  void OnBytes(const ReceivedBytes& received) override {
    if (is_waiting_ && !aborted_) {
      pieces_.push_back(received);
      WakeIfDone();
      return;
    }
    KeepPieces();
    kept_.append(received.bytes.data(), received.bytes.size());
    reactor_->backend().ReturnBuffer(received.buffer);
    if (kept_.size() > kMaxKeptBytes) receive_.Cancel();
  }

  void OnEnd(RingOperation* operation) override {
    if (operation == &receive_) {
      EndReceive(receive_.result());
    } else {
      EndSend(send_.result());
    }
    if (is_ending_) {
      if (receive_.in_flight() || send_.in_flight()) return;
      KeepPieces();
      reactor_->ready()->Post(&node_);
      return;
    }
    WakeIfDone();
  }

  void WakeIfDone() {
    const bool sent = !send_.in_flight() && want_ != Want::kRead;
    const bool goes_on = HasInput() || sent || (aborted_ && !receive_.in_flight());
    if (!is_waiting_ || is_woken_ || !goes_on) return;
    is_woken_ = true;
    reactor_->ready()->Post(&node_);
  }

  // `result` > 0: it ended with bytes, which OnBytes has.
  void EndReceive(int32_t result) {
    if (aborted_ || !is_served_) return;
    const bool can_go_on = result > 0 || result == -ENOBUFS || result == -ECANCELED ||
                           result == -EAGAIN || result == -EINTR;
    if (result == 0) {
      at_end_ = true;
    } else if (!can_go_on) {
      receive_error_ = -result;
      // What the kernel would say from now on.
      at_end_ = true;
    } else if (is_waiting_ && !HasInput()) {
      receive_.StartReceive(file_);
    }
  }

  // The socket itself is asked.
  bool Shows(short events) const {
    CountSystemCalls(1);
    pollfd entry = {socket_, events, 0};
    return poll(&entry, 1, 0) == 1;
  }

  void SendAtOnce() {
    if (send_.in_flight() || queued_.empty() || queued_.size() > kMaxBytesSentAtOnce) return;
    queued_.erase(0, reactor_->backend().SendNow(file_, absl::MakeConstSpan(queued_)));
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
      // libpq reads the reason. Its end may have been forgotten: begun again, the receive looks
      // first.
      receive_.Cancel();
      return;
    }
    if (result > 0) sent_ += static_cast<size_t>(result);
    if (sent_ < leaving_.size()) {
      send_.StartSend(file_, absl::MakeConstSpan(leaving_).subspan(sent_));
    } else {
      StartSend();
    }
  }

  static size_t Copy(absl::Span<const char> from, char* to, size_t room, size_t* taken) {
    const size_t count = std::min(from.size(), room);
    std::memcpy(to, from.data(), count);
    *taken += count;
    return count;
  }

  void NextPiece() {
    reactor_->backend().ReturnBuffer(pieces_[piece_].buffer);
    piece_taken_ = 0;
    if (++piece_ < pieces_.size()) return;
    pieces_.clear();
    piece_ = 0;
  }

  // So that the ring has its buffers back.
  void KeepPieces() {
    while (piece_ < pieces_.size()) {
      const absl::Span<const char> rest = pieces_[piece_].bytes.subspan(piece_taken_);
      kept_.append(rest.data(), rest.size());
      NextPiece();
    }
  }

  void DropKept() {
    kept_taken_ = 0;
    kept_.clear();
    if (kept_.capacity() > kMaxKeptBytes) kept_.shrink_to_fit();
  }

  bool HasInput() const {
    return !pieces_.empty() || !kept_.empty() || at_end_ || receive_error_ != 0;
  }

  void StopServing() {
    if (!is_served_) return;
    is_served_ = false;
    ServeSocket(socket_, nullptr);
  }

  Reactor* const reactor_;
  const int socket_;
  const BackendFile file_;
  RingOperation receive_;
  RingOperation send_;
  bool is_served_ = true;
  bool aborted_ = false;

  // Received and not yet taken by libpq: first what was kept, then what is in the ring's buffers.
  std::string kept_;
  size_t kept_taken_ = 0;
  std::vector<ReceivedBytes> pieces_;
  size_t piece_ = 0;
  size_t piece_taken_ = 0;
  bool is_answered_in_part_ = false;  // libpq has read and not written since
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
  bool is_waiting_ = false;
  bool is_woken_ = false;
  bool is_ending_ = false;
};

}  // namespace

std::unique_ptr<SocketIo> MakeCompletionIo(Reactor* reactor, int socket) {
  return std::make_unique<CompletionIo>(reactor, socket);
}

}  // namespace pgring
