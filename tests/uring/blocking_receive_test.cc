// A receive that is alone in flight waits in recv(2) and not in the ring: for as long as it is
// alone, and with every promise of a receive kept.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "pgring/base/check.h"
#include "pgring/uring/kernel_backend.h"
#include "receiver.h"

namespace pgring {
namespace {

constexpr uint64_t kReceive = 1;
constexpr uint64_t kOther = 2;

// By how long a turn of the loop may wait: no deadline, and one so near that recv cannot keep it.
class BlockingReceiveTest : public ::testing::TestWithParam<int64_t> {
 protected:
  static std::unique_ptr<Backend> Make() {
    auto backend = CreateKernelBackend(
        {.submission_entries = 8, .receive_buffers = 2, .may_leave_ring = true});
    PGRING_CHECK(backend.ok(), "the kernel refuses io_uring");
    return *std::move(backend);
  }

  int64_t enters() const { return backend_->stats().enters; }
  bool IsNonblocking() const { return (fcntl(sockets_.client, F_GETFL) & O_NONBLOCK) != 0; }

  const std::unique_ptr<Backend> backend_ = Make();
  Receiver receiver_{backend_.get(), GetParam()};
  Sockets sockets_;
  const BackendFile file_ = backend_->PrepareSocket(sockets_.client);
};

INSTANTIATE_TEST_SUITE_P(Deadlines, BlockingReceiveTest,
                         ::testing::Values(kBackgroundDelayNs, kNoDeadlineNs),
                         [](const auto& parameter) {
                           return parameter.param == kNoDeadlineNs ? "None" : "Near";
                         });

TEST_P(BlockingReceiveTest, BringsWhatComesWithoutTheRing) {
  std::string said;
  for (int i = 0; i < 20; ++i) {
    sockets_.Say("word");
    said += "word";
    EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, said.size()), said);
    EXPECT_FALSE(receiver_.in_flight(kReceive)) << "it would have to be ended";
  }
  EXPECT_EQ(enters(), 0);
  EXPECT_EQ(backend_->stats().completions, 0);
  EXPECT_TRUE(IsNonblocking()) << "libpq relies on it";
}

TEST_P(BlockingReceiveTest, BringsMoreThanItsBufferHolds) {
  const std::string text = LongText(150'000);
  sockets_.Say(text);
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, text.size()), text);
  EXPECT_EQ(enters(), 0);
}

TEST_P(BlockingReceiveTest, ComesBackWithoutBytes) {
  receiver_.Start(kReceive, file_);
  for (const int64_t wait_ns : {int64_t{0}, kBackgroundDelayNs / 10, 5 * kBackgroundDelayNs}) {
    const int64_t deadline_ns = wait_ns == 0 ? 0 : backend_->clock().NowNs() + wait_ns;
    ASSERT_TRUE(backend_->SubmitAndWait(deadline_ns).ok());
  }
  ASSERT_TRUE(backend_->SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_TRUE(receiver_.in_flight(kReceive));
  EXPECT_TRUE(IsNonblocking());
  sockets_.Say("at last");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 7), "at last");
  EXPECT_EQ(enters(), 0);
}

TEST_P(BlockingReceiveTest, EndOfTheStreamComesAfterTheLastByte) {
  sockets_.Say("last words");
  sockets_.CloseServer();
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 10), "last words");
  receiver_.Start(kReceive, file_);
  receiver_.TurnUntilEnded(kReceive);
  EXPECT_EQ(receiver_.last_result(kReceive), 0);
}

TEST_P(BlockingReceiveTest, ResetEndsItWithItsError) {
  ASSERT_EQ(write(sockets_.client, "unread", 6), 6);
  receiver_.Start(kReceive, file_);
  sockets_.CloseServer();
  receiver_.TurnUntilEnded(kReceive);
  EXPECT_EQ(receiver_.last_result(kReceive), -ECONNRESET);
}

// Without the kernel, where its descriptor may be another file's by now.
TEST_P(BlockingReceiveTest, CancelEndsIt) {
  receiver_.Start(kReceive, file_);
  receiver_.Cancel(kReceive);
  receiver_.TurnUntilEnded(kReceive);
  EXPECT_EQ(receiver_.last_result(kReceive), -ECANCELED);
  while (!receiver_.cancel_ended()) receiver_.Turn();
  EXPECT_EQ(backend_->stats().submissions, 0);
  sockets_.Say("again");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 5), "again");
}

// Whatever is queued before or after it must not wait for it.
TEST_P(BlockingReceiveTest, IsTheRingsWhenItIsNotAlone) {
  const Sockets other;
  receiver_.StartPoll(kOther, other.client);
  receiver_.Start(kReceive, file_);
  other.Say("x");
  receiver_.TurnUntilEnded(kOther);
  EXPECT_GT(enters(), 0);
  sockets_.Say("through the ring");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 16), "through the ring");
  EXPECT_TRUE(receiver_.in_flight(kReceive)) << "it goes on by itself";
}

TEST_P(BlockingReceiveTest, BecomesTheRingsWhenItIsAloneNoMore) {
  const Sockets other;
  receiver_.Start(kReceive, file_);
  receiver_.Turn();
  EXPECT_EQ(enters(), 0);
  receiver_.StartPoll(kOther, other.client);
  other.Say("x");
  receiver_.TurnUntilEnded(kOther);
  sockets_.Say("through the ring");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 16), "through the ring");
  EXPECT_TRUE(receiver_.in_flight(kReceive));
}

TEST_P(BlockingReceiveTest, TwoGoThroughTheRing) {
  const Sockets other;
  const BackendFile other_file = backend_->PrepareSocket(other.client);
  receiver_.Start(kReceive, file_);
  receiver_.Start(kOther, other_file);
  sockets_.Say("one");
  other.Say("two");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 3), "one");
  EXPECT_EQ(receiver_.TurnUntil(kOther, other_file, 3), "two");
  EXPECT_GT(enters(), 0);
  receiver_.Cancel(kOther);
  receiver_.TurnUntilEnded(kOther);
}

TEST_P(BlockingReceiveTest, IsTheRingsWhileItsBufferIsInUse) {
  receiver_.HoldBuffers();
  sockets_.Say("first");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 5), "first");
  EXPECT_EQ(enters(), 0);
  sockets_.Say("second");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 11), "firstsecond");
  EXPECT_GT(enters(), 0);
  receiver_.ReturnHeld();
}

// The user's interrupt is such a poll: it must be noticed although no answer arrives.
TEST_P(BlockingReceiveTest, BackgroundPollsAreToldOfBesideIt) {
  const Sockets other;
  receiver_.StartBackgroundPoll(kOther, other.client);
  receiver_.Start(kReceive, file_);
  receiver_.Turn();
  sockets_.Say("blocking");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 8), "blocking");
  EXPECT_FALSE(receiver_.in_flight(kReceive)) << "a background poll does not make two";
  receiver_.Start(kReceive, file_);
  other.Say("x");
  receiver_.TurnUntilEnded(kOther);
  EXPECT_EQ(receiver_.last_result(kOther), POLLIN);
  // And its end is not taken for that of something that counts.
  sockets_.Say("after");
  EXPECT_EQ(receiver_.TurnUntil(kReceive, file_, 13), "blockingafter");
  EXPECT_FALSE(receiver_.in_flight(kReceive));
}

}  // namespace
}  // namespace pgring
