#include "pgring/postgres/result.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

absl::StatusCode CodeOfSqlState(std::string_view sqlstate) {
  if (sqlstate.substr(0, 2) == "08" || sqlstate == "57P01" || sqlstate == "57P02" ||
      sqlstate == "57P03" || sqlstate == "53300") {
    return absl::StatusCode::kUnavailable;
  }
  if (sqlstate == "40001" || sqlstate == "40P01") return absl::StatusCode::kAborted;
  if (sqlstate == "57014") return absl::StatusCode::kCancelled;
  if (sqlstate == "42501") return absl::StatusCode::kPermissionDenied;
  if (sqlstate.substr(0, 2) == "28") return absl::StatusCode::kUnauthenticated;
  return absl::StatusCode::kUnknown;
}

void AppendField(const PGresult* result, int field, const char* label, std::string* message) {
  const char* text = PQresultErrorField(result, field);
  if (text != nullptr) absl::StrAppend(message, " (", label, ": ", text, ")");
}

}  // namespace

std::optional<int64_t> Result::Integer(int row, int column) const {
  const std::string_view text = Text(row, column);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::Status StatusOfResult(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return absl::OkStatus();
    default:
      break;
  }
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (sqlstate == nullptr || primary == nullptr) {
    // Made by libpq, not by the server: the connection is gone.
    const std::string message = OneLine(PQresultErrorMessage(result));
    return WithFailureCode(absl::UnavailableError(message.empty() ? "no result" : message),
                           kCauseConnectionLost);
  }
  std::string message = absl::StrCat(primary, " (SQLSTATE ", sqlstate, ")");
  AppendField(result, PG_DIAG_MESSAGE_DETAIL, "detail", &message);
  AppendField(result, PG_DIAG_MESSAGE_HINT, "hint", &message);
  return WithFailureCode(absl::Status(CodeOfSqlState(sqlstate), message), sqlstate);
}

}  // namespace pgring
