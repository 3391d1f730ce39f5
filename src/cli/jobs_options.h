// -j: how many worker processes share the runs. A part of options.cc.
#ifndef PGRING_CLI_JOBS_OPTIONS_H_
#define PGRING_CLI_JOBS_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "run/plan.h"

namespace pgring {

// Adds it to a command. `jobs` is a number or "auto"; empty: not given.
void AddJobs(CLI::App* command, std::string* jobs);
// How many workers that asks for; nothing: it was not given.
std::optional<int> WorkersWanted(const std::string& jobs);
// Once the scenarios are known: how many workers share each of them.
absl::Status ResolveWorkers(const std::string& jobs, ComparisonPlan* plan);

}  // namespace pgring

#endif  // PGRING_CLI_JOBS_OPTIONS_H_
