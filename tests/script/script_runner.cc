#include "script/script_runner.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "script/script_parser.h"

namespace pgring {

ScriptRunner::ScriptRunner(uint64_t random_seed, const Definitions& definitions)
    : generators_(MakeRunGenerators(
          random_seed, 1, 1,
          std::any_of(definitions.begin(), definitions.end(),
                      [](const auto& entry) { return entry.first == "default_seed"; }))) {
  Define("client_id", Value::Integer(0));
  Define("scale", Value::Integer(1));
  Define("default_seed", Value::Integer(generators_.default_seed));
  Define("random_seed", Value::Integer(static_cast<int64_t>(random_seed)));
  for (const auto& [name, text] : definitions) {
    variables_.SetText(*symbols_.Intern(name), text);
  }
  context_.variables = &variables_;
  context_.random = &generators_.clients[0];
  context_.symbols = &symbols_;
  context_.debug = &sink_;
}

void ScriptRunner::Define(const std::string& name, class Value value) {
  variables_.SetValue(*symbols_.Intern(name), value);
}

absl::StatusOr<Script> ScriptRunner::Parse(std::string_view text) {
  return ParseScript({"test.sql", text}, &symbols_);
}

absl::Status ScriptRunner::RunCommand(const Command& command, bool* condition) {
  switch (command.kind) {
    case CommandKind::kSql:
      sent_.emplace_back();
      SubstituteVariables(command.sql.text, command.sql.references, &variables_, &sent_.back());
      return absl::OkStatus();
    case CommandKind::kSet:
    case CommandKind::kIf:
    case CommandKind::kElif: {
      class Value value;
      PGRING_RETURN_IF_ERROR(Evaluate(command.expression, &context_, &value));
      if (command.kind == CommandKind::kSet) variables_.SetValue(command.variable, value);
      *condition = value.Truth();
      return absl::OkStatus();
    }
    case CommandKind::kSleep:
      return SleepMicroseconds(command.sleep, &variables_, symbols_).status();
    case CommandKind::kShell:
    case CommandKind::kSetShell: {
      std::string line;
      return ShellCommandLine(command.words, &variables_, &line);
    }
    case CommandKind::kElse:
    case CommandKind::kEndif:
      PGRING_CHECK(false, "a script never comes to \\else or \\endif");
      break;
    case CommandKind::kStartPipeline:
    case CommandKind::kSyncPipeline:
    case CommandKind::kEndPipeline:
      break;
  }
  return absl::OkStatus();
}

absl::Status ScriptRunner::Run(const Script& script, int script_number) {
  context_.script_number = script_number;
  size_t at = script.first;
  for (int step = 0; step < kMaxSteps && at != script.end(); ++step) {
    PGRING_CHECK(at < script.end(), "a script goes on beyond its end");
    const Command& command = script.commands[at];
    context_.command_number = static_cast<int>(at) + 1;
    bool condition = true;
    PGRING_RETURN_IF_ERROR(RunCommand(command, &condition));
    const bool jumps = command.kind == CommandKind::kIf || command.kind == CommandKind::kElif;
    at = jumps && !condition ? command.next_if_false : command.next;
  }
  return absl::OkStatus();
}

std::string ScriptRunner::Value(std::string_view expression) {
  const auto error = [](const absl::Status& status) {
    const std::string message(status.message());
    return absl::StrCat("error: ", message.substr(0, message.find('\n')));
  };
  const absl::StatusOr<Script> script =
      Parse(absl::StrCat("\\set value debug(", std::string(expression), ")\n"));
  if (!script.ok()) return error(script.status());
  sink_.lines.clear();
  const absl::Status status = Run(*script);
  if (!status.ok()) return error(status);
  const std::string& line = sink_.lines.back();
  return line.substr(line.find("): ") + 3);
}

}  // namespace pgring
