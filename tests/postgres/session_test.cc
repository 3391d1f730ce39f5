// What both kinds of session promise, on a real server.
#include "pgring/postgres/session.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "session_fixture.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A TCP port of this machine: one that listens and is never served, or one without a listener.
class LocalPort {
 public:
  explicit LocalPort(bool listens) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    number_ = ntohs(address.sin_port);
    if (listens) {
      EXPECT_EQ(listen(socket_, 5), 0);
    }
  }
  ~LocalPort() { close(socket_); }
  LocalPort(const LocalPort&) = delete;
  LocalPort& operator=(const LocalPort&) = delete;

  std::string conninfo() const { return absl::StrCat("host=127.0.0.1 port=", number_); }
  int number() const { return number_; }

 private:
  int socket_;
  int number_ = 0;
};

template <typename Side>
class SessionTest : public SessionFixture<Side> {};
TYPED_TEST_SUITE(SessionTest, SessionSides, SideNames);

TYPED_TEST(SessionTest, ConnectsPreparesExecutesAndCloses) {
  this->AddStatement("six", "SELECT 6 * 7");
  this->AddStatement("application", "SHOW application_name");
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    SCOPED_TRACE(parameters.Describe());
    const absl::Status connected = this->Connect(parameters);
    ASSERT_TRUE(connected.ok()) << connected;
    EXPECT_TRUE(this->session_->usable());
    EXPECT_EQ(this->session_->round_trips(), 2) << "one for each statement that was prepared";
    EXPECT_EQ(this->Value(0), "42");
    EXPECT_EQ(this->Value(0), "42");
    EXPECT_EQ(this->Value(1), "pgring");
    EXPECT_EQ(this->session_->round_trips(), 5);
    this->side_.Close(this->session_.get());
    EXPECT_FALSE(this->session_->usable());
    this->session_.reset();
  }
}

TYPED_TEST(SessionTest, PasswordOverScram) {
  this->AddStatement("user", "SELECT current_user");
  for (const bool tcp : {false, true}) {
    const auto parameters = [tcp](const std::string& more) {
      const std::string role = absl::StrCat("user=", kScramRole, " ", more);
      return tcp ? TcpServerParameters(role) : ServerParameters(role);
    };
    ASSERT_EQ(this->Connect(parameters("password=right")), absl::OkStatus());
    EXPECT_EQ(this->Value(0), kScramRole);

    const absl::Status wrong = this->Connect(parameters("password=wrong"));
    EXPECT_TRUE(absl::IsUnauthenticated(wrong)) << wrong;
    EXPECT_EQ(FailureCode(wrong), "28P01");
    EXPECT_THAT(wrong.message(), HasSubstr("password authentication failed"));
    EXPECT_THAT(wrong.message(), Not(HasSubstr("\n")));
    EXPECT_FALSE(this->session_->usable());

    const absl::Status none = this->Connect(parameters("passfile=/nonexistent"));
    EXPECT_EQ(FailureCode(none), "28P01") << none;
  }
}

TYPED_TEST(SessionTest, UnknownDatabaseAndRole) {
  const absl::Status database = this->Connect(ServerParameters("dbname=nowhere"));
  EXPECT_TRUE(absl::IsNotFound(database)) << database;
  EXPECT_EQ(FailureCode(database), "3D000");
  EXPECT_THAT(database.message(), HasSubstr("database \"nowhere\" does not exist"));
  const absl::Status role = this->Connect(ServerParameters("user=nobody_here"));
  EXPECT_TRUE(absl::IsUnauthenticated(role)) << role;
  EXPECT_EQ(FailureCode(role), "28000");
}

TYPED_TEST(SessionTest, NobodyListens) {
  const LocalPort port(false);
  const absl::Status tcp = this->Connect(ParametersOf(port.conninfo()));
  EXPECT_TRUE(absl::IsResourceExhausted(tcp)) << "to be tried again: " << tcp;
  EXPECT_EQ(FailureCode(tcp), kCauseConnectionRefused);
  const absl::Status socket = this->Connect(ParametersOf("host=/nonexistent user=u"));
  EXPECT_TRUE(absl::IsResourceExhausted(socket)) << socket;
  EXPECT_EQ(FailureCode(socket), kCauseConnectionRefused);
}

TYPED_TEST(SessionTest, TooManyConnections) {
  AskServer("CREATE ROLE single LOGIN CONNECTION LIMIT 1");
  ASSERT_EQ(this->Connect(ServerParameters("user=single")), absl::OkStatus());
  auto first = std::move(this->session_);
  const ConnectionParameters kept = this->parameters_;
  const absl::Status second = this->Connect(ServerParameters("user=single"));
  EXPECT_TRUE(absl::IsResourceExhausted(second)) << second;
  EXPECT_EQ(FailureCode(second), "53300");
  this->side_.Close(first.get());
}

// The port has a listener that never answers. The deadline ends the task while its poll is still in
// flight; RunUntilDone then waited for that poll, which would never end.
TYPED_TEST(SessionTest, ConnectTimeout) {
  const LocalPort port(true);
  const absl::Status status =
      this->Connect(ParametersOf(port.conninfo() + " user=u connect_timeout=1"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(FailureCode(status), kCauseConnectTimeout);
  EXPECT_THAT(status.message(), HasSubstr("connect_timeout (1 s)"));
  EXPECT_FALSE(this->session_->usable());
}

// libpq counts connect_timeout for each host, and psql reaches the second one. The first one's
// silence was the end of the attempt.
TYPED_TEST(SessionTest, SilentHostLeadsToTheNext) {
  this->AddStatement("user", "SELECT current_user");
  const LocalPort silent(true);
  const LocalPort also_silent(true);
  const LocalPort refuses(false);
  ConnectionParameters parameters = ServerParameters("connect_timeout=1");
  const std::string server = parameters.Get("host");
  const std::string port = parameters.Get("port");
  for (const auto& [hosts, addresses, ports] :
       {std::tuple<std::string, std::string, std::string>{"127.0.0.1," + server, "127.0.0.1,",
                                                          absl::StrCat(silent.number(), ",", port)},
        {"127.0.0.1,127.0.0.1,127.0.0.1," + server, "127.0.0.1,127.0.0.1,127.0.0.1,",
         absl::StrCat(silent.number(), ",", refuses.number(), ",", also_silent.number(), ",",
                      port)}}) {
    SCOPED_TRACE(ports);
    parameters.Set("host", hosts);
    parameters.Set("hostaddr", addresses);
    parameters.Set("port", ports);
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    EXPECT_EQ(this->Value(0), "postgres");
  }
}

TYPED_TEST(SessionTest, FailureAfterASilentHostTellsOfBoth) {
  const LocalPort silent(true);
  const LocalPort refuses(false);
  const absl::Status status = this->Connect(ParametersOf(
      absl::StrCat("host=127.0.0.1,127.0.0.1 user=u connect_timeout=1 port=", silent.number(), ",",
                   refuses.number())));
  EXPECT_EQ(FailureCode(status), kCauseConnectionRefused) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr(absl::StrCat("127.0.0.1:", silent.number())),
                                      HasSubstr("connect_timeout (1 s)"),
                                      HasSubstr(absl::StrCat("port ", refuses.number()))));
}

TYPED_TEST(SessionTest, PrepareErrorNamesTheStatement) {
  this->AddStatement("fine", "SELECT 1");
  this->AddStatement("broken", "SELECT no_such_column");
  const absl::Status status = this->Connect(ServerParameters());
  EXPECT_EQ(FailureCode(status), "42703");
  EXPECT_THAT(status.message(), AllOf(HasSubstr("preparing broken: "), HasSubstr("no_such_column"),
                                      HasSubstr("SQLSTATE 42703")));
  EXPECT_FALSE(this->session_->usable());
}

TYPED_TEST(SessionTest, ParametersAndNulls) {
  this->AddStatement("echo", "SELECT $1::text, $2::int + 1, $3::text IS NULL, NULL::int", 3);
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const absl::StatusOr<Result> result = this->Execute(0, {"it's ä", "41", nullptr});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows(), 1);
  EXPECT_EQ(result->columns(), 4);
  EXPECT_EQ(result->Text(0, 0), "it's ä");
  EXPECT_EQ(result->Integer(0, 1), 42);
  EXPECT_EQ(result->Text(0, 2), "t");
  EXPECT_TRUE(result->IsNull(0, 3));
}

// Reads of a growing table were slower by a factor whenever the server had settled on a plan for
// any parameters: that statement is to be planned for the ones it has.
TYPED_TEST(SessionTest, ExtendedStatementIsNotPrepared) {
  this->AddStatement("later", "SELECT id + $1::int FROM made_later", 1,
                     StatementProtocol::kExtended);
  this->AddStatement("create", "CREATE TEMPORARY TABLE made_later AS SELECT 40 AS id");
  this->AddStatement("count", "SELECT count(*) FROM pg_prepared_statements");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  EXPECT_EQ(this->Value(0, {"2"}), "42P01");
  EXPECT_TRUE(this->Execute(1).ok());
  EXPECT_EQ(this->Value(0, {"2"}), "42");
  EXPECT_EQ(this->Value(2), "2");
}

TYPED_TEST(SessionTest, CommandTagOfACommand) {
  this->AddStatement("begin", "BEGIN");
  this->AddStatement("commit", "COMMIT");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  EXPECT_EQ(this->Execute(0)->CommandTag(), "BEGIN");
  EXPECT_EQ(this->Execute(1)->CommandTag(), "COMMIT");
}

TYPED_TEST(SessionTest, ErrorOfAStatementLeavesTheSessionUsable) {
  this->AddStatement("divide", "SELECT 1 / $1::int", 1);
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  for (int round = 0; round < 3; ++round) {
    const absl::StatusOr<Result> failed = this->Execute(0, {"0"});
    EXPECT_EQ(FailureCode(failed.status()), "22012");
    EXPECT_THAT(failed.status().message(),
                AllOf(HasSubstr("division by zero"), HasSubstr("SQLSTATE 22012")));
    EXPECT_TRUE(this->session_->usable());
    EXPECT_EQ(this->Value(0, {"1"}), "1");
  }
}

TYPED_TEST(SessionTest, DetailHintAndContextAreInTheMessage) {
  this->AddStatement("raise", "SELECT pg_temp_error()");
  AskServer(
      "CREATE OR REPLACE FUNCTION pg_temp_error() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
      "  RAISE EXCEPTION 'it failed' USING ERRCODE = '40001', DETAIL = 'here', HINT = 'again';"
      " END $$");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const absl::Status status = this->Execute(0).status();
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(status.message(),
            "it failed (SQLSTATE 40001) (detail: here) (hint: again) (context: PL/pgSQL function "
            "pg_temp_error() line 1 at RAISE)");
  EXPECT_EQ(FullMessage(status),
            "ERROR 40001: it failed\nDETAIL:  here\nHINT:  again\n"
            "CONTEXT:  PL/pgSQL function pg_temp_error() line 1 at RAISE");
}

TYPED_TEST(SessionTest, TenMegabytesIn) {
  this->AddStatement("large", "SELECT repeat('x', 10000000)");
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    const absl::StatusOr<Result> result = this->Execute(0);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->Text(0, 0), std::string(10'000'000, 'x'));
  }
}

// More than the socket takes at once: the flush has to wait.
TYPED_TEST(SessionTest, TenMegabytesOut) {
  const std::string large(10'000'000, 'y');
  this->AddStatement("length", "SELECT length($1::text)", 1);
  this->AddStatement("echo", "SELECT $1::text", 1);
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    EXPECT_EQ(this->Value(0, {large.c_str()}), "10000000");
    EXPECT_EQ(this->Value(1, {large.c_str()}), large);
  }
}

TYPED_TEST(SessionTest, FloodOfNotices) {
  AskServer(
      "CREATE OR REPLACE FUNCTION noisy(lines int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
      "  FOR i IN 1..lines LOOP RAISE NOTICE '%', repeat('n', 1000); END LOOP; RETURN lines;"
      " END $$");
  this->AddStatement("noisy", "SELECT noisy(20000)");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(this->Value(0), "20000");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "notices are not for the user";
}

TYPED_TEST(SessionTest, BackendTerminatedWhileIdle) {
  this->AddStatement("pid", "SELECT pg_backend_pid()");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const std::string pid = this->Value(0);
  // Waits until the backend is gone.
  ASSERT_EQ(AskServer("SELECT pg_terminate_backend(" + pid + ", 60000)"), "t");
  const absl::Status status = this->Execute(0).status();
  EXPECT_EQ(FailureCode(status), "57P01") << "the server's last words, not just a lost connection";
  EXPECT_THAT(status.message(), HasSubstr("terminating connection due to administrator command"));
  EXPECT_FALSE(this->session_->usable());
}

TYPED_TEST(SessionTest, BackendTerminatedWhileBusy) {
  this->AddStatement("pid", "SELECT pg_backend_pid()");
  this->AddStatement("sleep", "SELECT pg_sleep(600)");
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    const std::string pid = this->Value(0);
    std::thread terminator([&pid] {
      const std::string who =
          " FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " + pid;
      EXPECT_TRUE(WaitForAnswer("SELECT count(*)" + who, "1"));
      AskServer("SELECT pg_terminate_backend(pid)" + who);
    });
    const absl::Status status = this->Execute(1).status();
    terminator.join();
    EXPECT_EQ(FailureCode(status), "57P01") << status;
    EXPECT_FALSE(this->session_->usable());
  }
}

}  // namespace
}  // namespace pgring
