#include "workload/row_checksum.h"

#include <chrono>

namespace pgring {
namespace {

// `count` decimal digits at `text`; nothing if one of them is not a digit.
std::optional<int> Digits(std::string_view text, size_t position, size_t count) {
  int value = 0;
  for (size_t i = position; i < position + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool HasSeparators(std::string_view text) {
  return text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[10] == ' ' &&
         text[13] == ':' && text[16] == ':';
}

// The decimals of a second as microseconds.
std::optional<int> FractionMicroseconds(std::string_view text) {
  constexpr size_t kWholeLength = 19;
  if (text.size() == kWholeLength) return 0;
  const size_t digits = text.size() - kWholeLength - 1;
  if (text[kWholeLength] != '.' || digits == 0 || digits > 6) return std::nullopt;
  std::optional<int> fraction = Digits(text, kWholeLength + 1, digits);
  for (size_t i = digits; fraction.has_value() && i < 6; ++i) *fraction *= 10;
  return fraction;
}

}  // namespace

std::optional<int64_t> ParseTimestampMicroseconds(std::string_view text) {
  if (!HasSeparators(text)) return std::nullopt;
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  const auto fraction = FractionMicroseconds(text);
  if (!year || !month || !day || !hour || !minute || !second || !fraction) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
  return seconds * 1'000'000 + *fraction;
}

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
void RowChecksum::Mix(uint64_t value) {
  uint64_t z = state_ ^ value;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  state_ = (z ^ (z >> 31)) + 0x9e3779b97f4a7c15u;
}

void RowChecksum::AddInteger(int64_t value) { Mix(static_cast<uint64_t>(value)); }

// FNV-1a, 64 bits.
void RowChecksum::AddText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  Mix(hash);
}

void RowChecksum::AddTimestamp(std::string_view text) {
  const auto microseconds = ParseTimestampMicroseconds(text);
  if (microseconds.has_value()) {
    AddInteger(*microseconds);
  } else {
    AddText(text);
  }
}

}  // namespace pgring
