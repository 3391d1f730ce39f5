// Parses one backslash command. Pure but for the symbol table.
#ifndef PGRING_SCRIPT_META_COMMAND_H_
#define PGRING_SCRIPT_META_COMMAND_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "script/script.h"
#include "script/script_error.h"
#include "script/variables.h"

namespace pgring {

struct ParsedMetaCommand {
  enum class Effect : uint8_t {
    kNothing,  // a backslash with nothing behind it
    kCommand,  // `command` is one, but for its line and its jumps
    kResult,   // \gset or \aset: `result_use` and `prefix` belong to the SQL command before it
  };

  Effect effect = Effect::kNothing;
  Command command;
  ResultUse result_use = ResultUse::kIgnored;
  std::string prefix;
  std::vector<VariableUse> uses;  // but for the command's number
  size_t end = 0;                 // offset behind its line
};

// `backslash` is the backslash's offset. Fails as ScriptErrorAt describes.
absl::StatusOr<ParsedMetaCommand> ParseMetaCommand(const ScriptSource& source, size_t backslash,
                                                   SymbolTable* symbols);

}  // namespace pgring

#endif  // PGRING_SCRIPT_META_COMMAND_H_
