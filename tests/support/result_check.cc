#include "result_check.h"

#include <cstdio>

namespace pgring {

std::string ProblemsOfResults(const std::vector<std::string>& paths) {
  // Meson gives the path of the source tree.
  const std::string tests = PGRING_SOURCE_DIR "/tests";
  std::string command = "python3 -B '" + tests + "/tools/check_results.py' '" + tests +
                        "/golden/result-2.schema.json'";
  for (const std::string& path : paths) command += " '" + path + "'";
  FILE* stream = popen((command + " 2>&1").c_str(), "r");
  if (stream == nullptr) return "python3 could not be started\n";
  std::string said;
  char part[4096];
  while (const size_t length = fread(part, 1, sizeof part, stream)) said.append(part, length);
  const int status = pclose(stream);
  if (status == 0) return said;
  // Python itself may have ended without a word.
  return said.empty() ? "the checker of results failed\n" : said;
}

}  // namespace pgring
