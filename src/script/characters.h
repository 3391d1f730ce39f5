// Character classes that pgbench's and psql's scanners share. Bytes beyond ASCII count as letters,
// whatever the encoding. Cannot fail.
#ifndef PGRING_SCRIPT_CHARACTERS_H_
#define PGRING_SCRIPT_CHARACTERS_H_

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

}  // namespace pgring

#endif  // PGRING_SCRIPT_CHARACTERS_H_
