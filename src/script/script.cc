#include "script/script.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "absl/strings/str_cat.h"
#include "script/characters.h"

namespace pgring {

std::string_view CommandKindName(CommandKind kind) {
  switch (kind) {
    case CommandKind::kSql:
      return "SQL";
    case CommandKind::kSet:
      return "set";
    case CommandKind::kIf:
      return "if";
    case CommandKind::kElif:
      return "elif";
    case CommandKind::kElse:
      return "else";
    case CommandKind::kEndif:
      return "endif";
    case CommandKind::kSleep:
      return "sleep";
    case CommandKind::kShell:
      return "shell";
    case CommandKind::kSetShell:
      return "setshell";
    case CommandKind::kStartPipeline:
      return "startpipeline";
    case CommandKind::kSyncPipeline:
      return "syncpipeline";
    case CommandKind::kEndPipeline:
      return "endpipeline";
  }
  return "";
}

std::string FirstLine(std::string_view text) {
  std::string_view line = text.substr(0, std::min(text.find_first_of("\r\n"), kMaxFirstLineBytes));
  while (!line.empty() && IsBlank(line.back())) line.remove_suffix(1);
  return std::string(line);
}

absl::StatusOr<int64_t> SleepMicroseconds(const SleepTime& sleep, VariableStore* variables,
                                          const SymbolTable& symbols) {
  int64_t amount = sleep.amount;
  if (sleep.variable != kNoVariable) {
    const std::string& name = symbols.Name(sleep.variable);
    const std::string* text = variables->FindText(sleep.variable);
    if (text == nullptr) {
      return absl::NotFoundError(absl::StrCat("sleep: undefined variable \"", name, "\""));
    }
    amount = std::strtoll(text->c_str(), nullptr, 10);
    if (amount == 0 && (text->empty() || !IsDigit((*text)[0]))) {
      return absl::InvalidArgumentError(
          absl::StrCat("sleep: invalid sleep time \"", *text, "\" for variable \"", name, "\""));
    }
  }
  if (amount <= 0) return 0;
  int64_t sleep_us = 0;
  if (__builtin_mul_overflow(amount, sleep.unit_us, &sleep_us)) {
    return std::numeric_limits<int64_t>::max();
  }
  return sleep_us;
}

absl::Status ShellCommandLine(const std::vector<ShellWord>& words, VariableStore* variables,
                              std::string* line) {
  line->clear();
  for (const ShellWord& word : words) {
    const std::string* text = &word.text;
    if (word.variable != kNoVariable) text = variables->FindText(word.variable);
    if (text == nullptr) {
      return absl::NotFoundError(
          absl::StrCat(words[0].text, ": undefined variable \"", word.text, "\""));
    }
    const size_t separator = line->empty() ? 0 : 1;
    if (line->size() + separator + text->size() >= kMaxShellCommandBytes - 1) {
      return absl::InvalidArgumentError(absl::StrCat(words[0].text, ": shell command is too long"));
    }
    line->append(separator, ' ');
    line->append(*text);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SetShellValue(const std::vector<ShellWord>& words,
                                      const std::string& output) {
  errno = 0;
  char* end = nullptr;
  const long number = std::strtol(output.c_str(), &end, 10);
  while (IsSpace(*end)) ++end;
  // pgbench takes the lower 32 bits of what is too large, silently.
  if (output.empty() || *end != '\0' || errno == ERANGE) {
    return absl::InvalidArgumentError(absl::StrCat(
        words[0].text, ": shell command must return an integer (not \"", output, "\")"));
  }
  return number;
}

}  // namespace pgring
