#include "pgring/base/sqlstate.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace pgring {
namespace {

// Between the severity, which the server translates, and the SQLSTATE.
constexpr std::string_view kBeforeSqlstate = ":  ";
constexpr std::string_view kAfterSqlstate = ": ";
constexpr size_t kSqlstateLength = 5;
constexpr std::string_view kPlaceInSource = "LOCATION:  ";

bool IsSqlstate(std::string_view text) {
  return text.size() == kSqlstateLength &&
         std::all_of(text.begin(), text.end(), [](unsigned char character) {
           return absl::ascii_isdigit(character) || absl::ascii_isupper(character);
         });
}

// The line without the SQLSTATE that it may have. The first one only: what follows is the message,
// which may quote anything.
std::string ParseLine(std::string_view line, std::vector<std::string>* sqlstates) {
  for (size_t at = line.find(kBeforeSqlstate); at != std::string_view::npos;
       at = line.find(kBeforeSqlstate, at + 1)) {
    const size_t start = at + kBeforeSqlstate.size();
    const size_t end = start + kSqlstateLength;
    if (!IsSqlstate(line.substr(start, kSqlstateLength))) continue;
    if (line.substr(end, kAfterSqlstate.size()) != kAfterSqlstate) continue;
    sqlstates->emplace_back(line.substr(start, kSqlstateLength));
    std::string rest(line.substr(0, start));
    rest += line.substr(end + kAfterSqlstate.size());
    return rest;
  }
  return std::string(line);
}

}  // namespace

VerboseMessage ParseVerboseMessage(std::string_view message) {
  VerboseMessage parsed;
  bool first = true;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    if (line.substr(0, kPlaceInSource.size()) == kPlaceInSource) continue;
    if (!first) parsed.text += '\n';
    first = false;
    parsed.text += ParseLine(line, &parsed.sqlstates);
  }
  return parsed;
}

}  // namespace pgring
