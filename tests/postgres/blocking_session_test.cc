// What only the blocking session does: plain SQL, and heeding the interrupt while it waits.
#include "pgring/postgres/blocking_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

constexpr int kSomeSignal = 2;

// Rows 1 to `rows` of one integer column, some at a time.
class NumberSource {
 public:
  explicit NumberSource(int64_t rows) : rows_(rows) {}
  absl::Status Next(std::string* piece) {
    ++calls_;
    while (next_ <= rows_ && piece->size() < 10'000) *piece += std::to_string(next_++) + "\n";
    return absl::OkStatus();
  }
  int calls() const { return calls_; }

 private:
  const int64_t rows_;
  int64_t next_ = 1;
  int calls_ = 0;
};

class BlockingSessionTest : public ::testing::Test {
 protected:
  BlockingSessionTest() : session_(&parameters_, nullptr, &interrupt_) {
    const absl::Status connected = session_.ConnectNow();
    EXPECT_TRUE(connected.ok()) << connected;
  }

  absl::Status Copy(const char* sql, NumberSource* source) {
    return session_.CopyIn(sql, [source](std::string* piece) { return source->Next(piece); });
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

TEST_F(BlockingSessionTest, CopyInFillsATable) {
  ASSERT_TRUE(session_.ExecuteSql("CREATE TEMP TABLE t (i int)").ok());
  NumberSource source(200'000);
  const absl::Status copied = Copy("COPY t FROM STDIN", &source);
  ASSERT_TRUE(copied.ok()) << copied;
  EXPECT_GT(source.calls(), 100);
  const auto sums = session_.ExecuteSql("SELECT count(*), sum(i) FROM t");
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_EQ(sums->Integer(0, 0), 200'000);
  EXPECT_EQ(sums->Integer(0, 1), int64_t{200'000} * 200'001 / 2);
}

TEST_F(BlockingSessionTest, CopyInOfNothing) {
  ASSERT_TRUE(session_.ExecuteSql("CREATE TEMP TABLE t (i int)").ok());
  NumberSource source(0);
  EXPECT_TRUE(Copy("COPY t FROM STDIN", &source).ok());
  EXPECT_EQ(session_.ExecuteSql("SELECT count(*) FROM t")->Integer(0, 0), 0);
}

// The server says what is wrong at once and drops the rest, which is more than fits into the
// socket.
TEST_F(BlockingSessionTest, CopyInOfDataThatTheServerRefuses) {
  ASSERT_TRUE(session_.ExecuteSql("CREATE TEMP TABLE t (i int CHECK (i <> 7))").ok());
  NumberSource source(500'000);
  const absl::Status refused = Copy("COPY t FROM STDIN", &source);
  EXPECT_EQ(FailureCode(refused), "23514") << refused;
  EXPECT_TRUE(session_.usable());
  EXPECT_EQ(session_.ExecuteSql("SELECT count(*) FROM t")->Integer(0, 0), 0);
}

TEST_F(BlockingSessionTest, CopyInThatCannotBegin) {
  NumberSource source(10);
  EXPECT_EQ(FailureCode(Copy("COPY no_such_table FROM STDIN", &source)), "42P01");
  EXPECT_EQ(FailureCode(Copy("SELECT 1", &source)), kCauseUnexpectedResult);
  EXPECT_EQ(source.calls(), 0);
  EXPECT_EQ(session_.ExecuteSql("SELECT 7")->Integer(0, 0), 7);
}

TEST_F(BlockingSessionTest, CopyInWhoseSourceFailsIsUndone) {
  ASSERT_TRUE(session_.ExecuteSql("CREATE TEMP TABLE t (i int)").ok());
  int calls = 0;
  const absl::Status failed = session_.CopyIn("COPY t FROM STDIN", [&calls](std::string* piece) {
    if (++calls == 3) return absl::DataLossError("no more of it");
    *piece = "1\n";
    return absl::OkStatus();
  });
  EXPECT_EQ(failed.message(), "no more of it");
  EXPECT_EQ(session_.ExecuteSql("SELECT count(*) FROM t")->Integer(0, 0), 0);
}

TEST_F(BlockingSessionTest, CopyInStopsBetweenPiecesWhenInterrupted) {
  ASSERT_TRUE(session_.ExecuteSql("CREATE TEMP TABLE t (i int)").ok());
  int calls = 0;
  const absl::Status stopped =
      session_.CopyIn("COPY t FROM STDIN", [this, &calls](std::string* piece) {
        if (++calls == 3) interrupt_.Raise(kSomeSignal);
        *piece = "1\n";
        return absl::OkStatus();
      });
  EXPECT_EQ(FailureCode(stopped), kCauseInterrupted) << stopped;
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(session_.ExecuteSql("SELECT count(*) FROM t")->Integer(0, 0), 0);
}

// libpq gives the COPY's own result for ever while it is in a COPY: looking for the server's last
// words must not go on for ever either.
TEST_F(BlockingSessionTest, CopyInOnAConnectionThatIsLost) {
  ASSERT_TRUE(session_.ExecuteSql("CREATE TEMP TABLE t (i int)").ok());
  const std::string terminate =
      "SELECT pg_terminate_backend(" + std::to_string(session_.libpq().backend_pid()) + ", 60000)";
  int calls = 0;
  const absl::Status lost =
      session_.CopyIn("COPY t FROM STDIN", [&terminate, &calls](std::string* piece) {
        if (++calls == 3) {
          EXPECT_EQ(AskServer(terminate), "t");
        }
        for (int row = 0; row < 50'000; ++row) *piece += "1\n";
        return calls < 1'000 ? absl::OkStatus() : absl::DataLossError("never noticed");
      });
  EXPECT_TRUE(absl::IsUnavailable(lost)) << lost;
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
