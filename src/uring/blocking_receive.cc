#include "uring/blocking_receive.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "pgring/base/system_calls.h"

namespace pgring {
namespace {

// The limit is counted in the kernel's ticks of up to 10 ms, and one more: a deadline closer than
// this is poll(2)'s, which is exact.
constexpr int64_t kNearNs = 3 * kBackgroundDelayNs;

// The system call itself: the program's own recv serves memory (see postgres/socket_bytes.h).
ssize_t ReceiveNow(int socket, absl::Span<char> room, int flags) {
  CountSystemCalls(1);
  return syscall(SYS_recvfrom, socket, room.data(), room.size(), flags, nullptr, nullptr);
}

ssize_t ReceiveBlocking(int socket, absl::Span<char> room) {
  int is_nonblocking = 0;
  CountSystemCalls(2);
  ioctl(socket, FIONBIO, &is_nonblocking);
  const ssize_t count = ReceiveNow(socket, room, 0);
  const int error_number = errno;
  is_nonblocking = 1;
  ioctl(socket, FIONBIO, &is_nonblocking);
  errno = error_number;
  return count;
}

ssize_t ReceiveUntil(int socket, absl::Span<char> room, int64_t wait_ns) {
  const timespec timeout = {wait_ns / kNanosecondsPerSecond, wait_ns % kNanosecondsPerSecond};
  pollfd entry = {socket, POLLIN, 0};
  CountSystemCalls(1);
  ppoll(&entry, 1, &timeout, nullptr);
  return ReceiveNow(socket, room, MSG_DONTWAIT);
}

ssize_t Receive(int socket, absl::Span<char> room, int64_t deadline_ns, const Clock& clock) {
  if (deadline_ns == kNoDeadlineNs) return ReceiveBlocking(socket, room);
  if (deadline_ns == 0) return ReceiveNow(socket, room, MSG_DONTWAIT);
  const int64_t wait_ns = std::max<int64_t>(0, deadline_ns - clock.NowNs());
  return wait_ns >= kNearNs ? ReceiveBlocking(socket, room) : ReceiveUntil(socket, room, wait_ns);
}

}  // namespace

bool BlockingReceive::Prepare(int socket) {
  const timeval limit = {0, kBackgroundDelayNs / 1'000};
  return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0;
}

BlockingReceive::Held BlockingReceive::Release() { return *std::exchange(held_, std::nullopt); }

std::optional<Completion> BlockingReceive::Wait(int64_t deadline_ns, const Clock& clock,
                                                absl::Span<char> room) {
  const ssize_t count = Receive(held_->file.descriptor, room, deadline_ns, clock);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  Completion completion;
  completion.result = static_cast<int32_t>(count < 0 ? -errno : count);
  completion.user_data = Release().user_data;
  return completion;
}

}  // namespace pgring
