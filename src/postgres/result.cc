#include "pgring/postgres/result.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "absl/strings/str_cat.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "postgres/error_field.h"

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

// Of longer texts the beginning is kept: a detail may quote a whole row.
constexpr size_t kMaxFieldBytes = 500;
constexpr size_t kMaxFullMessageBytes = 8'000;

void AppendPart(const char* label, std::string_view text, std::string* message) {
  if (text.empty()) return;
  absl::StrAppend(message, " (", label, ShortenedText(OneLine(text), kMaxFieldBytes), ")");
}

// The error as libpq shows it, its severity left out: the primary message, LINE with the caret
// below it where there is a position, DETAIL, HINT, QUERY and CONTEXT, each on lines of its own.
std::string_view ShownMessage(const PGresult* result) {
  std::string_view shown = PQresultErrorMessage(result);
  const std::string prefix = absl::StrCat(std::string(ErrorField(result, PG_DIAG_SEVERITY)), ":  ");
  if (shown.substr(0, prefix.size()) == prefix) shown.remove_prefix(prefix.size());
  while (!shown.empty() && shown.back() == '\n') shown.remove_suffix(1);
  return shown;
}

// Where in the statement the error is: "LINE 2: SELEC 1", or "at character 7" where libpq does not
// have the text. Empty where the server named no position.
std::string_view PositionText(const PGresult* result, std::string_view shown) {
  if (ErrorField(result, PG_DIAG_STATEMENT_POSITION).empty() &&
      ErrorField(result, PG_DIAG_INTERNAL_POSITION).empty()) {
    return {};
  }
  std::string_view rest =
      shown.substr(std::min(shown.size(), ErrorField(result, PG_DIAG_MESSAGE_PRIMARY).size()));
  if (rest.substr(0, 1) == "\n") rest.remove_prefix(1);
  return rest.substr(0, rest.find('\n'));
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
  const std::string_view shown = ShownMessage(result);
  std::string message =
      absl::StrCat(ShortenedText(OneLine(primary), kMaxFieldBytes), " (SQLSTATE ", sqlstate, ")");
  AppendPart("", PositionText(result, shown), &message);
  AppendPart("detail: ", ErrorField(result, PG_DIAG_MESSAGE_DETAIL), &message);
  AppendPart("hint: ", ErrorField(result, PG_DIAG_MESSAGE_HINT), &message);
  AppendPart("context: ", ErrorField(result, PG_DIAG_CONTEXT), &message);
  const std::string full = absl::StrCat(std::string(ErrorField(result, PG_DIAG_SEVERITY)), " ",
                                        sqlstate, ": ", ShortenedText(shown, kMaxFullMessageBytes));
  return WithFullMessage(WithFailureCode(absl::Status(CodeOfSqlState(sqlstate), message), sqlstate),
                         full);
}

}  // namespace pgring
