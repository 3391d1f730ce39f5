#include "workload/script_protocol.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "script/characters.h"
#include "script/script_parser.h"

namespace pgring {
namespace {

// What the server says when it cannot tell a parameter's type, or has another one in mind than the
// value in the text would have.
constexpr std::array<std::string_view, 5> kTypeErrors = {
    "42P18",  // could not determine data type of parameter $1
    "42P02",  // there is no parameter $1
    "42883",  // operator does not exist: unknown || unknown
    "42725",  // operator is not unique: unknown - unknown
    "42804",  // CASE types text and integer cannot be matched
};

// The message without the line of the statement that it quotes, where $1 is nothing special.
std::string WithoutQuotedLine(std::string_view message) {
  const size_t line = message.find(" (LINE ");
  if (line == std::string_view::npos) return std::string(message);
  const size_t detail = message.find(" (detail: ", line);
  std::string rest(message.substr(0, line));
  if (detail != std::string_view::npos) rest.append(message.substr(detail));
  return rest;
}

// Whether the server met a $1 where it took it for text: syntax error at or near "$1", relation
// "t_$1" does not exist, invalid input syntax for type interval: "$1 days", Token "$" is invalid.
bool TookParameterForText(std::string_view message) {
  if (message.find("\"$\"") != std::string_view::npos) return true;
  size_t dollar = message.find('$');
  while (dollar != std::string_view::npos) {
    const bool is_parameter = dollar + 1 < message.size() && IsDigit(message[dollar + 1]);
    if (is_parameter && message.substr(0, dollar).find('"') != std::string_view::npos) return true;
    dollar = message.find('$', dollar + 1);
  }
  return false;
}

bool ComesFromParameters(std::string_view code, std::string_view message, const Command& command) {
  if (command.kind != CommandKind::kSql && command.kind != CommandKind::kStartPipeline &&
      command.kind != CommandKind::kEndPipeline) {
    return false;
  }
  const auto says = [message](std::string_view part) {
    return message.find(part) != std::string_view::npos;
  };
  if (code == "08P01" || code == "26000") return true;
  if (code == "0A000") return says("cached plan");
  if (code == "42601" && says("multiple commands")) return true;
  const bool has_parameters = command.kind != CommandKind::kSql || !command.sql.parameters.empty();
  if (!has_parameters) return false;
  return std::find(kTypeErrors.begin(), kTypeErrors.end(), code) != kTypeErrors.end() ||
         TookParameterForText(WithoutQuotedLine(message));
}

}  // namespace

QueryMode DefaultQueryMode(std::string_view script_text) {
  constexpr std::string_view kStartPipeline = "startpipeline";
  const auto same = [](char a, char b) { return absl::ascii_tolower(a) == b; };
  if (std::search(script_text.begin(), script_text.end(), kStartPipeline.begin(),
                  kStartPipeline.end(), same) == script_text.end()) {
    return QueryMode::kSimple;
  }
  SymbolTable symbols;
  const absl::StatusOr<Script> script = ParseScript({"", script_text}, &symbols);
  if (!script.ok()) return QueryMode::kSimple;
  const bool pipelines = std::any_of(
      script->commands.begin(), script->commands.end(),
      [](const Command& command) { return command.kind == CommandKind::kStartPipeline; });
  return pipelines ? QueryMode::kPrepared : QueryMode::kSimple;
}

absl::Status WithSimpleProtocolHint(const absl::Status& error, const Command& command,
                                    ParameterReason reason) {
  const std::string message(error.message());
  if (!ComesFromParameters(FailureCode(error), message, command)) return error;
  const std::string_view hint =
      reason == ParameterReason::kAskedFor
          ? "; hint: use -M simple, which puts the variables' values into the text, as pgbench "
            "does by default"
          : "; hint: pipelining sends parameters ($1) instead of values in the text; use -M simple "
            "without pipelining";
  absl::Status hinted(error.code(), absl::StrCat(message, std::string(hint)));
  error.ForEachPayload([&hinted](absl::string_view url, const absl::Cord& payload) {
    hinted.SetPayload(url, payload);
  });
  const std::string own_line = absl::StrCat("\n", std::string(hint.substr(hint.find("hint"))));
  return WithFullMessage(std::move(hinted), absl::StrCat(FullMessage(error), own_line));
}

}  // namespace pgring
