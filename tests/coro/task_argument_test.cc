#include <gtest/gtest.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task.h"
#include "support/coro_fixture.h"
#include "support/counted.h"

// Every form of call that the rules for coroutines allow (task.h), on a type that notices a copy of
// its bytes and a second destructor: g++ 12 does both in the forms that they forbid.
namespace pgring {
namespace {

class TaskArgumentTest : public ReadyQueueTest {};

Task<int> TakeByValue(Counted argument) { co_return argument.value(); }

Task<int> TakeTwo(Counted first, Counted second) { co_return first.value() * 100 + second.value(); }

Task<Counted> Produce(int value) { co_return Counted(value); }

Task<Counted> PassOn(Counted argument) { co_return std::move(argument); }

Task<absl::StatusOr<Counted>> ProduceIf(bool wanted, int value) {
  if (!wanted) co_return absl::NotFoundError("not wanted");
  co_return Counted(value);
}

Task<int> WithNamedArgument() {
  Counted named(5);
  const int value = co_await TakeByValue(named);
  EXPECT_EQ(named.value(), 5);
  co_return value;
}

Task<int> WithMovedArgument() {
  Counted named(6);
  const int value = co_await TakeByValue(std::move(named));
  // NOLINTNEXTLINE(bugprone-use-after-move): what the move left behind is what is tested.
  EXPECT_EQ(named.value(), Counted::kMovedFrom);
  co_return value;
}

Task<int> WithConstructedArgument() {
  const int value = co_await TakeByValue(Counted(7));
  co_return value;
}

Task<int> WithSeveralArguments() {
  Counted named(1);
  const int value = co_await TakeTwo(named, Counted(2));
  const int other = co_await TakeTwo(Counted(3), std::move(named));
  co_return value * 10'000 + other;
}

TEST_F(TaskArgumentTest, ArgumentsAreFreedOnce) {
  EXPECT_EQ(RunInline(WithNamedArgument()), 5);
  EXPECT_EQ(RunInline(WithMovedArgument()), 6);
  EXPECT_EQ(RunInline(WithConstructedArgument()), 7);
  EXPECT_EQ(RunInline(WithSeveralArguments()), 102 * 10'000 + 301);
  EXPECT_EQ(Counted::live(), 0);
}

Task<int> SumOfResults() {
  const Counted produced = co_await Produce(1);
  const Counted passed = co_await PassOn(Counted(2));
  const absl::StatusOr<Counted> wanted = co_await ProduceIf(true, 4);
  const absl::StatusOr<Counted> unwanted = co_await ProduceIf(false, 8);
  EXPECT_TRUE(wanted.ok());
  EXPECT_FALSE(unwanted.ok());
  co_return produced.value() + passed.value() + wanted->value();
}

TEST_F(TaskArgumentTest, ResultsAreFreedOnce) {
  EXPECT_EQ(RunInline(SumOfResults()), 7);
  EXPECT_EQ(Counted::live(), 0);
}

Task<void> DropTheResult() { co_await Produce(1); }

TEST_F(TaskArgumentTest, ResultNobodyTakesIsFreed) {
  RunInline(DropTheResult());
  EXPECT_EQ(Counted::live(), 0);
}

TEST_F(TaskArgumentTest, ArgumentsOfATaskThatNeverRanAreFreed) {
  {
    const Task<int> task = TakeTwo(Counted(1), Counted(2));
    EXPECT_EQ(Counted::live(), 2);
  }
  EXPECT_EQ(Counted::live(), 0);
}

Task<int> HoldWhileWaiting(Gate* gate, Counted argument) {
  const Counted local(10);
  co_await gate->Wait();
  co_return argument.value() + local.value();
}

Task<int> HoldInAChain(Gate* gate) {
  Counted named(3);
  const int value = co_await HoldWhileWaiting(gate, named);
  const int other = co_await HoldWhileWaiting(gate, Counted(4));
  co_return value * 100 + other;
}

TEST_F(TaskArgumentTest, ArgumentsLiveWhileTheTaskWaits) {
  Gate gate(ready());
  Task<int> task = HoldInAChain(&gate);
  StartOn(ready(), task);
  // The named one, the child's copy and the child's local; the call's temporary may live on.
  EXPECT_GE(Counted::live(), 3);
  gate.Open();
  RunReady();
  EXPECT_GE(Counted::live(), 3);
  gate.Open();
  RunReady();
  ASSERT_TRUE(task.finished());
  EXPECT_EQ(task.handle().promise().TakeValue(), 1314);
  EXPECT_EQ(Counted::live(), 0);
}

TEST_F(TaskArgumentTest, DestroyedWaitFreesThemOnce) {
  Gate gate(ready());
  for (int waits = 1; waits <= 2; ++waits) {
    {
      const Task<int> task = HoldInAChain(&gate);
      StartOn(ready(), task);
      if (waits == 2) {
        gate.Open();
        RunReady();
      }
      EXPECT_GE(Counted::live(), 3);
    }
    EXPECT_EQ(Counted::live(), 0);
    EXPECT_EQ(frames().new_frames(), 0);
  }
}

TEST_F(TaskArgumentTest, UntakenResultIsFreedWithItsTask) {
  {
    const Task<Counted> task = Produce(1);
    StartOn(nullptr, task);
    EXPECT_TRUE(task.finished());
    EXPECT_EQ(Counted::live(), 1);
  }
  EXPECT_EQ(Counted::live(), 0);
}

// A lambda without captures is a coroutine like any other.
TEST_F(TaskArgumentTest, LambdaTakesItsStateAsArguments) {
  const auto add = [](Counted left, int right) -> Task<int> { co_return left.value() + right; };
  EXPECT_EQ(RunInline(add(Counted(1), 2)), 3);
  EXPECT_EQ(Counted::live(), 0);
}

struct Adder {
  Task<int> Add(Counted argument) { co_return argument.value() + base.value(); }
  Counted base{100};
};

Task<int> AddWith(Adder* adder) {
  const int value = co_await adder->Add(Counted(1));
  co_return value;
}

TEST_F(TaskArgumentTest, MemberFunctionsToo) {
  Adder adder;
  EXPECT_EQ(RunInline(AddWith(&adder)), 101);
  EXPECT_EQ(Counted::live(), 1);
}

}  // namespace
}  // namespace pgring
