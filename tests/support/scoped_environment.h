// Environment variables for the duration of a test. One thread only, as setenv itself.
#ifndef PGRING_TESTS_SUPPORT_SCOPED_ENVIRONMENT_H_
#define PGRING_TESTS_SUPPORT_SCOPED_ENVIRONMENT_H_

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgring {

// Begins without any PG* variable; puts everything back at its end.
class ScopedPostgresEnvironment {
 public:
  ScopedPostgresEnvironment() {
    std::vector<std::string> names;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      if (text.rfind("PG", 0) == 0) names.push_back(text.substr(0, text.find('=')));
    }
    for (const std::string& name : names) Unset(name);
  }
  ~ScopedPostgresEnvironment() {
    for (const auto& [name, value] : before_) {
      if (value.has_value()) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }
  ScopedPostgresEnvironment(const ScopedPostgresEnvironment&) = delete;
  ScopedPostgresEnvironment& operator=(const ScopedPostgresEnvironment&) = delete;

  void Set(const std::string& name, const std::string& value) {
    Remember(name);
    setenv(name.c_str(), value.c_str(), 1);
  }
  void Unset(const std::string& name) {
    Remember(name);
    unsetenv(name.c_str());
  }

 private:
  void Remember(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    before_.emplace(name, value == nullptr ? std::nullopt : std::optional<std::string>(value));
  }

  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SCOPED_ENVIRONMENT_H_
