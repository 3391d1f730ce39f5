#include "script/script_check.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/edit_distance.h"
#include "script/characters.h"

namespace pgring {
namespace {

// The columns that a statement's result may have, as far as its text tells.
struct ResultColumns {
  std::string prefix;  // of the variables
  bool any = false;    // SELECT *, and whatever else does not name its columns
  std::set<std::string> words;
  std::vector<std::string> aliases;  // those behind AS
};

bool NamesNoColumns(std::string_view first_word) {
  constexpr std::array<std::string_view, 6> kWords = {"TABLE",  "EXECUTE", "FETCH",
                                                      "VALUES", "CALL",    "SHOW"};
  return std::find(kWords.begin(), kWords.end(), first_word) != kWords.end();
}

ResultColumns ColumnsOf(const SqlCommand& sql) {
  const std::string_view text = sql.text;
  ResultColumns columns;
  columns.prefix = sql.variable_prefix;
  columns.any = NamesNoColumns(sql.first_word);
  bool behind_as = false;
  for (size_t i = 0; i < text.size();) {
    const char before = i > 0 ? text[i - 1] : ' ';
    if (text[i] == '*' && before != '(') columns.any = true;
    // A name that a variable is part of.
    const bool variable = text[i] == ':' && i + 1 < text.size() && IsNameStart(text[i + 1]);
    if (variable && (behind_as || before == '"' || IsNamePart(before))) columns.any = true;
    if (!IsNameStart(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && IsNamePart(text[end])) ++end;
    std::string word(text.substr(i, end - i));
    if (before != '"') absl::AsciiStrToLower(&word);
    if (behind_as) columns.aliases.push_back(word);
    behind_as = SameWord(word, "as");
    columns.words.insert(std::move(word));
    i = end;
  }
  return columns;
}

// What gives variables values.
class Definitions {
 public:
  Definitions(const std::vector<CheckedScript>& scripts, const std::vector<VariableSlot>& given,
              const SymbolTable& symbols)
      : symbols_(symbols), is_set_(symbols.size()) {
    for (const VariableSlot slot : given) Set(slot);
    for (const CheckedScript& checked : scripts) {
      for (const Command& command : checked.script->commands) {
        const bool assigns =
            command.kind == CommandKind::kSet || command.kind == CommandKind::kSetShell;
        if (assigns) Set(command.variable);
        if (command.sql.result_use == ResultUse::kIgnored) continue;
        results_.push_back(ColumnsOf(command.sql));
        for (const std::string& alias : results_.back().aliases) {
          names_.push_back(results_.back().prefix + alias);
        }
      }
    }
  }

  bool Has(VariableSlot slot) const {
    if (is_set_[slot]) return true;
    const std::string& name = symbols_.Name(slot);
    return std::any_of(results_.begin(), results_.end(), [&](const ResultColumns& columns) {
      return name.starts_with(columns.prefix) &&
             (columns.any || columns.words.contains(name.substr(columns.prefix.size())));
    });
  }

  // Whether a result may have such a column, whatever its statement looks like.
  bool CannotRuleOut(VariableSlot slot) const {
    const std::string& name = symbols_.Name(slot);
    return std::any_of(results_.begin(), results_.end(), [&name](const ResultColumns& columns) {
      return name.starts_with(columns.prefix);
    });
  }

  // For suggestions.
  const std::vector<std::string>& names() const { return names_; }

 private:
  void Set(VariableSlot slot) {
    if (!is_set_[slot]) names_.push_back(symbols_.Name(slot));
    is_set_[slot] = true;
  }

  const SymbolTable& symbols_;
  std::vector<bool> is_set_;
  std::vector<ResultColumns> results_;
  std::vector<std::string> names_;
};

// By command: whether it runs in some operations only.
std::vector<bool> ConditionalCommands(const Script& script) {
  std::vector<bool> conditional;
  int depth = 0;
  for (const Command& command : script.commands) {
    if (command.kind == CommandKind::kEndif) --depth;
    conditional.push_back(depth > 0);
    if (command.kind == CommandKind::kIf) ++depth;
  }
  return conditional;
}

// Text that only looks like a variable is common in literals: there, few letters may differ.
size_t ToleranceFor(std::string_view name, SqlPlace place) {
  if (place == SqlPlace::kCode) return name.size() <= 3 ? 1 : 2;
  if (name.size() < 5) return 0;
  return name.size() < 8 ? 1 : 2;
}

class Checker {
 public:
  Checker(const std::vector<CheckedScript>& scripts, const std::vector<VariableSlot>& given,
          const SymbolTable& symbols)
      : symbols_(symbols), definitions_(scripts, given, symbols) {
    for (const CheckedScript& checked : scripts) Check(checked);
    if (left_out_ > 0) {
      findings_.warnings.push_back(
          absl::StrCat("and ", left_out_, " more variables that nothing gives a value"));
    }
  }

  ScriptFindings Take() { return std::move(findings_); }

 private:
  void Check(const CheckedScript& checked) {
    checked_ = &checked;
    conditional_ = ConditionalCommands(*checked.script);
    for (const PsqlNotation& notation : checked.script->psql_notations) CheckNotation(notation);
    std::set<VariableSlot> told;
    for (const VariableUse& use : checked.script->uses) {
      if (use.place == SqlPlace::kComment || definitions_.Has(use.slot)) continue;
      if (!told.contains(use.slot) && CheckUse(use)) told.insert(use.slot);
    }
  }

  void CheckNotation(const PsqlNotation& notation) {
    const std::string name(notation.name);
    const char quote = notation.quote;
    const std::string written =
        absl::StrCat(":", std::string(1, quote), name, std::string(1, quote));
    std::string instead = absl::StrCat(std::string(1, quote), ":", name, std::string(1, quote));
    if (!checked_->sends_text) {
      instead = quote == '\'' ? absl::StrCat(":", name) : absl::StrCat(instead, " with -M simple");
    }
    const std::string message = absl::StrCat(
        written, " is psql's notation, which pgbench scripts do not have; write ", instead);
    Tell(notation.offset, message, !conditional_[notation.command]);
  }

  // Whether there was something to tell.
  bool CheckUse(const VariableUse& use) {
    const std::string& name = symbols_.Name(use.slot);
    const std::string nearest =
        NearestVariable(name, definitions_.names(), ToleranceFor(name, use.place));
    const bool may_be_text = use.place == SqlPlace::kQuoted ||
                             (use.place == SqlPlace::kBrackets && checked_->sends_text);
    if (may_be_text && nearest.empty()) return false;
    const CommandKind kind = checked_->script->commands[use.command].kind;
    const bool in_sql = kind == CommandKind::kSql;
    std::string message = absl::StrCat("nothing gives the variable :", name,
                                       " a value (-D, \\set, \\setshell, \\gset or "
                                       "\\aset)");
    if (!in_sql) {
      absl::StrAppend(&message, ", so \\", std::string(CommandKindName(kind)), " fails");
    } else if (checked_->sends_text) {
      absl::StrAppend(&message, ", so the statement would go to the server with :", name, " in it");
    } else {
      absl::StrAppend(&message, ", so NULL is sent for it");
    }
    if (!nearest.empty()) absl::StrAppend(&message, "; did you mean :", nearest, "?");
    const bool fails = !in_sql || (checked_->sends_text && use.place == SqlPlace::kCode);
    const bool certainly =
        !conditional_[use.command] && !use.may_be_skipped && !definitions_.CannotRuleOut(use.slot);
    Tell(use.offset, message, fails && certainly);
    return true;
  }

  void Tell(size_t offset, const std::string& message, bool is_error) {
    const absl::Status error = ScriptErrorAt(checked_->source, {offset, message, "", ""});
    if (is_error) {
      findings_.error.Update(error);
    } else if (findings_.warnings.size() < kMaxScriptWarnings) {
      // Without the line of the script and the caret.
      const std::string text(error.message());
      findings_.warnings.push_back(text.substr(0, text.find('\n')));
    } else {
      ++left_out_;
    }
  }

  const SymbolTable& symbols_;
  const Definitions definitions_;
  const CheckedScript* checked_ = nullptr;
  std::vector<bool> conditional_;
  ScriptFindings findings_;
  size_t left_out_ = 0;
};

}  // namespace

ScriptFindings CheckScripts(const std::vector<CheckedScript>& scripts,
                            const std::vector<VariableSlot>& given, const SymbolTable& symbols) {
  return Checker(scripts, given, symbols).Take();
}

std::string NearestVariable(std::string_view name, const std::vector<std::string>& names,
                            size_t tolerance) {
  std::string nearest;
  size_t least = tolerance + 1;
  for (const std::string& candidate : names) {
    const size_t longer = std::max(name.size(), candidate.size());
    const size_t shorter = std::min(name.size(), candidate.size());
    if (longer - shorter >= least) continue;
    const bool same = SameWord(candidate, name);
    const size_t distance = same ? 0 : EditDistance(name, candidate);
    if (distance >= least || distance >= shorter) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

}  // namespace pgring
