// Compiles the expression of \set, \if and \elif. The grammar is pgbench's, with its precedences,
// from loose to tight:
//
//   OR;  AND;  NOT (prefix);  IS, ISNULL, NOTNULL;  = <> != < <= > >= (not associative);
//   | # & << >> ~ (prefix);  + -;  * / %;  unary + -
//
// Pure but for the symbol table, which gets the variables' names.
#ifndef PGRING_SCRIPT_EXPRESSION_COMPILER_H_
#define PGRING_SCRIPT_EXPRESSION_COMPILER_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "script/expression.h"
#include "script/script.h"
#include "script/script_error.h"
#include "script/variables.h"

namespace pgring {

// Parentheses, function calls, CASE, prefix operators and right operands within one another.
inline constexpr int kMaxExpressionNesting = 200;

struct CompiledExpression {
  Expression expression;
  std::vector<VariableUse> uses;
  size_t end = 0;  // offset behind the line that ends it
};

// From `offset` of the script to the end of the line. `command` ("set") is for messages. Fails as
// ScriptErrorAt describes, at the first token that does not fit.
absl::StatusOr<CompiledExpression> CompileExpression(const ScriptSource& source, size_t offset,
                                                     std::string_view command,
                                                     SymbolTable* symbols);

}  // namespace pgring

#endif  // PGRING_SCRIPT_EXPRESSION_COMPILER_H_
