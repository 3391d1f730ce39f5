#include "golden.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace pgring {

std::string GoldenDifference(const std::string& name, const std::string& actual) {
  // Meson gives the path of the source tree.
  const std::string path = PGRING_SOURCE_DIR "/tests/golden/" + name;
  if (std::getenv("PGRING_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return "";
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  const std::string expected = content.str();
  if (actual == expected) return "";
  const auto [first, second] =
      std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  const auto line = std::count(actual.begin(), first, '\n') + 1;
  const auto line_of = [](const std::string& text, int64_t number) {
    std::istringstream stream(text);
    std::string one;
    for (int64_t i = 0; i < number; ++i) {
      if (!std::getline(stream, one)) return std::string("(end)");
    }
    return one;
  };
  return fmt::format(
      "{} differs in line {}:\n  is        {}\n  should be {}\n"
      "Set PGRING_UPDATE_GOLDEN=1 to write the file, and look at it.",
      path, line, line_of(actual, line), line_of(expected, line));
}

}  // namespace pgring
