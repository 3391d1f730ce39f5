// What only the blocking session does: plain SQL, and heeding the interrupt while it waits.
#include "pgring/postgres/blocking_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

constexpr int kSomeSignal = 2;

class BlockingSessionTest : public ::testing::Test {
 protected:
  BlockingSessionTest() : session_(&parameters_, nullptr, &interrupt_) {
    const absl::Status connected = session_.ConnectNow();
    EXPECT_TRUE(connected.ok()) << connected;
  }

  Interrupt interrupt_;
  const ConnectionParameters parameters_ = ServerParameters();
  BlockingSession session_;
};

TEST_F(BlockingSessionTest, SeveralStatementsGiveTheLastResult) {
  const absl::StatusOr<Result> result = session_.ExecuteSql(
      "CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1), (2); "
      "SELECT sum(i) FROM t");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->Integer(0, 0), 3);
}

TEST_F(BlockingSessionTest, FirstErrorOfSeveralStatements) {
  const absl::Status status = session_.ExecuteSql("SELECT 1; SELECT 1/0; SELECT 2").status();
  EXPECT_EQ(FailureCode(status), "22012");
  EXPECT_EQ(session_.ExecuteSql("SELECT 7")->Integer(0, 0), 7);
}

TEST_F(BlockingSessionTest, CopyIsRefused) {
  const absl::Status status = session_.ExecuteSql("COPY (SELECT 1) TO STDOUT").status();
  EXPECT_EQ(FailureCode(status), kCauseUnexpectedResult);
  EXPECT_FALSE(session_.usable());
}

TEST_F(BlockingSessionTest, InterruptDoesNotDisturbWhatEndsByItself) {
  interrupt_.Raise(kSomeSignal);
  EXPECT_EQ(session_.ExecuteSql("SELECT 7")->Integer(0, 0), 7);
}

TEST_F(BlockingSessionTest, InterruptCancelsAfterItsTimeToDrain) {
  interrupt_.Raise(kSomeSignal);
  const absl::Status status = session_.ExecuteSql("SELECT pg_sleep(600)").status();
  const int64_t waited_ns = SteadyClock::Get()->NowNs() - interrupt_.raised_at_ns();
  EXPECT_EQ(FailureCode(status), "57014") << status;
  EXPECT_GE(waited_ns, Interrupt::kDrainNs);
  EXPECT_TRUE(session_.usable());
}

// A server that had stopped answering: the statement was broken off after the interrupt, and the
// next one on the same session (dropping the schema that had just been created) found libpq still
// busy and aborted the program.
TEST_F(BlockingSessionTest, StatementAfterOneThatWasBrokenOffFailsPlainly) {
  const int backend_pid = session_.libpq().backend_pid();
  ASSERT_EQ(kill(backend_pid, SIGSTOP), 0);
  interrupt_.Raise(kSomeSignal);
  const absl::Status broken_off = session_.ExecuteSql("SELECT 1").status();
  EXPECT_EQ(FailureCode(broken_off), kCauseInterrupted) << broken_off;
  EXPECT_FALSE(session_.usable());
  const absl::Status next = session_.ExecuteSql("SELECT 1").status();
  EXPECT_EQ(FailureCode(next), kCauseConnectionLost);
  EXPECT_THAT(next.message(), HasSubstr("connect again"));
  EXPECT_EQ(kill(backend_pid, SIGCONT), 0);
}

}  // namespace
}  // namespace pgring
