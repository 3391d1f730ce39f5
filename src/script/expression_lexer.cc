#include "script/expression_lexer.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "script/characters.h"

namespace pgring {
namespace {

struct Keyword {
  absl::string_view name;
  TokenKind kind;
  Value value = {};
};

constexpr Keyword kKeywords[] = {
    {"and", TokenKind::kAnd},
    {"or", TokenKind::kOr},
    {"not", TokenKind::kNot},
    {"is", TokenKind::kIs},
    {"isnull", TokenKind::kIsNull},
    {"notnull", TokenKind::kNotNull},
    {"case", TokenKind::kCase},
    {"when", TokenKind::kWhen},
    {"then", TokenKind::kThen},
    {"else", TokenKind::kElse},
    {"end", TokenKind::kEndCase},
    {"null", TokenKind::kConstant},
    {"true", TokenKind::kConstant, Value::Boolean(true)},
    {"false", TokenKind::kConstant, Value::Boolean(false)},
};

struct OperatorName {
  std::string_view text;
  TokenKind kind;
};

// Those of two characters first.
constexpr OperatorName kOperators[] = {
    {"<<", TokenKind::kShiftLeft},   {">>", TokenKind::kShiftRight},
    {"<>", TokenKind::kNotEqual},    {"!=", TokenKind::kNotEqual},
    {"<=", TokenKind::kLessOrEqual}, {">=", TokenKind::kGreaterOrEqual},
    {"+", TokenKind::kPlus},         {"-", TokenKind::kMinus},
    {"*", TokenKind::kStar},         {"/", TokenKind::kSlash},
    {"%", TokenKind::kPercent},      {"(", TokenKind::kOpen},
    {")", TokenKind::kClose},        {",", TokenKind::kComma},
    {"<", TokenKind::kLess},         {">", TokenKind::kGreater},
    {"=", TokenKind::kEqual},        {"&", TokenKind::kBitAnd},
    {"|", TokenKind::kBitOr},        {"#", TokenKind::kBitXor},
    {"~", TokenKind::kBitNot},
};

size_t DigitsAt(std::string_view text, size_t offset) {
  size_t end = offset;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end - offset;
}

// "e5", "E-12"; 0 where there is no exponent.
size_t ExponentAt(std::string_view text, size_t offset) {
  if (offset >= text.size() || (text[offset] != 'e' && text[offset] != 'E')) return 0;
  size_t digits = offset + 1;
  if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
  const size_t count = DigitsAt(text, digits);
  return count == 0 ? 0 : digits + count - offset;
}

size_t CharacterLength(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) {
    ++length;
  }
  return length;
}

}  // namespace

size_t ContinuationLength(std::string_view script, size_t offset) {
  const std::string_view rest = script.substr(offset, 3);
  if (rest.starts_with("\\\n")) return 2;
  return rest == "\\\r\n" ? 3 : 0;
}

Token ExpressionLexer::Make(TokenKind kind, size_t length) {
  Token token;
  token.kind = kind;
  token.offset = next_;
  token.text = script_.substr(next_, length);
  next_ += length;
  return token;
}

Token ExpressionLexer::Bad(size_t length, std::string_view message) {
  Token token = Make(TokenKind::kBad, length);
  token.message = message;
  return token;
}

void ExpressionLexer::SkipBlanks() {
  while (next_ < script_.size()) {
    const size_t continuation = ContinuationLength(script_, next_);
    if (continuation == 0 && !IsBlank(script_[next_])) return;
    next_ += continuation == 0 ? 1 : continuation;
  }
}

Token ExpressionLexer::Next() {
  SkipBlanks();
  if (next_ >= script_.size()) return Make(TokenKind::kEnd, 0);
  const char c = script_[next_];
  if (c == '\n') {
    Token end = Make(TokenKind::kEnd, 0);
    ++next_;
    return end;
  }
  if (IsDigit(c) || (c == '.' && DigitsAt(script_, next_ + 1) > 0)) return Number();
  if (IsNameStart(c)) return Word();
  if (c == ':') {
    size_t end = next_ + 1;
    while (end < script_.size() && IsNamePart(script_[end])) ++end;
    if (end > next_ + 1) return Make(TokenKind::kVariable, end - next_);
  }
  return Operator();
}

Token ExpressionLexer::Number() {
  const size_t whole = DigitsAt(script_, next_);
  size_t length = whole;
  if (next_ + length < script_.size() && script_[next_ + length] == '.') {
    ++length;
    length += DigitsAt(script_, next_ + length);
  }
  length += ExponentAt(script_, next_ + length);
  const std::string_view text = script_.substr(next_, length);
  if (length == whole) {
    if (text == "9223372036854775808") return Make(TokenKind::kMinIntegerConstant, length);
    int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc()) return Bad(length, "bigint constant overflow");
    Token token = Make(TokenKind::kConstant, length);
    token.value = Value::Integer(number);
    return token;
  }
  errno = 0;
  const double number = std::strtod(std::string(text).c_str(), nullptr);
  if (errno == ERANGE) return Bad(length, "double constant overflow");
  Token token = Make(TokenKind::kConstant, length);
  token.value = Value::Double(number);
  return token;
}

Token ExpressionLexer::Word() {
  size_t end = next_;
  while (end < script_.size() && IsNamePart(script_[end])) ++end;
  const absl::string_view word(script_.data() + next_, end - next_);
  for (const Keyword& keyword : kKeywords) {
    if (absl::EqualsIgnoreCase(word, keyword.name)) {
      Token token = Make(keyword.kind, word.size());
      token.value = keyword.value;
      return token;
    }
  }
  return Make(TokenKind::kFunction, word.size());
}

Token ExpressionLexer::Operator() {
  const std::string_view rest = script_.substr(next_);
  for (const OperatorName& candidate : kOperators) {
    if (rest.starts_with(candidate.text)) return Make(candidate.kind, candidate.text.size());
  }
  return Bad(CharacterLength(rest), "unexpected character");
}

}  // namespace pgring
