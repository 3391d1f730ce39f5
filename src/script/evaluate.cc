#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "script/expression.h"
#include "script/hash.h"

namespace pgring {
namespace {

absl::Status Fail(absl::string_view message) { return absl::InvalidArgumentError(message); }

absl::Status Divide(OpCode code, int64_t left, int64_t right, Value* result) {
  if (right == 0) return Fail("division by zero");
  // The smallest integer has no positive counterpart, and its remainder is no less of a trap.
  if (right == -1) {
    if (code == OpCode::kModulo) {
      *result = Value::Integer(0);
    } else if (left == std::numeric_limits<int64_t>::min()) {
      return Fail("bigint div out of range");
    } else {
      *result = Value::Integer(-left);
    }
    return absl::OkStatus();
  }
  *result = Value::Integer(code == OpCode::kModulo ? left % right : left / right);
  return absl::OkStatus();
}

absl::Status IntegerArithmetic(OpCode code, int64_t left, int64_t right, Value* result) {
  int64_t number = 0;
  switch (code) {
    case OpCode::kAdd:
      if (__builtin_add_overflow(left, right, &number)) return Fail("bigint add out of range");
      *result = Value::Integer(number);
      return absl::OkStatus();
    case OpCode::kSubtract:
      if (__builtin_sub_overflow(left, right, &number)) return Fail("bigint sub out of range");
      *result = Value::Integer(number);
      return absl::OkStatus();
    case OpCode::kMultiply:
      if (__builtin_mul_overflow(left, right, &number)) return Fail("bigint mul out of range");
      *result = Value::Integer(number);
      return absl::OkStatus();
    case OpCode::kDivide:
    case OpCode::kModulo:
      return Divide(code, left, right, result);
    case OpCode::kEqual:
      *result = Value::Boolean(left == right);
      return absl::OkStatus();
    case OpCode::kNotEqual:
      *result = Value::Boolean(left != right);
      return absl::OkStatus();
    case OpCode::kLess:
      *result = Value::Boolean(left < right);
      return absl::OkStatus();
    default:
      *result = Value::Boolean(left <= right);
      return absl::OkStatus();
  }
}

Value DoubleArithmetic(OpCode code, double left, double right) {
  switch (code) {
    case OpCode::kAdd:
      return Value::Double(left + right);
    case OpCode::kSubtract:
      return Value::Double(left - right);
    case OpCode::kMultiply:
      return Value::Double(left * right);
    case OpCode::kDivide:
      return Value::Double(left / right);
    case OpCode::kEqual:
      return Value::Boolean(left == right);
    case OpCode::kNotEqual:
      return Value::Boolean(left != right);
    case OpCode::kLess:
      return Value::Boolean(left < right);
    default:
      return Value::Boolean(left <= right);
  }
}

absl::Status Arithmetic(OpCode code, const Value* arguments, Value* result) {
  const bool any_double =
      arguments[0].kind() == ValueKind::kDouble || arguments[1].kind() == ValueKind::kDouble;
  if (any_double && code != OpCode::kModulo) {
    double left = 0;
    double right = 0;
    PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[0], &left));
    PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[1], &right));
    *result = DoubleArithmetic(code, left, right);
    return absl::OkStatus();
  }
  int64_t left = 0;
  int64_t right = 0;
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[0], &left));
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[1], &right));
  return IntegerArithmetic(code, left, right, result);
}

absl::Status IntegerFunction(OpCode code, const Value* arguments, Value* result) {
  int64_t left = 0;
  int64_t right = 0;
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[0], &left));
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[1], &right));
  // C leaves shifts by 64 and more open; pgbench gets what the processor does, which is this.
  const auto shift = static_cast<int>(static_cast<uint64_t>(right) & 63);
  int64_t number = 0;
  switch (code) {
    case OpCode::kBitAnd:
      number = left & right;
      break;
    case OpCode::kBitOr:
      number = left | right;
      break;
    case OpCode::kBitXor:
      number = left ^ right;
      break;
    case OpCode::kShiftLeft:
      number = static_cast<int64_t>(static_cast<uint64_t>(left) << shift);
      break;
    case OpCode::kShiftRight:
      number = left >> shift;
      break;
    case OpCode::kHashFnv1a:
      number = HashFnv1a(left, right);
      break;
    case OpCode::kHashMurmur2:
      number = HashMurmur2(left, right);
      break;
    default: {  // kPermute
      int64_t seed = 0;
      PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[2], &seed));
      if (right <= 0) return Fail("permute size parameter must be greater than zero");
      number = Permute(left, right, seed);
      break;
    }
  }
  *result = Value::Integer(number);
  return absl::OkStatus();
}

absl::Status Absolute(Value argument, Value* result) {
  if (argument.kind() == ValueKind::kInteger) {
    const int64_t number = argument.integer();
    // The smallest integer stays what it is.
    *result =
        Value::Integer(number < 0 ? static_cast<int64_t>(-static_cast<uint64_t>(number)) : number);
    return absl::OkStatus();
  }
  double number = 0;
  PGRING_RETURN_IF_ERROR(CoerceToDouble(argument, &number));
  *result = Value::Double(number < 0.0 ? -number : number);
  return absl::OkStatus();
}

absl::Status DoubleFunction(OpCode code, const Value* arguments, Value* result) {
  double number = 0;
  PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[0], &number));
  switch (code) {
    case OpCode::kSquareRoot:
      number = std::sqrt(number);
      break;
    case OpCode::kLogarithm:
      number = std::log(number);
      break;
    case OpCode::kExponential:
      number = std::exp(number);
      break;
    case OpCode::kPower: {
      double exponent = 0;
      PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[1], &exponent));
      number = std::pow(number, exponent);
      break;
    }
    default:  // kDouble
      break;
  }
  *result = Value::Double(number);
  return absl::OkStatus();
}

absl::Status Extremum(OpCode code, const Value* arguments, int count, Value* result) {
  const bool least = code == OpCode::kLeast;
  const bool any_double = std::any_of(arguments, arguments + count, [](Value argument) {
    return argument.kind() == ValueKind::kDouble;
  });
  if (any_double) {
    double extremum = 0;
    PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[0], &extremum));
    for (int i = 1; i < count; ++i) {
      double number = 0;
      PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[i], &number));
      // Written so that a NaN on the left gives way to what follows, as in pgbench.
      extremum =
          least ? (extremum < number ? extremum : number) : (extremum > number ? extremum : number);
    }
    *result = Value::Double(extremum);
    return absl::OkStatus();
  }
  int64_t extremum = 0;
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[0], &extremum));
  for (int i = 1; i < count; ++i) {
    int64_t number = 0;
    PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[i], &number));
    extremum = least ? std::min(extremum, number) : std::max(extremum, number);
  }
  *result = Value::Integer(extremum);
  return absl::OkStatus();
}

absl::Status RandomFunction(OpCode code, const Value* arguments, RandomSource* random,
                            Value* result) {
  int64_t low = 0;
  int64_t high = 0;
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[0], &low));
  PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[1], &high));
  PGRING_RETURN_IF_ERROR(CheckRandomRange(low, high));
  if (code == OpCode::kRandom) {
    *result = Value::Integer(random->Uniform(low, high));
    return absl::OkStatus();
  }
  double parameter = 0;
  PGRING_RETURN_IF_ERROR(CoerceToDouble(arguments[2], &parameter));
  if (code == OpCode::kRandomExponential) {
    PGRING_RETURN_IF_ERROR(CheckExponentialParameter(parameter));
    *result = Value::Integer(random->Exponential(low, high, parameter));
  } else if (code == OpCode::kRandomGaussian) {
    PGRING_RETURN_IF_ERROR(CheckGaussianParameter(parameter));
    *result = Value::Integer(random->Gaussian(low, high, parameter));
  } else {
    PGRING_RETURN_IF_ERROR(CheckZipfianParameter(parameter));
    *result = Value::Integer(random->Zipfian(low, high, parameter));
  }
  return absl::OkStatus();
}

void WriteDebugLine(const EvaluationContext& context, Value value) {
  char text[kMaxValueTextBytes];
  const std::string_view shown(text, FormatValue(value, text));
  char line[128];
  const auto end =
      fmt::format_to_n(line, sizeof(line), "debug(script={},command={}): {}{}{}",
                       context.script_number, context.command_number, ValueKindName(value.kind()),
                       value.is_null() ? "" : " ", value.is_null() ? std::string_view() : shown);
  const std::string_view written(line, std::min(end.size, sizeof(line)));
  if (context.debug != nullptr) {
    context.debug->Write(written);
  } else {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(written.size()), written.data());
  }
}

// Calls what is no control instruction; `arguments` are in order.
absl::Status Call(const Instruction& instruction, const Value* arguments,
                  EvaluationContext* context, Value* result) {
  const OpCode code = instruction.code;
  if (code == OpCode::kDebug) {
    WriteDebugLine(*context, arguments[0]);
    *result = arguments[0];
    return absl::OkStatus();
  }
  if (code == OpCode::kIs) {
    *result = Value::Boolean(arguments[0].kind() == arguments[1].kind() &&
                             arguments[0].integer() == arguments[1].integer());
    return absl::OkStatus();
  }
  for (int i = 0; i < instruction.argument_count; ++i) {
    if (arguments[i].is_null()) {
      *result = Value::Null();
      return absl::OkStatus();
    }
  }
  switch (code) {
    case OpCode::kNot: {
      bool boolean = false;
      PGRING_RETURN_IF_ERROR(CoerceToBoolean(arguments[0], &boolean));
      *result = Value::Boolean(!boolean);
      return absl::OkStatus();
    }
    case OpCode::kInteger: {
      int64_t number = 0;
      PGRING_RETURN_IF_ERROR(CoerceToInteger(arguments[0], &number));
      *result = Value::Integer(number);
      return absl::OkStatus();
    }
    case OpCode::kAbs:
      return Absolute(arguments[0], result);
    case OpCode::kDouble:
    case OpCode::kSquareRoot:
    case OpCode::kLogarithm:
    case OpCode::kExponential:
    case OpCode::kPower:
      return DoubleFunction(code, arguments, result);
    case OpCode::kBitAnd:
    case OpCode::kBitOr:
    case OpCode::kBitXor:
    case OpCode::kShiftLeft:
    case OpCode::kShiftRight:
    case OpCode::kHashFnv1a:
    case OpCode::kHashMurmur2:
    case OpCode::kPermute:
      return IntegerFunction(code, arguments, result);
    case OpCode::kRandom:
    case OpCode::kRandomExponential:
    case OpCode::kRandomGaussian:
    case OpCode::kRandomZipfian:
      return RandomFunction(code, arguments, context->random, result);
    case OpCode::kLeast:
    case OpCode::kGreatest:
      return Extremum(code, arguments, instruction.argument_count, result);
    default:
      return Arithmetic(code, arguments, result);
  }
}

}  // namespace

absl::Status Evaluate(const Expression& expression, EvaluationContext* context, Value* result) {
  if (context->stack.size() < expression.stack_size) context->stack.resize(expression.stack_size);
  Value* top = context->stack.data();  // the next free place
  const size_t size = expression.code.size();
  for (size_t i = 0; i < size; ++i) {
    const Instruction& instruction = expression.code[i];
    switch (instruction.code) {
      case OpCode::kConstant:
        *top++ = expression.constants[instruction.operand];
        break;
      case OpCode::kVariable:
        PGRING_RETURN_IF_ERROR(
            context->variables->GetValue(instruction.operand, *context->symbols, top));
        ++top;
        break;
      case OpCode::kAnd:
      case OpCode::kOr: {
        bool left = false;
        if (!top[-1].is_null()) PGRING_RETURN_IF_ERROR(CoerceToBoolean(top[-1], &left));
        if (top[-1].is_null() || left == (instruction.code == OpCode::kOr)) {
          i += instruction.operand - 1;
        } else {
          --top;
        }
        break;
      }
      case OpCode::kCheckBoolean: {
        bool ignored = false;
        if (!top[-1].is_null()) PGRING_RETURN_IF_ERROR(CoerceToBoolean(top[-1], &ignored));
        break;
      }
      case OpCode::kJumpUnless:
        --top;
        if (!top->Truth()) i += instruction.operand - 1;
        break;
      case OpCode::kJump:
        i += instruction.operand - 1;
        break;
      default: {
        Value* const arguments = top - instruction.argument_count;
        Value value;
        PGRING_RETURN_IF_ERROR(Call(instruction, arguments, context, &value));
        *arguments = value;
        top = arguments + 1;
        break;
      }
    }
  }
  *result = top[-1];
  return absl::OkStatus();
}

}  // namespace pgring
