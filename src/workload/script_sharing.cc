#include "workload/script_sharing.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "script/characters.h"
#include "script/script_parser.h"

namespace pgring {
namespace {

// Behind the text in quotation marks, or the comment, that begins at `at`; `at` itself where
// neither does.
size_t SkipForeign(std::string_view sql, size_t at) {
  const auto behind = [sql](std::string_view end, size_t from) {
    const size_t found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  const std::string_view rest = sql.substr(at);
  if (rest.starts_with("'")) return behind("'", at + 1);
  if (rest.starts_with("\"")) return behind("\"", at + 1);
  if (rest.starts_with("--")) return behind("\n", at);
  if (rest.starts_with("/*")) return behind("*/", at + 2);
  return at;
}

// Of each statement of a text, in capital letters, without what stands in quotation marks and
// comments.
std::vector<std::vector<std::string>> WordsOf(std::string_view sql) {
  std::vector<std::vector<std::string>> statements(1);
  for (size_t at = 0; at < sql.size();) {
    if (sql[at] == ';') statements.emplace_back();
    const size_t behind = SkipForeign(sql, at);
    if (behind != at) {
      at = behind;
      continue;
    }
    size_t end = at;
    while (end < sql.size() && IsNamePart(sql[end])) ++end;
    if (end == at) {
      ++at;
      continue;
    }
    statements.back().emplace_back(sql.substr(at, end - at));
    absl::AsciiStrToUpper(&statements.back().back());
    at = end;
  }
  return statements;
}

bool Has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool HasPair(const std::vector<std::string>& words, std::string_view first,
             std::string_view second) {
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == first && words[i + 1] == second) return true;
  }
  return false;
}

template <size_t kCount>
bool HasAny(const std::vector<std::string>& words,
            const std::array<std::string_view, kCount>& any) {
  return std::any_of(any.begin(), any.end(),
                     [&words](std::string_view word) { return Has(words, word); });
}

bool MakesTemporaryTable(const std::vector<std::string>& words) {
  if (!Has(words, "TEMP") && !Has(words, "TEMPORARY")) return false;
  const bool makes = words[0] == "CREATE" || Has(words, "INTO");
  // Gone before the transaction's connection is.
  return makes && !HasPair(words, "COMMIT", "DROP");
}

constexpr std::array<std::string_view, 9> kSessionLocks = {"PG_ADVISORY_LOCK",
                                                           "PG_ADVISORY_LOCK_SHARED",
                                                           "PG_TRY_ADVISORY_LOCK",
                                                           "PG_TRY_ADVISORY_LOCK_SHARED",
                                                           "PG_ADVISORY_UNLOCK",
                                                           "PG_ADVISORY_UNLOCK_SHARED",
                                                           "PG_ADVISORY_UNLOCK_ALL",
                                                           "PG_TRY_ADVISORY_UNLOCK",
                                                           "PG_TRY_ADVISORY_UNLOCK_SHARED"};
constexpr std::array<std::string_view, 2> kLastValues = {"CURRVAL", "LASTVAL"};

std::string_view WhyStatementNotShared(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  const std::string& first = words[0];
  const std::string_view second = words.size() > 1 ? std::string_view(words[1]) : "";
  if (first == "SET" && second != "LOCAL" && second != "TRANSACTION" && second != "CONSTRAINTS") {
    return "SET changes the session of every operation on the connection; SET LOCAL in a "
           "transaction does not";
  }
  if (first == "RESET" || first == "DISCARD" || first == "LOAD") {
    return "it changes the session of every operation on the connection";
  }
  if (Has(words, "SET_CONFIG") && !Has(words, "TRUE")) {
    return "set_config changes the session of every operation on the connection, unless it "
           "is_local";
  }
  if (MakesTemporaryTable(words)) {
    return "a temporary table belongs to one session; with ON COMMIT DROP, in a transaction, it "
           "can be shared";
  }
  if (first == "LISTEN" || first == "UNLISTEN") return "LISTEN belongs to one session";
  if (first == "DECLARE" && HasPair(words, "WITH", "HOLD")) {
    return "a cursor WITH HOLD belongs to one session";
  }
  if ((first == "PREPARE" && second != "TRANSACTION") || first == "EXECUTE" ||
      first == "DEALLOCATE") {
    return "a prepared statement of the script's belongs to one session";
  }
  if (first == "COPY") return "COPY needs a connection to itself";
  if (HasAny(words, kSessionLocks)) {
    return "an advisory lock of the session is everybody's on the connection; "
           "pg_advisory_xact_lock belongs to the transaction";
  }
  if (HasAny(words, kLastValues)) {
    return "currval and lastval are of the session, where others draw numbers too; use RETURNING";
  }
  return {};
}

std::string_view WhyCommandNotShared(const SqlCommand& command) {
  const std::string_view why = WhyNotShared(command.text);
  if (!why.empty()) return why;
  if (command.first_word == "FETCH" && command.result_use == ResultUse::kAset) {
    return "\\aset after FETCH takes what a cursor of the session happens to give; \\gset in the "
           "cursor's transaction asks for one row";
  }
  return {};
}

}  // namespace

std::string_view WhyNotShared(std::string_view sql) {
  for (const std::vector<std::string>& words : WordsOf(sql)) {
    const std::string_view why = WhyStatementNotShared(words);
    if (!why.empty()) return why;
  }
  return {};
}

absl::Status CheckScriptsCanShare(const std::vector<ScriptText>& scripts,
                                  const std::optional<QueryMode>& mode) {
  constexpr std::string_view kRefused =
      "multiplexed cannot run this script, because operations share connections: ";
  if (!scripts.empty() && mode == QueryMode::kSimple) {
    return absl::InvalidArgumentError(
        "multiplexed needs the extended query protocol: leave out -M simple");
  }
  for (const ScriptText& text : scripts) {
    SymbolTable symbols;
    const absl::StatusOr<Script> script = ParseScript({text.name, text.text}, &symbols);
    if (!script.ok()) continue;
    for (const Command& command : script->commands) {
      const std::string_view why = WhyCommandNotShared(command.sql);
      if (why.empty()) continue;
      return absl::InvalidArgumentError(absl::StrCat(text.name, ":", command.line, ": ",
                                                     std::string(kRefused), std::string(why),
                                                     "\n  ", command.first_line));
    }
  }
  return absl::OkStatus();
}

}  // namespace pgring
