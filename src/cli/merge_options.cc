#include "cli/merge_options.h"

namespace pgring {

void AddMergeOptions(CLI::App* command, MergeOptions* options) {
  command->add_option("FILE", options->paths,
                      "files that the workers of a fleet wrote (worker-0.pgring, …), or the "
                      "directories that they are in");
}

absl::Status ResolveMerge(const std::vector<std::string>& leftover, MergeOptions* options) {
  options->paths.insert(options->paths.end(), leftover.begin(), leftover.end());
  if (!options->paths.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("a worker's file is needed; see 'pgring merge --help'");
}

}  // namespace pgring
