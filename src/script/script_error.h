// Static errors of scripts: one message that names file, line and column, says what is wrong in
// pgbench's words, and shows the line with a caret below the offending text:
//
//   bad.sql:3:10: unexpected function name (foo) in command "set"
//     \set x foo(1)
//            ^
//
// Pure; cannot fail.
#ifndef PGRING_SCRIPT_SCRIPT_ERROR_H_
#define PGRING_SCRIPT_SCRIPT_ERROR_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace pgring {

// Of a longer line, a part around the caret is shown.
inline constexpr size_t kMaxShownLineCharacters = 160;
// Of longer offending text, the beginning is shown.
inline constexpr size_t kMaxOffendingCharacters = 80;

// A script's name (its file's, for messages) and its whole text; owns neither.
struct ScriptSource {
  std::string_view name;
  std::string_view text;

  // Of the byte at `offset`; the first line is 1.
  int LineOf(size_t offset) const;
};

// What is wrong at `offset`. `more` is the offending text, `command` the meta command ("set");
// either may be empty. InvalidArgument.
struct ScriptProblem {
  size_t offset = 0;
  std::string_view message;
  std::string_view more;
  std::string_view command;
};
absl::Status ScriptErrorAt(const ScriptSource& source, const ScriptProblem& problem);

}  // namespace pgring

#endif  // PGRING_SCRIPT_SCRIPT_ERROR_H_
