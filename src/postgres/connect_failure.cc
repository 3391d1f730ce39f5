#include "pgring/postgres/connect_failure.h"

#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/sqlstate.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

struct KnownText {
  std::string_view text;
  absl::StatusCode code;
  std::string_view failure_code;
};

// PgBouncer answers with SQLSTATE 08P01 (protocol violation), whatever is the matter. The versions
// are those of its releases that say so.
constexpr KnownText kPgbouncerTexts[] = {
    // All; newer ones add "(max_client_conn)".
    {"no more connections allowed", absl::StatusCode::kResourceExhausted, "53300"},
    // From 1.24 on: max_db_client_connections, max_user_client_connections.
    {"client connections exceeded", absl::StatusCode::kResourceExhausted, "53300"},
    {"bouncer resources exhaustion", absl::StatusCode::kResourceExhausted, "53300"},  // all
    // Until 1.16, and from 1.17 on. PgBouncer itself tries again after server_login_retry.
    {"pgbouncer cannot connect to server", absl::StatusCode::kResourceExhausted, "57P03"},
    {"server login has been failing", absl::StatusCode::kResourceExhausted, "57P03"},
    {"client_login_timeout", absl::StatusCode::kResourceExhausted, "57P03"},  // all
    {"server shutting down", absl::StatusCode::kResourceExhausted, "57P03"},  // from 1.23 on
    {"no such database", absl::StatusCode::kNotFound, "3D000"},               // all
    {"no such user", absl::StatusCode::kUnauthenticated, "28000"},            // all
    {"authentication failed", absl::StatusCode::kUnauthenticated, "28P01"},   // all
    {"login rejected", absl::StatusCode::kUnauthenticated, "28000"},          // all
};
constexpr std::string_view kPgbouncerSqlstate = "08P01";

// Of libpq itself and of the C library, which have no SQLSTATE. They are in English: pgring never
// calls setlocale.
constexpr KnownText kLibpqTexts[] = {
    // First: what follows may say that a file does not exist.
    {"root certificate file", absl::StatusCode::kUnavailable, kCauseConnectionLost},
    {"no password supplied", absl::StatusCode::kUnauthenticated, "28P01"},
    {"Connection refused", absl::StatusCode::kResourceExhausted, kCauseConnectionRefused},
    {"No such file or directory", absl::StatusCode::kResourceExhausted, kCauseConnectionRefused},
    {"Resource temporarily unavailable", absl::StatusCode::kResourceExhausted,
     kCauseConnectionRefused},
};

absl::StatusCode CodeOfSqlstate(std::string_view sqlstate) {
  // Too many connections and a lack of memory; a server that starts, stops or has crashed.
  if (sqlstate.substr(0, 2) == "53" || sqlstate == "57P01" || sqlstate == "57P02" ||
      sqlstate == "57P03") {
    return absl::StatusCode::kResourceExhausted;
  }
  if (sqlstate.substr(0, 2) == "28") return absl::StatusCode::kUnauthenticated;
  if (sqlstate == "42501") return absl::StatusCode::kPermissionDenied;
  if (sqlstate == "3D000") return absl::StatusCode::kNotFound;
  return absl::StatusCode::kUnavailable;
}

template <size_t kCount>
const KnownText* FindText(const KnownText (&texts)[kCount], const std::string& message) {
  for (const KnownText& known : texts) {
    if (absl::StrContains(message, absl::string_view(known.text.data(), known.text.size()))) {
      return &known;
    }
  }
  return nullptr;
}

absl::Status FailureOf(absl::StatusCode code, const std::string& message,
                       std::string_view failure_code) {
  return WithFailureCode(absl::Status(code, message), failure_code);
}

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
  if (code == "53300") {
    return "close other connections, or raise the limit that is named (max_connections, CONNECTION "
           "LIMIT of a role or database; PgBouncer: max_client_conn)";
  }
  if (code == "57P03") return "wait until the server has started";
  if (code == "42501") return "grant the role CONNECT on the database, or check -U (PGUSER)";
  if (code == kCauseConnectTimeout) return "check -h and -p, or set connect_timeout";
  return "check the connection parameters";
}

}  // namespace

absl::Status ClassifyConnectFailure(std::string_view verbose_message) {
  const VerboseMessage parsed = ParseVerboseMessage(verbose_message);
  const std::string message = OneLine(parsed.text);
  // Of several servers, one that may have room later decides.
  for (const std::string& sqlstate : parsed.sqlstates) {
    const absl::StatusCode code = CodeOfSqlstate(sqlstate);
    if (code == absl::StatusCode::kResourceExhausted) return FailureOf(code, message, sqlstate);
  }
  const KnownText* known = nullptr;
  if (parsed.sqlstates.empty()) {
    known = FindText(kLibpqTexts, message);
  } else if (parsed.sqlstates.back() == kPgbouncerSqlstate) {
    known = FindText(kPgbouncerTexts, message);
  }
  if (known != nullptr) return FailureOf(known->code, message, known->failure_code);
  if (parsed.sqlstates.empty()) {
    return FailureOf(absl::StatusCode::kUnavailable, message, kCauseConnectionLost);
  }
  const std::string& last = parsed.sqlstates.back();
  return FailureOf(CodeOfSqlstate(last), message, last);
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
