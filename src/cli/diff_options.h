// The options of `pgring diff`: a part of options.cc.
#ifndef PGRING_CLI_DIFF_OPTIONS_H_
#define PGRING_CLI_DIFF_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "report/result_diff.h"

namespace pgring {

struct DiffOptions {
  std::string old_path;
  std::string new_path;
  std::vector<Gate> gates;
  std::string junit_file;  // empty: none
  bool markdown = false;
};

// As they were given.
struct RawDiff {
  std::vector<std::string> gates;
};

void AddDiffOptions(CLI::App* command, DiffOptions* options, RawDiff* raw);

// `leftover` is what the parser had no place for. InvalidArgument, in one line.
absl::Status ResolveDiff(const RawDiff& raw, const std::vector<std::string>& leftover,
                         DiffOptions* options);

}  // namespace pgring

#endif  // PGRING_CLI_DIFF_OPTIONS_H_
