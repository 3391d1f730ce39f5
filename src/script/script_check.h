// What is likely to be wrong with scripts though they parse: variables that nothing gives a value,
// which are typing errors for the most part, and psql's :'name'. Pure.
//
// pgbench leaves a variable without a value in the text (simple protocol) or sends NULL for it, and
// text such as 'a:b' looks like one. So this refuses only what cannot succeed and warns of the
// rest.
#ifndef PGRING_SCRIPT_SCRIPT_CHECK_H_
#define PGRING_SCRIPT_SCRIPT_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "script/script.h"
#include "script/script_error.h"
#include "script/variables.h"

namespace pgring {

struct CheckedScript {
  ScriptSource source;
  const Script* script = nullptr;
  bool sends_text = false;  // with the simple protocol
};

struct ScriptFindings {
  // The first thing that cannot succeed, as ScriptErrorAt describes.
  absl::Status error;
  // One line each, "FILE:LINE:COLUMN: ..."; at most kMaxScriptWarnings and one that counts the
  // rest.
  std::vector<std::string> warnings;
};

inline constexpr size_t kMaxScriptWarnings = 10;

// All scripts of a run, because a client's variables go from one to the next. `given` have values
// from the start.
ScriptFindings CheckScripts(const std::vector<CheckedScript>& scripts,
                            const std::vector<VariableSlot>& given, const SymbolTable& symbols);

// The one of `names` that `name` may have been meant to be; empty: none is near. A name that
// differs in `tolerance` letters at most is near.
std::string NearestVariable(std::string_view name, const std::vector<std::string>& names,
                            size_t tolerance);

}  // namespace pgring

#endif  // PGRING_SCRIPT_SCRIPT_CHECK_H_
