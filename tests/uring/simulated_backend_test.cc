#include "pgring/uring/simulated_backend.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kHourNs = 3'600 * kNanosecondsPerSecond;

std::vector<std::pair<uint64_t, int32_t>> Take(SimulatedBackend* backend) {
  std::array<Completion, 64> completions;
  const size_t count = backend->TakeCompletions(absl::MakeSpan(completions));
  std::vector<std::pair<uint64_t, int32_t>> taken;
  for (size_t i = 0; i < count; ++i) {
    taken.emplace_back(completions[i].user_data, completions[i].result);
  }
  return taken;
}

TEST(SimulatedBackendTest, NothingHappensBeforeTheSubmission) {
  SimulatedBackend backend({});
  const int descriptor = backend.NewDescriptor();
  backend.SetEvents(descriptor, POLLIN);
  backend.QueuePoll(1, descriptor, POLLIN);
  EXPECT_THAT(Take(&backend), IsEmpty());
  EXPECT_EQ(backend.stats().submissions, 0);
  ASSERT_TRUE(backend.SubmitAndWait(0).ok());
  EXPECT_THAT(Take(&backend), ElementsAre(Pair(1, POLLIN)));
  EXPECT_EQ(backend.stats().submissions, 1);
  EXPECT_EQ(backend.stats().completions, 1);
  EXPECT_EQ(backend.stats().enters, 1);
  EXPECT_EQ(backend.setup(), "simulated");
}

TEST(SimulatedBackendTest, TimeJumpsToTheNextEvent) {
  SimulatedBackend backend({});
  const int64_t start_ns = backend.clock().NowNs();
  const int descriptor = backend.NewDescriptor();
  backend.SetEventsAt(descriptor, start_ns + kHourNs, POLLOUT);
  backend.SetEventsAt(descriptor, start_ns + 2 * kHourNs, POLLIN);
  backend.QueuePoll(1, descriptor, POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_EQ(backend.clock().NowNs(), start_ns + 2 * kHourNs);
  EXPECT_THAT(Take(&backend), ElementsAre(Pair(1, POLLIN)));
}

TEST(SimulatedBackendTest, WaitEndsAtItsDeadline) {
  SimulatedBackend backend({});
  const int64_t start_ns = backend.clock().NowNs();
  const int descriptor = backend.NewDescriptor();
  backend.SetEventsAt(descriptor, start_ns + kHourNs, POLLIN);
  backend.QueuePoll(1, descriptor, POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(start_ns + 5).ok());
  EXPECT_EQ(backend.clock().NowNs(), start_ns + 5);
  EXPECT_THAT(Take(&backend), IsEmpty());
  EXPECT_EQ(backend.polls_in_flight(), 1u);
}

TEST(SimulatedBackendTest, PastDeadlineOnlyLooks) {
  SimulatedBackend backend({});
  const int64_t start_ns = backend.clock().NowNs();
  backend.QueuePoll(1, backend.NewDescriptor(), POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(0).ok());
  EXPECT_EQ(backend.clock().NowNs(), start_ns);
}

TEST(SimulatedBackendTest, WaitThatCouldNeverEndIsAnError) {
  SimulatedBackend backend({});
  backend.QueuePoll(1, backend.NewDescriptor(), POLLIN);
  EXPECT_EQ(backend.SubmitAndWait(kNoDeadlineNs).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(SimulatedBackendTest, CancelEndsItsTargetOnly) {
  SimulatedBackend backend({});
  const int descriptor = backend.NewDescriptor();
  backend.QueuePoll(1, descriptor, POLLIN);
  backend.QueuePoll(2, descriptor, POLLIN);
  backend.QueueCancel(3, 2);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_THAT(Take(&backend), UnorderedElementsAre(Pair(3, 0), Pair(2, -ECANCELED)));
  EXPECT_EQ(backend.polls_in_flight(), 1u);
}

TEST(SimulatedBackendTest, CancelOfWhatIsNotThereFindsNothing) {
  SimulatedBackend backend({});
  backend.QueueCancel(3, 2);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_THAT(Take(&backend), ElementsAre(Pair(3, -ENOENT)));
}

// The simulator used to carry out all submissions before it looked at the descriptors, so that a
// cancel beat a poll that the kernel would have ended at its submission.
TEST(SimulatedBackendTest, CancelBehindAPollThatIsReadyComesTooLate) {
  SimulatedBackend backend({});
  const int descriptor = backend.NewDescriptor();
  backend.SetEvents(descriptor, POLLIN);
  backend.QueuePoll(1, descriptor, POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  backend.QueueCancel(2, 1);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_THAT(Take(&backend), UnorderedElementsAre(Pair(1, POLLIN), Pair(2, -ENOENT)));
}

TEST(SimulatedBackendTest, CancelBeforeTheSubmissionComesInTime) {
  SimulatedBackend backend({.cancel_loses_race = 1});
  const int descriptor = backend.NewDescriptor();
  backend.SetEvents(descriptor, POLLIN);
  backend.QueuePoll(1, descriptor, POLLIN);
  backend.QueueCancel(2, 1);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_THAT(Take(&backend), UnorderedElementsAre(Pair(1, -ECANCELED), Pair(2, 0)));
}

TEST(SimulatedBackendTest, CancelCanLoseTheRace) {
  SimulatedBackend backend({.cancel_loses_race = 1});
  backend.QueuePoll(1, backend.NewDescriptor(), POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(0).ok());
  backend.QueueCancel(2, 1);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_THAT(Take(&backend), UnorderedElementsAre(Pair(1, POLLIN), Pair(2, -EALREADY)));
}

TEST(SimulatedBackendTest, UnknownDescriptorFails) {
  SimulatedBackend backend({});
  backend.QueuePoll(1, 3, POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_THAT(Take(&backend), ElementsAre(Pair(1, -EBADF)));
}

TEST(SimulatedBackendTest, DelayedCompletionComesWithinItsBound) {
  constexpr int64_t kDelayNs = 1'000;
  SimulatedBackend backend({.max_delay_ns = kDelayNs});
  const int descriptor = backend.NewDescriptor();
  backend.SetEvents(descriptor, POLLIN);
  int64_t longest_ns = 0;
  for (int round = 0; round < 100; ++round) {
    const int64_t start_ns = backend.clock().NowNs();
    backend.QueuePoll(1, descriptor, POLLIN);
    ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
    ASSERT_THAT(Take(&backend), ElementsAre(Pair(1, POLLIN)));
    longest_ns = std::max(longest_ns, backend.clock().NowNs() - start_ns);
  }
  EXPECT_LE(longest_ns, kDelayNs);
  EXPECT_GT(longest_ns, kDelayNs / 2);
}

TEST(SimulatedBackendTest, EarlyReturnSubmitsAllTheSame) {
  SimulatedBackend backend({.early_return = 1});
  const int64_t start_ns = backend.clock().NowNs();
  backend.QueuePoll(1, backend.NewDescriptor(), POLLIN);
  ASSERT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_EQ(backend.clock().NowNs(), start_ns);
  EXPECT_EQ(backend.polls_in_flight(), 1u);
}

std::vector<std::pair<uint64_t, int32_t>> OrderOfEight(uint64_t seed, bool shuffle) {
  SimulatedBackend backend({.seed = seed, .shuffle_completions = shuffle});
  const int descriptor = backend.NewDescriptor();
  backend.SetEvents(descriptor, POLLIN);
  for (uint64_t user_data = 1; user_data <= 8; ++user_data) {
    backend.QueuePoll(user_data, descriptor, POLLIN);
  }
  EXPECT_TRUE(backend.SubmitAndWait(kNoDeadlineNs).ok());
  return Take(&backend);
}

TEST(SimulatedBackendTest, SeedRepeatsARun) {
  EXPECT_EQ(OrderOfEight(1, true), OrderOfEight(1, true));
  EXPECT_NE(OrderOfEight(1, true), OrderOfEight(2, true));
  EXPECT_NE(OrderOfEight(1, true), OrderOfEight(1, false));
  EXPECT_EQ(OrderOfEight(1, false), OrderOfEight(2, false));
}

}  // namespace
}  // namespace pgring
