#include "support/reactor_world.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/uring/kernel_backend.h"

namespace pgring {
namespace {

// Small, so that the near end is soon unwritable. The kernel rounds it up to its minimum.
constexpr int kSendBufferBytes = 4096;

void ReadAll(int descriptor) {
  std::array<char, 65536> bytes;
  while (recv(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
  }
}

void WriteUntilFull(int descriptor) {
  const std::array<char, 1024> bytes = {};
  while (send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  PGRING_CHECK(errno == EAGAIN, "filling a socket's send buffer failed");
}

}  // namespace

KernelWorld::~KernelWorld() {
  for (const auto& [near_end, far_end] : far_ends_) {
    close(near_end);
    if (far_end >= 0) close(far_end);
  }
  for (const auto& [near_end, far_end] : closed_) {
    if (far_end >= 0) close(far_end);
  }
}

absl::StatusOr<std::unique_ptr<Backend>> KernelWorld::CreateBackend() {
  return CreateKernelBackend({.submission_entries = options_.submission_entries,
                              .completion_entries = options_.completion_entries});
}

int KernelWorld::NewDescriptor() {
  int ends[2];
  PGRING_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair failed");
  PGRING_CHECK(
      setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof(kSendBufferBytes)) == 0,
      "setsockopt failed");
  WriteUntilFull(ends[0]);
  far_ends_[ends[0]] = ends[1];
  return ends[0];
}

void KernelWorld::MakeReadable(int descriptor) {
  PGRING_CHECK(send(far_ends_.at(descriptor), "x", 1, MSG_NOSIGNAL) == 1, "send failed");
}

void KernelWorld::MakeUnreadable(int descriptor) { ReadAll(descriptor); }

void KernelWorld::MakeWritable(int descriptor) { ReadAll(far_ends_.at(descriptor)); }

void KernelWorld::HangUp(int descriptor) {
  int& far_end = far_ends_.at(descriptor);
  // What is unread at the close would make it a reset instead.
  ReadAll(far_end);
  close(far_end);
  far_end = -1;
}

void KernelWorld::Close(int descriptor) {
  close(descriptor);
  closed_[descriptor] = far_ends_.at(descriptor);
  far_ends_.erase(descriptor);
}

bool KernelWorld::IsReleased(int descriptor) {
  pollfd far_end = {closed_.at(descriptor), 0, 0};
  PGRING_CHECK(poll(&far_end, 1, 0) >= 0, "poll failed");
  return (far_end.revents & POLLHUP) != 0;
}

void KernelWorld::PassTimeUntil(int64_t time_ns) {
  while (SteadyClock::Get()->NowNs() < time_ns) {
  }
}

absl::StatusOr<std::unique_ptr<Backend>> SimulatedWorld::CreateBackend() {
  auto backend = std::make_unique<SimulatedBackend>(options_.simulated);
  backend_ = backend.get();
  return absl::StatusOr<std::unique_ptr<Backend>>(std::move(backend));
}

void SimulatedWorld::MakeReadable(int descriptor) {
  SetEvents(descriptor, events_[descriptor] | POLLIN);
}

void SimulatedWorld::MakeUnreadable(int descriptor) {
  SetEvents(descriptor, events_[descriptor] & ~static_cast<uint32_t>(POLLIN));
}

void SimulatedWorld::MakeWritable(int descriptor) {
  SetEvents(descriptor, events_[descriptor] | POLLOUT);
}

void SimulatedWorld::HangUp(int descriptor) {
  SetEvents(descriptor, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
}

void SimulatedWorld::SetEvents(int descriptor, uint32_t events) {
  events_[descriptor] = events;
  backend_->SetEvents(descriptor, events);
}

}  // namespace pgring
