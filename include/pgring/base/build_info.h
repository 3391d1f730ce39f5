// What this program was built from and how. Reports print it, because figures from a debug or
// sanitizer build mean nothing.
#ifndef PGRING_BASE_BUILD_INFO_H_
#define PGRING_BASE_BUILD_INFO_H_

#include <string>

namespace pgring {

struct BuildInfo {
  std::string version;
  std::string commit;      // short git hash, or "unknown"
  std::string compiler;    // for instance "gcc 12.2.0"
  std::string build_type;  // Meson's buildtype
  std::string sanitizers;  // Meson's b_sanitize; "none" in a normal build
  bool is_optimized = true;

  // Whether a run of this build may be called a measurement.
  bool fit_for_measuring() const { return is_optimized && sanitizers == "none"; }
};

BuildInfo GetBuildInfo();

}  // namespace pgring

#endif  // PGRING_BASE_BUILD_INFO_H_
