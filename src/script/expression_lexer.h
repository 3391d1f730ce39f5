// Cuts the expression of a meta command into tokens, as pgbench's scanner does. An expression ends
// with its line; a backslash at the end of a line continues it.
//
// Holds a view of the script, which must outlive it. What is no token comes as kBad, with a
// message.
#ifndef PGRING_SCRIPT_EXPRESSION_LEXER_H_
#define PGRING_SCRIPT_EXPRESSION_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "script/value.h"

namespace pgring {

enum class TokenKind : uint8_t {
  kEnd,  // of the line or of the script
  kBad,
  kConstant,            // `value`: NULL, a boolean, an integer or a double
  kMinIntegerConstant,  // 9223372036854775808, which only a minus sign makes an integer
  kVariable,            // `text` is ":name"
  kFunction,            // `text` is the name
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kOpen,
  kClose,
  kComma,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kEqual,
  kNotEqual,
  kBitAnd,
  kBitOr,
  kBitXor,
  kBitNot,
  kShiftLeft,
  kShiftRight,
  kAnd,
  kOr,
  kNot,
  kIs,
  kIsNull,
  kNotNull,
  kCase,
  kWhen,
  kThen,
  kElse,
  kEndCase,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;      // in the script
  std::string_view text;  // empty for kEnd
  Value value;
  std::string_view message;  // of kBad
};

class ExpressionLexer {
 public:
  // Begins at `offset` of `script`.
  ExpressionLexer(std::string_view script, size_t offset) : script_(script), next_(offset) {}

  Token Next();

  // Behind the last token; behind the line once Next has returned kEnd.
  size_t offset() const { return next_; }

 private:
  void SkipBlanks();
  Token Number();
  Token Word();
  Token Operator();
  Token Make(TokenKind kind, size_t length);
  Token Bad(size_t length, std::string_view message);

  std::string_view script_;
  size_t next_;
};

// The length of a line continuation (backslash, end of line) at `offset`, else 0.
size_t ContinuationLength(std::string_view script, size_t offset);

}  // namespace pgring

#endif  // PGRING_SCRIPT_EXPRESSION_LEXER_H_
