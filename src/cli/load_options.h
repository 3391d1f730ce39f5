// The options that say which operations are run, how many and when: pgbench's letters where it has
// them. Added to a command, then resolved into the plan.
#ifndef PGRING_CLI_LOAD_OPTIONS_H_
#define PGRING_CLI_LOAD_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "run/plan.h"

namespace pgring {

inline constexpr double kMaxDurationS = 7 * 86'400;
inline constexpr double kMaxRatePerS = 10'000'000;
inline constexpr int kMostTries = 1'000'000;

// What CLI11 fills in before anything is resolved.
struct RawLoad {
  std::vector<std::string> files;
  std::vector<std::string> builtins;
  bool select_only = false;
  bool skip_some_updates = false;
  bool no_vacuum = false;
  std::string show_script;  // empty: not given
  std::string jobs;         // a number or "auto"; empty: not given
  std::string mode;         // empty: what each script has by default
  std::vector<std::string> definitions;
  // A number, "time" or "rand"; not given: the environment's, else the default.
  std::optional<std::string> seed;
  std::string statements = "batched";
  std::optional<int64_t> operations;
  std::optional<int64_t> transactions;
  std::string arrivals = "poisson";
  std::string connecting;  // empty: not given
  double max_failed_percent = kMaxFailedShare * 100;
};

void AddWorkloadOptions(CLI::App* command, WorkloadPlan* plan, RawLoad* raw);
void AddLoadOptions(CLI::App* command, WorkloadPlan* workload, LoadPlan* plan, RawLoad* raw);

// The text that `-b list` or --show-script asks for instead of a run; nothing where neither was
// given.
absl::StatusOr<std::optional<std::string>> RequestedText(const RawLoad& raw);

// Reads the scripts' files. Fails with one line that names the option or the file.
absl::Status ResolveLoad(const RawLoad& raw, WorkloadPlan* workload, LoadPlan* load);

// Once the scenarios are known: with -t the number of operations follows from their clients. Fails
// when there are too many.
absl::Status CountForClients(ComparisonPlan* plan);

}  // namespace pgring

#endif  // PGRING_CLI_LOAD_OPTIONS_H_
