#include "script/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "script/characters.h"

namespace pgring {
namespace {

static_assert(sizeof(Value) == 16);

// What pgbench takes for an attempt at an integer, so that it must then be one: blanks, a sign and
// nothing but digits, of which there may be none.
bool LooksLikeInteger(const std::string& text) {
  size_t i = 0;
  while (i < text.size() && IsSpace(text[i])) ++i;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), IsDigit);
}

absl::StatusOr<Value> IntegerFromText(const std::string& text) {
  errno = 0;
  char* end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  if (errno == ERANGE) {
    return absl::InvalidArgumentError(
        absl::StrCat("value \"", text, "\" is out of range for type bigint"));
  }
  if (end == text.c_str() || *end != '\0') {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid input syntax for type bigint: \"", text, "\""));
  }
  return Value::Integer(number);
}

bool IsPrefixOf(const std::string& text, absl::string_view word) {
  return absl::StartsWithIgnoreCase(word, text);
}

absl::Status CannotCoerce(Value value, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot coerce ", std::string(ValueKindName(value.kind())), " to ", wanted));
}

}  // namespace

std::string_view ValueKindName(ValueKind kind) {
  switch (kind) {
    case ValueKind::kNull:
      return "null";
    case ValueKind::kBoolean:
      return "boolean";
    case ValueKind::kInteger:
      return "int";
    case ValueKind::kDouble:
      return "double";
  }
  return "";
}

bool Value::Truth() const {
  switch (kind_) {
    case ValueKind::kNull:
      return false;
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
      return payload_.integer != 0;
    case ValueKind::kDouble:
      return payload_.number != 0.0;
  }
  return false;
}

absl::Status CoerceToInteger(Value value, int64_t* result) {
  if (value.kind() == ValueKind::kInteger) {
    *result = value.integer();
    return absl::OkStatus();
  }
  if (value.kind() != ValueKind::kDouble) return CannotCoerce(value, "int");
  const double rounded = std::rint(value.number());
  // -2^63 is a double and 2^63 - 1 is none.
  if (!(rounded >= -0x1p63 && rounded < 0x1p63)) {
    return absl::InvalidArgumentError(
        absl::StrCat("double to int overflow for ", FixedText(rounded)));
  }
  *result = static_cast<int64_t>(rounded);
  return absl::OkStatus();
}

absl::Status CoerceToDouble(Value value, double* result) {
  if (value.kind() == ValueKind::kDouble) {
    *result = value.number();
    return absl::OkStatus();
  }
  if (value.kind() != ValueKind::kInteger) return CannotCoerce(value, "double");
  *result = static_cast<double>(value.integer());
  return absl::OkStatus();
}

absl::Status CoerceToBoolean(Value value, bool* result) {
  if (value.kind() != ValueKind::kBoolean) return CannotCoerce(value, "boolean");
  *result = value.boolean();
  return absl::OkStatus();
}

absl::StatusOr<Value> ValueFromText(std::string_view name, const std::string& text) {
  const auto malformed = [&name, &text] {
    return absl::InvalidArgumentError(
        absl::StrCat("malformed variable \"", std::string(name), "\" value: \"", text, "\""));
  };
  // pgbench refuses an empty text, too, but says nothing.
  if (text.empty()) return malformed();
  if (absl::EqualsIgnoreCase(text, "null")) return Value::Null();
  if (IsPrefixOf(text, "true") || IsPrefixOf(text, "yes") || absl::EqualsIgnoreCase(text, "on")) {
    return Value::Boolean(true);
  }
  if (IsPrefixOf(text, "false") || IsPrefixOf(text, "no") || absl::EqualsIgnoreCase(text, "off") ||
      absl::EqualsIgnoreCase(text, "of")) {
    return Value::Boolean(false);
  }
  if (LooksLikeInteger(text)) return IntegerFromText(text);

  errno = 0;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (errno != 0 || end != text.c_str() + text.size()) return malformed();
  return Value::Double(number);
}

size_t FormatValue(Value value, char (&buffer)[kMaxValueTextBytes]) {
  const auto copy = [&buffer](std::string_view text) {
    std::memcpy(buffer, text.data(), text.size());
    return text.size();
  };
  switch (value.kind()) {
    case ValueKind::kNull:
      return copy("NULL");
    case ValueKind::kBoolean:
      return copy(value.boolean() ? "true" : "false");
    case ValueKind::kInteger: {
      const auto end = std::to_chars(buffer, buffer + kMaxValueTextBytes, value.integer()).ptr;
      return static_cast<size_t>(end - buffer);
    }
    case ValueKind::kDouble:
      break;
  }
  const double number = value.number();
  if (std::isnan(number)) return copy("NaN");
  if (std::isinf(number)) return copy(number > 0 ? "Infinity" : "-Infinity");
  const int length = std::snprintf(buffer, kMaxValueTextBytes, "%.*g", DBL_DIG, number);
  return static_cast<size_t>(length);
}

std::string ValueText(Value value) {
  char buffer[kMaxValueTextBytes];
  return std::string(buffer, FormatValue(value, buffer));
}

std::string FixedText(double value) {
  if (!std::isfinite(value)) return ValueText(Value::Double(value));
  return fmt::format("{:f}", value);
}

}  // namespace pgring
