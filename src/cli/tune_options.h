// The options of `pgring tune`, beside those of the target and the workload: a part of options.cc.
#ifndef PGRING_CLI_TUNE_OPTIONS_H_
#define PGRING_CLI_TUNE_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tune/tune_plan.h"

namespace pgring {

// What the command writes to its directory.
inline constexpr const char* kTuneFiles = "tune.json, report.txt, report.html and knee.svg";

// As they were given.
struct RawTune {
  std::string scenario = "window";
  std::optional<int> highest_limit;
  std::vector<std::string> service_levels;  // "p99=20ms"
};

void AddTuneOptions(CLI::App* command, TunePlan* plan, RawTune* raw);

// InvalidArgument, in one line, where an option cannot be what it is or they contradict each other.
absl::Status ResolveTune(const RawTune& raw, TunePlan* plan);

}  // namespace pgring

#endif  // PGRING_CLI_TUNE_OPTIONS_H_
