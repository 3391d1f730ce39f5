// Parses pgbench scripts. Everything that can be wrong with a script before it runs is found here:
// one message with file, line, column and a caret, in pgbench's words (see script_error.h).
//
// Errors that pgbench notices only when it meets them, and we here: invalid names after \set and
// \setshell, and more arguments than least() and greatest() take.
#ifndef PGRING_SCRIPT_SCRIPT_PARSER_H_
#define PGRING_SCRIPT_SCRIPT_PARSER_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "script/script.h"
#include "script/script_error.h"
#include "script/variables.h"

namespace pgring {

inline constexpr size_t kMaxScriptBytes = 256 * 1024 * 1024;
// pgbench's limit: the meta command and its arguments.
inline constexpr size_t kMaxMetaCommandWords = 256;

// `source.name` is for messages and becomes the script's name. `symbols` gets the variables' names
// and must outlive the script.
absl::StatusOr<Script> ParseScript(const ScriptSource& source, SymbolTable* symbols);

// The whole file, without the byte order mark of UTF-8; "-" is standard input. Fails as the
// operating system does (`could not open file "x.sql": No such file or directory`) and beyond
// kMaxScriptBytes.
absl::StatusOr<std::string> ReadScriptFile(const std::string& path);

}  // namespace pgring

#endif  // PGRING_SCRIPT_SCRIPT_PARSER_H_
