// What a variable or an expression of a pgbench script is worth: nothing (NULL), a boolean, a
// 64-bit integer or a double; and pgbench's rules for making values from text and text from values.
//
// Plain data of 16 bytes, without an owner. Reading text and coercing may fail, with pgbench's
// words; nothing here allocates unless it fails.
#ifndef PGRING_SCRIPT_VALUE_H_
#define PGRING_SCRIPT_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgring {

enum class ValueKind : uint8_t { kNull, kBoolean, kInteger, kDouble };

// As pgbench's messages and debug() call them: "null", "boolean", "int", "double".
std::string_view ValueKindName(ValueKind kind);

class Value {
 public:
  constexpr Value() = default;  // NULL

  static constexpr Value Null() { return Value(); }
  static constexpr Value Boolean(bool value) {
    Value result;
    result.payload_.integer = value ? 1 : 0;
    result.kind_ = ValueKind::kBoolean;
    return result;
  }
  static constexpr Value Integer(int64_t value) {
    Value result;
    result.payload_.integer = value;
    result.kind_ = ValueKind::kInteger;
    return result;
  }
  static constexpr Value Double(double value) {
    Value result;
    result.payload_.number = value;
    result.kind_ = ValueKind::kDouble;
    return result;
  }

  constexpr ValueKind kind() const { return kind_; }
  constexpr bool is_null() const { return kind_ == ValueKind::kNull; }

  // Only for a value of that kind.
  constexpr bool boolean() const { return payload_.integer != 0; }
  constexpr int64_t integer() const { return payload_.integer; }
  constexpr double number() const { return payload_.number; }

  // As \if and CASE see it: NULL, false and zero are false, everything else (NaN too) is true.
  bool Truth() const;

 private:
  union Payload {
    int64_t integer = 0;  // kNull: 0; kBoolean: 0 or 1
    double number;
  };

  Payload payload_;
  ValueKind kind_ = ValueKind::kNull;
};

// For the arguments of operators and functions. A double becomes the nearest integer (ties to
// even); NULL and booleans are no numbers, and only a boolean is a boolean. InvalidArgument:
// "cannot coerce null to int", "double to int overflow for 1e+30".
absl::Status CoerceToInteger(Value value, int64_t* result);
absl::Status CoerceToDouble(Value value, double* result);
absl::Status CoerceToBoolean(Value value, bool* result);

// The value of a text that -D, \gset or \aset put into the variable `name`: null; prefixes of true,
// yes, false and no, and on, off and of, all in any case; integers; doubles as strtod reads them.
// InvalidArgument: `malformed variable "x" value: "abc"` and what pgbench says of bad integers.
absl::StatusOr<Value> ValueFromText(std::string_view name, const std::string& text);

// Longer than any value: the longest are doubles such as "-1.23456789012345e-300".
inline constexpr size_t kMaxValueTextBytes = 32;

// Writes `value` as pgbench puts it into SQL (NULL, true, 12, 0.5: 15 digits), without a NUL, and
// returns its length.
size_t FormatValue(Value value, char (&buffer)[kMaxValueTextBytes]);

std::string ValueText(Value value);

// As printf's %f, but with PostgreSQL's names for what is not finite: NaN, Infinity, -Infinity.
std::string FixedText(double value);

}  // namespace pgring

#endif  // PGRING_SCRIPT_VALUE_H_
