// Whether the I/O mode `completion` works here: tried out before the first run needs it.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/kernel_backend.h"
#include "postgres/socket_bytes.h"

namespace pgring {
namespace {

// Sends bytes to itself through a ring: one receive must bring them twice, and end when told to.
class TransferCheck {
 public:
  TransferCheck(Backend* backend, const int (&sockets)[2])
      : backend_(backend), sender_(sockets[0]), receiver_(sockets[1]) {}

  absl::Status Run() {
    backend_->QueueReceive(kReceive, receiver_);
    for (const char byte : {'x', 'y'}) {
      received_ = 0;
      backend_->QueueSend(kSend, sender_, absl::MakeConstSpan(&byte, 1));
      PGRING_RETURN_IF_ERROR(WaitUntil([this, byte] { return received_ == byte && sent_; }));
      sent_ = false;
    }
    is_cancelling_ = true;
    backend_->QueueCancel(kCancel, kReceive);
    return WaitUntil([this] { return ended_ && cancelled_; });
  }

 private:
  static constexpr uint64_t kReceive = 1;
  static constexpr uint64_t kSend = 2;
  static constexpr uint64_t kCancel = 3;

  template <typename Condition>
  absl::Status WaitUntil(const Condition& condition) {
    const int64_t deadline_ns = backend_->clock().NowNs() + kNanosecondsPerSecond;
    while (!condition()) {
      PGRING_RETURN_IF_ERROR(backend_->SubmitAndWait(deadline_ns));
      Completion completions[4];
      const size_t count = backend_->TakeCompletions(absl::MakeSpan(completions));
      for (size_t i = 0; i < count; ++i) PGRING_RETURN_IF_ERROR(Note(completions[i]));
      if (backend_->clock().NowNs() > deadline_ns) {
        return absl::UnavailableError("a transfer through the ring did not end within a second");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Note(const Completion& completion) {
    if (completion.user_data == kCancel) {
      cancelled_ = true;
      return absl::OkStatus();
    }
    if (completion.user_data == kSend) sent_ = true;
    if (completion.user_data == kReceive && !completion.goes_on) {
      ended_ = true;
      // Up to Linux 6.4 it may be -ENOBUFS instead of -ECANCELED.
      if (is_cancelling_) return absl::OkStatus();
    }
    if (completion.result < 0) {
      return ErrnoStatus(-completion.result, "a transfer through the ring");
    }
    if (completion.buffer == kNoBuffer) return absl::OkStatus();
    received_ = *backend_->BufferBytes(completion.buffer);
    backend_->ReturnBuffer(completion.buffer);
    if (ended_) return absl::UnavailableError("a receive through the ring does not go on");
    return absl::OkStatus();
  }

  Backend* const backend_;
  const int sender_;
  const int receiver_;
  char received_ = 0;
  bool sent_ = false;
  bool is_cancelling_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
};

}  // namespace

absl::Status CheckCompletionIo() {
  if (!OwnsSocketCalls()) {
    return absl::UnavailableError("another library comes before this program's recv and send");
  }
  KernelBackendOptions options;
  options.submission_entries = 8;
  options.receive_buffers = 2;
  auto backend = CreateKernelBackend(options);
  if (!backend.ok()) return backend.status();
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) != 0) {
    return ErrnoStatus(errno, "making a pair of sockets");
  }
  const absl::Status status = TransferCheck(backend->get(), sockets).Run();
  close(sockets[0]);
  close(sockets[1]);
  return status;
}

}  // namespace pgring
