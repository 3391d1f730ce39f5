// What becomes of a session when its server or the way to it fails, in every state that a session
// can be in. It must come out broken, with the server's final ErrorResponse if there was one, and
// never hang; closing it must end. And: any way of cutting the conversation into pieces is fine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/histogram.h"
#include "pgring/postgres/connection_factory.h"
#include "pgring/postgres/pool.h"
#include "pgring/postgres/transaction.h"
#include "session_fixture.h"
#include "support/fault_proxy.h"
#include "support/process_watch.h"
#include "support/socket_queues.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

using Direction = FaultProxy::Direction;

std::unique_ptr<FaultProxy> ProxyToServer() {
  const ConnectionParameters server = ServerParameters();
  return std::make_unique<FaultProxy>(server.Get("host"), std::stoi(server.Get("port")));
}

std::string TerminationOf(const std::string& pid) {
  return "SELECT pg_terminate_backend(" + pid + ", 60000)";
}

template <typename Side>
class SessionFaultsTest : public SessionFixture<Side> {
 protected:
  // What a lost connection leaves behind.
  void ExpectBroken(const absl::Status& status, const std::string& code) {
    EXPECT_EQ(FailureCode(status), code) << status;
    EXPECT_FALSE(this->session_->usable());
    EXPECT_FALSE(this->session_->in_transaction());
  }
};
TYPED_TEST_SUITE(SessionFaultsTest, SessionSides, SideNames);

TYPED_TEST(SessionFaultsTest, RefusalInAnotherLanguageIsToBeTriedAgain) {
  const auto proxy = ProxyToServer();
  proxy->Refuse(FaultProxy::Refusal::kStartingUp);
  const absl::Status refused = this->Connect(ParametersOf(proxy->conninfo()));
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(FailureCode(refused), "57P03");
  EXPECT_THAT(
      std::string(refused.message()),
      AllOf(EndsWith("FATAL:  das Datenbanksystem startet gerade"), Not(HasSubstr("LOCATION"))));
}

// Connecting, with a password's exchange of messages; a prepared statement, errors, many rows.
TYPED_TEST(SessionFaultsTest, SingleBytesInEitherDirection) {
  this->AddStatement("divide", "SELECT 12 / $1::int, $2::text", 2);
  this->AddStatement("rows", "SELECT i, repeat('r', i) FROM generate_series(1, 40) AS i");
  this->AddStatement("simple", "SELECT 1; SELECT 'two'", 0, StatementProtocol::kSimple);
  for (const auto& directions :
       {std::vector<Direction>{Direction::kToServer}, std::vector<Direction>{Direction::kToClient},
        std::vector<Direction>{Direction::kToServer, Direction::kToClient}}) {
    const auto proxy = ProxyToServer();
    for (const Direction direction : directions) proxy->PassSingleBytes(direction);
    const absl::Status connected = this->Connect(
        ParametersOf(absl::StrCat(proxy->conninfo(), " user=", kScramRole, " password=right")));
    ASSERT_TRUE(connected.ok()) << connected;
    for (int round = 0; round < 3; ++round) {
      const absl::StatusOr<Result> divided = this->Execute(0, {"3", "it's ä"});
      ASSERT_TRUE(divided.ok()) << divided.status();
      EXPECT_EQ(divided->Text(0, 0), "4");
      EXPECT_EQ(divided->Text(0, 1), "it's ä");
      EXPECT_EQ(this->Value(0, {"0", nullptr}), "22012");
      const absl::StatusOr<Result> rows = this->Execute(1);
      ASSERT_TRUE(rows.ok()) << rows.status();
      ASSERT_EQ(rows->rows(), 40);
      for (int row = 0; row < 40; ++row) {
        EXPECT_EQ(rows->Text(row, 0), std::to_string(row + 1));
        EXPECT_EQ(rows->Text(row, 1), std::string(static_cast<size_t>(row) + 1, 'r'));
      }
      EXPECT_EQ(this->Value(2), "two");
    }
    EXPECT_GE(proxy->single_bytes(), 700) << "the conversation was not cut into bytes";
    this->Close();
  }
}

// From the first byte of the handshake on, in both directions.
TYPED_TEST(SessionFaultsTest, CutWhileConnecting) {
  for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
    for (const int64_t byte_count : {1, 9, 50, 90, 130, 200}) {
      SCOPED_TRACE(byte_count);
      const auto proxy = ProxyToServer();
      proxy->CutAfterBytes(direction, byte_count, 1);
      const absl::Status cut = this->Connect(
          ParametersOf(absl::StrCat(proxy->conninfo(), " user=", kScramRole, " password=right")));
      this->ExpectBroken(cut, std::string(kCauseConnectionLost));
    }
  }
}

// The message of a lost connection is libpq's own, of several lines, and went out as it was.
TYPED_TEST(SessionFaultsTest, LostConnectionIsToldInOneLine) {
  this->AddStatement("six", "SELECT 6 * 7");
  const auto proxy = ProxyToServer();
  ASSERT_EQ(this->Connect(ParametersOf(proxy->conninfo())), absl::OkStatus());
  proxy->CutAll();
  const absl::Status lost = this->Execute(0).status();
  this->ExpectBroken(lost, std::string(kCauseConnectionLost));
  EXPECT_EQ(lost.message(),
            "server closed the connection unexpectedly; This probably means the server terminated "
            "abnormally; before or while processing the request.");
}

// Any byte of a conversation may be the last, also when the reads are of single bytes.
TYPED_TEST(SessionFaultsTest, CutWithinAnAnswer) {
  this->AddStatement("rows", "SELECT i, repeat('r', 100) FROM generate_series(1, 20) AS i");
  for (const bool single : {false, true}) {
    for (const int64_t byte_count : {600, 700, 1'000, 1'501}) {
      const auto proxy = ProxyToServer();
      if (single) proxy->PassSingleBytes(Direction::kToClient);
      proxy->CutAfterBytes(Direction::kToClient, byte_count, 1);
      ASSERT_EQ(this->Connect(ParametersOf(proxy->conninfo())), absl::OkStatus());
      this->ExpectBroken(this->Execute(0).status(), std::string(kCauseConnectionLost));
    }
  }
}

TYPED_TEST(SessionFaultsTest, BackendTerminatedInATransaction) {
  AskServer("CREATE TABLE IF NOT EXISTS kept (i int); TRUNCATE kept");
  this->AddStatement("pid", "SELECT pg_backend_pid()");
  this->AddStatement("begin", "BEGIN");
  this->AddStatement("insert", "INSERT INTO kept VALUES (1)");
  this->AddStatement("commit", "COMMIT");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const std::string pid = this->Value(0);
  EXPECT_TRUE(this->Execute(1).ok());
  EXPECT_TRUE(this->Execute(2).ok());
  EXPECT_TRUE(this->session_->in_transaction());
  ASSERT_EQ(AskServer(TerminationOf(pid)), "t");
  this->ExpectBroken(this->Execute(3).status(), "57P01");
  EXPECT_EQ(AskServer("SELECT count(*) FROM kept"), "0");
}

// The backend ends itself when half of the rows are on their way.
TYPED_TEST(SessionFaultsTest, BackendTerminatedWithinALargeResult) {
  this->AddStatement("rows",
                     "SELECT CASE WHEN i = 10000 THEN pg_terminate_backend(pg_backend_pid())::text"
                     " ELSE repeat('r', 1000) END FROM generate_series(1, 20000) AS i");
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    this->ExpectBroken(this->Execute(0).status(), "57P01");
  }
}

TYPED_TEST(SessionFaultsTest, CutWithinALargeResult) {
  this->AddStatement("rows", "SELECT repeat('r', 1000) FROM generate_series(1, 20000) AS i");
  const auto proxy = ProxyToServer();
  proxy->CutAfterBytes(Direction::kToClient, 10'000'000, 1);
  ASSERT_EQ(this->Connect(ParametersOf(proxy->conninfo())), absl::OkStatus());
  this->ExpectBroken(this->Execute(0).status(), std::string(kCauseConnectionLost));
}

// The backend is held up, so the send cannot end; then it is told to end, and goes on to do so.
TYPED_TEST(SessionFaultsTest, BackendTerminatedWithinALargeSend) {
  const std::string large(20'000'000, 's');
  this->AddStatement("pid", "SELECT pg_backend_pid()");
  this->AddStatement("length", "SELECT length($1::text)", 1);
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    SCOPED_TRACE(parameters.Describe());
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    const pid_t pid = std::stoi(this->Value(0));
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
    std::thread terminator([pid] {
      EXPECT_TRUE(WaitForUnsentBytes(30'000));
      EXPECT_EQ(kill(pid, SIGTERM), 0);
      EXPECT_EQ(kill(pid, SIGCONT), 0);
    });
    const absl::Status status = this->Execute(1, {large.c_str()}).status();
    terminator.join();
    // A reset may overtake the final ErrorResponse.
    EXPECT_THAT(FailureCode(status), AnyOf(Eq("57P01"), Eq(kCauseConnectionLost))) << status;
    this->ExpectBroken(status, FailureCode(status));
  }
}

TYPED_TEST(SessionFaultsTest, CutWithinALargeSend) {
  const std::string large(20'000'000, 's');
  this->AddStatement("length", "SELECT length($1::text)", 1);
  const auto proxy = ProxyToServer();
  proxy->CutAfterBytes(Direction::kToServer, 10'000'000, 1);
  ASSERT_EQ(this->Connect(ParametersOf(proxy->conninfo())), absl::OkStatus());
  this->ExpectBroken(this->Execute(0, {large.c_str()}).status(), std::string(kCauseConnectionLost));
}

// The Terminate message has no recipient, and what was sent before cannot leave.
TYPED_TEST(SessionFaultsTest, CloseAfterTheConnectionWasCut) {
  this->AddStatement("six", "SELECT 6 * 7");
  const auto proxy = ProxyToServer();
  ASSERT_EQ(this->Connect(ParametersOf(proxy->conninfo())), absl::OkStatus());
  EXPECT_EQ(this->Value(0), "42");
  proxy->CutAll();
  this->Close();

  ASSERT_EQ(this->Connect(ParametersOf(proxy->conninfo())), absl::OkStatus());
  proxy->CutAll();
  this->ExpectBroken(this->Execute(0).status(), std::string(kCauseConnectionLost));
  this->Close();
}

// A process that is killed says nothing, and the server ends all others too, which do. Before the
// bystander's end the server may not know yet of the kill: this test once took an answer of that
// moment for the restarted server's, and all after it met one that was still recovering.
TYPED_TEST(SessionFaultsTest, BackendKilledAndTheServerRestarts) {
  this->AddStatement("pid", "SELECT pg_backend_pid()");
  this->AddStatement("sleep", "SELECT pg_sleep(600)");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const ProcessWatch bystander_process(std::stoi(this->Value(0)));
  auto bystander = std::move(this->session_);
  const ConnectionParameters kept = this->parameters_;
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const pid_t pid = std::stoi(this->Value(0));
  std::thread killer([pid] {
    EXPECT_TRUE(
        WaitForAnswer("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                      " AND pid = " +
                          std::to_string(pid),
                      "1"));
    EXPECT_EQ(kill(pid, SIGKILL), 0);
  });
  const absl::Status killed = this->Execute(1).status();
  killer.join();
  this->ExpectBroken(killed, std::string(kCauseConnectionLost));

  EXPECT_TRUE(bystander_process.WaitForEnd());
  EXPECT_TRUE(WaitForAnswer("SELECT 1", "1"));
  std::swap(this->session_, bystander);
  this->ExpectBroken(this->Execute(0).status(), std::string(kCauseConnectionLost));
  this->side_.Close(bystander.get());

  const absl::Status again = this->Connect(ServerParameters());
  EXPECT_TRUE(again.ok()) << again;
}

// In the pool: the next client of the session fails, the one after that gets a new session.
class PooledSessionFaultsTest : public ::testing::TestWithParam<IoMode> {
 protected:
  PooledSessionFaultsTest() { timeline_.Start(side_.reactor()->clock().NowNs(), 100); }

  // The backend's number, or the failure's code.
  Task<std::string> AskBackend(Pool* pool) {
    const StopToken never;
    auto lease = co_await pool->Acquire(never);
    if (!lease.ok()) {
      std::string code = FailureCode(lease.status());
      co_return code;
    }
    const Parameters none;
    const Statement* statement = statements_.data();
    Transaction transaction(lease->session());
    auto result = co_await transaction.Execute(statement, none);
    std::string answer =
        result.ok() ? std::string(result->Text(0, 0)) : FailureCode(result.status());
    co_return answer;
  }

  ReactorSide side_{GetParam()};
  Canceller canceller_;
  const ConnectionParameters parameters_ = ServerParameters();
  const std::vector<Statement> statements_ = {{"pid", "SELECT pg_backend_pid()", 0}};
  ConnectionFactory factory_{side_.reactor(), &parameters_, &statements_, &canceller_, GetParam()};
  ConnectionTimeline timeline_;
  Histogram connect_ns_;
};

TEST_P(PooledSessionFaultsTest, BackendTerminatedWhileIdleInThePool) {
  PoolOptions options;
  options.size = 2;
  Pool pool(side_.reactor(), options, &factory_, &timeline_, &connect_ns_);
  for (int round = 0; round < 3; ++round) {
    const std::string pid = side_.Run(AskBackend(&pool));
    EXPECT_EQ(side_.Run(AskBackend(&pool)), pid) << "the idle session was not taken";
    ASSERT_EQ(AskServer(TerminationOf(pid)), "t");
    EXPECT_EQ(side_.Run(AskBackend(&pool)), "57P01");
    EXPECT_EQ(pool.open(), 0);
  }
  EXPECT_EQ(pool.counters().opened, 3);
  side_.Run(pool.Close());
  EXPECT_EQ(side_.in_flight(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Modes, PooledSessionFaultsTest,
                         testing::Values(IoMode::kReadiness, IoMode::kCompletion),
                         [](const auto& mode) {
                           return mode.param == IoMode::kReadiness ? "Readiness" : "Completion";
                         });

}  // namespace
}  // namespace pgring
