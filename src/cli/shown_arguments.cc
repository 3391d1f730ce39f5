#include "cli/shown_arguments.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace pgring {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kPasswordKey = "password";
constexpr std::string_view kBlanks = " \t\r\n\v\f";

// The place after `start` and any blanks.
size_t AfterBlanks(const std::string& text, size_t start) {
  const size_t end = text.find_first_not_of(kBlanks, start);
  return end == std::string::npos ? text.size() : end;
}

// Where a value of a "key=value …" string that begins at `start` ends: a quoted one after its
// quote, another at a blank. A backslash takes the next character's meaning away, as libpq has it.
size_t EndOfValue(const std::string& text, size_t start) {
  const bool is_quoted = start < text.size() && text[start] == '\'';
  for (size_t i = is_quoted ? start + 1 : start; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (is_quoted && text[i] == '\'') {
      return i + 1;
    } else if (!is_quoted && kBlanks.find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return text.size();
}

void MaskKeys(std::string* text) {
  size_t place = 0;
  while ((place = text->find(kPasswordKey, place)) != std::string::npos) {
    place += kPasswordKey.size();
    const size_t equals = AfterBlanks(*text, place);
    if (equals >= text->size() || (*text)[equals] != '=') continue;
    const size_t start = AfterBlanks(*text, equals + 1);
    text->replace(start, EndOfValue(*text, start) - start, kMask);
    place = start + kMask.size();
  }
}

// libpq decodes %XX in keywords, too.
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    const bool is_encoded = text[i] == '%' && i + 2 < text.size() &&
                            absl::SimpleHexAtoi(absl::string_view(text.data() + i + 1, 2), &code);
    decoded += is_encoded ? static_cast<char>(code) : text[i];
    if (is_encoded) i += 2;
  }
  return decoded;
}

// The parameters behind a URI's question mark, between which only "&" stands.
void MaskQuery(size_t query, std::string* text) {
  size_t start = query + 1;
  while (start < text->size()) {
    size_t end = std::min(text->find('&', start), text->size());
    const size_t equals = text->find('=', start);
    if (equals < end &&
        absl::EndsWith(Decoded(std::string_view(*text).substr(start, equals - start)),
                       std::string(kPasswordKey))) {
      text->replace(equals + 1, end - equals - 1, kMask);
      end = std::min(text->find('&', start), text->size());
    }
    start = end + 1;
  }
}

// postgresql://user:password@host/…
void MaskUri(std::string* text) {
  const size_t scheme = text->find("://");
  if (scheme == std::string::npos) return;
  const size_t start = scheme + 3;
  const size_t path = text->find('/', start);
  const size_t at = text->rfind('@', path);
  const size_t colon = text->find(':', start);
  if (at == std::string::npos || at < start || colon == std::string::npos || colon > at) return;
  text->replace(colon + 1, at - colon - 1, kMask);
}

}  // namespace

std::vector<std::string> ShownArguments(int argument_count, const char* const* arguments) {
  std::vector<std::string> shown;
  for (int i = 0; i < argument_count; ++i) {
    std::string text = arguments[i];
    const size_t scheme = text.find("://");
    if (scheme == std::string::npos) {
      MaskKeys(&text);
    } else {
      MaskUri(&text);
      const size_t query = text.find('?', scheme);
      if (query != std::string::npos) MaskQuery(query, &text);
    }
    shown.push_back(std::move(text));
  }
  return shown;
}

}  // namespace pgring
