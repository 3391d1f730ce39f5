#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pgring/base/status.h"
#include "pgring/uring/reactor.h"
#include "scripted_backend.h"
#include "support/resume_probe.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

class ReactorOrderTest : public ::testing::Test {
 protected:
  ReactorOrderTest() {
    auto backend = std::make_unique<ScriptedBackend>();
    backend_ = backend.get();
    reactor_.emplace(std::move(backend));
  }

  ScriptedBackend* backend() { return backend_; }
  Reactor* reactor() { return &*reactor_; }
  void CloseReactor() { reactor_.reset(); }
  void Turn() { ASSERT_TRUE(reactor_->Turn().ok()); }
  int64_t last_deadline_ns() const { return backend_->deadlines_ns().back(); }

 private:
  ScriptedBackend* backend_ = nullptr;
  std::optional<Reactor> reactor_;
};

// A node whose coroutine writes its number and does something.
struct Step {
  Step(int number, std::vector<int>* log, const std::function<void()>& action = nullptr)
      : probe([number, log, action] {
          log->push_back(number);
          if (action) action();
        }) {
    node.handle = probe.handle();
  }
  ResumeProbe probe;
  TimerNode node;
};

TEST_F(ReactorOrderTest, DoesNotWaitWhileSomethingIsReady) {
  std::vector<int> log;
  Step second(2, &log);
  Step first(1, &log, [this, &second] { reactor()->ready()->PostForNextTurn(&second.node); });
  Step timer(3, &log);
  reactor()->timers()->Arm(&timer.node, reactor()->clock().NowNs() + 1'000);
  reactor()->ready()->Post(&first.node);
  Turn();
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_EQ(last_deadline_ns(), 0);
  Turn();
  EXPECT_THAT(log, ElementsAre(1, 2));
}

// A permit that was handed on started its operation a turn later, behind a system call that had
// nothing to wait for: two such calls an operation at a limit of one.
TEST_F(ReactorOrderTest, WhatABatchMakesReadyRunsInTheSameTurn) {
  std::vector<int> log;
  Step third(3, &log);
  Step second(2, &log, [this, &third] { reactor()->ready()->Post(&third.node); });
  Step first(1, &log, [this, &second] { reactor()->ready()->Post(&second.node); });
  reactor()->ready()->Post(&first.node);
  Turn();
  EXPECT_THAT(log, ElementsAre(1, 2, 3));
}

TEST_F(ReactorOrderTest, EndlessChainDoesNotKeepTheKernelWaiting) {
  std::vector<int> log;
  std::unique_ptr<Step> endless;
  bool goes_on = true;
  endless = std::make_unique<Step>(1, &log, [this, &endless, &goes_on] {
    if (goes_on) reactor()->ready()->Post(&endless->node);
  });
  reactor()->ready()->Post(&endless->node);
  RingOperation poll(reactor());
  poll.StartPoll(3, POLLIN);
  backend()->Complete(backend()->queued().back().user_data, POLLIN);
  Turn();
  EXPECT_EQ(last_deadline_ns(), 0);
  EXPECT_FALSE(poll.in_flight());
  goes_on = false;
  Turn();
}

TEST_F(ReactorOrderTest, DoesNotWaitWithoutAnythingToWaitFor) {
  Turn();
  EXPECT_EQ(last_deadline_ns(), 0);
}

TEST_F(ReactorOrderTest, WaitsForTheNextTimer) {
  std::vector<int> log;
  Step timer(1, &log);
  Step later(2, &log);
  const int64_t deadline_ns = reactor()->clock().NowNs() + 1'000;
  reactor()->timers()->Arm(&later.node, deadline_ns + 1);
  reactor()->timers()->Arm(&timer.node, deadline_ns);
  Turn();
  EXPECT_EQ(last_deadline_ns(), deadline_ns);
  EXPECT_THAT(log, ElementsAre());
  Turn();
  EXPECT_THAT(log, ElementsAre(1));
}

TEST_F(ReactorOrderTest, WaitsForEverForACompletion) {
  RingOperation poll(reactor());
  poll.StartPoll(3, POLLIN);
  const uint64_t user_data = backend()->queued().back().user_data;
  backend()->Complete(user_data, POLLIN);
  Turn();
  EXPECT_EQ(last_deadline_ns(), kNoDeadlineNs);
  EXPECT_FALSE(poll.in_flight());
}

TEST_F(ReactorOrderTest, OneTurnTakesItsStepsInOrder) {
  std::vector<int> log;
  RingOperation poll(reactor());
  Step completed(4, &log);
  poll.SetWaiter(&completed.node);
  Step ready(1, &log, [&poll] { poll.StartPoll(3, POLLIN); });
  Step due(2, &log);
  Step not_due(3, &log);
  reactor()->ready()->Post(&ready.node);
  reactor()->timers()->Arm(&due.node, reactor()->clock().NowNs());
  reactor()->timers()->Arm(&not_due.node, reactor()->clock().NowNs() + 1);
  Turn();
  // The operation that was started in this turn was queued before the wait.
  EXPECT_THAT(log, ElementsAre(1, 2));
  ASSERT_EQ(backend()->queued().size(), 1u);
  backend()->Complete(backend()->queued()[0].user_data, POLLIN);
  Turn();
  // The timer is of this turn's begin, the completion of its end.
  EXPECT_THAT(log, ElementsAre(1, 2, 3));
  Turn();
  EXPECT_THAT(log, ElementsAre(1, 2, 3, 4));
}

TEST_F(ReactorOrderTest, StaleCompletionIsCountedAndNotFollowed) {
  RingOperation poll(reactor());
  poll.StartPoll(3, POLLIN);
  const uint64_t first = backend()->queued().back().user_data;
  backend()->Complete(first, POLLIN);
  Turn();
  // The slot is the first's again, of another generation.
  Turn();
  poll.StartPoll(3, POLLIN);
  const uint64_t second = backend()->queued().back().user_data;
  EXPECT_EQ(RingOperationId::Decode(first).index, RingOperationId::Decode(second).index);
  EXPECT_NE(first, second);
  backend()->Complete(first, POLLHUP);
  Turn();
  EXPECT_EQ(reactor()->stats().stale_completions, 1);
  EXPECT_TRUE(poll.in_flight());
  backend()->Complete(second, POLLIN);
  // Twice the same completion: the second is stale at once.
  backend()->Complete(second, POLLHUP);
  Turn();
  EXPECT_FALSE(poll.in_flight());
  EXPECT_EQ(poll.result(), POLLIN);
  EXPECT_EQ(reactor()->stats().stale_completions, 2);
}

TEST_F(ReactorOrderTest, CompletionOfASlotThatNeverWasIsStale) {
  backend()->Complete(RingOperationId{77, 1, RingOperationKind::kPoll}.Encode(), POLLIN);
  Turn();
  EXPECT_EQ(reactor()->stats().stale_completions, 1);
}

// The owner was asked to take the bytes before it was looked whether there is one.
TEST_F(ReactorOrderTest, BufferWithoutAnOwnerGoesBack) {
  {
    RingOperation abandoned(reactor());
    abandoned.StartPoll(3, POLLIN);
  }
  const uint64_t user_data = backend()->queued().front().user_data;
  const ScriptedBackend::Queued cancel = backend()->queued().back();
  ASSERT_TRUE(cancel.is_cancel);
  backend()->Complete({user_data, 5, /*goes_on=*/true, /*buffer=*/1});
  backend()->Complete({user_data, 5, /*goes_on=*/false, /*buffer=*/2});
  backend()->Complete({user_data, 5, /*goes_on=*/false, /*buffer=*/3});  // stale
  backend()->Complete(cancel.user_data, 0);
  Turn();
  EXPECT_THAT(backend()->returned_buffers(), ElementsAre(1, 2, 3));
  EXPECT_EQ(reactor()->stats().stale_completions, 1);
  EXPECT_EQ(reactor()->in_flight(), 0u);
}

TEST_F(ReactorOrderTest, CompletionOfTheCancelDoesNotEndItsTarget) {
  RingOperation poll(reactor());
  poll.StartPoll(3, POLLIN);
  poll.Cancel();
  ASSERT_EQ(backend()->queued().size(), 2u);
  const ScriptedBackend::Queued cancel = backend()->queued()[1];
  EXPECT_TRUE(cancel.is_cancel);
  EXPECT_EQ(cancel.target, backend()->queued()[0].user_data);
  backend()->Complete(cancel.user_data, 0);
  Turn();
  EXPECT_TRUE(poll.in_flight());
  EXPECT_EQ(reactor()->in_flight(), 1u);
  backend()->Complete(cancel.target, -ECANCELED);
  Turn();
  EXPECT_FALSE(poll.in_flight());
  EXPECT_EQ(reactor()->in_flight(), 0u);
}

TEST_F(ReactorOrderTest, AbandonedSlotLivesUntilItsOwnCompletion) {
  uint32_t index = 0;
  {
    RingOperation poll(reactor());
    poll.StartPoll(3, POLLIN);
    index = RingOperationId::Decode(backend()->queued()[0].user_data).index;
  }
  const ScriptedBackend::Queued cancel = backend()->queued()[1];
  EXPECT_TRUE(cancel.is_cancel);
  backend()->Complete(cancel.user_data, 0);
  Turn();
  Turn();
  RingOperation next(reactor());
  next.StartPoll(3, POLLIN);
  const uint64_t next_id = backend()->queued().back().user_data;
  EXPECT_NE(RingOperationId::Decode(next_id).index, index);
  backend()->Complete(cancel.target, POLLIN);
  Turn();
  EXPECT_TRUE(next.in_flight());
  EXPECT_EQ(reactor()->in_flight(), 1u);
  EXPECT_EQ(reactor()->stats().stale_completions, 0);
  backend()->Complete(next_id, POLLIN);
  Turn();
}

TEST_F(ReactorOrderTest, SlotFreedInATurnIsNotTakenInIt) {
  std::vector<int> log;
  RingOperation first(reactor());
  RingOperation second(reactor());
  RingOperation third(reactor());
  Step restart(1, &log, [&second] { second.StartPoll(3, POLLIN); });
  first.SetWaiter(&restart.node);
  first.StartPoll(3, POLLIN);
  const uint64_t first_id = backend()->queued().back().user_data;
  backend()->Complete(first_id, POLLIN);
  Turn();
  // Resumed by the completion of that turn: too early for its slot.
  Turn();
  const uint64_t second_id = backend()->queued().back().user_data;
  EXPECT_NE(RingOperationId::Decode(second_id).index, RingOperationId::Decode(first_id).index);
  third.StartPoll(3, POLLIN);
  const uint64_t third_id = backend()->queued().back().user_data;
  EXPECT_EQ(RingOperationId::Decode(third_id).index, RingOperationId::Decode(first_id).index);
  backend()->Complete(second_id, POLLIN);
  backend()->Complete(third_id, POLLIN);
  Turn();
}

// More than it takes out of the backend at a time.
TEST_F(ReactorOrderTest, CollectsEveryCompletionThatIsThere) {
  std::vector<std::unique_ptr<RingOperation>> polls;
  for (int i = 0; i < 1'000; ++i) {
    polls.push_back(std::make_unique<RingOperation>(reactor()));
    polls.back()->StartPoll(3, POLLIN);
    backend()->Complete(backend()->queued().back().user_data, POLLIN);
  }
  Turn();
  EXPECT_EQ(reactor()->in_flight(), 0u);
  for (const auto& poll : polls) EXPECT_FALSE(poll->in_flight());
}

TEST_F(ReactorOrderTest, WaitThatReturnsWithNothingIsHarmless) {
  RingOperation poll(reactor());
  poll.StartPoll(3, POLLIN);
  for (int turn = 0; turn < 5; ++turn) Turn();
  EXPECT_TRUE(poll.in_flight());
  backend()->Complete(backend()->queued()[0].user_data, POLLIN);
  Turn();
  EXPECT_FALSE(poll.in_flight());
  EXPECT_EQ(reactor()->stats().turns, 6);
}

// A seccomp filter that is installed later, for one. The program was stopped there and then, and
// what it had measured was lost.
TEST_F(ReactorOrderTest, FailedBackendEndsEveryOperationAndTimeGoesOn) {
  RingOperation waiting(reactor());
  waiting.StartPoll(3, POLLIN);
  RingOperation cancelled(reactor());
  cancelled.StartPoll(4, POLLIN);
  Turn();
  cancelled.Cancel();
  backend()->Complete(backend()->queued()[0].user_data, POLLIN);
  backend()->SetWaitStatus(absl::PermissionDeniedError("the ring is gone"));
  EXPECT_THAT(reactor()->Turn().message(), "the ring has failed: the ring is gone");
  EXPECT_TRUE(reactor()->has_failed());
  EXPECT_EQ(FailureCode(reactor()->failure()), kCauseRing);
  EXPECT_EQ(waiting.result(), POLLIN) << "what had ended before counts";
  EXPECT_EQ(cancelled.result(), -EIO);
  EXPECT_EQ(reactor()->in_flight(), 0u);

  RingOperation later(reactor());
  later.StartPoll(3, POLLIN);
  later.Cancel();
  EXPECT_FALSE(reactor()->Turn().ok());
  EXPECT_EQ(later.result(), -EIO);
  EXPECT_EQ(reactor()->in_flight(), 0u);

  std::vector<int> log;
  Step timer(1, &log);
  const int64_t due_ns = reactor()->clock().NowNs() + kNanosecondsPerSecond;
  reactor()->timers()->Arm(&timer.node, due_ns);
  EXPECT_FALSE(reactor()->Turn().ok());
  EXPECT_EQ(reactor()->clock().NowNs(), due_ns);
  EXPECT_FALSE(reactor()->Turn().ok());
  EXPECT_THAT(log, ElementsAre(1));
}

TEST_F(ReactorOrderTest, BackendThatFailsInTheDrain) {
  {
    RingOperation poll(reactor());
    poll.StartPoll(3, POLLIN);
  }
  backend()->SetWaitStatus(absl::InternalError("the ring is gone"));
  CloseReactor();
}

TEST_F(ReactorOrderTest, DrainEndsWithTheLastCompletion) {
  {
    RingOperation poll(reactor());
    poll.StartPoll(3, POLLIN);
  }
  const ScriptedBackend::Queued cancel = backend()->queued()[1];
  backend()->Complete(cancel.target, -ECANCELED);
  Turn();
  EXPECT_EQ(reactor()->in_flight(), 1u);
  backend()->Complete(cancel.user_data, 0);
  CloseReactor();
}

class ReactorDeathTest : public ReactorOrderTest {};

TEST_F(ReactorDeathTest, CompletionOfACancelThatNeverWas) {
  backend()->Complete(RingOperationId{0, 1, RingOperationKind::kCancel}.Encode(), 0);
  EXPECT_DEATH((void)reactor()->Turn(), "more cancels");
}

TEST_F(ReactorDeathTest, CoroutineStillReadyAtTheEnd) {
  ReadyNode node;
  reactor()->ready()->Post(&node);
  EXPECT_DEATH(CloseReactor(), "still ready");
}

TEST_F(ReactorDeathTest, TimerStillArmedAtTheEnd) {
  TimerNode node;
  reactor()->timers()->Arm(&node, 1);
  EXPECT_DEATH(CloseReactor(), "a timer outlived");
}

}  // namespace
}  // namespace pgring
