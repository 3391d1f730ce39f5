#include "postgres/transaction_effect.h"

#include <array>
#include <cstddef>

namespace pgring {
namespace {

bool IsLetter(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

char Upper(char character) {
  return character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A')
                                              : character;
}

// `word` in capital letters.
bool IsWord(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Upper(text[i]) != word[i]) return false;
  }
  return true;
}

// Takes the next word off `sql`, with what stands before it: blanks and comments. Empty at the end,
// and where something else than a word comes first.
std::string_view TakeWord(std::string_view* sql) {
  size_t at = 0;
  while (at < sql->size()) {
    const std::string_view rest = sql->substr(at);
    if (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r') {
      ++at;
    } else if (rest.starts_with("--")) {
      at = sql->find('\n', at);
    } else if (rest.starts_with("/*")) {
      const size_t end = sql->find("*/", at + 2);
      at = end == std::string_view::npos ? end : end + 2;
    } else {
      break;
    }
  }
  if (at >= sql->size()) return {};
  size_t end = at;
  while (end < sql->size() && IsLetter((*sql)[end])) ++end;
  const std::string_view word = sql->substr(at, end - at);
  *sql = sql->substr(end);
  return word;
}

// After COMMIT, END, ROLLBACK or ABORT: [WORK | TRANSACTION] [AND [NO] CHAIN], TO a savepoint,
// PREPARED.
TransactionEffect EffectOfEnd(std::string_view rest) {
  std::string_view word = TakeWord(&rest);
  if (IsWord(word, "WORK") || IsWord(word, "TRANSACTION")) word = TakeWord(&rest);
  if (IsWord(word, "TO") || IsWord(word, "PREPARED")) return TransactionEffect::kNone;
  if (!IsWord(word, "AND")) return TransactionEffect::kEnds;
  word = TakeWord(&rest);
  return IsWord(word, "CHAIN") ? TransactionEffect::kEndsAndBegins : TransactionEffect::kEnds;
}

}  // namespace

TransactionEffect TransactionEffectOf(std::string_view sql) {
  std::string_view rest = sql;
  const std::string_view word = TakeWord(&rest);
  if (IsWord(word, "BEGIN")) return TransactionEffect::kBegins;
  if (IsWord(word, "START")) return TransactionEffect::kBegins;
  constexpr std::array<std::string_view, 4> kEnds = {"COMMIT", "END", "ROLLBACK", "ABORT"};
  for (const std::string_view end : kEnds) {
    if (IsWord(word, end)) return EffectOfEnd(rest);
  }
  if (IsWord(word, "PREPARE") && IsWord(TakeWord(&rest), "TRANSACTION")) {
    return TransactionEffect::kEnds;
  }
  return TransactionEffect::kNone;
}

}  // namespace pgring
