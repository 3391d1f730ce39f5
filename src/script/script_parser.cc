#include "script/script_parser.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "script/meta_command.h"
#include "script/sql_scanner.h"

namespace pgring {
namespace {

bool IsCondition(CommandKind kind) {
  return kind == CommandKind::kIf || kind == CommandKind::kElif || kind == CommandKind::kElse ||
         kind == CommandKind::kEndif;
}

// Checks \if ... \endif and resolves them into the commands' next and next_if_false.
class ConditionLinker {
 public:
  // `offsets` are the commands' places in the source.
  ConditionLinker(const ScriptSource& source, const std::vector<size_t>& offsets, Script* script)
      : source_(source), offsets_(offsets), commands_(script->commands), script_(script) {}

  absl::Status Link() {
    endifs_.resize(commands_.size());
    for (size_t i = 0; i < commands_.size(); ++i) {
      if (IsCondition(commands_[i].kind)) PGRING_RETURN_IF_ERROR(Note(i));
    }
    if (!open_.empty()) return ErrorAt(open_.back().begin, "\\if without matching \\endif");
    Resolve();
    return absl::OkStatus();
  }

 private:
  struct Open {
    size_t begin = 0;             // of the \if
    size_t condition = 0;         // the last \if or \elif
    bool has_else = false;        // then that condition's next_if_false is known
    std::vector<size_t> borders;  // \elif and \else: a branch that is executed ends there
  };

  absl::Status ErrorAt(size_t command, std::string_view message) const {
    return ScriptErrorAt(source_, {offsets_[command], message, "", ""});
  }

  absl::Status Note(size_t i) {
    const CommandKind kind = commands_[i].kind;
    if (kind == CommandKind::kIf) {
      Open open;
      open.begin = i;
      open.condition = i;
      open_.push_back(std::move(open));
      return absl::OkStatus();
    }
    const std::string name = absl::StrCat("\\", std::string(CommandKindName(kind)));
    if (open_.empty()) return ErrorAt(i, absl::StrCat(name, " without matching \\if"));
    Open& open = open_.back();
    if (kind == CommandKind::kEndif) {
      if (!open.has_else) commands_[open.condition].next_if_false = i;
      for (const size_t border : open.borders) endifs_[border] = i;
      open_.pop_back();
      return absl::OkStatus();
    }
    if (open.has_else) return ErrorAt(i, absl::StrCat(name, " after \\else"));
    open.has_else = kind == CommandKind::kElse;
    open.borders.push_back(i);
    commands_[open.condition].next_if_false = open.has_else ? i + 1 : i;
    open.condition = i;
    return absl::OkStatus();
  }

  void Resolve() {
    // Where one really comes to when one comes to command i at the end of the one before it.
    std::vector<size_t> arrivals(commands_.size() + 1, commands_.size());
    for (size_t i = commands_.size(); i-- > 0;) {
      Command& command = commands_[i];
      command.next = arrivals[i + 1];
      arrivals[i] = i;
      if (command.kind == CommandKind::kEndif) arrivals[i] = arrivals[i + 1];
      if (command.kind == CommandKind::kElif || command.kind == CommandKind::kElse) {
        arrivals[i] = arrivals[endifs_[i]];
      }
    }
    for (Command& command : commands_) {
      if (command.kind != CommandKind::kIf && command.kind != CommandKind::kElif) continue;
      // An \elif that one comes to for want of truth is to be evaluated.
      const size_t target = command.next_if_false;
      const bool evaluate =
          target < commands_.size() && commands_[target].kind == CommandKind::kElif;
      if (!evaluate) command.next_if_false = arrivals[target];
    }
    script_->first = arrivals[0];
  }

  const ScriptSource& source_;
  const std::vector<size_t>& offsets_;
  std::vector<Command>& commands_;
  Script* const script_;
  std::vector<Open> open_;
  std::vector<size_t> endifs_;  // by \elif and \else: where its \endif is
};

class ScriptParser {
 public:
  ScriptParser(const ScriptSource& source, SymbolTable* symbols)
      : source_(source), scanner_(source.text), symbols_(symbols) {
    script_.name = std::string(source.name);
  }

  absl::StatusOr<Script> Parse() {
    if (source_.text.size() > kMaxScriptBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("script \"", script_.name, "\" is larger than ", kMaxScriptBytes, " bytes"));
    }
    const size_t nul = source_.text.find('\0');
    if (nul != std::string_view::npos) return ErrorAt(nul, "NUL byte in script");
    SqlPiece::End end = SqlPiece::End::kSemicolon;
    while (end != SqlPiece::End::kScript) {
      SqlPiece piece = scanner_.Next();
      end = piece.end;
      if (!piece.text.empty()) AddSql(std::move(piece));
      if (end == SqlPiece::End::kBackslash) PGRING_RETURN_IF_ERROR(AddMeta());
    }
    // Names that only statements use come last: a client's memory goes up to the last that is set.
    for (const SqlParts& parts : sql_parts_) PGRING_RETURN_IF_ERROR(AddReferences(parts));
    if (script_.commands.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("empty command list for script \"", script_.name, "\""));
    }
    PGRING_RETURN_IF_ERROR(ConditionLinker(source_, offsets_, &script_).Link());
    return std::move(script_);
  }

 private:
  // Parts of an SQL command that are not plain code.
  struct SqlParts {
    size_t command = 0;
    std::vector<SqlSpan> spans;
  };

  absl::Status ErrorAt(size_t offset, std::string_view message, std::string_view more = "") const {
    return ScriptErrorAt(source_, {offset, message, more, ""});
  }

  // Counts on from the last call, whose offset was not larger.
  int LineOf(size_t offset) {
    const std::string_view passed = source_.text.substr(counted_, offset - counted_);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    counted_ = offset;
    return line_;
  }

  // Where positions of a command's text, in their order, are in the source: that text begins at
  // `begin` and lacks the backslashes of \; and \: only.
  std::vector<size_t> OffsetsInSource(size_t begin, std::string_view text,
                                      const std::vector<size_t>& positions) const {
    std::vector<size_t> offsets;
    size_t at = begin;
    size_t i = 0;
    for (const size_t position : positions) {
      for (; i < position; ++i, ++at) {
        if (source_.text[at] != text[i]) ++at;
      }
      offsets.push_back(at);
    }
    return offsets;
  }

  void Add(Command command, size_t offset) {
    command.line = LineOf(offset);
    script_.commands.push_back(std::move(command));
    offsets_.push_back(offset);
  }

  void AddSql(SqlPiece piece) {
    Command command;
    command.sql.text = std::move(piece.text);
    command.sql.first_word = FirstWord(command.sql.text);
    command.first_line = FirstLine(command.sql.text);
    sql_parts_.push_back({script_.commands.size(), std::move(piece.spans)});
    Add(std::move(command), piece.offset);
  }

  absl::Status AddReferences(const SqlParts& parts) {
    const size_t begin = offsets_[parts.command];
    SqlCommand& sql = script_.commands[parts.command].sql;
    const absl::Status found = FindVariableReferences(sql.text, symbols_, &sql.references);
    if (!found.ok()) {
      return ErrorAt(begin, std::string_view(found.message().data(), found.message().size()));
    }
    sql.parameterized_text = ParameterizedText(sql.text, sql.references);
    std::vector<size_t> positions;
    for (const VariableReference& reference : sql.references) positions.push_back(reference.begin);
    const std::vector<size_t> offsets = OffsetsInSource(begin, sql.text, positions);
    const std::vector<SqlPlace> places = PlacesOf(sql.references, parts.spans);
    for (size_t i = 0; i < sql.references.size(); ++i) {
      const VariableSlot slot = sql.references[i].slot;
      sql.parameters.push_back(slot);
      script_.uses.push_back({slot, offsets[i], parts.command, places[i]});
    }
    if (sql.references.size() > kMaxStatementParameters && script_.extended_protocol.ok()) {
      script_.extended_protocol =
          ErrorAt(offsets[kMaxStatementParameters],
                  absl::StrCat("statement has too many arguments (maximum is ",
                               kMaxStatementParameters, ")"));
    }
    NotePsqlNotations(parts, sql.text);
    return absl::OkStatus();
  }

  void NotePsqlNotations(const SqlParts& parts, std::string_view text) {
    for (const SqlSpan& span : parts.spans) {
      const size_t begin = span.begin;
      if (span.place != SqlPlace::kQuoted || begin == 0 || text[begin - 1] != ':') continue;
      const char quote = text[begin];
      if ((begin > 1 && text[begin - 2] == ':') || (quote != '\'' && quote != '"')) continue;
      const std::string_view quoted = text.substr(begin + 1, span.end - begin - 1);
      if (quoted.empty() || !IsValidVariableName(quoted.substr(0, quoted.size() - 1))) continue;
      const std::vector<size_t> offset =
          OffsetsInSource(offsets_[parts.command], text, {begin - 1});
      script_.psql_notations.push_back(
          {offset[0], parts.command, quote, std::string(quoted.substr(0, quoted.size() - 1))});
    }
  }

  absl::Status AddMeta() {
    const size_t backslash = scanner_.offset() - 1;
    absl::StatusOr<ParsedMetaCommand> parsed = ParseMetaCommand(source_, backslash, symbols_);
    if (!parsed.ok()) return parsed.status();
    scanner_.Skip(parsed->end);
    switch (parsed->effect) {
      case ParsedMetaCommand::Effect::kNothing:
        return absl::OkStatus();
      case ParsedMetaCommand::Effect::kCommand:
        for (VariableUse use : parsed->uses) {
          use.command = script_.commands.size();
          script_.uses.push_back(use);
        }
        Add(std::move(parsed->command), backslash);
        return absl::OkStatus();
      case ParsedMetaCommand::Effect::kResult:
        break;
    }
    const std::string_view problem = parsed->result_use == ResultUse::kGset
                                         ? "\\gset must follow an SQL command"
                                         : "\\aset must follow an SQL command";
    if (script_.commands.empty()) return ErrorAt(backslash, problem);
    const Command& previous = script_.commands.back();
    if (previous.kind != CommandKind::kSql) {
      return ErrorAt(backslash, problem, previous.first_line);
    }
    if (previous.sql.result_use != ResultUse::kIgnored) return ErrorAt(backslash, problem);
    SqlCommand& sql = script_.commands.back().sql;
    sql.result_use = parsed->result_use;
    sql.variable_prefix = std::move(parsed->prefix);
    return absl::OkStatus();
  }

  const ScriptSource& source_;
  SqlScanner scanner_;
  SymbolTable* const symbols_;
  Script script_;
  std::vector<size_t> offsets_;  // by command
  std::vector<SqlParts> sql_parts_;
  size_t counted_ = 0;  // up to here, line_ is right
  int line_ = 1;
};

}  // namespace

absl::StatusOr<Script> ParseScript(const ScriptSource& source, SymbolTable* symbols) {
  return ScriptParser(source, symbols).Parse();
}

absl::StatusOr<std::string> ReadScriptFile(const std::string& path) {
  const bool standard_input = path == "-";
  const auto close = [standard_input](std::FILE* opened) {
    if (!standard_input) std::fclose(opened);
  };
  std::unique_ptr<std::FILE, decltype(close)> file(
      standard_input ? stdin : std::fopen(path.c_str(), "re"), close);
  if (file == nullptr)
    return ErrnoStatus(errno, absl::StrCat("could not open file \"", path, "\""));
  std::string text;
  char buffer[16 * 1024];
  size_t count = 0;
  while (std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
    count = std::fread(buffer, 1, sizeof(buffer), file.get());
    text.append(buffer, count);
    if (text.size() > kMaxScriptBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("file \"", path, "\" is larger than ", kMaxScriptBytes, " bytes"));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return ErrnoStatus(errno, absl::StrCat("could not read file \"", path, "\""));
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return text;
}

}  // namespace pgring
