#include "pgring/coro/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pgring/coro/run.h"
#include "support/coro_fixture.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskTest : public ReadyQueueTest {};

Task<int> Answer() { co_return 42; }

TEST_F(TaskTest, GivesItsValue) { EXPECT_EQ(RunInline(Answer()), 42); }

Task<std::unique_ptr<int>> MakeUnique(int value) { co_return std::make_unique<int>(value); }

Task<std::unique_ptr<int>> Forward(int value) {
  auto made = co_await MakeUnique(value);
  co_return std::move(made);
}

TEST_F(TaskTest, GivesValuesThatOnlyMove) { EXPECT_EQ(*RunInline(Forward(7)), 7); }

Task<absl::StatusOr<std::string>> Greeting(bool available) {
  if (!available) co_return absl::UnavailableError("nobody there");
  co_return "hello";
}

TEST_F(TaskTest, GivesStatusOr) {
  EXPECT_EQ(RunInline(Greeting(true)).value(), "hello");
  EXPECT_EQ(RunInline(Greeting(false)).status(), absl::UnavailableError("nobody there"));
}

TEST_F(TaskTest, RunsOnlyWhenAwaited) {
  std::vector<int> log;
  Task<void> task = Log(&log, 1);
  EXPECT_THAT(log, IsEmpty());
  RunInline(std::move(task));
  EXPECT_THAT(log, ElementsAre(1));
}

TEST_F(TaskTest, NeedNotBeAwaited) {
  std::vector<int> log;
  {
    const Task<void> task = Log(&log, 1);
  }
  EXPECT_EQ(frames().new_frames(), 0);
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(TaskTest, MovesAndIsReplaced) {
  std::vector<int> log;
  Task<void> one = Log(&log, 1);
  Task<void> two = Log(&log, 2);
  one = std::move(two);
  EXPECT_LE(frames().new_frames(), 1);
  Task<void> three(std::move(one));
  RunInline(std::move(three));
  EXPECT_THAT(log, ElementsAre(2));
}

Task<void> LogAround(std::vector<int>* log) {
  log->push_back(1);
  co_await Log(log, 2);
  log->push_back(3);
  Task<void> later = Log(log, 5);
  log->push_back(4);
  co_await later;
  log->push_back(6);
}

TEST_F(TaskTest, ChildRunsToItsEndBeforeItsParentGoesOn) {
  std::vector<int> log;
  RunInline(LogAround(&log));
  EXPECT_THAT(log, ElementsAre(1, 2, 3, 4, 5, 6));
}

Task<int64_t> Identity(int64_t value) { co_return value; }

Task<int64_t> SumTo(int64_t count) {
  int64_t sum = 0;
  for (int64_t number = 1; number <= count; ++number) {
    const int64_t value = co_await Identity(number);
    sum += value;
  }
  co_return sum;
}

// A task that ends without waiting used to need a tail call for each await; g++ makes none at -O0
// and none under a sanitizer, and the stack was full after some ten thousand.
TEST_F(TaskTest, AMillionAwaitsNeedNoStack) {
  constexpr int64_t kCount = 1'000'000;
  EXPECT_EQ(RunInline(SumTo(kCount)), kCount * (kCount + 1) / 2);
}

Task<int> WaitAt(Gate* gate, int value) {
  co_await gate->Wait();
  co_return value;
}

Task<void> AddFrom(Gate* gate, std::vector<int>* log) {
  const int first = co_await WaitAt(gate, 1);
  log->push_back(first);
  const int second = co_await WaitAt(gate, 2);
  log->push_back(second);
}

// The child's end resumes nothing itself; the ready queue resumes the parent right after it.
TEST_F(TaskTest, ParentGoesOnInTheBatchOfItsChild) {
  Gate gate(ready());
  std::vector<int> log;
  const Task<void> task = AddFrom(&gate, &log);
  StartOn(ready(), task);
  EXPECT_TRUE(gate.has_waiters());
  gate.Open();
  EXPECT_THAT(log, IsEmpty());
  ready()->RunBatch();
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_FALSE(task.finished());
  gate.Open();
  RunReady();
  EXPECT_THAT(log, ElementsAre(1, 2));
  EXPECT_TRUE(task.finished());
}

Task<int> Chain(Gate* gate, int depth) {
  if (depth == 0) {
    const int value = co_await WaitAt(gate, 1);
    co_return value;
  }
  const int rest = depth - 1;
  const int value = co_await Chain(gate, rest);
  co_return value + 1;
}

TEST_F(TaskTest, ChainOfWaitingTasksUnwindsThroughTheQueue) {
  constexpr int kDepth = 1'000;
  Gate gate(ready());
  Task<int> task = Chain(&gate, kDepth);
  StartOn(ready(), task);
  EXPECT_GT(frames().new_frames(), 0);
  gate.Open();
  ready()->RunBatch();
  ASSERT_TRUE(task.finished());
  EXPECT_EQ(task.handle().promise().TakeValue(), kDepth + 1);
}

TEST_F(TaskTest, SuspendedChainIsDestroyedFromTheInsideOut) {
  Gate gate(ready());
  {
    const Task<int> task = Chain(&gate, 100);
    StartOn(ready(), task);
    EXPECT_TRUE(gate.has_waiters());
  }
  EXPECT_FALSE(gate.has_waiters());
  EXPECT_EQ(frames().new_frames(), 0);
}

TEST_F(TaskTest, ChainDestroyedWhileReadyIsNotResumed) {
  Gate gate(ready());
  {
    const Task<int> task = Chain(&gate, 10);
    StartOn(ready(), task);
    gate.Open();
    EXPECT_FALSE(ready()->empty());
  }
  EXPECT_TRUE(ready()->empty());
}

class TaskDeathTest : public TaskTest {};

Task<void> AwaitTwice() {
  Task<int> task = Answer();
  const int first = co_await task;
  const int second = co_await task;
  EXPECT_EQ(first, second);
}

TEST_F(TaskDeathTest, IsAwaitedOnce) {
  EXPECT_DEATH(RunInline(AwaitTwice()), "a task can be awaited once");
}

Task<int> AwaitIt(const Task<int>* task) {
  const int value = co_await *task;
  co_return value;
}

// A second parent resumed the child in the middle of its wait, as if that had ended.
TEST_F(TaskDeathTest, IsNotAwaitedAgainWhileItWaits) {
  Gate gate(ready());
  const Task<int> task = WaitAt(&gate, 1);
  const Task<int> first = AwaitIt(&task);
  const Task<int> second = AwaitIt(&task);
  StartOn(ready(), first);
  EXPECT_DEATH(StartOn(ready(), second), "a task can be awaited once");
}

TEST_F(TaskDeathTest, IsNotAwaitedAfterItWasMovedAway) {
  Task<int> task = Answer();
  const Task<int> owner(std::move(task));
  // NOLINTNEXTLINE(bugprone-use-after-move): the misuse is what is tested.
  const Task<int> parent = AwaitIt(&task);
  EXPECT_DEATH(StartOn(ready(), parent), "moved away");
}

TEST_F(TaskDeathTest, MustNotWaitInline) {
  Gate gate(ready());
  EXPECT_DEATH(RunInline(WaitAt(&gate, 1)), "blocking driver waited");
}

Task<void> Throw(bool standard) {
  if (standard) throw std::runtime_error("out of luck");
  throw 1;
  co_return;
}

TEST_F(TaskDeathTest, ExceptionEndsTheProgram) {
  EXPECT_DEATH(RunInline(Throw(true)), "an exception left a coroutine: out of luck");
  EXPECT_DEATH(RunInline(Throw(false)), "an exception left a coroutine");
}

}  // namespace
}  // namespace pgring
