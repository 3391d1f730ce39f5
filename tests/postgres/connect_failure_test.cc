// What libpq's verbose messages mean. That real servers and poolers send them is in session_test.cc
// and pooler_test.cc.
#include "pgring/postgres/connect_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "pgring/base/status.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct FailureCase {
  const char* message;
  absl::StatusCode code;
  std::string_view failure_code;
};

constexpr absl::StatusCode kLater = absl::StatusCode::kResourceExhausted;

void ExpectMeanings(const std::vector<FailureCase>& cases) {
  for (const FailureCase& c : cases) {
    const absl::Status status = ClassifyConnectFailure(c.message);
    EXPECT_EQ(status.code(), c.code) << c.message;
    EXPECT_EQ(FailureCode(status), c.failure_code) << c.message;
  }
}

// A server with German messages was not understood: what it refused counted as lost connections,
// and 230 of 300 operations failed that would have found a connection a moment later.
TEST(ConnectFailureTest, SqlstatesDecideWhateverTheLanguage) {
  ExpectMeanings({
      {"failed: FATAL:  53300: tut mir leid, schon zu viele Verbindungen", kLater, "53300"},
      {"failed: FATAL:  53300: sorry, too many clients already", kLater, "53300"},
      {"failed: FATAL:  53200: Speicher aufgebraucht", kLater, "53200"},
      {"failed: FATAL:  57P03: das Datenbanksystem startet gerade", kLater, "57P03"},
      {"failed: FATAL:  57P01: Verbindung wird abgebrochen", kLater, "57P01"},
      {"failed: ВАЖНО:  28P01: ...", absl::StatusCode::kUnauthenticated, "28P01"},
      {"failed: FATAL:  28000: Rolle »app« existiert nicht", absl::StatusCode::kUnauthenticated,
       "28000"},
      {"failed: FATAL:  3D000: Datenbank »shop« existiert nicht", absl::StatusCode::kNotFound,
       "3D000"},
      {"failed: FATAL:  42501: keine Berechtigung für Datenbank shop",
       absl::StatusCode::kPermissionDenied, "42501"},
      {"failed: FATAL:  22023: unbekannter Parameter", absl::StatusCode::kUnavailable, "22023"},
      // The words of another refusal inside a message mean nothing.
      {"failed: FATAL:  42501: sorry, too many clients already",
       absl::StatusCode::kPermissionDenied, "42501"},
  });
}

TEST(ConnectFailureTest, LibpqsOwnTextsHaveNoSqlstate) {
  ExpectMeanings({
      {"connection to server at \"127.0.0.1\", port 1 failed: Connection refused", kLater,
       kCauseConnectionRefused},
      {"connection to server on socket \"/x/.s.PGSQL.1\" failed: No such file or directory", kLater,
       kCauseConnectionRefused},
      {"fe_sendauth: no password supplied", absl::StatusCode::kUnauthenticated, "28P01"},
      {"server closed the connection unexpectedly", absl::StatusCode::kUnavailable,
       kCauseConnectionLost},
      {"root certificate file \"/x\" does not exist", absl::StatusCode::kUnavailable,
       kCauseConnectionLost},
  });
}

// PgBouncer says 08P01 for everything: 117 of 160 operations failed at its max_client_conn.
TEST(ConnectFailureTest, PgbouncersTextsMeanWhatAServersSqlstateWould) {
  ExpectMeanings({
      {"failed: FATAL:  08P01: no more connections allowed (max_client_conn)", kLater, "53300"},
      {"failed: FATAL:  08P01: client connections exceeded (max_user_client_connections)", kLater,
       "53300"},
      {"failed: FATAL:  08P01: pgbouncer cannot connect to server", kLater, "57P03"},
      {"failed: FATAL:  08P01: server login has been failing, try again later "
       "(server_login_retry)",
       kLater, "57P03"},
      {"failed: FATAL:  08P01: client_login_timeout (server down)", kLater, "57P03"},
      {"failed: FATAL:  08P01: no such database: shop", absl::StatusCode::kNotFound, "3D000"},
      {"failed: FATAL:  08P01: no such user", absl::StatusCode::kUnauthenticated, "28000"},
      {"failed: FATAL:  08P01: SASL authentication failed", absl::StatusCode::kUnauthenticated,
       "28P01"},
      {"failed: FATAL:  08P01: bouncer config error", absl::StatusCode::kUnavailable, "08P01"},
  });
}

TEST(ConnectFailureTest, OfSeveralServersOneThatMayHaveRoomLaterDecides) {
  ExpectMeanings({
      {"a failed: FATAL:  53300: full\nb failed: FATAL:  28P01: wrong", kLater, "53300"},
      {"a failed: Connection refused\nb failed: FATAL:  28P01: wrong",
       absl::StatusCode::kUnauthenticated, "28P01"},
  });
}

TEST(ConnectFailureTest, MessageIsOneLineWithoutCodeAndPlaceInTheSource) {
  const absl::Status status = ClassifyConnectFailure(
      "connection failed: FATAL:  57P03: the database system is not accepting connections\n"
      "DETAIL:  Hot standby mode is disabled.\nLOCATION:  ProcessStartupPacket, postmaster.c:1\n");
  EXPECT_EQ(status.message(),
            "connection failed: FATAL:  the database system is not accepting connections; "
            "DETAIL:  Hot standby mode is disabled.");
}

TEST(ConnectFailureTest, ExplanationSaysWhereWhatAndWhatToDo) {
  ConnectionParameters parameters;
  parameters.Set("host", "/tmp/s");
  parameters.Set("port", "5433");
  parameters.Set("password", "secret");
  const absl::Status failure =
      ClassifyConnectFailure("FATAL:  3D000: database \"shop\" does not exist");
  const absl::Status explained = ExplainConnectFailure(failure, parameters);
  EXPECT_THAT(std::string(explained.message()),
              AllOf(StartsWith("connecting to Unix socket /tmp/s, port 5433: FATAL:"),
                    HasSubstr("createdb"), Not(HasSubstr("secret"))));
  EXPECT_TRUE(absl::IsNotFound(explained));
  EXPECT_EQ(FailureCode(explained), "3D000");
  EXPECT_TRUE(ExplainConnectFailure(absl::OkStatus(), parameters).ok());
}

}  // namespace
}  // namespace pgring
