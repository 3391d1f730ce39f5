// Runs a small program and takes what it prints: `postgres --version`, `pg_config --bindir`.
#ifndef PGRING_CLUSTER_RUN_COMMAND_H_
#define PGRING_CLUSTER_RUN_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pgring {

// More output than this is an error: the programs we ask print one line.
inline constexpr size_t kCommandOutputLimitBytes = 64 * 1024;

// Runs `arguments[0]` (a path, not searched for) and waits for it. The program gets default signal
// dispositions, no blocked signals and none of our descriptors; its standard error is dropped.
// Returns its standard output. Errors: not startable, exit status other than 0, more output than
// the limit, or not done after `limit_ns` nanoseconds (it is then killed).
absl::StatusOr<std::string> RunCommand(const std::vector<std::string>& arguments, int64_t limit_ns);

}  // namespace pgring

#endif  // PGRING_CLUSTER_RUN_COMMAND_H_
