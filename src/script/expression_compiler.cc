#include "script/expression_compiler.h"

#include <algorithm>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "script/expression_lexer.h"
#include "script/functions.h"

namespace pgring {
namespace {

enum Precedence : int {
  kLoosest = 0,
  kOrLevel,
  kAndLevel,
  kNotLevel,
  kIsLevel,
  kComparisonLevel,
  kBitLevel,
  kSumLevel,
  kProductLevel,
  kUnaryLevel,
  kTightest,
};

struct BinaryOperator {
  Precedence precedence = kLoosest;
  OpCode code = OpCode::kAdd;
  // a > b runs as b < a, and pgbench evaluates b first.
  bool swaps = false;
};

BinaryOperator BinaryOperatorOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kPlus:
      return {kSumLevel, OpCode::kAdd};
    case TokenKind::kMinus:
      return {kSumLevel, OpCode::kSubtract};
    case TokenKind::kStar:
      return {kProductLevel, OpCode::kMultiply};
    case TokenKind::kSlash:
      return {kProductLevel, OpCode::kDivide};
    case TokenKind::kPercent:
      return {kProductLevel, OpCode::kModulo};
    case TokenKind::kLess:
      return {kComparisonLevel, OpCode::kLess};
    case TokenKind::kLessOrEqual:
      return {kComparisonLevel, OpCode::kLessOrEqual};
    case TokenKind::kGreater:
      return {kComparisonLevel, OpCode::kLess, true};
    case TokenKind::kGreaterOrEqual:
      return {kComparisonLevel, OpCode::kLessOrEqual, true};
    case TokenKind::kEqual:
      return {kComparisonLevel, OpCode::kEqual};
    case TokenKind::kNotEqual:
      return {kComparisonLevel, OpCode::kNotEqual};
    case TokenKind::kBitAnd:
      return {kBitLevel, OpCode::kBitAnd};
    case TokenKind::kBitOr:
      return {kBitLevel, OpCode::kBitOr};
    case TokenKind::kBitXor:
      return {kBitLevel, OpCode::kBitXor};
    case TokenKind::kShiftLeft:
      return {kBitLevel, OpCode::kShiftLeft};
    case TokenKind::kShiftRight:
      return {kBitLevel, OpCode::kShiftRight};
    case TokenKind::kAnd:
      return {kAndLevel, OpCode::kAnd};
    case TokenKind::kOr:
      return {kOrLevel, OpCode::kOr};
    case TokenKind::kIs:
    case TokenKind::kIsNull:
    case TokenKind::kNotNull:
      return {kIsLevel, OpCode::kIs};
    default:
      return {};
  }
}

// A parser by operator precedence that emits instructions as it goes. Everything that emits leaves
// exactly one value more on the machine's stack.
class Compiler {
 public:
  Compiler(const ScriptSource& source, size_t offset, std::string_view command,
           SymbolTable* symbols)
      : source_(source), lexer_(source.text, offset), command_(command), symbols_(symbols) {}

  absl::StatusOr<CompiledExpression> Compile() {
    Advance();
    PGRING_RETURN_IF_ERROR(ParseExpression(kLoosest + 1));
    if (token_.kind != TokenKind::kEnd) return SyntaxError();
    return CompiledExpression{std::move(expression_), std::move(uses_), lexer_.offset()};
  }

 private:
  void Advance() { token_ = lexer_.Next(); }

  absl::Status ErrorHere(std::string_view message, std::string_view more) const {
    return ScriptErrorAt(source_, {token_.offset, message, more, command_});
  }

  absl::Status SyntaxError() const {
    if (token_.kind == TokenKind::kBad) return ErrorHere(token_.message, token_.text);
    return ErrorHere("syntax error",
                     token_.kind == TokenKind::kEnd ? "unexpected end of command" : token_.text);
  }

  absl::Status Expect(TokenKind kind) {
    if (token_.kind != kind) return SyntaxError();
    Advance();
    return absl::OkStatus();
  }

  size_t Emit(OpCode code, int argument_count, uint32_t operand = 0) {
    expression_.code.push_back({code, static_cast<uint8_t>(argument_count), operand});
    return expression_.code.size() - 1;
  }

  void EmitConstant(Value value) {
    const auto index = static_cast<uint32_t>(expression_.constants.size());
    expression_.constants.push_back(value);
    Emit(OpCode::kConstant, 0, index);
    ++expression_.stack_size;
  }

  absl::Status EmitVariable(std::string_view name) {
    const absl::StatusOr<VariableSlot> slot = symbols_->Intern(name);
    if (!slot.ok()) {
      const std::string message(slot.status().message());
      return ErrorHere(message, "");
    }
    Emit(OpCode::kVariable, 0, *slot);
    ++expression_.stack_size;
    return absl::OkStatus();
  }

  // Lets the jump at `index` go to the instruction that comes next.
  void LandHere(size_t index) {
    expression_.code[index].operand = static_cast<uint32_t>(expression_.code.size() - index);
  }

  absl::Status ParseExpression(int lowest) {
    if (nesting_ >= kMaxExpressionNesting) {
      const std::string message =
          absl::StrCat("expression is nested too deeply, maximum is ", kMaxExpressionNesting);
      return ErrorHere(message, "");
    }
    ++nesting_;
    absl::Status parsed = ParseOperators(lowest);
    --nesting_;
    return parsed;
  }

  absl::Status ParseOperators(int lowest) {
    const size_t left_begin = expression_.code.size();
    PGRING_RETURN_IF_ERROR(ParseOperand());
    bool is_comparison = false;
    while (true) {
      const BinaryOperator next = BinaryOperatorOf(token_.kind);
      if (next.precedence == kLoosest || next.precedence < lowest) return absl::OkStatus();
      if (next.precedence == kComparisonLevel && is_comparison) return SyntaxError();
      is_comparison = next.precedence == kComparisonLevel;
      if (next.precedence == kIsLevel) {
        PGRING_RETURN_IF_ERROR(ParseIs());
      } else {
        PGRING_RETURN_IF_ERROR(ParseRightSide(next, left_begin));
      }
    }
  }

  absl::Status ParseRightSide(const BinaryOperator& binary, size_t left_begin) {
    Advance();
    const bool lazy = binary.code == OpCode::kAnd || binary.code == OpCode::kOr;
    const size_t jump = lazy ? Emit(binary.code, 1) : 0;
    const size_t right_begin = expression_.code.size();
    if (lazy) ++lazy_depth_;
    PGRING_RETURN_IF_ERROR(ParseExpression(binary.precedence + 1));
    if (lazy) {
      --lazy_depth_;
      Emit(OpCode::kCheckBoolean, 1);
      LandHere(jump);
      return absl::OkStatus();
    }
    if (binary.swaps) {
      // Jumps are relative and stay within their side.
      const auto begin = expression_.code.begin();
      std::rotate(begin + static_cast<std::ptrdiff_t>(left_begin),
                  begin + static_cast<std::ptrdiff_t>(right_begin), expression_.code.end());
    }
    Emit(binary.code, 2);
    return absl::OkStatus();
  }

  // IS [NOT] NULL|TRUE|FALSE, ISNULL, NOTNULL.
  absl::Status ParseIs() {
    bool negated = token_.kind == TokenKind::kNotNull;
    const bool wants_constant = token_.kind == TokenKind::kIs;
    Value wanted;
    Advance();
    if (wants_constant) {
      negated = token_.kind == TokenKind::kNot;
      if (negated) Advance();
      const ValueKind kind = token_.value.kind();
      if (token_.kind != TokenKind::kConstant ||
          (kind != ValueKind::kNull && kind != ValueKind::kBoolean)) {
        return SyntaxError();
      }
      wanted = token_.value;
      Advance();
    }
    EmitConstant(wanted);
    Emit(OpCode::kIs, 2);
    if (negated) Emit(OpCode::kNot, 1);
    return absl::OkStatus();
  }

  absl::Status ParseOperand() {
    const Token token = token_;
    switch (token.kind) {
      case TokenKind::kConstant:
        Advance();
        EmitConstant(token.value);
        return absl::OkStatus();
      case TokenKind::kVariable:
        PGRING_RETURN_IF_ERROR(EmitVariable(token.text.substr(1)));
        uses_.push_back({expression_.code.back().operand, token.offset});
        uses_.back().may_be_skipped = lazy_depth_ > 0;
        Advance();
        return absl::OkStatus();
      case TokenKind::kFunction:
        return ParseFunction();
      case TokenKind::kOpen:
        Advance();
        PGRING_RETURN_IF_ERROR(ParseExpression(kLoosest + 1));
        return Expect(TokenKind::kClose);
      case TokenKind::kPlus:
        Advance();
        return ParseExpression(kTightest);
      case TokenKind::kMinus:
        return ParseMinus();
      case TokenKind::kBitNot:
        // ~x is -1 # x.
        Advance();
        EmitConstant(Value::Integer(-1));
        PGRING_RETURN_IF_ERROR(ParseExpression(kBitLevel + 1));
        Emit(OpCode::kBitXor, 2);
        return absl::OkStatus();
      case TokenKind::kNot:
        Advance();
        PGRING_RETURN_IF_ERROR(ParseExpression(kNotLevel + 1));
        Emit(OpCode::kNot, 1);
        return absl::OkStatus();
      case TokenKind::kCase:
        return ParseCase();
      default:
        return SyntaxError();
    }
  }

  // -x is 0 - x, which for 0.0 is not the same as a change of sign.
  absl::Status ParseMinus() {
    Advance();
    if (token_.kind == TokenKind::kMinIntegerConstant) {
      Advance();
      EmitConstant(Value::Integer(std::numeric_limits<int64_t>::min()));
      return absl::OkStatus();
    }
    if (token_.kind == TokenKind::kConstant && token_.value.kind() == ValueKind::kInteger) {
      EmitConstant(Value::Integer(-token_.value.integer()));
      Advance();
      return absl::OkStatus();
    }
    EmitConstant(Value::Integer(0));
    PGRING_RETURN_IF_ERROR(ParseExpression(kTightest));
    Emit(OpCode::kSubtract, 2);
    return absl::OkStatus();
  }

  absl::Status ParseFunction() {
    const FunctionDescription* function = FindFunction(token_.text);
    if (function == nullptr) return ErrorHere("unexpected function name", token_.text);
    Advance();
    PGRING_RETURN_IF_ERROR(Expect(TokenKind::kOpen));
    int count = 0;
    // pgbench's list of arguments may begin with a comma.
    bool more = token_.kind != TokenKind::kClose;
    if (token_.kind == TokenKind::kComma) Advance();
    while (more) {
      PGRING_RETURN_IF_ERROR(ParseExpression(kLoosest + 1));
      ++count;
      more = token_.kind == TokenKind::kComma;
      if (more) Advance();
    }
    if (token_.kind != TokenKind::kClose) return SyntaxError();
    PGRING_RETURN_IF_ERROR(CheckArgumentCount(*function, count));
    if (function->takes_seed && count < function->max_arguments) {
      PGRING_RETURN_IF_ERROR(EmitVariable("default_seed"));
      ++count;
    }
    Advance();
    if (function->name == kPiFunction) {
      EmitConstant(Value::Double(std::numbers::pi));
    } else {
      Emit(function->code, count);
    }
    return absl::OkStatus();
  }

  absl::Status CheckArgumentCount(const FunctionDescription& function, int count) const {
    if (count >= function.min_arguments && count <= function.max_arguments) {
      return absl::OkStatus();
    }
    if (function.max_arguments < kMaxFunctionArguments) {
      return ErrorHere("unexpected number of arguments", function.name);
    }
    if (count == 0) return ErrorHere("at least one argument expected", function.name);
    // pgbench finds this out when it runs.
    const std::string message =
        absl::StrCat("too many function arguments, maximum is ", kMaxFunctionArguments);
    return ErrorHere(message, function.name);
  }

  absl::Status ParseCase() {
    Advance();
    ++lazy_depth_;
    if (token_.kind != TokenKind::kWhen) return SyntaxError();
    std::vector<size_t> exits;
    while (token_.kind == TokenKind::kWhen) {
      Advance();
      PGRING_RETURN_IF_ERROR(ParseExpression(kLoosest + 1));
      PGRING_RETURN_IF_ERROR(Expect(TokenKind::kThen));
      const size_t skip = Emit(OpCode::kJumpUnless, 1);
      PGRING_RETURN_IF_ERROR(ParseExpression(kLoosest + 1));
      exits.push_back(Emit(OpCode::kJump, 0));
      LandHere(skip);
    }
    if (token_.kind == TokenKind::kElse) {
      Advance();
      PGRING_RETURN_IF_ERROR(ParseExpression(kLoosest + 1));
    } else {
      EmitConstant(Value::Null());
    }
    --lazy_depth_;
    for (const size_t jump : exits) LandHere(jump);
    return Expect(TokenKind::kEndCase);
  }

  const ScriptSource& source_;
  ExpressionLexer lexer_;
  const std::string_view command_;
  SymbolTable* const symbols_;
  Token token_;
  int nesting_ = 0;
  int lazy_depth_ = 0;  // of the right sides of AND and OR, and CASE
  std::vector<VariableUse> uses_;
  Expression expression_;
};

}  // namespace

absl::StatusOr<CompiledExpression> CompileExpression(const ScriptSource& source, size_t offset,
                                                     std::string_view command,
                                                     SymbolTable* symbols) {
  return Compiler(source, offset, command, symbols).Compile();
}

}  // namespace pgring
