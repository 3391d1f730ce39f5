#include "cli/shown_arguments.h"

#include <cstddef>
#include <string_view>
#include <utility>

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

// Where a value in a URI's query ends.
size_t EndOfParameter(const std::string& text, size_t start) {
  const size_t end = text.find('&', start);
  return end == std::string::npos ? text.size() : end;
}

void MaskKeys(std::string* text) {
  const size_t scheme = text->find("://");
  size_t place = 0;
  while ((place = text->find(kPasswordKey, place)) != std::string::npos) {
    place += kPasswordKey.size();
    const bool in_uri = scheme < place;
    const size_t equals = in_uri ? place : AfterBlanks(*text, place);
    if (equals >= text->size() || (*text)[equals] != '=') continue;
    const size_t start = in_uri ? equals + 1 : AfterBlanks(*text, equals + 1);
    const size_t end = in_uri ? EndOfParameter(*text, start) : EndOfValue(*text, start);
    text->replace(start, end - start, kMask);
    place = start + kMask.size();
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
    MaskKeys(&text);
    MaskUri(&text);
    shown.push_back(std::move(text));
  }
  return shown;
}

}  // namespace pgring
