// What libpq's texts mean. That a real server sends these texts is in session_test.cc.
#include "pgring/postgres/connect_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(ConnectFailureTest, TextsAndTheirMeaning) {
  constexpr absl::StatusCode kLater = absl::StatusCode::kResourceExhausted;
  const FailureCase cases[] = {
      {"FATAL:  sorry, too many clients already", kLater, "53300"},
      {"FATAL:  remaining connection slots are reserved for non-replication superuser connections",
       kLater, "53300"},
      {"FATAL:  too many connections for role \"app\"", kLater, "53300"},
      {"FATAL:  too many connections for database \"shop\"", kLater, "53300"},
      {"FATAL:  the database system is starting up", kLater, "57P03"},
      {"FATAL:  the database system is shutting down", kLater, "57P03"},
      {"FATAL:  the database system is in recovery mode", kLater, "57P03"},
      {"FATAL:  the database system is not yet accepting connections", kLater, "57P03"},
      {"connection to server at \"127.0.0.1\", port 1 failed: Connection refused", kLater,
       kCauseConnectionRefused},
      {"connection to server on socket \"/x/.s.PGSQL.1\" failed: No such file or directory", kLater,
       kCauseConnectionRefused},
      {"FATAL:  password authentication failed for user \"app\"",
       absl::StatusCode::kUnauthenticated, "28P01"},
      {"fe_sendauth: no password supplied", absl::StatusCode::kUnauthenticated, "28P01"},
      {"FATAL:  no pg_hba.conf entry for host \"10.0.0.1\", user \"app\", database \"shop\"",
       absl::StatusCode::kUnauthenticated, "28000"},
      {"FATAL:  role \"app\" does not exist", absl::StatusCode::kUnauthenticated, "28000"},
      {"FATAL:  role \"app\" is not permitted to log in", absl::StatusCode::kUnauthenticated,
       "28000"},
      {"FATAL:  database \"shop\" does not exist", absl::StatusCode::kNotFound, "3D000"},
      {"server closed the connection unexpectedly", absl::StatusCode::kUnavailable,
       kCauseConnectionLost},
  };
  for (const FailureCase& c : cases) {
    const absl::Status status = ClassifyConnectFailure(c.message);
    EXPECT_EQ(status.code(), c.code) << c.message;
    EXPECT_EQ(FailureCode(status), c.failure_code) << c.message;
    EXPECT_EQ(status.message(), c.message);
  }
}

TEST(ConnectFailureTest, ExplanationSaysWhereWhatAndWhatToDo) {
  ConnectionParameters parameters;
  parameters.Set("host", "/tmp/s");
  parameters.Set("port", "5433");
  parameters.Set("password", "secret");
  const absl::Status failure = ClassifyConnectFailure("FATAL:  database \"shop\" does not exist");
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
