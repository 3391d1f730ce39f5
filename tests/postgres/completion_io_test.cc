// Bytes through the ring: what recv and send do on a socket that a CompletionIo serves, as long as
// all is well. How it ends: completion_io_end_test.cc.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>

#include "completion_io_fixture.h"
#include "postgres/socket_bytes.h"

namespace pgring {
namespace {

template <typename Ring>
class CompletionIoTest : public CompletionIoFixture<Ring> {};
TYPED_TEST_SUITE(CompletionIoTest, CompletionRings, CompletionRingNames);

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
// would never receive again. So do bytes that arrive without a wait.
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

using CompletionIoKernelTest = CompletionIoFixture<KernelRing>;
using CompletionIoAloneTest = CompletionIoFixture<BlockingKernelRing>;

// Where everything has to go through the ring, so does the request of a connection that is alone.
TEST_F(CompletionIoKernelTest, LoneRequestWaitsForTheRing) {
  ASSERT_EQ(send(socket_, "question", 8, 0), 8);
  SocketIo::Wait wait(io_.get(), socket_, Want::kRead, kNoDeadlineNs);
  EXPECT_FALSE(wait.await_ready());
  EXPECT_EQ(ServerHears(), "");
  ASSERT_TRUE(reactor_.Turn().ok());
  EXPECT_EQ(ServerHears(), "question");
}

// The server can begin while this side is still on its way to sleep. (The simulator has no system
// calls of its own.)
TEST_F(CompletionIoAloneTest, LoneRequestLeavesBeforeTheWait) {
  ASSERT_EQ(send(socket_, "question", 8, 0), 8);
  EXPECT_EQ(ServerHears(), "") << "more may be added before the wait";
  SocketIo::Wait wait(io_.get(), socket_, Want::kRead, kNoDeadlineNs);
  EXPECT_FALSE(wait.await_ready());
  EXPECT_EQ(ServerHears(), "question");
}

// An idle connection that the server talks to without end is left in the kernel at some point, so
// that the server has to wait, and is read again when libpq next asks.
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
