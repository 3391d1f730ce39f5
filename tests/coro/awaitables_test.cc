#include "pgring/coro/awaitables.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/coro/run.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task_group.h"
#include "support/coro_fixture.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

template <typename World>
class AwaitablesTest : public CoroTest<World> {};
TYPED_TEST_SUITE(AwaitablesTest, ReactorWorlds, ReactorWorldNames);

Task<bool> Sleep(Reactor* reactor, int64_t deadline_ns, StopToken stop) {
  const bool reached = co_await SleepUntil(reactor, deadline_ns, stop);
  EXPECT_TRUE(!reached || reactor->clock().NowNs() >= deadline_ns);
  co_return reached;
}

Task<void> SleepAndLog(Reactor* reactor, int64_t deadline_ns, StopToken stop, std::vector<int>* log,
                       int number) {
  const bool reached = co_await SleepUntil(reactor, deadline_ns, stop);
  log->push_back(reached ? number : -number);
}

TYPED_TEST(AwaitablesTest, SleepEndsAtItsTime) {
  const int64_t deadline_ns = this->NowNs() + kNanosecondsPerMillisecond;
  EXPECT_TRUE(RunUntilDone(this->reactor(), Sleep(this->reactor(), deadline_ns, StopToken())));
  EXPECT_GE(this->NowNs(), deadline_ns);
  if (TypeParam::kSimulated) {
    EXPECT_EQ(this->NowNs(), deadline_ns);
  }
}

TYPED_TEST(AwaitablesTest, SleepUntilThePastIsOneTurn) {
  const int64_t turns = this->reactor()->stats().turns;
  EXPECT_TRUE(RunUntilDone(this->reactor(), Sleep(this->reactor(), 0, StopToken())));
  EXPECT_EQ(this->reactor()->stats().turns, turns + 1);
}

TYPED_TEST(AwaitablesTest, StopThatCameBeforeEndsTheSleepAtOnce) {
  StopSource source(this->reactor()->ready());
  source.RequestStop();
  Task<bool> task = Sleep(this->reactor(), this->NowNs() + kHourNs, StopToken(&source));
  this->Start(task);
  ASSERT_TRUE(task.finished());
  EXPECT_FALSE(task.handle().promise().TakeValue());
  EXPECT_TRUE(this->reactor()->timers()->empty());
}

TYPED_TEST(AwaitablesTest, StopEndsTheSleep) {
  StopSource source(this->reactor()->ready());
  std::vector<int> log;
  const Task<void> task =
      SleepAndLog(this->reactor(), this->NowNs() + kHourNs, StopToken(&source), &log, 1);
  this->Start(task);
  this->Look();
  source.RequestStop();
  EXPECT_THAT(log, ElementsAre());
  this->TurnUntilIdle();
  EXPECT_THAT(log, ElementsAre(-1));
}

Task<void> StopAt(Reactor* reactor, int64_t deadline_ns, StopSource* source) {
  const bool reached = co_await SleepUntil(reactor, deadline_ns);
  EXPECT_TRUE(reached);
  source->RequestStop();
}

TYPED_TEST(AwaitablesTest, StopEndsEverySleepThatHasItsToken) {
  StopSource source(this->reactor()->ready());
  const StopToken token(&source);
  std::vector<int> log;
  TaskGroup group(this->reactor()->ready());
  const int64_t stop_ns = this->NowNs() + kNanosecondsPerMillisecond;
  group.Spawn(StopAt(this->reactor(), stop_ns, &source));
  group.Spawn(SleepAndLog(this->reactor(), stop_ns + kHourNs, token, &log, 1));
  group.Spawn(SleepAndLog(this->reactor(), stop_ns + kHourNs, token, &log, 2));
  group.Spawn(SleepAndLog(this->reactor(), stop_ns + 1, StopToken(), &log, 3));
  this->TurnUntilIdle();
  EXPECT_EQ(group.running(), 0u);
  EXPECT_THAT(log, ::testing::UnorderedElementsAre(-1, -2, 3));
}

// A stop had posted the sleeper and its timer came due before the next turn: the expiry posted it
// a second time, which the ready queue does not survive.
TYPED_TEST(AwaitablesTest, StopThenDueTimerResumesOnce) {
  StopSource source(this->reactor()->ready());
  std::vector<int> log;
  const int64_t deadline_ns = this->NowNs() + kNanosecondsPerMillisecond;
  const Task<void> task = SleepAndLog(this->reactor(), deadline_ns, StopToken(&source), &log, 1);
  this->Start(task);
  source.RequestStop();
  this->world()->PassTimeUntil(deadline_ns);
  this->TurnUntilIdle();
  EXPECT_THAT(log, ElementsAre(-1));
}

// The other way round: the timer's expiry has posted the sleeper, and what runs before it in the
// same batch requests the stop.
TYPED_TEST(AwaitablesTest, DueTimerThenStopResumesOnce) {
  StopSource source(this->reactor()->ready());
  std::vector<int> log;
  const int64_t deadline_ns = this->NowNs() + kNanosecondsPerMillisecond;
  const Task<void> stopper = StopAt(this->reactor(), deadline_ns, &source);
  const Task<void> sleeper = SleepAndLog(this->reactor(), deadline_ns, StopToken(&source), &log, 1);
  this->Start(stopper);
  this->Start(sleeper);
  this->world()->PassTimeUntil(deadline_ns);
  this->TurnUntilIdle();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(std::abs(log[0]), 1);
}

Task<void> CountTurns(Reactor* reactor, int count, std::vector<int>* log, int number) {
  for (int i = 0; i < count; ++i) {
    log->push_back(number);
    co_await Yield(reactor);
  }
}

TYPED_TEST(AwaitablesTest, YieldLetsTheOthersRun) {
  std::vector<int> log;
  const Task<void> one = CountTurns(this->reactor(), 3, &log, 1);
  const Task<void> two = CountTurns(this->reactor(), 3, &log, 2);
  this->Start(one);
  this->Start(two);
  this->TurnUntilIdle();
  EXPECT_THAT(log, ElementsAre(1, 2, 1, 2, 1, 2));
}

TYPED_TEST(AwaitablesTest, YieldIsOneTurn) {
  std::vector<int> log;
  const int64_t turns = this->reactor()->stats().turns;
  RunUntilDone(this->reactor(), CountTurns(this->reactor(), 5, &log, 1));
  EXPECT_EQ(this->reactor()->stats().turns, turns + 5);
}

Task<int32_t> Poll(RingOperation* operation, int descriptor, uint32_t events) {
  const int32_t result = co_await PollDescriptor(operation, descriptor, events);
  co_return result;
}

TYPED_TEST(AwaitablesTest, PollGivesWhatIsReady) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation operation(this->reactor());
  EXPECT_EQ(RunUntilDone(this->reactor(), Poll(&operation, descriptor, POLLIN | POLLOUT)), POLLIN);
  this->world()->MakeWritable(descriptor);
  EXPECT_EQ(RunUntilDone(this->reactor(), Poll(&operation, descriptor, POLLIN | POLLOUT)),
            POLLIN | POLLOUT);
}

TYPED_TEST(AwaitablesTest, PollGivesTheError) {
  RingOperation operation(this->reactor());
  EXPECT_EQ(RunUntilDone(this->reactor(), Poll(&operation, 999'999, POLLIN)), -EBADF);
}

Task<void> CancelLater(Reactor* reactor, RingOperation* operation) {
  co_await Yield(reactor);
  co_await Yield(reactor);
  operation->Cancel();
}

TYPED_TEST(AwaitablesTest, CancelEndsThePoll) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation operation(this->reactor());
  const Task<void> canceller = CancelLater(this->reactor(), &operation);
  this->Start(canceller);
  EXPECT_EQ(RunUntilDone(this->reactor(), Poll(&operation, descriptor, POLLIN)), -ECANCELED);
  EXPECT_TRUE(canceller.finished());
}

Task<void> MakeReadableAt(Reactor* reactor, ReactorWorld* world, int64_t time_ns, int descriptor) {
  co_await SleepUntil(reactor, time_ns);
  world->MakeReadable(descriptor);
}

TYPED_TEST(AwaitablesTest, PollWaitsUntilItBecomesReady) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation operation(this->reactor());
  const int64_t time_ns = this->NowNs() + kNanosecondsPerMillisecond;
  const Task<void> later = MakeReadableAt(this->reactor(), this->world(), time_ns, descriptor);
  this->Start(later);
  EXPECT_EQ(RunUntilDone(this->reactor(), Poll(&operation, descriptor, POLLIN)), POLLIN);
  EXPECT_GE(this->NowNs(), time_ns);
}

Task<void> PassOnToken(ReactorWorld* world, Reactor* reactor, int from, int to, int rounds) {
  RingOperation operation(reactor);
  for (int round = 0; round < rounds; ++round) {
    const int32_t events = co_await PollDescriptor(&operation, from, POLLIN);
    EXPECT_EQ(events, POLLIN);
    world->MakeUnreadable(from);
    world->MakeReadable(to);
  }
}

TYPED_TEST(AwaitablesTest, TokenGoesAroundARing) {
  constexpr size_t kCount = 10;
  constexpr int kRounds = 50;
  std::vector<int> descriptors;
  for (size_t i = 0; i < kCount; ++i) descriptors.push_back(this->world()->NewDescriptor());
  TaskGroup group(this->reactor()->ready());
  for (size_t i = 0; i < kCount; ++i) {
    group.Spawn(PassOnToken(this->world(), this->reactor(), descriptors[i],
                            descriptors[(i + 1) % kCount], kRounds));
  }
  this->world()->MakeReadable(descriptors[0]);
  this->TurnUntilIdle();
  EXPECT_EQ(group.running(), 0u);
}

// The main task ended while something else was still in flight, and the turn in which it ended went
// on to wait for that.
TYPED_TEST(AwaitablesTest, RunEndsWithItsTaskWhateverElseIsInFlight) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation watch(this->reactor());
  watch.StartPoll(descriptor, POLLIN);
  std::vector<int> log;
  RunUntilDone(this->reactor(), CountTurns(this->reactor(), 1, &log, 1));
  EXPECT_TRUE(RunUntilDone(this->reactor(), Sleep(this->reactor(), 0, StopToken())));
  EXPECT_TRUE(watch.in_flight());
  EXPECT_TRUE(this->reactor()->ready()->empty());
  watch.Cancel();
  this->TurnUntilIdle();
}

TYPED_TEST(AwaitablesTest, RunOfATaskThatDoesNotWaitTakesNoTurn) {
  std::vector<int> log;
  const int64_t turns = this->reactor()->stats().turns;
  RunUntilDone(this->reactor(), CountTurns(this->reactor(), 0, &log, 1));
  EXPECT_EQ(this->reactor()->stats().turns, turns);
}

Task<void> WaitForEver(Gate* gate) { co_await gate->Wait(); }

TYPED_TEST(AwaitablesTest, RunOfATaskThatNothingCanWakeIsAnError) {
  const auto run = [] {
    TypeParam world({});
    Reactor reactor(*world.CreateBackend());
    Gate gate(reactor.ready());
    RunUntilDone(&reactor, WaitForEver(&gate));
  };
  EXPECT_DEATH(run(), "every task waits and nothing can wake one");
}

}  // namespace
}  // namespace pgring
