#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <vector>

#include "pgring/uring/reactor.h"
#include "support/reactor_fixture.h"

namespace pgring {
namespace {

using ::testing::AnyOf;

template <typename World>
class ReactorCancelTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(ReactorCancelTest, ReactorWorlds, ReactorWorldNames);

TYPED_TEST(ReactorCancelTest, OperationIsOverOnlyAtItsOwnCompletion) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  this->Look();
  poll.Cancel();
  EXPECT_TRUE(poll.in_flight());
  EXPECT_EQ(this->reactor()->in_flight(), 2u);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), -ECANCELED);
  this->TurnUntilIdle();
  EXPECT_EQ(this->reactor()->in_flight(), 0u);
}

TYPED_TEST(ReactorCancelTest, MayFollowTheStartAtOnce) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  poll.Cancel();
  this->TurnUntilIdle();
  EXPECT_FALSE(poll.in_flight());
  EXPECT_EQ(poll.result(), -ECANCELED);
}

// What was not submitted never happens, whatever its descriptor is by then.
TYPED_TEST(ReactorCancelTest, WinsBeforeTheSubmission) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  poll.Cancel();
  this->TurnUntilIdle();
  EXPECT_FALSE(poll.in_flight());
  EXPECT_EQ(poll.result(), -ECANCELED);
}

TYPED_TEST(ReactorCancelTest, RacesWithReadiness) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  ResumeProbe probe;
  ReadyNode waiter;
  waiter.handle = probe.handle();
  poll.SetWaiter(&waiter);
  for (int round = 1; round <= 20; ++round) {
    poll.StartPoll(descriptor, POLLIN);
    this->Look();
    this->world()->MakeReadable(descriptor);
    poll.Cancel();
    this->TurnUntilIdle();
    ASSERT_FALSE(poll.in_flight());
    EXPECT_THAT(poll.result(), AnyOf(POLLIN, -ECANCELED));
    EXPECT_EQ(probe.resumed(), round);
    this->world()->MakeUnreadable(descriptor);
  }
}

TYPED_TEST(ReactorCancelTest, SecondRequestAddsNothing) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  poll.Cancel();
  poll.Cancel();
  EXPECT_EQ(this->reactor()->in_flight(), 2u);
  this->TurnUntilIdle();
  EXPECT_EQ(poll.result(), -ECANCELED);
}

TYPED_TEST(ReactorCancelTest, AfterTheEndDoesNothing) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  poll.Cancel();
  EXPECT_EQ(this->reactor()->in_flight(), 0u);
  poll.StartPoll(descriptor, POLLIN);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  poll.Cancel();
  EXPECT_EQ(this->reactor()->in_flight(), 0u);
  EXPECT_EQ(poll.result(), POLLIN);
}

TYPED_TEST(ReactorCancelTest, CancelledOperationCanBeStartedAgain) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  poll.Cancel();
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  poll.StartPoll(descriptor, POLLIN);
  // Whatever is still on its way for the first must not end the second.
  this->Look();
  this->Look();
  EXPECT_TRUE(poll.in_flight());
  poll.Cancel();
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), -ECANCELED);
  this->TurnUntilIdle();
}

TYPED_TEST(ReactorCancelTest, OthersGoOn) {
  const int descriptor = this->world()->NewDescriptor();
  std::vector<std::unique_ptr<RingOperation>> polls;
  for (int i = 0; i < 20; ++i) {
    polls.push_back(std::make_unique<RingOperation>(this->reactor()));
    polls.back()->StartPoll(descriptor, POLLIN);
  }
  this->Look();
  for (size_t i = 0; i < polls.size(); i += 2) polls[i]->Cancel();
  this->TurnUntil([this] { return this->reactor()->in_flight() == 10; });
  for (size_t i = 0; i < polls.size(); ++i) EXPECT_EQ(polls[i]->in_flight(), i % 2 == 1) << i;
  this->world()->MakeReadable(descriptor);
  this->TurnUntilIdle();
  for (size_t i = 0; i < polls.size(); ++i) {
    EXPECT_EQ(polls[i]->result(), i % 2 == 1 ? POLLIN : -ECANCELED) << i;
  }
}

TYPED_TEST(ReactorCancelTest, AbandonedOperationEndsByItself) {
  const int descriptor = this->world()->NewDescriptor();
  ResumeProbe probe;
  ReadyNode waiter;
  waiter.handle = probe.handle();
  {
    RingOperation poll(this->reactor());
    poll.SetWaiter(&waiter);
    poll.StartPoll(descriptor, POLLIN);
    this->Look();
  }
  EXPECT_EQ(this->reactor()->in_flight(), 2u);
  EXPECT_TRUE(this->reactor()->HasWork());
  this->TurnUntilIdle();
  EXPECT_EQ(this->reactor()->in_flight(), 0u);
  EXPECT_EQ(probe.resumed(), 0);
}

TYPED_TEST(ReactorCancelTest, AbandonedAfterItsCancelQueuesNoSecond) {
  const int descriptor = this->world()->NewDescriptor();
  {
    RingOperation poll(this->reactor());
    poll.StartPoll(descriptor, POLLIN);
    poll.Cancel();
  }
  EXPECT_EQ(this->reactor()->in_flight(), 2u);
  this->TurnUntilIdle();
}

// An armed poll holds its file: the server sees no end of the connection although the client has
// closed its descriptor. So the file must be let go by the cancel, not by the close.
TYPED_TEST(ReactorCancelTest, AbandonedOperationLetsItsFileGo) {
  const int descriptor = this->world()->NewDescriptor();
  {
    RingOperation poll(this->reactor());
    poll.StartPoll(descriptor, POLLIN);
    this->Look();
    this->world()->Close(descriptor);
    EXPECT_FALSE(this->world()->IsReleased(descriptor));
  }
  this->TurnUntilIdle();
  EXPECT_TRUE(this->world()->IsReleased(descriptor));
}

TYPED_TEST(ReactorCancelTest, ReactorDrainsAtItsEnd) {
  const int descriptor = this->world()->NewDescriptor();
  for (int i = 0; i < 50; ++i) {
    RingOperation poll(this->reactor());
    poll.StartPoll(descriptor, POLLIN);
    // Some have been submitted at the end, some have not.
    if (i == 30) this->Look();
  }
  EXPECT_GE(this->reactor()->in_flight(), 40u);
  this->CloseReactor();
}

TYPED_TEST(ReactorCancelTest, OperationThatOutlivesItsReactorIsAnError) {
  // The drain used to wait for ever for such an operation, since no code would cancel it.
  const auto outlive = [] {
    TypeParam world({});
    std::optional<Reactor> reactor(*world.CreateBackend());
    RingOperation poll(&*reactor);
    poll.StartPoll(world.NewDescriptor(), POLLIN);
    reactor.reset();
  };
  EXPECT_DEATH(outlive(), "an operation outlived its reactor");
}

template <typename World>
class KernelReactorCancelTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(KernelReactorCancelTest, KernelWorldOnly, ReactorWorldNames);

TYPED_TEST(KernelReactorCancelTest, DrainLetsTheFilesGo) {
  const int descriptor = this->world()->NewDescriptor();
  {
    RingOperation poll(this->reactor());
    poll.StartPoll(descriptor, POLLIN);
    this->Look();
  }
  this->world()->Close(descriptor);
  EXPECT_FALSE(this->world()->IsReleased(descriptor));
  this->CloseReactor();
  EXPECT_TRUE(this->world()->IsReleased(descriptor));
}

// libpq closes its socket by itself and the next connection gets the same number. What was armed on
// the old file must neither end nor be ended by what is armed on the new one.
TYPED_TEST(KernelReactorCancelTest, NewFileUnderTheSameNumberIsAnother) {
  const int old_file = this->world()->NewDescriptor();
  const int new_file = this->world()->NewDescriptor();
  auto old_poll = std::make_unique<RingOperation>(this->reactor());
  old_poll->StartPoll(old_file, POLLIN);
  this->Look();
  const int number = dup(old_file);
  ASSERT_EQ(dup2(new_file, old_file), old_file);
  RingOperation new_poll(this->reactor());
  new_poll.StartPoll(old_file, POLLIN);
  old_poll.reset();
  this->TurnUntil([this] { return this->reactor()->in_flight() == 1; });
  EXPECT_TRUE(new_poll.in_flight());
  this->world()->MakeReadable(new_file);
  this->TurnUntil([&new_poll] { return !new_poll.in_flight(); });
  EXPECT_EQ(new_poll.result(), POLLIN);
  close(number);
}

template <typename World>
class SimulatedReactorCancelTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(SimulatedReactorCancelTest, SimulatedWorldOnly, ReactorWorldNames);

TYPED_TEST(SimulatedReactorCancelTest, LosingTheRaceGivesTheNormalResult) {
  this->Open({.simulated = {.cancel_loses_race = 1}});
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  this->Look();
  poll.Cancel();
  this->TurnUntilIdle();
  EXPECT_FALSE(poll.in_flight());
  EXPECT_EQ(poll.result(), POLLIN);
}

// The cancel's completion and the target's come in any order and any time apart.
TYPED_TEST(SimulatedReactorCancelTest, EveryOrderOfTheTwoCompletionsIsFine) {
  int cancel_first = 0;
  int target_first = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    this->Open({.simulated = {.seed = seed, .max_delay_ns = 1'000'000, .cancel_loses_race = 0.5}});
    const int descriptor = this->world()->NewDescriptor();
    RingOperation poll(this->reactor());
    poll.StartPoll(descriptor, POLLIN);
    this->Look();
    poll.Cancel();
    this->TurnUntil([this] { return this->reactor()->in_flight() == 1; });
    ++(poll.in_flight() ? cancel_first : target_first);
    this->TurnUntilIdle();
    ASSERT_FALSE(poll.in_flight());
    EXPECT_THAT(poll.result(), AnyOf(POLLIN, -ECANCELED));
  }
  EXPECT_GT(cancel_first, 0);
  EXPECT_GT(target_first, 0);
}

}  // namespace
}  // namespace pgring
