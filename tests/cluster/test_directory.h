// A directory of a test's own below /tmp that every user may pass through, as the server may run as
// another user than the test. Removed at the end, with all that is in it.
#ifndef PGRING_TESTS_CLUSTER_TEST_DIRECTORY_H_
#define PGRING_TESTS_CLUSTER_TEST_DIRECTORY_H_

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pgring/base/check.h"

namespace pgring {

class TestDirectory {
 public:
  TestDirectory() {
    char name[] = "/tmp/cluster-test-XXXXXX";
    PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
    PGRING_CHECK(chmod(name, 0777) == 0, "a test must be able to open its directory to all");
    path_ = name;
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }

  std::string MakeDirectory(const std::string& name) const {
    std::filesystem::create_directories(path_ + "/" + name);
    return path_ + "/" + name;
  }

  std::string Write(const std::string& name, const std::string& content, mode_t mode = 0644) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path) << content;
    PGRING_CHECK(chmod(path.c_str(), mode) == 0, "a test must be able to set a file's mode");
    return path;
  }

  // The names in it.
  std::vector<std::string> Entries() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

 private:
  std::string path_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_CLUSTER_TEST_DIRECTORY_H_
