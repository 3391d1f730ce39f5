// The options of `pgring merge`. A part of options.cc.
#ifndef PGRING_CLI_MERGE_OPTIONS_H_
#define PGRING_CLI_MERGE_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pgring {

struct MergeOptions {
  // Files of workers, and directories that hold some.
  std::vector<std::string> paths;
};

void AddMergeOptions(CLI::App* command, MergeOptions* options);
// `leftover`: what the parser took for no option's value.
absl::Status ResolveMerge(const std::vector<std::string>& leftover, MergeOptions* options);

}  // namespace pgring

#endif  // PGRING_CLI_MERGE_OPTIONS_H_
