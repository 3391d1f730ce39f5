// Finds the PostgreSQL server programs to run a throwaway server with: the newest version among
// what PATH, pg_config and the usual installation directories offer.
#ifndef PGRING_CLUSTER_FIND_BINARIES_H_
#define PGRING_CLUSTER_FIND_BINARIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pgring/base/clock.h"

namespace pgring {

struct PostgresBinaries {
  std::string directory;  // absolute; holds initdb and postgres
  std::string version;    // as the server says it: "15.20", "17beta1"
  int major_version = 0;

  std::string initdb() const { return directory + "/initdb"; }
  std::string postgres() const { return directory + "/postgres"; }
};

// Where to look. The default is this process's environment; tests give their own.
struct BinarySearch {
  std::string path;                             // directories as in PATH
  std::vector<std::string> directory_patterns;  // glob patterns of further directories

  // PATH and the directories that the packages of Debian, of the PostgreSQL project for Red Hat,
  // and PostgreSQL's own `make install` use.
  static BinarySearch Default();
};

// Older servers lack options that we pass.
inline constexpr int kOldestMajorVersion = 10;

// What one `postgres --version` or `pg_config --bindir` may take.
inline constexpr int64_t kVersionLimitNs = 10 * kNanosecondsPerSecond;

// The version in the output of `postgres --version`, for instance "15.20" of
// "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"; nothing when it is not such a line.
std::optional<std::string> ParseServerVersion(std::string_view output);

// Compares versions as numbers: 9.6 < 10 < 17beta1 < 17.0 < 17.10. Negative, 0 or positive.
int CompareServerVersions(std::string_view left, std::string_view right);

// The newest; among equals the first found, in the order PATH, pg_config, patterns. NotFound names
// the directories looked at and what to install.
absl::StatusOr<PostgresBinaries> FindPostgresBinaries(const BinarySearch& search);
absl::StatusOr<PostgresBinaries> FindPostgresBinaries();

}  // namespace pgring

#endif  // PGRING_CLUSTER_FIND_BINARIES_H_
