#include <gtest/gtest.h>
#include <poll.h>

#include <optional>

#include "pgring/base/clock.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/semaphore.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task_group.h"
#include "support/coro_fixture.h"

// A suspended coroutine can be destroyed at any of its waits: it leaves what it waited on, is
// never resumed, and what it held is freed once.
namespace pgring {
namespace {

template <typename World>
class DestructionTest : public CoroTest<World> {
 protected:
  // Destroys `task` at its wait and proves that nothing is left of it.
  void DestroySuspended(std::optional<Task<void>>* task) {
    ASSERT_FALSE((*task)->finished());
    EXPECT_GT(this->frames().new_frames(), 0);
    task->reset();
    EXPECT_EQ(this->frames().new_frames(), 0);
    EXPECT_EQ(Counted::live(), 0);
    EXPECT_TRUE(this->reactor()->ready()->empty());
    EXPECT_TRUE(this->reactor()->timers()->empty());
    this->TurnUntilIdle();
    EXPECT_FALSE(resumed_);
  }

  bool* resumed() { return &resumed_; }

 private:
  bool resumed_ = false;
};
TYPED_TEST_SUITE(DestructionTest, ReactorWorlds, ReactorWorldNames);

Task<void> Sleep(Reactor* reactor, int64_t deadline_ns, StopToken stop, Counted, bool* resumed) {
  co_await SleepUntil(reactor, deadline_ns, stop);
  *resumed = true;
}

TYPED_TEST(DestructionTest, InASleep) {
  std::optional<Task<void>> task =
      Sleep(this->reactor(), this->NowNs() + kHourNs, StopToken(), Counted(1), this->resumed());
  this->Start(*task);
  EXPECT_FALSE(this->reactor()->timers()->empty());
  this->DestroySuspended(&task);
}

TYPED_TEST(DestructionTest, InASleepThatHasAStop) {
  StopSource source(this->reactor()->ready());
  std::optional<Task<void>> task = Sleep(this->reactor(), this->NowNs() + kHourNs,
                                         StopToken(&source), Counted(1), this->resumed());
  this->Start(*task);
  this->DestroySuspended(&task);
  source.RequestStop();
  EXPECT_TRUE(this->reactor()->ready()->empty());
}

TYPED_TEST(DestructionTest, InASleepThatWasStopped) {
  StopSource source(this->reactor()->ready());
  std::optional<Task<void>> task = Sleep(this->reactor(), this->NowNs() + kHourNs,
                                         StopToken(&source), Counted(1), this->resumed());
  this->Start(*task);
  source.RequestStop();
  EXPECT_FALSE(this->reactor()->ready()->empty());
  this->DestroySuspended(&task);
}

TYPED_TEST(DestructionTest, InASleepWhoseTimeHasCome) {
  std::optional<Task<void>> task =
      Sleep(this->reactor(), this->NowNs(), StopToken(), Counted(1), this->resumed());
  this->Start(*task);
  this->reactor()->timers()->Expire(this->NowNs(), this->reactor()->ready());
  EXPECT_FALSE(this->reactor()->ready()->empty());
  this->DestroySuspended(&task);
}

Task<void> YieldOnce(Reactor* reactor, Counted, bool* resumed) {
  co_await Yield(reactor);
  *resumed = true;
}

TYPED_TEST(DestructionTest, InAYield) {
  std::optional<Task<void>> task = YieldOnce(this->reactor(), Counted(1), this->resumed());
  this->Start(*task);
  this->DestroySuspended(&task);
}

Task<void> PollOnce(Reactor* reactor, int descriptor, Counted, bool* resumed) {
  RingOperation operation(reactor);
  co_await PollDescriptor(&operation, descriptor, POLLIN);
  *resumed = true;
}

TYPED_TEST(DestructionTest, InAPoll) {
  const int descriptor = this->world()->NewDescriptor();
  std::optional<Task<void>> task =
      PollOnce(this->reactor(), descriptor, Counted(1), this->resumed());
  this->Start(*task);
  this->Look();
  this->DestroySuspended(&task);
  EXPECT_EQ(this->reactor()->in_flight(), 0u);
}

TYPED_TEST(DestructionTest, InAPollThatWasNotSubmittedYet) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  std::optional<Task<void>> task =
      PollOnce(this->reactor(), descriptor, Counted(1), this->resumed());
  this->Start(*task);
  this->DestroySuspended(&task);
}

TYPED_TEST(DestructionTest, InAPollThatHasEnded) {
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  std::optional<Task<void>> task =
      PollOnce(this->reactor(), descriptor, Counted(1), this->resumed());
  this->Start(*task);
  this->TurnUntil([this] { return this->reactor()->in_flight() == 0; });
  EXPECT_FALSE(this->reactor()->ready()->empty());
  this->DestroySuspended(&task);
}

Task<void> PollWith(RingOperation* operation, int descriptor, Counted, bool* resumed) {
  co_await PollDescriptor(operation, descriptor, POLLIN);
  *resumed = true;
}

TYPED_TEST(DestructionTest, InAPollWhoseOperationLivesOn) {
  const int descriptor = this->world()->NewDescriptor();
  RingOperation operation(this->reactor());
  {
    const Task<void> task = PollWith(&operation, descriptor, Counted(1), this->resumed());
    this->Start(task);
    this->Look();
  }
  EXPECT_TRUE(operation.in_flight());
  this->world()->MakeReadable(descriptor);
  this->TurnUntilIdle();
  EXPECT_EQ(operation.result(), POLLIN);
  EXPECT_FALSE(*this->resumed());
  // And may be waited for again.
  const Task<void> task = PollWith(&operation, descriptor, Counted(1), this->resumed());
  this->Start(task);
  this->TurnUntilIdle();
  EXPECT_TRUE(*this->resumed());
}

Task<void> Acquire(Semaphore* semaphore, int64_t units, Counted, bool* resumed) {
  const Permit permit = co_await semaphore->Acquire(units);
  *resumed = true;
}

Task<void> HoldUntil(Semaphore* semaphore, Gate* gate) {
  const Permit permit = co_await semaphore->Acquire();
  co_await gate->Wait();
}

TYPED_TEST(DestructionTest, InTheLineOfASemaphore) {
  Semaphore semaphore(this->reactor()->ready(), 1);
  Gate gate(this->reactor()->ready());
  std::optional<Task<void>> holder = HoldUntil(&semaphore, &gate);
  this->Start(*holder);
  std::optional<Task<void>> task = Acquire(&semaphore, 1, Counted(1), this->resumed());
  this->Start(*task);
  EXPECT_TRUE(semaphore.has_waiters());
  task.reset();
  EXPECT_FALSE(semaphore.has_waiters());
  EXPECT_EQ(semaphore.available(), 0);
  this->DestroySuspended(&holder);
  // The holder's permit went back with its frame.
  EXPECT_EQ(semaphore.available(), 1);
}

TYPED_TEST(DestructionTest, GrantedByASemaphoreButNotResumed) {
  Semaphore semaphore(this->reactor()->ready(), 1);
  Gate gate(this->reactor()->ready());
  std::optional<Task<void>> holder = HoldUntil(&semaphore, &gate);
  this->Start(*holder);
  std::optional<Task<void>> task = Acquire(&semaphore, 1, Counted(1), this->resumed());
  this->Start(*task);
  holder.reset();
  EXPECT_FALSE(this->reactor()->ready()->empty());
  EXPECT_EQ(semaphore.available(), 0);
  this->DestroySuspended(&task);
  EXPECT_EQ(semaphore.available(), 1);
}

Task<void> Join(TaskGroup* group, Counted, bool* resumed) {
  co_await group->Join();
  *resumed = true;
}

Task<void> WaitAt(Gate* gate, Counted) { co_await gate->Wait(); }

TYPED_TEST(DestructionTest, InAJoin) {
  TaskGroup group(this->reactor()->ready());
  Gate gate(this->reactor()->ready());
  group.Spawn(WaitAt(&gate, Counted(2)));
  this->Look();
  {
    const Task<void> task = Join(&group, Counted(1), this->resumed());
    this->Start(task);
  }
  EXPECT_EQ(Counted::live(), 1);
  gate.Open();
  this->TurnUntilIdle();
  EXPECT_EQ(group.running(), 0u);
  EXPECT_FALSE(*this->resumed());
}

TYPED_TEST(DestructionTest, InAJoinThatHasEnded) {
  TaskGroup group(this->reactor()->ready());
  Gate gate(this->reactor()->ready());
  group.Spawn(WaitAt(&gate, Counted(2)));
  this->Look();
  std::optional<Task<void>> task = Join(&group, Counted(1), this->resumed());
  this->Start(*task);
  gate.Open();
  // Runs the member, whose end posts the joiner for the next batch.
  this->reactor()->ready()->RunBatch();
  while (group.running() > 0) this->reactor()->ready()->RunBatch();
  EXPECT_FALSE(this->reactor()->ready()->empty());
  this->DestroySuspended(&task);
}

Task<void> SleepDeep(Reactor* reactor, int depth, Counted argument, bool* resumed) {
  if (depth == 0) {
    const int64_t deadline_ns = reactor->clock().NowNs() + kHourNs;
    co_await SleepUntil(reactor, deadline_ns);
  } else {
    const int rest = depth - 1;
    co_await SleepDeep(reactor, rest, argument, resumed);
  }
  *resumed = true;
}

TYPED_TEST(DestructionTest, InAChainOfTasks) {
  std::optional<Task<void>> task = SleepDeep(this->reactor(), 20, Counted(1), this->resumed());
  this->Start(*task);
  this->DestroySuspended(&task);
}

TYPED_TEST(DestructionTest, BeforeItsStart) {
  std::optional<Task<void>> task = YieldOnce(this->reactor(), Counted(1), this->resumed());
  this->DestroySuspended(&task);
}

// A coroutine that destroys another, which is behind it in the same batch.
Task<void> Destroy(Reactor* reactor, std::optional<Task<void>>* victim) {
  co_await Yield(reactor);
  victim->reset();
}

TYPED_TEST(DestructionTest, ByAnotherInTheSameBatch) {
  std::optional<Task<void>> victim;
  const Task<void> destroyer = Destroy(this->reactor(), &victim);
  this->Start(destroyer);
  victim = YieldOnce(this->reactor(), Counted(1), this->resumed());
  this->Start(*victim);
  this->TurnUntilIdle();
  EXPECT_TRUE(destroyer.finished());
  EXPECT_FALSE(*this->resumed());
  EXPECT_EQ(Counted::live(), 0);
}

}  // namespace
}  // namespace pgring
