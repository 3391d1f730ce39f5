// A compiled expression of \set, \if or \elif, and its evaluation.
//
// An Expression is a program for a small stack machine: instructions in one vector, variables by
// slot, jumps for what is lazy (AND, OR, CASE). It is compiled once (see expression_compiler.h),
// never changes and may be shared by all clients. Evaluation allocates nothing once the context has
// met the deepest expression, does not recurse, and fails as pgbench does, in its words.
#ifndef PGRING_SCRIPT_EXPRESSION_H_
#define PGRING_SCRIPT_EXPRESSION_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "script/random_source.h"
#include "script/value.h"
#include "script/variables.h"

namespace pgring {

// Of least() and greatest(); the others take less. pgbench's limit.
inline constexpr int kMaxFunctionArguments = 16;

enum class OpCode : uint8_t {
  kConstant,  // operand: index into the constants
  kVariable,  // operand: slot

  // Control; operand: how many instructions further to go on. Null or false (or: null or true) stay
  // as the result and jump; the other boolean is dropped and the right side decides.
  kAnd,
  kOr,
  kCheckBoolean,  // the right side of AND and OR must be NULL or a boolean
  kJumpUnless,    // drops the value; jumps unless it is true
  kJump,

  // Two operands.
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
  kIs,
  kPower,
  kHashFnv1a,
  kHashMurmur2,
  kRandom,

  // One operand.
  kNot,
  kAbs,
  kDebug,
  kDouble,
  kInteger,
  kSquareRoot,
  kLogarithm,
  kExponential,

  // Three operands.
  kPermute,
  kRandomExponential,
  kRandomGaussian,
  kRandomZipfian,

  // argument_count operands.
  kLeast,
  kGreatest,
};

struct Instruction {
  OpCode code;
  uint8_t argument_count;  // values taken from the stack
  uint32_t operand;
};

struct Expression {
  std::vector<Instruction> code;
  std::vector<Value> constants;
  uint32_t stack_size = 0;  // values that are on the stack at most, or a few more
};

// Where debug() writes. The line has no end-of-line character and is valid during the call only.
class DebugSink {
 public:
  DebugSink() = default;
  DebugSink(const DebugSink&) = delete;
  DebugSink& operator=(const DebugSink&) = delete;
  virtual ~DebugSink() = default;
  virtual void Write(std::string_view line) = 0;
};

// What an evaluation reads and changes; one per client. Owns only its stack.
struct EvaluationContext {
  VariableStore* variables = nullptr;
  RandomSource* random = nullptr;
  const SymbolTable* symbols = nullptr;  // for messages
  DebugSink* debug = nullptr;            // nullptr: standard error
  int script_number = 0;                 // for debug(): from 0, as pgbench counts scripts
  int command_number = 1;                // for debug(): from 1, within the script
  std::vector<Value> stack;
};

// NotFound: `undefined variable "x"`; InvalidArgument: "division by zero", "bigint add out of
// range", "cannot coerce null to int" and the like. `result` is then untouched, but random numbers
// drawn and debug lines written before stay so.
absl::Status Evaluate(const Expression& expression, EvaluationContext* context, Value* result);

}  // namespace pgring

#endif  // PGRING_SCRIPT_EXPRESSION_H_
