#include "pgring/base/printable.h"

#include <cstddef>

namespace pgring {
namespace {

// Also the format characters that turn the direction of what follows, and the two separators that
// break lines: the text around them is not theirs to turn or break.
bool IsControl(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
         (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

// Length of the UTF-8 sequence that starts `text`, and its code point; 0 when it is not valid.
size_t DecodeUtf8(std::string_view text, char32_t* point) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  size_t length = 0;
  char32_t lowest = 0;
  if (lead < 0x80) {
    *point = lead;
    return 1;
  } else if ((lead & 0xe0) == 0xc0) {
    length = 2, lowest = 0x80, *point = lead & 0x1f;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3, lowest = 0x800, *point = lead & 0x0f;
  } else if ((lead & 0xf8) == 0xf0) {
    length = 4, lowest = 0x10000, *point = lead & 0x07;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    *point = (*point << 6) | (byte(i) & 0x3f);
  }
  const bool surrogate = *point >= 0xd800 && *point < 0xe000;
  const bool not_a_character = (*point & 0xfffe) == 0xfffe;
  if (*point < lowest || *point > 0x10ffff || surrogate || not_a_character) return 0;
  return length;
}

// A code point of the first plane, or a byte.
void AppendEscaped(char32_t value, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  const bool is_short = value < 0x100;
  *out += is_short ? "\\x" : "\\u";
  for (int shift = is_short ? 4 : 12; shift >= 0; shift -= 4) *out += kDigits[value >> shift & 0xf];
}

}  // namespace

std::string EscapeControls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t point = 0;
    size_t length = DecodeUtf8(text, &point);
    if (length == 0) {
      AppendEscaped(static_cast<unsigned char>(text[0]), &out);
      length = 1;
    } else if (IsControl(point) && point != '\n' && point != '\t') {
      AppendEscaped(point, &out);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace pgring
