#include "script/script_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace pgring {
namespace {

// Terminals must not be at the mercy of a script; tabs go as blanks, so that the caret fits.
char Printable(char c) {
  if (c == '\t') return ' ';
  const auto code = static_cast<unsigned char>(c);
  return code < 0x20 || code == 0x7f ? '?' : c;
}

bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

// The first `count` characters (of UTF-8; in other encodings, a few more bytes).
std::string Shown(std::string_view text, size_t count) {
  std::string shown;
  size_t characters = 0;
  for (const char c : text) {
    if (StartsCharacter(c) && ++characters > count) {
      shown += "...";
      break;
    }
    shown += Printable(c);
  }
  return shown;
}

// Without the first `count` characters.
std::string_view Skip(std::string_view text, size_t count) {
  size_t begin = 0;
  while (begin < text.size() && count > 0) {
    ++begin;
    while (begin < text.size() && !StartsCharacter(text[begin])) ++begin;
    --count;
  }
  return text.substr(begin);
}

}  // namespace

int ScriptSource::LineOf(size_t offset) const {
  const std::string_view before = text.substr(0, offset);
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

absl::Status ScriptErrorAt(const ScriptSource& source, const ScriptProblem& problem) {
  const std::string_view text = source.text;
  const size_t offset = std::min(problem.offset, text.size());
  const size_t newline_before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const size_t begin = newline_before == std::string_view::npos ? 0 : newline_before + 1;
  std::string_view line = text.substr(begin, text.find('\n', offset) - begin);
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  size_t caret = CountCharacters(text.substr(begin, offset - begin));

  std::string message =
      fmt::format("{}:{}:{}: {}", source.name, source.LineOf(offset), caret + 1, problem.message);
  if (!problem.more.empty()) {
    message += fmt::format(" ({})", Shown(problem.more, kMaxOffendingCharacters));
  }
  if (!problem.command.empty()) {
    message += fmt::format(" in command \"{}\"", Shown(problem.command, kMaxOffendingCharacters));
  }
  std::string lead;
  if (caret > kMaxShownLineCharacters * 3 / 4) {
    const size_t skipped = caret - kMaxShownLineCharacters / 2;
    line = Skip(line, skipped);
    caret -= skipped;
    lead = "...";
  }
  message += fmt::format("\n  {}{}\n  {:>{}}", lead, Shown(line, kMaxShownLineCharacters), '^',
                         lead.size() + caret + 1);
  return absl::InvalidArgumentError(message);
}

}  // namespace pgring
