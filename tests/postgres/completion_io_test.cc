// Bytes through the ring: what recv and send do on a socket that a CompletionIo serves, over the
// kernel's ring and over the simulator, which moves single bytes where it likes. The calls are the
// C library's, as libpq makes them.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include "pgring/base/check.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/kernel_backend.h"
#include "pgring/uring/simulated_backend.h"
#include "postgres/socket_bytes.h"

namespace pgring {
namespace {

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

struct RegisteredKernelRing {
  static std::unique_ptr<Backend> Make() {
    return KernelRing::Make({.file_slots = 2, .receive_buffers = 16});
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

Task<WaitOutcome> WaitFor(SocketIo* io, int socket, Want want) {
  const WaitOutcome outcome = co_await SocketIo::Wait(io, socket, want, kNoDeadlineNs);
  co_return outcome;
}

Task<void> EndIo(SocketIo* io) { co_await SocketIo::End(io); }

template <typename Ring>
class CompletionIoTest : public ::testing::Test {
 protected:
  CompletionIoTest() : reactor_(Ring::Make()) {
    int sockets[2];
    PGRING_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0,
                 "no pair of sockets");
    socket_ = sockets[0];
    server_ = sockets[1];
    io_ = MakeCompletionIo(&reactor_, socket_);
  }
  ~CompletionIoTest() override {
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

struct RingNames {
  template <typename Ring>
  static std::string GetName(int) {
    if (std::is_same_v<Ring, KernelRing>) return "Kernel";
    if (std::is_same_v<Ring, RegisteredKernelRing>) return "KernelRegistered";
    if (std::is_same_v<Ring, TinyKernelRing>) return "KernelTiny";
    return std::is_same_v<Ring, WholeSimulation> ? "Simulated" : "SimulatedShort";
  }
};
using Rings = ::testing::Types<KernelRing, RegisteredKernelRing, TinyKernelRing, WholeSimulation,
                               ShortSimulation>;
TYPED_TEST_SUITE(CompletionIoTest, Rings, RingNames);

TYPED_TEST(CompletionIoTest, QuestionLeavesWithTheWaitForItsAnswer) {
  EXPECT_EQ(send(this->socket_, "question", 8, MSG_NOSIGNAL), 8);
  EXPECT_EQ(this->ServerHears(), "") << "it waits for the next system call";
  this->ServerSays("answer");
  EXPECT_EQ(this->Expect(6), "answer");
  // The kernel need not have told of the last byte's leaving by now.
  this->ServerSays("!");
  EXPECT_EQ(this->Expect(1), "!");
  EXPECT_EQ(this->ServerHears(), "question");
}

TYPED_TEST(CompletionIoTest, NothingToReadIsEagain) {
  char byte;
  errno = 0;
  EXPECT_EQ(recv(this->socket_, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TYPED_TEST(CompletionIoTest, LongAnswerComesWholeAndInOrder) {
  std::string answer;
  for (int i = 0; answer.size() < 100'000; ++i) answer += std::to_string(i) + " ";
  this->ServerSays(answer);
  EXPECT_EQ(this->Expect(answer.size()), answer);
}

// What is left in memory ends the next wait at once, whatever the socket does.
TYPED_TEST(CompletionIoTest, WhatIsLeftIsReadyAtOnce) {
  this->ServerSays("ab");
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
  char byte;
  EXPECT_EQ(recv(this->socket_, &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'a');
  EXPECT_EQ(this->Expect(1), "b");
}

// What libpq has no room for, or does not ask for, must not stay in the ring's buffers: others
// would never receive again. So do bytes that come while nobody waits.
TYPED_TEST(CompletionIoTest, IdleConnectionHoldsNoBuffer) {
  int others[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), 0);
  const auto other = MakeCompletionIo(&this->reactor_, others[0]);
  this->ServerSays("answer and more");
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
  std::array<char, 6> answer;
  size_t taken = 0;
  while (taken < answer.size()) {
    const ssize_t count = recv(this->socket_, answer.data() + taken, answer.size() - taken, 0);
    if (count > 0) {
      taken += static_cast<size_t>(count);
    } else {
      EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
    }
  }
  EXPECT_EQ(std::string(answer.data(), answer.size()), "answer");
  this->io_->NoteStep(this->socket_, true);
  this->ServerSays(", unasked");

  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(write(others[1], "x", 1), 1);
    EXPECT_EQ(RunUntilDone(&this->reactor_, WaitFor(other.get(), others[0], Want::kRead)),
              WaitOutcome::kReady);
    char byte = 0;
    EXPECT_EQ(recv(others[0], &byte, 1, 0), 1);
    EXPECT_EQ(byte, 'x');
    other->NoteStep(others[0], true);
  }
  EXPECT_EQ(this->Expect(18), " and more, unasked");
  RunUntilDone(&this->reactor_, EndIo(other.get()));
  close(others[0]);
  close(others[1]);
}

// An idle connection that the server talks to without end is left in the kernel at some point, so
// that the server has to wait, and is read again when libpq next asks.
using CompletionIoKernelTest = CompletionIoTest<KernelRing>;
TEST_F(CompletionIoKernelTest, IdleConnectionTakesOnlySoMuch) {
  ServerSays("a");
  EXPECT_EQ(Expect(1), "a");
  std::string said;
  for (int in_vain = 0; in_vain < 100;) {
    const std::string words = std::to_string(said.size()) + std::string(500, ' ');
    if (write(server_, words.data(), words.size()) > 0) {
      said += words;
      in_vain = 0;
    } else {
      ++in_vain;
    }
    ASSERT_TRUE(reactor_.backend().SubmitAndWait(0).ok());
    ASSERT_TRUE(reactor_.Turn().ok());
  }
  EXPECT_LT(said.size(), 2'000'000u);
  EXPECT_EQ(Expect(said.size()), said);
  ServerSays("b");
  EXPECT_EQ(Expect(1), "b");
}

// A server that reads slower than libpq writes: libpq is told to wait, and everything arrives. Only
// the kernel's ring waits for another thread.
TEST_F(CompletionIoKernelTest, FullQueueIsEagainUntilThereIsRoom) {
  std::string question;
  for (int i = 0; question.size() < 1'500'000; ++i) question += std::to_string(i) + " ";
  std::string heard;
  std::thread server([this, &heard, size = question.size()] {
    char buffer[10'000];
    while (heard.size() < size) {
      pollfd readable = {server_, POLLIN, 0};
      EXPECT_EQ(poll(&readable, 1, -1), 1);
      const ssize_t count = read(server_, buffer, sizeof buffer);
      if (count > 0) heard.append(buffer, static_cast<size_t>(count));
    }
    EXPECT_EQ(write(server_, "heard", 5), 5);
  });
  size_t sent = 0;
  bool was_full = false;
  while (sent < question.size()) {
    const ssize_t count =
        send(socket_, question.data() + sent, question.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<size_t>(count);
      continue;
    }
    EXPECT_EQ(errno, EAGAIN);
    was_full = true;
    EXPECT_EQ(Wait(Want::kReadOrWrite), WaitOutcome::kReady);
  }
  EXPECT_TRUE(was_full);
  EXPECT_EQ(Expect(5), "heard");
  server.join();
  EXPECT_EQ(heard, question);
}

TYPED_TEST(CompletionIoTest, EndOfTheStreamStays) {
  this->ServerSays("last words");
  this->CloseServer();
  EXPECT_EQ(this->Expect(10), "last words");
  char byte;
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(recv(this->socket_, &byte, 1, 0), 0);
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
}

// The kernel tells it once, libpq must hear of it.
TYPED_TEST(CompletionIoTest, ResetIsToldWithItsError) {
  EXPECT_EQ(write(this->socket_, "unread", 6), 6);
  this->CloseServer();
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
  char byte;
  errno = 0;
  EXPECT_EQ(recv(this->socket_, &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(recv(this->socket_, &byte, 1, 0), 0);
}

TYPED_TEST(CompletionIoTest, SendToAPeerThatIsGoneIsAnError) {
  this->CloseServer();
  EXPECT_EQ(send(this->socket_, "a", 1, MSG_NOSIGNAL), 1) << "it has not been tried yet";
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady);
  while (this->reactor_.in_flight() > 0) ASSERT_TRUE(this->reactor_.Turn().ok());
  errno = 0;
  EXPECT_EQ(send(this->socket_, "b", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
}

TYPED_TEST(CompletionIoTest, AbortEndsTheWait) {
  Task<WaitOutcome> waiting = WaitFor(this->io_.get(), this->socket_, Want::kRead);
  waiting.handle().promise().set_ready_queue(this->reactor_.ready());
  waiting.handle().resume();
  EXPECT_FALSE(waiting.finished());
  this->io_->Abort();
  while (!waiting.finished()) ASSERT_TRUE(this->reactor_.Turn().ok());
  EXPECT_EQ(waiting.handle().promise().TakeValue(), WaitOutcome::kAborted);
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kAborted);
}

TYPED_TEST(CompletionIoTest, AfterTheEndTheSocketIsTheKernelsAgain) {
  this->ServerSays("plain");
  this->End();
  char buffer[8];
  EXPECT_EQ(recv(this->socket_, buffer, sizeof buffer, 0), 5);
  EXPECT_EQ(send(this->socket_, "words", 5, MSG_NOSIGNAL), 5);
  EXPECT_EQ(this->ServerHears(), "words");
}

// libpq closed it, and the number may be another connection's by now.
TYPED_TEST(CompletionIoTest, ClosedSocketIsNotServedAnyMore) {
  this->ServerSays("for the next");
  this->io_->NoteStep(-1, true);
  char buffer[20];
  EXPECT_EQ(recv(this->socket_, buffer, sizeof buffer, 0), 12);
  EXPECT_EQ(this->Wait(Want::kRead), WaitOutcome::kReady) << "libpq finds out what happened";
}

using CompletionIoRegisteredTest = CompletionIoTest<RegisteredKernelRing>;

// The worst case: libpq closes the socket with a request still queued, the number is somebody
// else's before the loop comes to the kernel, and nobody has said so.
TEST_F(CompletionIoRegisteredTest, QueuedRequestNeverReachesAnotherFile) {
  int others[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), 0);
  reactor_.BeginExchange();  // of somebody else, so that requests go through the queue
  Task<WaitOutcome> waiting = WaitFor(io_.get(), socket_, Want::kRead);
  waiting.handle().promise().set_ready_queue(reactor_.ready());
  waiting.handle().promise().SetRoot();
  EXPECT_EQ(send(socket_, "secret", 6, MSG_NOSIGNAL), 6);
  waiting.handle().resume();
  ASSERT_EQ(dup2(others[0], socket_), socket_);
  ServerSays("answer");
  while (!waiting.finished()) ASSERT_TRUE(reactor_.Turn().ok());
  EXPECT_EQ(TakeAll(), "answer");
  EXPECT_EQ(ServerHears(), "secret");
  char buffer[8];
  EXPECT_EQ(read(others[1], buffer, sizeof buffer), -1) << "it went to the other file";
  reactor_.EndExchange();
  close(others[0]);
  close(others[1]);
}

// The ring's hold on the file ends with the connection, or the server would never hear of it.
TEST_F(CompletionIoRegisteredTest, EndLetsGoOfTheFile) {
  End();
  close(socket_);
  char byte;
  EXPECT_EQ(read(server_, &byte, 1), 0) << "the end of the stream";
  socket_ = dup(server_);
}

TEST_F(CompletionIoRegisteredTest, MoreFilesThanPlacesWorkAllTheSame) {
  int others[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), 0);
  EXPECT_EQ(reactor_.backend().Register(others[0]).slot, 1);
  EXPECT_EQ(reactor_.backend().Register(others[1]).slot, -1);
  close(others[0]);
  close(others[1]);
}

// Nothing has ever been seen to lose a receive; the watchdog is there for the day when it happens.
using CompletionIoSimulatedTest = CompletionIoTest<WholeSimulation>;
TEST_F(CompletionIoSimulatedTest, ForgottenWaitIsBegunAgain) {
  static_cast<SimulatedBackend&>(reactor_.backend()).LoseNextReceive();
  Task<WaitOutcome> waiting = WaitFor(io_.get(), socket_, Want::kRead);
  waiting.handle().promise().set_ready_queue(reactor_.ready());
  waiting.handle().promise().SetRoot();
  waiting.handle().resume();
  ASSERT_TRUE(reactor_.backend().SubmitAndWait(0).ok());
  EXPECT_FALSE(io_->Rescue()) << "there is nothing to read";
  ServerSays("there");
  EXPECT_FALSE(io_->Rescue()) << "it may have come a moment ago";
  EXPECT_TRUE(io_->Rescue());
  while (!waiting.finished()) ASSERT_TRUE(reactor_.Turn().ok());
  EXPECT_EQ(waiting.handle().promise().TakeValue(), WaitOutcome::kReady);
  EXPECT_EQ(TakeAll(), "there");
  EXPECT_FALSE(io_->Rescue());
}

// A receive that goes on by itself may bring bytes and never the end behind them: with Linux 6.18
// about every ten-thousandth time, when both come at almost the same moment. That is how a server
// says goodbye.
TEST_F(CompletionIoSimulatedTest, EndBehindBytesIsAskedFor) {
  static_cast<SimulatedBackend&>(reactor_.backend()).LoseNextEnd();
  EXPECT_EQ(send(socket_, "question", 8, MSG_NOSIGNAL), 8);
  ServerSays("last words");
  EXPECT_EQ(Expect(10), "last words");
  EXPECT_EQ(ServerHears(), "question");
  CloseServer();
  ASSERT_TRUE(reactor_.backend().SubmitAndWait(0).ok());
  EXPECT_EQ(Wait(Want::kRead), WaitOutcome::kReady);
  char byte;
  EXPECT_EQ(recv(socket_, &byte, 1, 0), 0);
}

// It was forgotten while nobody waited: the request that cannot leave any more finds out.
TEST_F(CompletionIoSimulatedTest, EndBehindAnAnswerIsFoundByTheNextRequest) {
  static_cast<SimulatedBackend&>(reactor_.backend()).LoseNextEnd();
  ServerSays("answer");
  EXPECT_EQ(Expect(6), "answer");
  CloseServer();
  ASSERT_TRUE(reactor_.backend().SubmitAndWait(0).ok());
  EXPECT_EQ(send(socket_, "question", 8, MSG_NOSIGNAL), 8);
  EXPECT_EQ(Wait(Want::kRead), WaitOutcome::kReady);
  char byte;
  EXPECT_EQ(recv(socket_, &byte, 1, 0), 0);
}

TYPED_TEST(CompletionIoTest, UnknownFlagsGoToTheKernel) {
  this->ServerSays("peek");
  char buffer[8];
  EXPECT_EQ(recv(this->socket_, buffer, sizeof buffer, MSG_PEEK), 4);
  EXPECT_EQ(this->Expect(4), "peek");
}

TEST(SocketBytesTest, OtherDescriptorsAreTheKernels) {
  EXPECT_TRUE(OwnsSocketCalls());
  char byte;
  errno = 0;
  EXPECT_EQ(recv(-1, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(send(STDIN_FILENO + 100'000, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST(SocketBytesTest, CompletionWorksHere) {
  const absl::Status status = CheckCompletionIo();
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace pgring
