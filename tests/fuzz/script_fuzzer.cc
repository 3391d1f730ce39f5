// Parses its input as a script and runs what parses, for libFuzzer and for replay_main.cc. Beside
// not crashing, a script must keep the promises that its readers rely on.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pgring/base/check.h"
#include "script/script_parser.h"
#include "script/script_runner.h"

namespace pgring {
namespace {

constexpr size_t kLargestMessageBytes = 2000;
constexpr int kTransactions = 2;

void CheckReferences(const SqlCommand& sql) {
  PGRING_CHECK(!sql.text.empty(), "an SQL command has text");
  PGRING_CHECK(sql.parameters.size() == sql.references.size(), "a parameter for each reference");
  size_t end = 0;
  for (const VariableReference& reference : sql.references) {
    PGRING_CHECK(reference.begin >= end && reference.end > reference.begin + 1 &&
                     reference.end <= sql.text.size() && sql.text[reference.begin] == ':',
                 "references are in order and within the text");
    end = reference.end;
  }
}

void CheckJumps(const Script& script, size_t index) {
  const Command& command = script.commands[index];
  PGRING_CHECK(command.next > index && command.next <= script.end(), "scripts go forward");
  const bool is_condition = command.kind == CommandKind::kIf || command.kind == CommandKind::kElif;
  PGRING_CHECK(
      !is_condition || (command.next_if_false > index && command.next_if_false <= script.end()),
      "conditions go forward");
}

void RunOnce(std::string_view text) {
  ScriptRunner runner(1, {{"text", "abc"}, {"number", "12"}, {"nothing", "null"}});
  const absl::StatusOr<Script> script = runner.Parse(text);
  if (!script.ok()) {
    PGRING_CHECK(!script.status().message().empty(), "errors say something");
    PGRING_CHECK(script.status().message().size() < kLargestMessageBytes, "errors are short");
    return;
  }
  PGRING_CHECK(script->end() > 0, "a script that parses has commands");
  PGRING_CHECK(CheckExtendedProtocol(*script).message().size() < kLargestMessageBytes,
               "errors are short");
  for (size_t i = 0; i < script->end(); ++i) {
    CheckJumps(*script, i);
    if (script->commands[i].kind == CommandKind::kSql) CheckReferences(script->commands[i].sql);
  }
  for (int i = 0; i < kTransactions; ++i) {
    if (!runner.Run(*script).ok()) return;
  }
}

}  // namespace
}  // namespace pgring

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);  // libFuzzer's name

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  pgring::RunOnce(text);
  return 0;
}
