// The options that say how often every scenario is run: a part of options.cc.
#ifndef PGRING_CLI_REPEAT_OPTIONS_H_
#define PGRING_CLI_REPEAT_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>

#include "absl/status/status.h"
#include "run/plan.h"

namespace pgring {

// As they were given.
struct RawRepeat {
  std::optional<int> blocks;
  std::optional<double> until_percent;
  std::optional<int> max_blocks;
};

void AddRepeatOptions(CLI::App* command, RawRepeat* raw);

// InvalidArgument, in one line, where they contradict each other.
absl::Status ResolveRepeat(const RawRepeat& raw, const LoadPlan& load, RepeatPlan* plan);

}  // namespace pgring

#endif  // PGRING_CLI_REPEAT_OPTIONS_H_
