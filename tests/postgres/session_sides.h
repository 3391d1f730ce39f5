// The kinds of session behind one face, so that one test body holds for all: over the reactor on
// the real ring, in each I/O mode, and blocking.
#ifndef PGRING_TESTS_POSTGRES_SESSION_SIDES_H_
#define PGRING_TESTS_POSTGRES_SESSION_SIDES_H_

#include <memory>
#include <utility>
#include <vector>

#include "pgring/base/check.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"
#include "pgring/postgres/connection.h"
#include "pgring/uring/kernel_backend.h"

namespace pgring {

class ReactorSide {
 public:
  // `may_leave_ring`: as in KernelBackendOptions.
  explicit ReactorSide(IoMode io_mode = IoMode::kReadiness, bool may_leave_ring = false)
      : reactor_(MakeBackend(may_leave_ring)), io_mode_(io_mode) {}

  std::unique_ptr<Connection> Make(const ConnectionParameters* parameters,
                                   const std::vector<Statement>* statements) {
    return std::make_unique<Connection>(&reactor_, parameters, statements, &canceller_, io_mode_);
  }
  absl::Status Connect(Connection* connection) { return Run(connection->Connect()); }
  void Close(Connection* connection) { Run(connection->Close()); }
  template <typename T>
  T Run(Task<T> task) {
    return RunUntilDone(&reactor_, std::move(task));
  }
  // Nothing may be left in the kernel of sessions that were closed.
  size_t in_flight() const { return reactor_.in_flight(); }
  Reactor* reactor() { return &reactor_; }

 private:
  static std::unique_ptr<Backend> MakeBackend(bool may_leave_ring) {
    // Few enough buffers that large results run out of them.
    absl::StatusOr<std::unique_ptr<Backend>> backend =
        CreateKernelBackend({.receive_buffers = 4, .may_leave_ring = may_leave_ring});
    PGRING_CHECK(backend.ok(), backend.status().ToString().c_str());
    return *std::move(backend);
  }

  Reactor reactor_;
  Canceller canceller_;
  const IoMode io_mode_;
};

class CompletionSide : public ReactorSide {
 public:
  CompletionSide() : ReactorSide(IoMode::kCompletion) {}
};

// As it runs: with one connection, which is most tests', receives block outside the ring.
class LoneCompletionSide : public ReactorSide {
 public:
  LoneCompletionSide() : ReactorSide(IoMode::kCompletion, true) {}
};

class BlockingSide {
 public:
  std::unique_ptr<BlockingSession> Make(const ConnectionParameters* parameters,
                                        const std::vector<Statement>* statements) {
    return std::make_unique<BlockingSession>(parameters, statements, nullptr);
  }
  static absl::Status Connect(BlockingSession* session) { return session->ConnectNow(); }
  static void Close(BlockingSession* session) { session->CloseNow(); }
  template <typename T>
  T Run(Task<T> task) {
    return RunInline(std::move(task));
  }
  size_t in_flight() const { return 0; }
};

}  // namespace pgring

#endif  // PGRING_TESTS_POSTGRES_SESSION_SIDES_H_
