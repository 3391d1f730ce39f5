#include "script/meta_command.h"

#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "script/characters.h"
#include "script/expression_compiler.h"
#include "script/expression_lexer.h"
#include "script/script_parser.h"

namespace pgring {
namespace {

struct Word {
  std::string_view text;
  size_t offset = 0;
};

class MetaCommandParser {
 public:
  MetaCommandParser(const ScriptSource& source, size_t backslash, SymbolTable* symbols)
      : source_(source), begin_(backslash), next_(backslash + 1), symbols_(symbols) {}

  absl::StatusOr<ParsedMetaCommand> Parse() {
    const std::optional<Word> name = NextWord();
    if (name) {
      name_ = *name;
      PGRING_RETURN_IF_ERROR(ParseNamed());
      if (parsed_.effect == ParsedMetaCommand::Effect::kCommand) {
        parsed_.command.first_line = FirstLine(source_.text.substr(begin_, next_ - begin_));
      }
    }
    parsed_.end = next_;
    return std::move(parsed_);
  }

 private:
  absl::Status ErrorAt(size_t offset, std::string_view message, std::string_view more = "") const {
    return ScriptErrorAt(source_, {offset, message, more, name_.text});
  }

  // Nothing at the end of the line, which is then passed.
  std::optional<Word> NextWord() {
    const std::string_view text = source_.text;
    while (next_ < text.size()) {
      const size_t continuation = ContinuationLength(text, next_);
      if (continuation == 0 && !IsBlank(text[next_])) break;
      next_ += continuation == 0 ? 1 : continuation;
    }
    if (next_ >= text.size()) return std::nullopt;
    if (text[next_] == '\n') {
      ++next_;
      return std::nullopt;
    }
    const size_t begin = next_;
    while (next_ < text.size() && !IsSpace(text[next_]) && ContinuationLength(text, next_) == 0) {
      ++next_;
    }
    return Word{text.substr(begin, next_ - begin), begin};
  }

  absl::Status ParseNamed() {
    const auto is = [this](std::string_view word) { return SameWord(name_.text, word); };
    if (is("set")) return ParseSet();
    if (is("if")) return ParseExpressionOf(CommandKind::kIf);
    if (is("elif")) return ParseExpressionOf(CommandKind::kElif);
    PGRING_RETURN_IF_ERROR(CollectWords());
    if (is("gset")) return ParseResultUse(ResultUse::kGset);
    if (is("aset")) return ParseResultUse(ResultUse::kAset);
    if (is("sleep")) return ParseSleep();
    if (is("shell")) return ParseShell();
    if (is("setshell")) return ParseSetShell();
    for (const CommandKind kind :
         {CommandKind::kElse, CommandKind::kEndif, CommandKind::kStartPipeline,
          CommandKind::kSyncPipeline, CommandKind::kEndPipeline}) {
      if (!is(CommandKindName(kind))) continue;
      if (!words_.empty()) {
        return ErrorAt(words_[0].offset, "unexpected argument");
      }
      return Finish(kind);
    }
    if (is("setrandom")) return SetRandomError();
    return ErrorAt(begin_, "invalid command");
  }

  // pgbench had it until 9.6.
  absl::Status SetRandomError() const {
    std::string instead = "\\set NAME random(FROM, TO)";
    if (words_.size() == 3 || words_.size() == 5) {
      const auto word = [this](size_t i) { return std::string(words_[i].text); };
      std::string function = "random";
      std::string more;
      if (words_.size() == 5) {
        absl::StrAppend(&function, "_", absl::AsciiStrToLower(word(3)));
        more = absl::StrCat(", ", word(4));
      }
      instead =
          absl::StrCat("\\set ", word(0), " ", function, "(", word(1), ", ", word(2), more, ")");
    }
    return ErrorAt(
        begin_,
        absl::StrCat("invalid command: \\setrandom is gone since pgbench 9.6, write ", instead));
  }

  absl::Status Finish(CommandKind kind) {
    parsed_.effect = ParsedMetaCommand::Effect::kCommand;
    parsed_.command.kind = kind;
    return absl::OkStatus();
  }

  absl::Status CollectWords() {
    while (const std::optional<Word> word = NextWord()) {
      // The name counts as well.
      if (words_.size() + 1 >= kMaxMetaCommandWords) {
        return ErrorAt(word->offset, "too many arguments");
      }
      words_.push_back(*word);
    }
    return absl::OkStatus();
  }

  size_t AfterLastWord() const {
    const Word& last = words_.empty() ? name_ : words_.back();
    return last.offset + last.text.size();
  }

  absl::Status InternVariable(std::string_view name, size_t offset, VariableSlot* slot) {
    const absl::StatusOr<VariableSlot> known = symbols_->Intern(name);
    if (!known.ok()) {
      return ErrorAt(offset, std::string_view(known.status().message().data(),
                                              known.status().message().size()));
    }
    *slot = *known;
    return absl::OkStatus();
  }

  absl::Status UseVariable(std::string_view name, size_t offset, VariableSlot* slot) {
    PGRING_RETURN_IF_ERROR(InternVariable(name, offset, slot));
    parsed_.uses.push_back({*slot, offset});
    return absl::OkStatus();
  }

  absl::Status ParseSet() {
    const std::optional<Word> variable = NextWord();
    if (!variable) return ErrorAt(AfterLastWord(), "missing argument");
    PGRING_RETURN_IF_ERROR(
        InternVariable(variable->text, variable->offset, &parsed_.command.variable));
    return ParseExpressionOf(CommandKind::kSet);
  }

  absl::Status ParseExpressionOf(CommandKind kind) {
    absl::StatusOr<CompiledExpression> compiled =
        CompileExpression(source_, next_, name_.text, symbols_);
    if (!compiled.ok()) return compiled.status();
    parsed_.command.expression = std::move(compiled->expression);
    parsed_.uses = std::move(compiled->uses);
    next_ = compiled->end;
    return Finish(kind);
  }

  absl::Status ParseResultUse(ResultUse use) {
    if (words_.size() > 1) return ErrorAt(words_[1].offset, "too many arguments");
    if (!words_.empty()) {
      const Word& prefix = words_[0];
      // What comes before a column's name must be what a name may begin with.
      if (!IsValidVariableName(prefix.text)) {
        return ErrorAt(prefix.offset, "invalid variable name", prefix.text);
      }
      parsed_.prefix = std::string(prefix.text);
    }
    parsed_.effect = ParsedMetaCommand::Effect::kResult;
    parsed_.result_use = use;
    return absl::OkStatus();
  }

  absl::Status ParseSleep() {
    if (words_.empty()) return ErrorAt(AfterLastWord(), "missing argument");
    if (words_.size() > 2) return ErrorAt(words_[2].offset, "too many arguments");
    const Word& time = words_[0];
    std::optional<Word> unit;
    if (words_.size() == 2) unit = words_[1];
    SleepTime& sleep = parsed_.command.sleep;
    if (time.text[0] == ':') {
      PGRING_RETURN_IF_ERROR(UseVariable(time.text.substr(1), time.offset, &sleep.variable));
    } else {
      const size_t digits = time.text[0] == '+' || time.text[0] == '-' ? 1 : 0;
      size_t end = digits;
      while (end < time.text.size() && IsDigit(time.text[end])) ++end;
      if (end == digits || (end < time.text.size() && unit)) {
        return ErrorAt(time.offset, "invalid sleep time, must be an integer", time.text);
      }
      sleep.amount = std::strtoll(std::string(time.text).c_str(), nullptr, 10);
      if (end < time.text.size()) unit = Word{time.text.substr(end), time.offset + end};
    }
    if (unit) {
      if (SameWord(unit->text, "us")) {
        sleep.unit_us = 1;
      } else if (SameWord(unit->text, "ms")) {
        sleep.unit_us = 1000;
      } else if (!SameWord(unit->text, "s")) {
        return ErrorAt(unit->offset, "unrecognized time unit, must be us, ms or s", unit->text);
      }
    }
    return Finish(CommandKind::kSleep);
  }

  absl::Status ParseShell() {
    if (words_.empty()) return ErrorAt(AfterLastWord(), "missing command");
    PGRING_RETURN_IF_ERROR(TakeShellWords(0));
    return Finish(CommandKind::kShell);
  }

  absl::Status ParseSetShell() {
    if (words_.size() < 2) return ErrorAt(AfterLastWord(), "missing argument");
    PGRING_RETURN_IF_ERROR(
        InternVariable(words_[0].text, words_[0].offset, &parsed_.command.variable));
    PGRING_RETURN_IF_ERROR(TakeShellWords(1));
    return Finish(CommandKind::kSetShell);
  }

  absl::Status TakeShellWords(size_t first) {
    for (size_t i = first; i < words_.size(); ++i) {
      const Word& word = words_[i];
      ShellWord shell_word;
      if (word.text.starts_with("::")) {
        shell_word.text = std::string(word.text.substr(1));
      } else {
        shell_word.text = std::string(word.text);
        if (word.text[0] == ':') {
          PGRING_RETURN_IF_ERROR(
              UseVariable(word.text.substr(1), word.offset, &shell_word.variable));
        }
      }
      parsed_.command.words.push_back(std::move(shell_word));
    }
    return absl::OkStatus();
  }

  const ScriptSource& source_;
  const size_t begin_;
  size_t next_;
  SymbolTable* const symbols_;
  Word name_;
  std::vector<Word> words_;  // behind the name
  ParsedMetaCommand parsed_;
};

}  // namespace

absl::StatusOr<ParsedMetaCommand> ParseMetaCommand(const ScriptSource& source, size_t backslash,
                                                   SymbolTable* symbols) {
  return MetaCommandParser(source, backslash, symbols).Parse();
}

}  // namespace pgring
