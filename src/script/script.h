// A parsed pgbench script: commands in order, with everything looked up and compiled that does not
// depend on a client. Never changes, shared by all clients; the symbol table it was parsed with
// must outlive it.
//
// How to run one: begin with the command at `Script::first` and go on with `next` of each, until
// Script::end(). Conditions are part of these numbers: of \if and \elif, evaluate `expression`, and
// where Value::Truth() is false go on with `next_if_false` instead. \else and \endif are never met.
#ifndef PGRING_SCRIPT_SCRIPT_H_
#define PGRING_SCRIPT_SCRIPT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "script/expression.h"
#include "script/sql_text.h"
#include "script/variables.h"

namespace pgring {

enum class CommandKind : uint8_t {
  kSql,
  kSet,
  kIf,
  kElif,
  kElse,
  kEndif,
  kSleep,
  kShell,
  kSetShell,
  kStartPipeline,
  kSyncPipeline,
  kEndPipeline,
};

// As in messages: "SQL", "set", "startpipeline".
std::string_view CommandKindName(CommandKind kind);

// What becomes of an SQL command's rows.
enum class ResultUse : uint8_t {
  kIgnored,
  kGset,  // the last statement's only row goes into variables; any other number of rows is an error
  kAset,  // every statement's last row, if any, goes into variables
};

struct SqlCommand {
  std::string text;  // as in the script, with its semicolon, without leading comments
  // For the simple protocol: see SubstituteVariables.
  std::vector<VariableReference> references;
  // For the extended protocol: $1 ... for the references, whose slots are `parameters`. A parameter
  // whose variable is unset goes as NULL. Check with CheckExtendedProtocol first.
  std::string parameterized_text;
  std::vector<VariableSlot> parameters;
  std::string first_word;  // "SELECT", "BEGIN"; empty where it begins with no word
  ResultUse result_use = ResultUse::kIgnored;
  std::string variable_prefix;  // of \gset and \aset: goes before the columns' names
};

// \sleep: a number, or a variable that holds one.
struct SleepTime {
  int64_t amount = 0;
  VariableSlot variable = kNoVariable;
  int64_t unit_us = 1'000'000;
};

// A word of \shell or \setshell: literal text, or a variable where `variable` is one.
struct ShellWord {
  std::string text;  // as in the script, but ::word is :word already
  VariableSlot variable = kNoVariable;
};

struct Command {
  CommandKind kind = CommandKind::kSql;
  int line = 0;            // in its file, from 1
  std::string first_line;  // for reports; at most kMaxFirstLineBytes

  // Indexes into Script::commands.
  size_t next = 0;
  size_t next_if_false = 0;  // kIf, kElif

  SqlCommand sql;                       // kSql
  Expression expression;                // kSet, kIf, kElif
  VariableSlot variable = kNoVariable;  // kSet, kSetShell: what is assigned
  SleepTime sleep;                      // kSleep
  std::vector<ShellWord> words;         // kShell, kSetShell: the command line
};

inline constexpr size_t kMaxFirstLineBytes = 127;
// Of a command's text, without the blanks at its end.
std::string FirstLine(std::string_view text);

// A :name somewhere in a script.
struct VariableUse {
  VariableSlot slot = kNoVariable;
  size_t offset = 0;  // in the script
  size_t command = 0;
  SqlPlace place = SqlPlace::kCode;  // of meta commands: kCode
  // Of meta commands: part of an expression that need not be evaluated.
  bool may_be_skipped = false;
};

// psql's :'name' or :"name" in an SQL command, which pgbench does not know.
struct PsqlNotation {
  size_t offset = 0;  // of the colon in the script
  size_t command = 0;
  char quote = '\'';
  std::string name;
};

struct Script {
  // The file's name, or a built-in script's description.
  std::string name;
  // A command's number in pgbench's messages is its index here.
  std::vector<Command> commands;
  size_t first = 0;
  // Those of meta commands first.
  std::vector<VariableUse> uses;
  std::vector<PsqlNotation> psql_notations;
  // See CheckExtendedProtocol. Kept because only the parser knows where in the text a command is.
  absl::Status extended_protocol;

  size_t end() const { return commands.size(); }
};

// Whether the extended protocol can run every command: InvalidArgument, as ScriptErrorAt describes,
// when one has more than kMaxStatementParameters references.
inline const absl::Status& CheckExtendedProtocol(const Script& script) {
  return script.extended_protocol;
}

// How long \sleep sleeps, microseconds; never negative. Limited to about 292,000 years, where
// pgbench's numbers overflow after 35 minutes. Fails as pgbench: `sleep: undefined variable "x"`,
// `sleep: invalid sleep time "abc" for variable "x"`.
absl::StatusOr<int64_t> SleepMicroseconds(const SleepTime& sleep, VariableStore* variables,
                                          const SymbolTable& symbols);

// pgbench's limit, terminator included.
inline constexpr size_t kMaxShellCommandBytes = 256;

// The words joined by blanks, into *line, whose memory is used again. NotFound: `echo: undefined
// variable ":x"`; InvalidArgument: "echo: shell command is too long".
absl::Status ShellCommandLine(const std::vector<ShellWord>& words, VariableStore* variables,
                              std::string* line);

// What \setshell assigns: the integer that `output`, the command's first line, must be.
// InvalidArgument: `echo: shell command must return an integer (not "x")`.
absl::StatusOr<int64_t> SetShellValue(const std::vector<ShellWord>& words,
                                      const std::string& output);

}  // namespace pgring

#endif  // PGRING_SCRIPT_SCRIPT_H_
