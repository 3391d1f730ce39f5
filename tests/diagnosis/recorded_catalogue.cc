#include "diagnosis/recorded_catalogue.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace pgring {

RecordedCatalogue ReadCatalogue(int major) {
  std::ifstream file(PGRING_SOURCE_DIR "/tests/diagnosis/catalogues/postgresql-" +
                     std::to_string(major) + ".txt");
  EXPECT_TRUE(file.is_open()) << major;
  RecordedCatalogue catalogue;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) {
      const size_t slash = line.find('/');
      catalogue.wait_events.emplace_back(line.substr(0, slash), line.substr(slash + 1));
      continue;
    }
    std::istringstream names(line.substr(colon + 2));
    std::string name;
    while (names >> name) catalogue.columns[line.substr(0, colon)].insert(name);
  }
  return catalogue;
}

}  // namespace pgring
