// One socket that a CompletionIo serves, over rings of each kind: the kernel's, with what ends
// receives, and the simulator, which moves single bytes where it likes. The calls are the C
// library's, as libpq makes them.
#ifndef PGRING_TESTS_POSTGRES_COMPLETION_IO_FIXTURE_H_
#define PGRING_TESTS_POSTGRES_COMPLETION_IO_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <type_traits>

#include "pgring/base/check.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/kernel_backend.h"
#include "pgring/uring/simulated_backend.h"

namespace pgring {

struct KernelRing {
  static std::unique_ptr<Backend> Make() { return Make({.receive_buffers = 16}); }
  static std::unique_ptr<Backend> Make(const KernelBackendOptions& options) {
    auto backend = CreateKernelBackend(options);
    PGRING_CHECK(backend.ok(), "the kernel refuses io_uring");
    return *std::move(backend);
  }
};

// What ends a receive: one buffer for all, and a completion queue that overflows.
struct TinyKernelRing {
  static std::unique_ptr<Backend> Make() {
    return KernelRing::Make(
        {.submission_entries = 1, .completion_entries = 1, .receive_buffers = 1});
  }
};

// One connection's receive is always alone: it blocks outside the ring.
struct BlockingKernelRing {
  static std::unique_ptr<Backend> Make() {
    return KernelRing::Make({.receive_buffers = 16, .may_leave_ring = true});
  }
};

struct WholeSimulation {
  static std::unique_ptr<Backend> Make() {
    return std::make_unique<SimulatedBackend>(SimulatedBackendOptions());
  }
};

struct ShortSimulation {
  static std::unique_ptr<Backend> Make() {
    SimulatedBackendOptions options;
    options.short_transfer = 0.9;
    options.early_return = 0.2;
    options.receive_ends = 0.3;
    options.receive_buffers = 1;
    return std::make_unique<SimulatedBackend>(options);
  }
};

inline Task<WaitOutcome> WaitFor(SocketIo* io, int socket, Want want) {
  const WaitOutcome outcome = co_await SocketIo::Wait(io, socket, want, kNoDeadlineNs);
  co_return outcome;
}

inline Task<void> EndIo(SocketIo* io) { co_await SocketIo::End(io); }

template <typename Ring>
class CompletionIoFixture : public ::testing::Test {
 protected:
  CompletionIoFixture() : reactor_(Ring::Make()) {
    int sockets[2];
    PGRING_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0,
                 "no pair of sockets");
    socket_ = sockets[0];
    server_ = sockets[1];
    io_ = MakeCompletionIo(&reactor_, socket_);
  }
  ~CompletionIoFixture() override {
    End();
    EXPECT_EQ(reactor_.in_flight(), 0u);
    close(socket_);
    CloseServer();
  }

  void End() {
    if (io_ != nullptr) RunUntilDone(&reactor_, EndIo(io_.get()));
    io_.reset();
  }
  void CloseServer() {
    if (server_ >= 0) close(server_);
    server_ = -1;
  }
  WaitOutcome Wait(Want want) { return RunUntilDone(&reactor_, WaitFor(io_.get(), socket_, want)); }

  // As libpq: what is there, until there is nothing.
  std::string TakeAll() {
    std::string all;
    char buffer[1000];
    for (;;) {
      const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) return all;
      all.append(buffer, static_cast<size_t>(count));
    }
  }
  std::string Expect(size_t size) {
    std::string all = TakeAll();
    while (all.size() < size) {
      if (Wait(Want::kRead) != WaitOutcome::kReady) break;
      all += TakeAll();
    }
    return all;
  }
  void ServerSays(const std::string& text) {
    EXPECT_EQ(write(server_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string ServerHears() {
    std::string all;
    char buffer[65'536];
    for (;;) {
      const ssize_t count = read(server_, buffer, sizeof buffer);
      if (count <= 0) return all;
      all.append(buffer, static_cast<size_t>(count));
    }
  }

  Reactor reactor_;
  int socket_ = -1;
  int server_ = -1;
  std::unique_ptr<SocketIo> io_;
};

struct CompletionRingNames {
  template <typename Ring>
  static std::string GetName(int) {
    if (std::is_same_v<Ring, KernelRing>) return "Kernel";
    if (std::is_same_v<Ring, TinyKernelRing>) return "KernelTiny";
    if (std::is_same_v<Ring, BlockingKernelRing>) return "KernelBlocking";
    return std::is_same_v<Ring, WholeSimulation> ? "Simulated" : "SimulatedShort";
  }
};
using CompletionRings = ::testing::Types<KernelRing, TinyKernelRing, BlockingKernelRing,
                                         WholeSimulation, ShortSimulation>;

}  // namespace pgring

#endif  // PGRING_TESTS_POSTGRES_COMPLETION_IO_FIXTURE_H_
