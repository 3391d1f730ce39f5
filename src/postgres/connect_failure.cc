#include "pgring/postgres/connect_failure.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

struct ConnectFailure {
  const char* text;
  absl::StatusCode code;
  std::string_view failure_code;
};
constexpr ConnectFailure kConnectFailures[] = {
    // First: what follows may say that a file does not exist.
    {"root certificate file", absl::StatusCode::kUnavailable, kCauseConnectionLost},
    {"too many clients", absl::StatusCode::kResourceExhausted, "53300"},
    {"remaining connection slots are reserved", absl::StatusCode::kResourceExhausted, "53300"},
    {"too many connections for", absl::StatusCode::kResourceExhausted, "53300"},
    {"the database system is starting up", absl::StatusCode::kResourceExhausted, "57P03"},
    {"the database system is shutting down", absl::StatusCode::kResourceExhausted, "57P03"},
    {"the database system is in recovery", absl::StatusCode::kResourceExhausted, "57P03"},
    {"the database system is not", absl::StatusCode::kResourceExhausted, "57P03"},
    {"Connection refused", absl::StatusCode::kResourceExhausted, kCauseConnectionRefused},
    {"No such file or directory", absl::StatusCode::kResourceExhausted, kCauseConnectionRefused},
    {"Resource temporarily unavailable", absl::StatusCode::kResourceExhausted,
     kCauseConnectionRefused},
    {"password authentication failed", absl::StatusCode::kUnauthenticated, "28P01"},
    {"no password supplied", absl::StatusCode::kUnauthenticated, "28P01"},
    {"no pg_hba.conf entry", absl::StatusCode::kUnauthenticated, "28000"},
    {"role \"", absl::StatusCode::kUnauthenticated, "28000"},
    {"\" does not exist", absl::StatusCode::kNotFound, "3D000"},
};

// What to do, by failure code.
std::string_view Advice(std::string_view code) {
  if (code == kCauseConnectionRefused) {
    return "start the server, or check -h and -p (PGHOST, PGPORT)";
  }
  if (code == "28P01") {
    return "check -U, and give the password in PGPASSWORD, ~/.pgpass or the connection string";
  }
  if (code == "28000") return "check -U (PGUSER) and the server's pg_hba.conf";
  if (code == "3D000") return "check -d (PGDATABASE), or create the database with createdb";
  if (code == "53300") return "close other connections, or raise max_connections";
  if (code == "57P03") return "wait until the server has started";
  if (code == kCauseConnectTimeout) return "check -h and -p, or set connect_timeout";
  return "check the connection parameters";
}

}  // namespace

absl::Status ClassifyConnectFailure(const std::string& message) {
  for (const ConnectFailure& failure : kConnectFailures) {
    if (absl::StrContains(message, failure.text)) {
      return WithFailureCode(absl::Status(failure.code, message), failure.failure_code);
    }
  }
  return WithFailureCode(absl::UnavailableError(message), kCauseConnectionLost);
}

absl::Status ExplainConnectFailure(const absl::Status& failure,
                                   const ConnectionParameters& parameters) {
  if (failure.ok()) return failure;
  const std::string code = FailureCode(failure);
  return WithFailureCode(
      absl::Status(failure.code(),
                   absl::StrCat("connecting to ", parameters.Describe(), ": ", failure.message(),
                                "; ", std::string(Advice(code)))),
      code);
}

}  // namespace pgring
