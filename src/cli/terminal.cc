#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace pgring {
namespace {

bool IsTerminal(int descriptor) { return isatty(descriptor) == 1; }

bool EnvironmentIsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] != '\0';
}

// A terminal that can neither move its cursor nor show colours, such as an editor's.
bool TerminalIsDumb() {
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && std::string(terminal) == "dumb";
}

bool WantsColor(ColorMode mode) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  if (EnvironmentIsSet("NO_COLOR")) return false;
  const char* pg_color = std::getenv("PG_COLOR");
  if (pg_color != nullptr && std::string(pg_color) == "always") return true;
  if (pg_color != nullptr && std::string(pg_color) == "never") return false;
  return IsTerminal(STDOUT_FILENO) && !TerminalIsDumb();
}

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* text = std::getenv(name);
    if (text == nullptr || text[0] == '\0') continue;
    const std::string value = text;
    return value.find("UTF-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  // Nothing said: today's files and terminals are UTF-8.
  return true;
}

}  // namespace

TextStyle TerminalStyle(ColorMode color) {
  TextStyle style;
  style.color = WantsColor(color);
  style.unicode = LocaleIsUtf8();
  winsize size = {};
  if (IsTerminal(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0) {
    style.width_columns = size.ws_col;
  }
  return style;
}

ProgressMode ProgressOf(const OutputOptions& output) {
  if (output.quiet) return ProgressMode::kNone;
  if (output.progress != ProgressMode::kAuto) return output.progress;
  const bool can_draw = IsTerminal(STDERR_FILENO) && !TerminalIsDumb();
  return can_draw ? ProgressMode::kBar : ProgressMode::kPlain;
}

int StandardErrorColumns() {
  constexpr int kUsual = 80;
  winsize size = {};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kUsual;
}

}  // namespace pgring
