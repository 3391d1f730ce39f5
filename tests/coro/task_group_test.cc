#include "pgring/coro/task_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "support/coro_fixture.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskGroupTest : public ReadyQueueTest {};

Task<void> LogAfter(Gate* gate, std::vector<int>* log, int number, Counted argument) {
  co_await gate->Wait();
  log->push_back(number);
  EXPECT_EQ(argument.value(), number);
}

Task<void> JoinAndLog(TaskGroup* group, std::vector<int>* log) {
  co_await group->Join();
  log->push_back(99);
}

TEST_F(TaskGroupTest, SpawnedTaskStartsFromTheReadyQueue) {
  TaskGroup group(ready());
  std::vector<int> log;
  group.Spawn(Log(&log, 1));
  group.Spawn(Log(&log, 2));
  EXPECT_THAT(log, IsEmpty());
  EXPECT_EQ(group.running(), 2u);
  ready()->RunBatch();
  EXPECT_THAT(log, ElementsAre(1, 2));
  EXPECT_EQ(group.running(), 0u);
  // It has destroyed itself and its task.
  EXPECT_EQ(frames().new_frames(), 0);
}

TEST_F(TaskGroupTest, JoinWaitsForTheLast) {
  TaskGroup group(ready());
  Gate first(ready());
  Gate second(ready());
  std::vector<int> log;
  group.Spawn(LogAfter(&first, &log, 1, Counted(1)));
  group.Spawn(LogAfter(&second, &log, 2, Counted(2)));
  const Task<void> joiner = JoinAndLog(&group, &log);
  StartOn(ready(), joiner);
  RunReady();
  second.Open();
  RunReady();
  EXPECT_THAT(log, ElementsAre(2));
  EXPECT_FALSE(joiner.finished());
  first.Open();
  RunReady();
  EXPECT_THAT(log, ElementsAre(2, 1, 99));
  EXPECT_TRUE(joiner.finished());
}

TEST_F(TaskGroupTest, JoinOfAnEmptyGroupDoesNotWait) {
  TaskGroup group(ready());
  std::vector<int> log;
  const Task<void> joiner = JoinAndLog(&group, &log);
  StartOn(ready(), joiner);
  EXPECT_TRUE(joiner.finished());
}

Task<void> SpawnMore(TaskGroup* group, std::vector<int>* log, int left) {
  log->push_back(left);
  if (left > 0) {
    group->Spawn(SpawnMore(group, log, left - 1));
    group->Spawn(Log(log, 100 + left));
  }
  co_return;
}

TEST_F(TaskGroupTest, TasksMaySpawnIntoTheirOwnGroup) {
  TaskGroup group(ready());
  std::vector<int> log;
  group.Spawn(SpawnMore(&group, &log, 2));
  const Task<void> joiner = JoinAndLog(&group, &log);
  StartOn(ready(), joiner);
  RunReady();
  EXPECT_THAT(log, ElementsAre(2, 1, 102, 0, 101, 99));
}

Task<void> JoinTwice(TaskGroup* group, std::vector<int>* log) {
  group->Spawn(Log(log, 1));
  co_await group->Join();
  log->push_back(2);
  group->Spawn(Log(log, 3));
  co_await group->Join();
  log->push_back(4);
}

TEST_F(TaskGroupTest, MayBeUsedAgainAfterTheJoin) {
  TaskGroup group(ready());
  std::vector<int> log;
  const Task<void> joiner = JoinTwice(&group, &log);
  StartOn(ready(), joiner);
  RunReady();
  EXPECT_THAT(log, ElementsAre(1, 2, 3, 4));
}

Task<void> OwnAGroup(ReadyQueue* ready, Gate* gate, std::vector<int>* log) {
  TaskGroup group(ready);
  for (int number = 1; number <= 3; ++number) {
    group.Spawn(LogAfter(gate, log, number, Counted(number)));
  }
  co_await group.Join();
  log->push_back(99);
}

TEST_F(TaskGroupTest, MayLiveInTheCoroutineThatJoinsIt) {
  Gate gate(ready());
  std::vector<int> log;
  const Task<void> owner = OwnAGroup(ready(), &gate, &log);
  StartOn(ready(), owner);
  RunReady();
  EXPECT_EQ(Counted::live(), 3);
  gate.Open();
  RunReady();
  EXPECT_TRUE(owner.finished());
  EXPECT_EQ(Counted::live(), 0);
  EXPECT_THAT(log, ElementsAre(1, 2, 3, 99));
}

TEST_F(TaskGroupTest, TenThousandMembersNeedNoStack) {
  constexpr int kCount = 10'000;
  TaskGroup group(ready());
  Gate gate(ready());
  std::vector<int> log;
  for (int number = 0; number < kCount; ++number) {
    group.Spawn(LogAfter(&gate, &log, number, Counted(number)));
  }
  RunReady();
  EXPECT_EQ(group.running(), static_cast<size_t>(kCount));
  gate.Open();
  RunReady();
  EXPECT_EQ(log.size(), static_cast<size_t>(kCount));
  EXPECT_EQ(group.running(), 0u);
}

TEST_F(TaskGroupTest, JoinerThatIsDestroyedLeaves) {
  TaskGroup group(ready());
  Gate gate(ready());
  std::vector<int> log;
  group.Spawn(LogAfter(&gate, &log, 1, Counted(1)));
  RunReady();
  {
    const Task<void> joiner = JoinAndLog(&group, &log);
    StartOn(ready(), joiner);
  }
  const Task<void> next = JoinAndLog(&group, &log);
  StartOn(ready(), next);
  gate.Open();
  RunReady();
  EXPECT_THAT(log, ElementsAre(1, 99));
}

class TaskGroupDeathTest : public TaskGroupTest {};

TEST_F(TaskGroupDeathTest, MustBeJoined) {
  const auto leave = [this] {
    TaskGroup group(ready());
    std::vector<int> log;
    group.Spawn(Log(&log, 1));
  };
  EXPECT_DEATH(leave(), "a task group was not joined");
}

TEST_F(TaskGroupDeathTest, HasOneJoinerAtATime) {
  TaskGroup group(ready());
  Gate gate(ready());
  std::vector<int> log;
  group.Spawn(LogAfter(&gate, &log, 1, Counted(1)));
  RunReady();
  const Task<void> first = JoinAndLog(&group, &log);
  const Task<void> second = JoinAndLog(&group, &log);
  StartOn(ready(), first);
  EXPECT_DEATH(StartOn(ready(), second), "one joiner at a time");
  gate.Open();
  RunReady();
}

}  // namespace
}  // namespace pgring
