// Sessions under TLS on a real server: the bytes that libpq reads and writes are then those of its
// TLS library, in records of up to 16 KiB, with messages of its own that no statement asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/connection_factory.h"
#include "pgring/postgres/multiplexer.h"
#include "pgring/postgres/shared_session.h"
#include "pgring/postgres/transaction.h"
#include "session_fixture.h"
#include "support/test_certificates.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<TestCertificates> g_certificates;

// Removes the files before the test program ends.
class CertificatesEnvironment final : public ::testing::Environment {
 public:
  void TearDown() override { g_certificates.reset(); }
};
[[maybe_unused]] ::testing::Environment* const kCertificatesEnvironment =
    ::testing::AddGlobalTestEnvironment(new CertificatesEnvironment);

// Once in the program, and before a ring: openssl is a process.
void SwitchTlsOn() {
  if (g_certificates != nullptr) return;
  g_certificates = std::make_unique<TestCertificates>();
  g_certificates->InstallForServer(AskServer("SHOW data_directory"));
  AskServer("ALTER SYSTEM SET ssl = on");
  AskServer("SELECT pg_reload_conf()");
  PGRING_CHECK(WaitForAnswer("SHOW ssl", "on"), "the server did not switch TLS on");
}

// To the server by TCP, verifying it against the test's own authority; `more` wins.
ConnectionParameters TlsParameters(const std::string& more = "") {
  return TcpServerParameters(
      absl::StrCat("sslmode=verify-full sslrootcert=", g_certificates->root(), " ", more));
}

// Of 100 bytes each, all different, so that a piece lost, doubled or misplaced shows.
std::string NumberedText(size_t pieces) {
  std::string text;
  for (size_t i = 0; i < pieces; ++i) {
    const std::string number = std::to_string(i);
    text += number + std::string(100 - number.size(), '.');
  }
  return text;
}

template <typename Side>
class TlsSessionTest : public SessionFixture<Side> {
 protected:
  static void SetUpTestSuite() { SwitchTlsOn(); }

  void AddProtocolStatement() {
    this->AddStatement("tls",
                       "SELECT CASE WHEN ssl THEN version ELSE 'none' END FROM pg_stat_ssl"
                       " WHERE pid = pg_backend_pid()");
  }
};
TYPED_TEST_SUITE(TlsSessionTest, SessionSides, SideNames);

// TLS 1.3 lets the server say things after the handshake, among them session tickets, which come
// with the first answers.
TYPED_TEST(TlsSessionTest, ManySmallStatementsInEitherVersion) {
  this->AddProtocolStatement();
  this->AddStatement("echo", "SELECT $1::text", 1);
  this->AddStatement("divide", "SELECT 1 / $1::int", 1);
  for (const char* version : {"TLSv1.2", "TLSv1.3"}) {
    SCOPED_TRACE(version);
    const absl::Status connected = this->Connect(TlsParameters(
        absl::StrCat("ssl_min_protocol_version=", version, " ssl_max_protocol_version=", version)));
    ASSERT_TRUE(connected.ok()) << connected;
    EXPECT_EQ(this->Value(0), version);
    for (int i = 0; i < 2'000; ++i) {
      const std::string text = std::to_string(i);
      ASSERT_EQ(this->Value(1, {text.c_str()}), text);
      if (i % 100 == 0) {
        ASSERT_EQ(this->Value(2, {"0"}), "22012");
      }
    }
  }
}

TYPED_TEST(TlsSessionTest, RequireWithoutARootCertificate) {
  this->AddProtocolStatement();
  const absl::Status connected = this->Connect(TcpServerParameters("sslmode=require"));
  ASSERT_TRUE(connected.ok()) << connected;
  EXPECT_EQ(this->Value(0), "TLSv1.3");
}

TYPED_TEST(TlsSessionTest, TenMegabytesInAndOut) {
  constexpr size_t kPieces = 100'000;
  const std::string text = NumberedText(kPieces);
  this->AddStatement("generate",
                     "SELECT string_agg(rpad(i::text, 100, '.'), '' ORDER BY i)"
                     " FROM generate_series(0, $1::int - 1) AS i",
                     1);
  this->AddStatement("compare",
                     "SELECT $2::text = string_agg(rpad(i::text, 100, '.'), '' ORDER BY i)"
                     " FROM generate_series(0, $1::int - 1) AS i",
                     2);
  this->AddStatement("echo", "SELECT $1::text", 1);
  ASSERT_EQ(this->Connect(TlsParameters()), absl::OkStatus());
  const std::string pieces = std::to_string(kPieces);
  EXPECT_TRUE(this->Value(0, {pieces.c_str()}) == text) << "it came, but not as it was sent";
  EXPECT_EQ(this->Value(1, {pieces.c_str(), text.c_str()}), "t");
  EXPECT_TRUE(this->Value(2, {text.c_str()}) == text) << "it came back, but not as it was sent";
}

TYPED_TEST(TlsSessionTest, RowsFillManyRecords) {
  this->AddStatement("rows", "SELECT i, repeat('r', i % 500) FROM generate_series(1, 50000) AS i");
  ASSERT_EQ(this->Connect(TlsParameters()), absl::OkStatus());
  const absl::StatusOr<Result> result = this->Execute(0);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->rows(), 50'000);
  for (int row = 0; row < result->rows(); ++row) {
    ASSERT_EQ(result->Integer(row, 0), row + 1);
    ASSERT_EQ(result->Text(row, 1), std::string(static_cast<size_t>((row + 1) % 500), 'r'));
  }
}

// What another authority has signed is not this server.
TYPED_TEST(TlsSessionTest, WrongRootCertificateIsRefused) {
  for (const char* mode : {"verify-ca", "verify-full"}) {
    const absl::Status refused = this->Connect(TlsParameters(
        absl::StrCat("sslmode=", mode, " sslrootcert=", g_certificates->other_root())));
    EXPECT_THAT(refused.message(), HasSubstr("certificate verify failed"));
    EXPECT_THAT(refused.message(), Not(HasSubstr("\n")));
    EXPECT_FALSE(absl::IsResourceExhausted(refused)) << "trying again cannot help: " << refused;
    EXPECT_FALSE(this->session_->usable());
  }
}

// "… does not exist" was taken for the server's word on a database, with the advice to create it.
TYPED_TEST(TlsSessionTest, MissingRootCertificateIsNotAMissingDatabase) {
  const absl::Status refused = this->Connect(TlsParameters("sslrootcert=/nonexistent/root.crt"));
  EXPECT_THAT(refused.message(), HasSubstr("root certificate file \"/nonexistent/root.crt\""));
  EXPECT_THAT(refused.message(), Not(HasSubstr("\n")));
  EXPECT_EQ(FailureCode(refused), kCauseConnectionLost) << refused;
  EXPECT_FALSE(absl::IsNotFound(refused)) << refused;
}

TYPED_TEST(TlsSessionTest, CertificateOfAnotherHostIsRefused) {
  const absl::Status refused =
      this->Connect(TlsParameters("host=db.example.net hostaddr=127.0.0.1"));
  EXPECT_THAT(refused.message(), HasSubstr("does not match host name \"db.example.net\""));
  EXPECT_THAT(refused.message(), Not(HasSubstr("\n")));
  EXPECT_FALSE(absl::IsResourceExhausted(refused)) << "trying again cannot help: " << refused;
  EXPECT_FALSE(this->session_->usable());
}

// The password's proof is bound to this very TLS connection.
TYPED_TEST(TlsSessionTest, ScramWithChannelBinding) {
  this->AddProtocolStatement();
  this->AddStatement("user", "SELECT current_user");
  const std::string role = absl::StrCat("user=", kScramRole, " ");
  const absl::Status connected =
      this->Connect(TlsParameters(role + "channel_binding=require password=right"));
  ASSERT_TRUE(connected.ok()) << connected;
  EXPECT_EQ(this->Value(0), "TLSv1.3");
  EXPECT_EQ(this->Value(1), kScramRole);

  const absl::Status wrong =
      this->Connect(TlsParameters(role + "channel_binding=require password=wrong"));
  EXPECT_TRUE(absl::IsUnauthenticated(wrong)) << wrong;
  EXPECT_EQ(FailureCode(wrong), "28P01");
  EXPECT_THAT(wrong.message(), Not(HasSubstr("\n")));

  // Nothing to bind to.
  const absl::Status unbound = this->Connect(
      TcpServerParameters(role + "sslmode=disable channel_binding=require password=right"));
  EXPECT_THAT(unbound.message(), HasSubstr("channel binding"));
  EXPECT_THAT(unbound.message(), Not(HasSubstr("\n")));
  EXPECT_FALSE(absl::IsResourceExhausted(unbound)) << unbound;
}

TYPED_TEST(TlsSessionTest, LastWordsOfATerminatedBackend) {
  this->AddStatement("pid", "SELECT pg_backend_pid()");
  this->AddStatement("terminate", "SELECT pg_terminate_backend(pg_backend_pid(), 60000)");
  ASSERT_EQ(this->Connect(TlsParameters()), absl::OkStatus());
  const std::string pid = this->Value(0);
  ASSERT_EQ(AskServer("SELECT pg_terminate_backend(" + pid + ", 60000)"), "t");
  EXPECT_EQ(this->Value(0), "57P01") << "while idle";
  EXPECT_FALSE(this->session_->usable());

  ASSERT_EQ(this->Connect(TlsParameters()), absl::OkStatus());
  EXPECT_EQ(this->Value(1), "57P01") << "while busy";
  EXPECT_FALSE(this->session_->usable());
}

// Many on one thread, each with its own TLS state: their bytes must not get into each other's.
class ManyTlsSessionsTest : public ::testing::TestWithParam<IoMode> {
 protected:
  static void SetUpTestSuite() { SwitchTlsOn(); }

  Task<void> UseOne(ReactorSide* side, int number) {
    const std::unique_ptr<Connection> session = side->Make(&parameters_, &statements_);
    absl::Status connected = co_await session->Connect();
    EXPECT_TRUE(connected.ok()) << connected;
    const std::string text = NumberedText(static_cast<size_t>(number) * 10 + 1);
    const char* value = text.c_str();
    const Parameters parameters(&value, 1);
    const Statement* echo = &statements_[0];
    Transaction transaction(session.get());
    for (int round = 0; connected.ok() && round < 50; ++round) {
      auto result = co_await transaction.Execute(echo, parameters);
      if (result.ok() && result->Text(0, 0) == text) ++right_answers_;
      connected = result.status();
    }
    EXPECT_TRUE(connected.ok()) << connected;
    co_await session->Close();
  }
  // Alone, or the second of a transaction.
  Task<void> ShareOne(SharedSession* session, int number) {
    const std::string text = NumberedText(static_cast<size_t>(number) * 100 + 1);
    const char* value = text.c_str();
    const Parameters parameters(&value, 1);
    const Parameters none;
    const Statement* echo = &statements_[0];
    const Statement* begin = &statements_[1];
    const Statement* commit = &statements_[2];
    for (int round = 0; round < 50; ++round) {
      session->Renew();
      Transaction transaction(session);
      const bool is_alone = round % 2 == 0;
      if (!is_alone) {
        co_await transaction.Send(begin, none);
      }
      Pending<Result> echoed = co_await transaction.Send(echo, parameters);
      absl::Status status;
      if (is_alone) {
        status = co_await transaction.Settle();
      } else {
        status = co_await transaction.Commit(commit);
      }
      EXPECT_TRUE(status.ok()) << status;
      if (status.ok() && echoed.Take().Text(0, 0) == text) ++right_answers_;
      session->EndUse();
    }
  }
  static Task<void> Join(TaskGroup* group) { co_await group->Join(); }
  static Task<void> JoinShared(TaskGroup* group, Multiplexer* multiplexer, Pool* pool) {
    co_await group->Join();
    co_await multiplexer->Close();
    co_await pool->Close();
  }

  const ConnectionParameters parameters_ = TlsParameters();
  const std::vector<Statement> statements_ = {
      {"echo", "SELECT $1::text", 1}, {"begin", "BEGIN", 0}, {"commit", "COMMIT", 0}};
  int right_answers_ = 0;
};

TEST_P(ManyTlsSessionsTest, TwentyAtOnceOnOneThread) {
  constexpr int kSessions = 20;
  ReactorSide side(GetParam());
  TaskGroup group(side.reactor()->ready());
  for (int number = 0; number < kSessions; ++number) group.Spawn(UseOne(&side, number));
  side.Run(Join(&group));
  EXPECT_EQ(right_answers_, kSessions * 50);
  EXPECT_EQ(side.in_flight(), 0u);
}

// Operations of several sessions on two connections, whose records hold those of many.
TEST_P(ManyTlsSessionsTest, SharedConnections) {
  constexpr int kSessions = 16;
  ReactorSide side(GetParam());
  Canceller canceller;
  ConnectionFactory factory(side.reactor(), &parameters_, &statements_, &canceller, GetParam(),
                            ConnectionUse::kShared);
  ConnectionTimeline timeline;
  timeline.Start(side.reactor()->clock().NowNs(), 1'000);
  Histogram connect_ns;
  PoolOptions options;
  options.size = 2;
  Pool pool(side.reactor(), options, &factory, &timeline, &connect_ns);
  Multiplexer multiplexer(side.reactor(), &pool, &timeline, options.size);
  std::vector<std::unique_ptr<SharedSession>> sessions;
  TaskGroup group(side.reactor()->ready());
  for (int number = 0; number < kSessions; ++number) {
    sessions.push_back(multiplexer.MakeSession());
    group.Spawn(ShareOne(sessions.back().get(), number));
  }
  side.Run(JoinShared(&group, &multiplexer, &pool));
  EXPECT_EQ(right_answers_, kSessions * 50);
  EXPECT_EQ(timeline.Peak(ConnectionGauge::kOpen), 2);
  EXPECT_EQ(side.in_flight(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Modes, ManyTlsSessionsTest,
                         testing::Values(IoMode::kReadiness, IoMode::kCompletion),
                         [](const auto& mode) {
                           return mode.param == IoMode::kReadiness ? "Readiness" : "Completion";
                         });

}  // namespace
}  // namespace pgring
