#include <errno.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <vector>

#include "pgring/uring/reactor.h"
#include "support/reactor_fixture.h"

namespace pgring {
namespace {

template <typename World>
class ReactorPollTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(ReactorPollTest, ReactorWorlds, ReactorWorldNames);

TYPED_TEST(ReactorPollTest, SeesWhatWasReadyBefore) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  EXPECT_TRUE(poll.in_flight());
  EXPECT_EQ(this->reactor()->in_flight(), 1u);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLIN);
  EXPECT_EQ(this->reactor()->in_flight(), 0u);
}

TYPED_TEST(ReactorPollTest, WaitsUntilReadable) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  // Ready, but not for what was asked.
  this->world()->MakeWritable(descriptor);
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  this->world()->MakeReadable(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLIN);
}

TYPED_TEST(ReactorPollTest, WaitsUntilWritable) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLOUT);
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  this->world()->MakeWritable(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLOUT);
}

TYPED_TEST(ReactorPollTest, TellsEverythingThatIsReady) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  this->world()->MakeWritable(descriptor);
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN | POLLOUT);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLIN | POLLOUT);
}

TYPED_TEST(ReactorPollTest, EitherDirectionIsEnough) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN | POLLOUT);
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  this->world()->MakeWritable(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLOUT);
}

TYPED_TEST(ReactorPollTest, WhatIsNotConsumedIsSeenAgain) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  for (int round = 0; round < 3; ++round) {
    poll.StartPoll(descriptor, POLLIN);
    this->TurnUntil([&poll] { return !poll.in_flight(); });
    EXPECT_EQ(poll.result(), POLLIN);
  }
  this->world()->MakeUnreadable(descriptor);
  poll.StartPoll(descriptor, POLLIN);
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  this->world()->MakeReadable(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
}

TYPED_TEST(ReactorPollTest, HangUpIsToldThoughNotAsked) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, 0);
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  this->world()->HangUp(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLHUP | POLLRDHUP);
}

TYPED_TEST(ReactorPollTest, HangUpEndsAReadPoll) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  this->Look();
  this->world()->HangUp(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLIN | POLLHUP | POLLRDHUP);
}

TYPED_TEST(ReactorPollTest, DescriptorThatIsNotOpenFails) {
  RingOperation poll(this->reactor());
  poll.StartPoll(999'999, POLLIN);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), -EBADF);
}

TYPED_TEST(ReactorPollTest, WaiterIsPostedAndNotResumedByTheCompletion) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  ResumeProbe probe;
  ReadyNode waiter;
  waiter.handle = probe.handle();
  RingOperation poll(this->reactor());
  poll.SetWaiter(&waiter);
  poll.StartPoll(descriptor, POLLIN);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(probe.resumed(), 0);
  EXPECT_TRUE(waiter.linked());
  this->TurnUntilIdle();
  EXPECT_EQ(probe.resumed(), 1);
}

TYPED_TEST(ReactorPollTest, WaiterThatWasTakenBackIsNotPosted) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  {
    ReadyNode waiter;
    poll.SetWaiter(&waiter);
    poll.StartPoll(descriptor, POLLIN);
    this->Look();
    poll.SetWaiter(nullptr);
  }
  this->world()->MakeReadable(descriptor);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_TRUE(this->reactor()->ready()->empty());
}

TYPED_TEST(ReactorPollTest, ManyDescriptorsEndIndependently) {
  constexpr int kCount = 100;
  std::vector<int> descriptors;
  std::vector<std::unique_ptr<RingOperation>> polls;
  for (int i = 0; i < kCount; ++i) {
    descriptors.push_back(this->world()->NewDescriptor());
    polls.push_back(std::make_unique<RingOperation>(this->reactor()));
    polls.back()->StartPoll(descriptors.back(), POLLIN);
  }
  this->Look();
  // In another order than armed.
  for (int step = 0; step < kCount; ++step) {
    const size_t i = static_cast<size_t>(step * 37 % kCount);
    ASSERT_TRUE(polls[i]->in_flight());
    this->world()->MakeReadable(descriptors[i]);
    this->TurnUntil([&polls, i] { return !polls[i]->in_flight(); });
    EXPECT_EQ(polls[i]->result(), POLLIN);
    EXPECT_EQ(this->reactor()->in_flight(), static_cast<size_t>(kCount - 1 - step));
  }
}

TYPED_TEST(ReactorPollTest, TinyRingTakesManyPolls) {
  for (const uint32_t entries : {1u, 2u}) {
    SCOPED_TRACE(entries);
    this->Open({.submission_entries = entries, .completion_entries = 0, .simulated = {}});
    constexpr size_t kCount = 200;
    const int ready = this->world()->NewDescriptor();
    const int late = this->world()->NewDescriptor();
    this->world()->MakeReadable(ready);
    std::vector<std::unique_ptr<RingOperation>> polls;
    for (size_t i = 0; i < kCount; ++i) {
      polls.push_back(std::make_unique<RingOperation>(this->reactor()));
      polls.back()->StartPoll(i % 2 == 0 ? ready : late, POLLIN);
    }
    this->TurnUntil([this] { return this->reactor()->in_flight() == kCount / 2; });
    for (size_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(polls[i]->in_flight(), i % 2 != 0);
      if (i % 4 == 1) polls[i]->Cancel();
    }
    this->TurnUntil([this] { return this->reactor()->in_flight() == kCount / 4; });
    this->world()->MakeReadable(late);
    this->TurnUntil([this] { return this->reactor()->in_flight() == 0; });
    for (size_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(polls[i]->result(), i % 4 == 1 ? -ECANCELED : POLLIN) << i;
    }
    EXPECT_EQ(this->reactor()->backend().stats().submissions, static_cast<int64_t>(kCount * 5 / 4));
    EXPECT_EQ(this->reactor()->backend().stats().completions, static_cast<int64_t>(kCount * 5 / 4));
  }
}

// More completions than the reactor collects at once.
TYPED_TEST(ReactorPollTest, ThousandsCompleteTogether) {
  this->Open({.submission_entries = 4096, .completion_entries = 0, .simulated = {}});
  constexpr int kCount = 3000;
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  std::vector<std::unique_ptr<RingOperation>> polls;
  for (int i = 0; i < kCount; ++i) {
    polls.push_back(std::make_unique<RingOperation>(this->reactor()));
    polls.back()->StartPoll(descriptor, POLLIN);
  }
  EXPECT_EQ(this->reactor()->in_flight(), static_cast<size_t>(kCount));
  this->TurnUntil([this] { return this->reactor()->in_flight() == 0; });
  for (const auto& poll : polls) ASSERT_EQ(poll->result(), POLLIN);
  EXPECT_EQ(this->reactor()->backend().stats().overflows, 0);
}

TYPED_TEST(ReactorPollTest, OperationInFlightCannotBeStarted) {
  const auto start_twice = [] {
    TypeParam world({});
    Reactor reactor(*world.CreateBackend());
    RingOperation poll(&reactor);
    poll.StartPoll(999'999, POLLIN);
    poll.StartPoll(999'999, POLLIN);
  };
  EXPECT_DEATH(start_twice(), "still in flight");
}

template <typename World>
class SimulatedReactorPollTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(SimulatedReactorPollTest, SimulatedWorldOnly, ReactorWorldNames);

TYPED_TEST(SimulatedReactorPollTest, FailureIsTheResult) {
  this->Open({.simulated = {.poll_failure = 1, .poll_failure_result = -EIO}});
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), -EIO);
}

TYPED_TEST(SimulatedReactorPollTest, EarlyReturnsLoseNothing) {
  this->Open({.simulated = {.seed = 7, .max_delay_ns = 1'000'000, .early_return = 0.9}});
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  for (int round = 0; round < 100; ++round) {
    poll.StartPoll(descriptor, POLLIN);
    this->TurnUntil([&poll] { return !poll.in_flight(); });
    ASSERT_EQ(poll.result(), POLLIN);
  }
  EXPECT_GT(this->reactor()->stats().turns, 200);
}

}  // namespace
}  // namespace pgring
