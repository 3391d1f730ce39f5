#include "pgring/coro/semaphore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "pgring/coro/task_group.h"
#include "support/coro_fixture.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

// Where the permits of coroutines that have one are kept until the test drops them.
struct Holder {
  std::vector<int> log;
  std::vector<Permit> permits;
};

Task<void> AcquireInto(Semaphore* semaphore, int64_t units, Holder* holder, int number) {
  Permit permit = co_await semaphore->Acquire(units);
  holder->log.push_back(permit.units() == units ? number : -number);
  holder->permits.push_back(std::move(permit));
}

class SemaphoreTest : public ReadyQueueTest {
 protected:
  // Starts a coroutine that acquires; it is `number` in the log, negated when it got nothing.
  void Acquire(Semaphore* semaphore, int64_t units, int number) {
    tasks_.push_back(AcquireInto(semaphore, units, &holder_, number));
    StartOn(ready(), tasks_.back());
  }
  // Gives back the permit that was had longest.
  void ReleaseOldest() { holder_.permits.erase(holder_.permits.begin()); }
  void ReleaseAll() {
    while (!holder_.permits.empty()) {
      ReleaseOldest();
      RunReady();
    }
  }

  std::vector<int>& log() { return holder_.log; }
  std::vector<Permit>& permits() { return holder_.permits; }
  std::vector<Task<void>>& tasks() { return tasks_; }

 private:
  Holder holder_;
  std::vector<Task<void>> tasks_;
};

TEST_F(SemaphoreTest, GivesAtOnceWhatIsThere) {
  Semaphore semaphore(ready(), 3);
  EXPECT_EQ(semaphore.capacity(), 3);
  Acquire(&semaphore, 1, 1);
  Acquire(&semaphore, 2, 2);
  EXPECT_THAT(log(), ElementsAre(1, 2));
  EXPECT_EQ(semaphore.available(), 0);
  EXPECT_FALSE(semaphore.has_waiters());
  ReleaseAll();
  EXPECT_EQ(semaphore.available(), 3);
}

TEST_F(SemaphoreTest, ServesInTheOrderOfAsking) {
  Semaphore semaphore(ready(), 1);
  for (int number = 1; number <= 4; ++number) Acquire(&semaphore, 1, number);
  EXPECT_THAT(log(), ElementsAre(1));
  EXPECT_TRUE(semaphore.has_waiters());
  ReleaseAll();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3, 4));
}

TEST_F(SemaphoreTest, SmallRequestsDoNotOvertakeALargeOne) {
  Semaphore semaphore(ready(), 4);
  Acquire(&semaphore, 2, 1);
  Acquire(&semaphore, 4, 2);
  // Two units are free, and are kept for the large one.
  Acquire(&semaphore, 1, 3);
  Acquire(&semaphore, 1, 4);
  EXPECT_THAT(log(), ElementsAre(1));
  EXPECT_EQ(semaphore.available(), 2);
  ReleaseOldest();
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2));
  ReleaseAll();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3, 4));
}

TEST_F(SemaphoreTest, NewcomerDoesNotOvertakeWhoWasGranted) {
  Semaphore semaphore(ready(), 1);
  Acquire(&semaphore, 1, 1);
  Acquire(&semaphore, 1, 2);
  ReleaseOldest();
  // The unit is the second's although it has not run yet.
  EXPECT_EQ(semaphore.available(), 0);
  Acquire(&semaphore, 1, 3);
  EXPECT_THAT(log(), ElementsAre(1));
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2));
  ReleaseAll();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3));
}

TEST_F(SemaphoreTest, OneReleaseMayServeSeveral) {
  Semaphore semaphore(ready(), 3);
  Acquire(&semaphore, 3, 1);
  Acquire(&semaphore, 1, 2);
  Acquire(&semaphore, 2, 3);
  Acquire(&semaphore, 1, 4);
  ReleaseOldest();
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3));
  ReleaseAll();
}

// A release that resumed its waiter on its own stack ran the waiter's code in the middle of the
// releaser's, one level deeper for each release inside it.
TEST_F(SemaphoreTest, ReleaseResumesNothing) {
  Semaphore semaphore(ready(), 1);
  Acquire(&semaphore, 1, 1);
  Acquire(&semaphore, 1, 2);
  ReleaseOldest();
  EXPECT_THAT(log(), ElementsAre(1));
  EXPECT_FALSE(ready()->empty());
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2));
  ReleaseAll();
}

Task<void> AcquireAndRelease(Semaphore* semaphore, int* count) {
  const Permit permit = co_await semaphore->Acquire();
  ++*count;
}

TEST_F(SemaphoreTest, ManyWaitersInARowNeedNoStack) {
  constexpr int kCount = 100'000;
  Semaphore semaphore(ready(), 1);
  TaskGroup group(ready());
  int count = 0;
  Acquire(&semaphore, 1, 1);
  for (int i = 0; i < kCount; ++i) group.Spawn(AcquireAndRelease(&semaphore, &count));
  RunReady();
  EXPECT_EQ(count, 0);
  ReleaseOldest();
  RunReady();
  EXPECT_EQ(count, kCount);
}

TEST_F(SemaphoreTest, WaiterThatIsDestroyedLeavesTheLine) {
  Semaphore semaphore(ready(), 1);
  for (int number = 1; number <= 3; ++number) Acquire(&semaphore, 1, number);
  tasks().erase(tasks().begin() + 1);
  ReleaseAll();
  EXPECT_THAT(log(), ElementsAre(1, 3));
}

TEST_F(SemaphoreTest, LargeWaiterThatIsDestroyedLetsOthersPass) {
  Semaphore semaphore(ready(), 4);
  Acquire(&semaphore, 2, 1);
  Acquire(&semaphore, 4, 2);
  Acquire(&semaphore, 1, 3);
  Acquire(&semaphore, 1, 4);
  tasks().erase(tasks().begin() + 1);
  EXPECT_THAT(log(), ElementsAre(1));
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 3, 4));
  ReleaseAll();
}

TEST_F(SemaphoreTest, GrantedWaiterThatIsDestroyedGivesItsUnitsOn) {
  Semaphore semaphore(ready(), 1);
  for (int number = 1; number <= 3; ++number) Acquire(&semaphore, 1, number);
  ReleaseOldest();
  tasks().erase(tasks().begin() + 1);
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 3));
  ReleaseAll();
  EXPECT_EQ(semaphore.available(), 1);
}

TEST_F(SemaphoreTest, CloseWakesEverybodyWithNothing) {
  Semaphore semaphore(ready(), 2);
  Acquire(&semaphore, 1, 1);
  Acquire(&semaphore, 2, 2);
  Acquire(&semaphore, 1, 3);
  semaphore.Close();
  EXPECT_TRUE(semaphore.closed());
  EXPECT_FALSE(semaphore.has_waiters());
  EXPECT_THAT(log(), ElementsAre(1));
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, -2, -3));
  // Later ones do not wait.
  Acquire(&semaphore, 1, 4);
  EXPECT_THAT(log(), ElementsAre(1, -2, -3, -4));
  // What is out stays valid.
  EXPECT_EQ(permits()[0].units(), 1);
  EXPECT_EQ(semaphore.available(), 1);
  ReleaseAll();
  EXPECT_EQ(semaphore.available(), 2);
}

TEST_F(SemaphoreTest, WhoWasGrantedBeforeTheCloseKeepsIt) {
  Semaphore semaphore(ready(), 1);
  Acquire(&semaphore, 1, 1);
  Acquire(&semaphore, 1, 2);
  ReleaseOldest();
  semaphore.Close();
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2));
  ReleaseAll();
}

TEST_F(SemaphoreTest, ClosedAndDestroyedWaiterReturnsNothing) {
  Semaphore semaphore(ready(), 1);
  Acquire(&semaphore, 1, 1);
  Acquire(&semaphore, 1, 2);
  semaphore.Close();
  tasks().pop_back();
  EXPECT_TRUE(ready()->empty());
  EXPECT_EQ(semaphore.available(), 0);
  ReleaseAll();
  EXPECT_EQ(semaphore.available(), 1);
}

class PermitTest : public SemaphoreTest {
 protected:
  Permit Take(Semaphore* semaphore, int64_t units) {
    Acquire(semaphore, units, 1);
    Permit permit = std::move(permits().back());
    permits().pop_back();
    return permit;
  }
};

TEST_F(PermitTest, EmptyOneHoldsNothing) {
  Permit permit;
  EXPECT_EQ(permit.units(), 0);
  permit.Release();
  EXPECT_EQ(permit.units(), 0);
}

TEST_F(PermitTest, IsGivenBackAtItsEnd) {
  Semaphore semaphore(ready(), 3);
  {
    const Permit permit = Take(&semaphore, 2);
    EXPECT_EQ(permit.units(), 2);
    EXPECT_EQ(semaphore.available(), 1);
  }
  EXPECT_EQ(semaphore.available(), 3);
}

TEST_F(PermitTest, IsGivenBackOnce) {
  Semaphore semaphore(ready(), 3);
  Permit permit = Take(&semaphore, 2);
  permit.Release();
  permit.Release();
  EXPECT_EQ(permit.units(), 0);
  EXPECT_EQ(semaphore.available(), 3);
}

TEST_F(PermitTest, Moves) {
  Semaphore semaphore(ready(), 3);
  Permit one = Take(&semaphore, 2);
  Permit two(std::move(one));
  EXPECT_EQ(two.units(), 2);
  EXPECT_EQ(semaphore.available(), 1);
  Permit three = Take(&semaphore, 1);
  // What it held is given back first.
  three = std::move(two);
  EXPECT_EQ(three.units(), 2);
  EXPECT_EQ(semaphore.available(), 1);
  three = Permit();
  EXPECT_EQ(semaphore.available(), 3);
}

TEST_F(PermitTest, AssignmentToItselfKeepsIt) {
  Semaphore semaphore(ready(), 1);
  Permit permit = Take(&semaphore, 1);
  Permit* same = &permit;
  permit = std::move(*same);
  EXPECT_EQ(permit.units(), 1);
  EXPECT_EQ(semaphore.available(), 0);
}

TEST_F(PermitTest, Splits) {
  Semaphore semaphore(ready(), 5);
  Permit whole = Take(&semaphore, 5);
  {
    const Permit part = whole.Split(2);
    EXPECT_EQ(part.units(), 2);
    EXPECT_EQ(whole.units(), 3);
    EXPECT_EQ(semaphore.available(), 0);
  }
  EXPECT_EQ(semaphore.available(), 2);
  const Permit rest = whole.Split(3);
  EXPECT_EQ(whole.units(), 0);
  whole.Release();
  EXPECT_EQ(semaphore.available(), 2);
}

TEST_F(PermitTest, OneThatWasSplitUpMayOutliveItsSemaphore) {
  auto semaphore = std::make_unique<Semaphore>(ready(), 2);
  Permit whole = Take(semaphore.get(), 2);
  whole.Split(2).Release();
  semaphore.reset();
  // AddressSanitizer sees what it touches.
  whole.Release();
  EXPECT_EQ(whole.units(), 0);
}

class SemaphoreDeathTest : public PermitTest {};

TEST_F(SemaphoreDeathTest, RequestsAreWithinTheCapacity) {
  Semaphore semaphore(ready(), 3);
  EXPECT_DEATH(Acquire(&semaphore, 4, 1), "more units asked");
  EXPECT_DEATH(Acquire(&semaphore, 0, 1), "more units asked");
  EXPECT_DEATH(Acquire(&semaphore, -1, 1), "more units asked");
  EXPECT_DEATH(Semaphore(ready(), 0), "at least one unit");
}

TEST_F(SemaphoreDeathTest, SplitsAreWithinThePermit) {
  Semaphore semaphore(ready(), 3);
  Permit permit = Take(&semaphore, 2);
  EXPECT_DEATH((void)permit.Split(3), "cannot be split");
  EXPECT_DEATH((void)permit.Split(0), "cannot be split");
  EXPECT_DEATH((void)Permit().Split(1), "cannot be split");
}

TEST_F(SemaphoreDeathTest, MustOutliveItsPermits) {
  auto semaphore = std::make_unique<Semaphore>(ready(), 3);
  Permit permit = Take(semaphore.get(), 2);
  EXPECT_DEATH(semaphore.reset(), "ended before its permits");
  permit.Release();
}

TEST_F(SemaphoreTest, MoreCapacityWakesThoseWhoWaitForIt) {
  Semaphore semaphore(ready(), 1);
  for (int number = 1; number <= 4; ++number) Acquire(&semaphore, 1, number);
  EXPECT_THAT(log(), ElementsAre(1));
  semaphore.SetCapacity(3);
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3));
  EXPECT_EQ(semaphore.available(), 0);
  ReleaseAll();
}

TEST_F(SemaphoreTest, LessCapacityIsTakenFromPermitsThatComeBack) {
  Semaphore semaphore(ready(), 3);
  for (int number = 1; number <= 5; ++number) Acquire(&semaphore, 1, number);
  semaphore.SetCapacity(1);
  EXPECT_EQ(semaphore.available(), -2);
  ReleaseOldest();
  ReleaseOldest();
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3));
  ReleaseOldest();
  RunReady();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3, 4));
  ReleaseAll();
  EXPECT_THAT(log(), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(semaphore.available(), 1);
}

}  // namespace
}  // namespace pgring
