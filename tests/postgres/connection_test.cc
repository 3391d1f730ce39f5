// What only a session over the reactor does: cancel, abort, close with a wait outstanding, and many
// at once on one thread. On the real ring and a real server.
#include "pgring/postgres/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/task_group.h"
#include "session_sides.h"
#include "support/execute_task.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

class ConnectionTest : public ::testing::TestWithParam<IoMode> {
 protected:
  ~ConnectionTest() override {
    EXPECT_EQ(side_.in_flight(), 0u);
    canceller_.reset();  // its last request may still hold a socket
    EXPECT_EQ(CountDescriptors(), descriptors_before_) << "a descriptor was leaked";
  }

  Task<void> Sleep(Session* session, absl::Status* status) {
    const Statement* statement = &statements_[0];
    const Parameters none;
    Transaction transaction(session);
    auto result = co_await transaction.Execute(statement, none);
    *status = result.status();
  }

  // Waits, over `watcher`, until the backend of `sleeper` sleeps; then calls `action`.
  template <typename Action>
  Task<void> WhenAsleep(Session* watcher, Connection* sleeper, Action action) {
    const std::string pid = std::to_string(sleeper->backend_pid());
    const char* value = pid.c_str();
    const Parameters parameters(&value, 1);
    const Statement* statement = &statements_[1];
    Transaction transaction(watcher);
    for (;;) {
      auto result = co_await transaction.Execute(statement, parameters);
      EXPECT_TRUE(result.ok()) << result.status();
      if (!result.ok() || result->Text(0, 0) == "1") break;
    }
    action();
  }

  // Runs pg_sleep on a session and `action` on it once the server is asleep; how the sleep ended.
  template <typename Action>
  absl::Status EndSleep(Action action) {
    Connection sleeper(side_.reactor(), &parameters_, &statements_, canceller_.get(), GetParam());
    Connection watcher(side_.reactor(), &parameters_, &statements_, canceller_.get(), GetParam());
    EXPECT_TRUE(side_.Run(sleeper.Connect()).ok());
    EXPECT_TRUE(side_.Run(watcher.Connect()).ok());
    absl::Status status;
    TaskGroup group(side_.reactor()->ready());
    group.Spawn(Sleep(&sleeper, &status));
    group.Spawn(WhenAsleep(&watcher, &sleeper, [&sleeper, &action] { action(&sleeper); }));
    side_.Run(Join(&group));
    usable_afterwards_ = sleeper.usable();
    if (usable_afterwards_) {
      const Parameters none;
      EXPECT_TRUE(side_.Run(ExecuteTask(&sleeper, &statements_[2], none)).ok());
    }
    side_.Run(sleeper.Close());
    side_.Run(watcher.Close());
    return status;
  }

  static Task<void> Join(TaskGroup* group) { co_await group->Join(); }

  Task<void> UseOne(int number) {
    Connection connection(side_.reactor(), &parameters_, &statements_, canceller_.get(),
                          GetParam());
    absl::Status connected = co_await connection.Connect();
    EXPECT_TRUE(connected.ok()) << connected;
    if (!connected.ok()) co_return;
    const std::string text = std::to_string(number);
    const char* value = text.c_str();
    const Parameters parameters(&value, 1);
    const Statement* echo = &statements_[3];
    Transaction transaction(&connection);
    for (int round = 0; round < 20; ++round) {
      auto result = co_await transaction.Execute(echo, parameters);
      EXPECT_TRUE(result.ok()) << result.status();
      if (result.ok() && result->Text(0, 0) == text) ++right_answers_;
    }
    co_await connection.Close();
  }

  ReactorSide side_{GetParam()};
  const int descriptors_before_ = CountDescriptors();
  std::unique_ptr<Canceller> canceller_ = std::make_unique<Canceller>();
  const ConnectionParameters parameters_ = ServerParameters();
  const std::vector<Statement> statements_ = {
      {"sleep", "SELECT pg_sleep(600)", 0},
      {"asleep",
       "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = $1::int", 1},
      {"one", "SELECT 1", 0},
      {"echo", "SELECT $1::text", 1}};
  bool usable_afterwards_ = false;
  int right_answers_ = 0;
};

TEST_P(ConnectionTest, CancelEndsTheStatementAndKeepsTheSession) {
  const absl::Status status = EndSleep([](Connection* sleeper) { sleeper->RequestCancel(); });
  EXPECT_EQ(FailureCode(status), "57014") << status;
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_TRUE(usable_afterwards_);
}

TEST_P(ConnectionTest, CancelOfAnIdleSessionDoesNothing) {
  Connection connection(side_.reactor(), &parameters_, &statements_, canceller_.get(), GetParam());
  connection.RequestCancel();
  EXPECT_TRUE(side_.Run(connection.Connect()).ok());
  connection.RequestCancel();
  const Parameters none;
  EXPECT_TRUE(side_.Run(ExecuteTask(&connection, &statements_[2], none)).ok());
  side_.Run(connection.Close());
}

TEST_P(ConnectionTest, AbortEndsTheWaitAndBreaksTheSession) {
  const absl::Status status = EndSleep([](Connection* sleeper) { sleeper->Abort(); });
  EXPECT_EQ(FailureCode(status), kCauseInterrupted) << status;
  EXPECT_FALSE(usable_afterwards_);
  // The server notices later that its client is gone.
  AskServer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
}

TEST_P(ConnectionTest, SessionThatNeverConnectedMayJustEnd) {
  const Connection connection(side_.reactor(), &parameters_, &statements_, canceller_.get(),
                              GetParam());
  EXPECT_FALSE(connection.usable());
  EXPECT_EQ(connection.socket(), -1);
}

TEST_P(ConnectionTest, FiftyAtOnceOnOneThread) {
  constexpr int kConnections = 50;
  TaskGroup group(side_.reactor()->ready());
  for (int i = 0; i < kConnections; ++i) group.Spawn(UseOne(i));
  side_.Run(Join(&group));
  EXPECT_EQ(right_answers_, kConnections * 20);
  EXPECT_EQ(side_.reactor()->stats().stale_completions, 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, ConnectionTest,
                         ::testing::Values(IoMode::kReadiness, IoMode::kCompletion),
                         [](const ::testing::TestParamInfo<IoMode>& mode) {
                           return mode.param == IoMode::kReadiness ? "Readiness" : "Completion";
                         });

}  // namespace
}  // namespace pgring
