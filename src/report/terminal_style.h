// The few ANSI sequences that reports use, and only when colour was asked for. Colours come from
// the 256-colour cube and read on light and dark grounds; none carries a meaning that the text does
// not give as well.
#ifndef PGRING_REPORT_TERMINAL_STYLE_H_
#define PGRING_REPORT_TERMINAL_STYLE_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace pgring {

inline constexpr std::string_view kStylePlain = "";
inline constexpr std::string_view kStyleBold = "\x1b[1m";
inline constexpr std::string_view kStyleAlarm = "\x1b[1;31m";
inline constexpr std::string_view kStyleReset = "\x1b[0m";

// Blue, orange, green, pink, brown, cyan: Okabe and Ito's hues as near as the cube has them.
inline constexpr std::array<std::string_view, 6> kSeriesStyles = {
    "\x1b[38;5;33m",  "\x1b[38;5;208m", "\x1b[38;5;35m",
    "\x1b[38;5;169m", "\x1b[38;5;136m", "\x1b[38;5;37m"};

inline std::string_view SeriesStyle(size_t series) {
  return kSeriesStyles[series % kSeriesStyles.size()];
}

inline std::string Styled(std::string_view text, std::string_view style, bool color) {
  if (!color || style.empty() || text.empty()) return std::string(text);
  std::string out(style);
  out += text;
  out += kStyleReset;
  return out;
}

}  // namespace pgring

#endif  // PGRING_REPORT_TERMINAL_STYLE_H_
