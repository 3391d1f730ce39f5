// Multishot receives with a provided buffer ring: whatever ends one - no buffer, a full completion
// queue, no reason at all - every byte arrives once and in order. On the kernel's ring
// and on the simulator.
#include <errno.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/types/span.h"
#include "pgring/base/check.h"
#include "pgring/uring/kernel_backend.h"
#include "pgring/uring/simulated_backend.h"
#include "receiver.h"

namespace pgring {
namespace {

constexpr uint64_t kReceive = 1;

struct KernelReceives {
  static std::unique_ptr<Backend> Make(uint32_t buffers) {
    auto backend = CreateKernelBackend(
        {.submission_entries = 8, .completion_entries = 64, .receive_buffers = buffers});
    PGRING_CHECK(backend.ok(), "the kernel refuses io_uring");
    return *std::move(backend);
  }
};

struct SimulatedReceives {
  static std::unique_ptr<Backend> Make(uint32_t buffers) {
    return std::make_unique<SimulatedBackend>(
        SimulatedBackendOptions{.max_delay_ns = 1'000,
                                .short_transfer = 0.2,
                                .receive_ends = 0.2,
                                .receive_buffers = static_cast<int>(buffers)});
  }
};

template <typename Backends>
class ReceiveTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kBuffers = 2;

  const std::unique_ptr<Backend> backend_ = Backends::Make(kBuffers);
  Receiver receiver_{backend_.get()};
  Sockets sockets_;
};

struct BackendNames {
  template <typename Backends>
  static std::string GetName(int) {
    return std::is_same_v<Backends, KernelReceives> ? "Kernel" : "Simulated";
  }
};
using BothBackends = ::testing::Types<KernelReceives, SimulatedReceives>;
TYPED_TEST_SUITE(ReceiveTest, BothBackends, BackendNames);

// More often than there are buffers.
TYPED_TEST(ReceiveTest, BringsWhatComesWheneverItComes) {
  std::string said;
  for (int i = 0; i < 20; ++i) {
    const std::string word = "word" + std::to_string(i);
    this->sockets_.Say(word);
    said += word;
    EXPECT_EQ(this->receiver_.TurnUntil(kReceive, this->sockets_.client, said.size()), said);
  }
  EXPECT_EQ(this->backend_->stats().overflows, 0);
}

TYPED_TEST(ReceiveTest, CancelEndsIt) {
  this->receiver_.Start(kReceive, this->sockets_.client);
  this->receiver_.Turn();
  this->receiver_.Cancel(kReceive);
  this->receiver_.TurnUntilEnded(kReceive);
  // Up to Linux 6.4 it may be -ENOBUFS.
  EXPECT_LT(this->receiver_.last_result(kReceive), 0);
  while (!this->receiver_.cancel_ended()) this->receiver_.Turn();
}

// An owner cancels when its descriptor was closed, and the number may be another file's by the time
// of the submission.
TYPED_TEST(ReceiveTest, CancelBeforeTheSubmissionTakesNothing) {
  constexpr uint64_t kSend = 2;
  this->sockets_.Say("for another reader");
  this->receiver_.Start(kReceive, this->sockets_.client);
  const std::string secret = "secret";
  this->receiver_.StartSend(kSend, this->sockets_.client, secret);
  this->receiver_.Cancel(kReceive);
  this->receiver_.Cancel(kSend);
  this->receiver_.TurnUntilEnded(kReceive);
  this->receiver_.TurnUntilEnded(kSend);
  while (this->receiver_.cancels_ended() < 2) this->receiver_.Turn();
  EXPECT_EQ(this->receiver_.last_result(kReceive), -ECANCELED);
  EXPECT_EQ(this->receiver_.last_result(kSend), -ECANCELED);
  std::array<char, 32> bytes = {};
  EXPECT_EQ(read(this->sockets_.server, bytes.data(), bytes.size()), -1) << "nothing was sent";
  EXPECT_EQ(read(this->sockets_.client, bytes.data(), bytes.size()), 18);
}

TYPED_TEST(ReceiveTest, EndOfTheStreamComesAfterTheLastByte) {
  this->sockets_.Say("last words");
  this->sockets_.CloseServer();
  EXPECT_EQ(this->receiver_.TurnUntil(kReceive, this->sockets_.client, 10), "last words");
  do {
    if (!this->receiver_.in_flight(kReceive)) {
      this->receiver_.Start(kReceive, this->sockets_.client);
    }
    this->receiver_.TurnUntilEnded(kReceive);
  } while (this->receiver_.last_result(kReceive) == -ENOBUFS);
  EXPECT_EQ(this->receiver_.last_result(kReceive), 0);
}

TYPED_TEST(ReceiveTest, ResetEndsItWithItsError) {
  ASSERT_EQ(write(this->sockets_.client, "unread", 6), 6);
  this->receiver_.Start(kReceive, this->sockets_.client);
  this->receiver_.Turn();
  this->sockets_.CloseServer();
  this->receiver_.TurnUntilEnded(kReceive);
  EXPECT_EQ(this->receiver_.last_result(kReceive), -ECONNRESET);
}

TYPED_TEST(ReceiveTest, WithoutAFreeBufferItEndsAndLosesNothing) {
  const std::string text = LongText(100'000);
  this->receiver_.HoldBuffers();
  this->sockets_.Say(text);
  int32_t last = 0;
  while (last != -ENOBUFS) {
    if (!this->receiver_.in_flight(kReceive)) {
      this->receiver_.Start(kReceive, this->sockets_.client);
    }
    this->receiver_.Turn();
    last = this->receiver_.last_result(kReceive);
  }
  EXPECT_FALSE(this->receiver_.in_flight(kReceive));
  EXPECT_LT(this->receiver_.bytes(kReceive).size(), text.size());
  // Giving buffers back does not start it again, and beginning it without them ends it at once.
  this->receiver_.Start(kReceive, this->sockets_.client);
  this->receiver_.TurnUntilEnded(kReceive);
  EXPECT_EQ(this->receiver_.last_result(kReceive), -ENOBUFS);
  this->receiver_.ReturnHeld();
  EXPECT_EQ(this->receiver_.TurnUntil(kReceive, this->sockets_.client, text.size()), text);
}

// The kernel has completions wait where the queue is full, and ends the receives that they are of,
// each with bytes that must not be dropped for that.
TEST(KernelReceiveTest, FullCompletionQueueEndsReceivesAndLosesNothing) {
  constexpr uint64_t kCount = 20;
  auto backend = CreateKernelBackend(
      {.submission_entries = 1, .completion_entries = 1, .receive_buffers = 64});
  ASSERT_TRUE(backend.ok()) << backend.status();
  Receiver receiver(backend->get());
  std::array<Sockets, kCount> sockets;
  for (uint64_t i = 0; i < kCount; ++i) {
    sockets[i].Say("first");
    receiver.Start(i, sockets[i].client);
  }
  for (uint64_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(receiver.TurnUntil(i, sockets[i].client, 5), "first");
  }
  EXPECT_GT((*backend)->stats().overflows, 0);
  uint64_t ended = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    if (!receiver.in_flight(i)) ++ended;
    sockets[i].Say(" second");
  }
  EXPECT_GT(ended, 0u);
  for (uint64_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(receiver.TurnUntil(i, sockets[i].client, 12), "first second");
  }
}

TEST(KernelBackendSendTest, SendNowSendsWhatHasRoom) {
  const auto backend = KernelReceives::Make(2);
  Sockets sockets;
  const std::string question = "question";
  BackendFile file(sockets.client);
  EXPECT_EQ(backend->SendNow(file, question), 0u) << "it must not leave the ring";
  file.may_leave_ring = true;
  EXPECT_EQ(backend->SendNow(file, question), 8u);
  std::array<char, 65'536> bytes = {};
  EXPECT_EQ(read(sockets.server, bytes.data(), bytes.size()), 8);
  while (write(sockets.client, bytes.data(), bytes.size()) > 0) {
  }
  EXPECT_EQ(backend->SendNow(file, question), 0u);
  sockets.CloseServer();
  EXPECT_EQ(backend->SendNow(file, question), 0u) << "the ring finds the error";
  EXPECT_EQ(backend->stats().submissions, 0);
}

// In any order among each other, each in its own.
TEST(SimulatedReceiveTest, ShuffledCompletionsKeepEachReceivesOrder) {
  const auto backend = SimulatedReceives::Make(16);
  Receiver receiver(backend.get());
  std::array<Sockets, 4> sockets;
  const std::string text = LongText(2'000);
  for (const Sockets& pair : sockets) pair.Say(text);
  for (uint64_t i = 0; i < sockets.size(); ++i) {
    EXPECT_EQ(receiver.TurnUntil(i, sockets[i].client, text.size()), text);
  }
}

}  // namespace
}  // namespace pgring
