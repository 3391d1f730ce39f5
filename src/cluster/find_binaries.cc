#include "cluster/find_binaries.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cluster/run_command.h"

namespace pgring {
namespace {

bool IsExecutableFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

// Each directory once, in the order found; symbolic links to one already there are left out.
class DirectoryList {
 public:
  void Add(const std::string& directory) {
    std::error_code error;
    const std::string real = std::filesystem::canonical(directory, error).string();
    const std::string& name = error ? directory : real;
    if (name.empty() || std::find(names_.begin(), names_.end(), name) != names_.end()) return;
    names_.push_back(name);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

void AddPatterns(const std::vector<std::string>& patterns, DirectoryList* directories) {
  for (const std::string& pattern : patterns) {
    glob_t found{};
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) directories->Add(found.gl_pathv[i]);
    }
    globfree(&found);
  }
}

DirectoryList DirectoriesToSearch(const BinarySearch& search) {
  DirectoryList directories;
  std::string pg_config;
  for (const auto& piece : absl::StrSplit(search.path, ':', absl::SkipEmpty())) {
    const std::string directory(piece);
    directories.Add(directory);
    if (pg_config.empty() && IsExecutableFile(directory + "/pg_config")) {
      pg_config = directory + "/pg_config";
    }
  }
  if (!pg_config.empty()) {
    auto output = RunCommand({pg_config, "--bindir"}, kVersionLimitNs);
    if (output.ok()) directories.Add(std::string(absl::StripAsciiWhitespace(*output)));
  }
  AddPatterns(search.directory_patterns, &directories);
  return directories;
}

// "17beta1" -> {17, -3}: releases before .0 sort below it.
std::vector<int> VersionKey(std::string_view version) {
  std::vector<int> key;
  size_t position = 0;
  while (position < version.size()) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(version[position]))) {
      int number = 0;
      while (position < version.size() &&
             absl::ascii_isdigit(static_cast<unsigned char>(version[position])) &&
             number < 1'000'000) {
        number = number * 10 + (version[position++] - '0');
      }
      key.push_back(number);
    } else if (version[position] == '.') {
      ++position;
    } else {
      const std::string_view word = version.substr(position);
      key.push_back(word.substr(0, 2) == "rc" ? -2 : word.substr(0, 4) == "beta" ? -3 : -4);
      while (position < version.size() &&
             absl::ascii_isalpha(static_cast<unsigned char>(version[position]))) {
        ++position;
      }
      if (position < version.size() &&
          !absl::ascii_isdigit(static_cast<unsigned char>(version[position]))) {
        break;
      }
    }
  }
  return key;
}

}  // namespace

BinarySearch BinarySearch::Default() {
  BinarySearch search;
  const char* path = getenv("PATH");
  if (path != nullptr) search.path = path;
  search.directory_patterns = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
                               "/usr/local/pgsql/bin"};
  return search;
}

std::optional<std::string> ParseServerVersion(std::string_view output) {
  constexpr std::string_view kProduct = "(PostgreSQL) ";
  const size_t found = output.find(kProduct);
  if (found == std::string_view::npos) return std::nullopt;
  std::string_view version = output.substr(found + kProduct.size());
  version = version.substr(0, version.find_first_of(" \n"));
  if (version.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(version[0]))) {
    return std::nullopt;
  }
  return std::string(version);
}

int CompareServerVersions(std::string_view left, std::string_view right) {
  std::vector<int> left_key = VersionKey(left);
  std::vector<int> right_key = VersionKey(right);
  // "17" is "17.0", which a beta's negative second number sorts below.
  const size_t length = std::max(left_key.size(), right_key.size());
  left_key.resize(length, 0);
  right_key.resize(length, 0);
  for (size_t i = 0; i < length; ++i) {
    if (left_key[i] != right_key[i]) return left_key[i] < right_key[i] ? -1 : 1;
  }
  return 0;
}

absl::StatusOr<PostgresBinaries> FindPostgresBinaries(const BinarySearch& search) {
  const DirectoryList directories = DirectoriesToSearch(search);
  PostgresBinaries newest;
  std::vector<std::string> unusable;
  for (const std::string& directory : directories.names()) {
    PostgresBinaries candidate;
    candidate.directory = directory;
    if (!IsExecutableFile(candidate.initdb()) || !IsExecutableFile(candidate.postgres())) continue;
    auto output = RunCommand({candidate.postgres(), "--version"}, kVersionLimitNs);
    const auto version = output.ok() ? ParseServerVersion(*output) : std::optional<std::string>();
    if (!version.has_value()) {
      unusable.push_back(fmt::format("{} does not tell its version", candidate.postgres()));
      continue;
    }
    candidate.version = *version;
    candidate.major_version = VersionKey(candidate.version).front();
    if (candidate.major_version < kOldestMajorVersion) {
      unusable.push_back(fmt::format("{} is version {}, older than {}", candidate.postgres(),
                                     candidate.version, kOldestMajorVersion));
      continue;
    }
    if (newest.version.empty() || CompareServerVersions(newest.version, candidate.version) < 0) {
      newest = candidate;
    }
  }
  if (!newest.version.empty()) return newest;
  return absl::NotFoundError(fmt::format(
      "find PostgreSQL's server programs: no directory has initdb and postgres (looked at: {}; and "
      "at {}){}{}; install them (Debian: apt-get install postgresql-15, Fedora: dnf install "
      "postgresql-server) or put their directory on PATH",
      directories.names().empty() ? "an empty PATH" : absl::StrJoin(directories.names(), ", "),
      absl::StrJoin(search.directory_patterns, ", "), unusable.empty() ? "" : "; ",
      absl::StrJoin(unusable, "; ")));
}

absl::StatusOr<PostgresBinaries> FindPostgresBinaries() {
  return FindPostgresBinaries(BinarySearch::Default());
}

}  // namespace pgring
