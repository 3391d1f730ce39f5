// Character classes and keywords as pgbench's and psql's scanners know them. Bytes beyond ASCII
// count as letters, whatever the encoding. Cannot fail.
#ifndef PGRING_SCRIPT_CHARACTERS_H_
#define PGRING_SCRIPT_CHARACTERS_H_

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace pgring {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

constexpr bool IsSpace(char c) { return IsBlank(c) || c == '\n'; }

constexpr bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

// Whether `word` is the keyword `lower`, in any case.
inline bool SameWord(std::string_view word, std::string_view lower) {
  return absl::EqualsIgnoreCase(absl::string_view(word.data(), word.size()),
                                absl::string_view(lower.data(), lower.size()));
}

}  // namespace pgring

#endif  // PGRING_SCRIPT_CHARACTERS_H_
