// The options by which a process is one of several that act as one client. A part of options.cc.
#ifndef PGRING_CLI_FLEET_OPTIONS_H_
#define PGRING_CLI_FLEET_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/fleet.h"
#include "run/plan.h"

namespace pgring {

// What CLI11 fills in before anything is resolved.
struct RawFleet {
  std::string id;      // empty: none
  std::string worker;  // "I/N"; empty: what the engine says
  std::optional<int> workers;
  double timeout_s = 60;
};

void AddFleetOptions(CLI::App* command, RawFleet* raw);

// Nothing: not of a fleet. The rank and the size are given, or those of Open MPI, PMI, Slurm or a
// Kubernetes Indexed Job, by their environment. Has the plan's scenarios shared by its workers.
absl::StatusOr<std::optional<FleetPlan>> ResolveFleet(const RawFleet& raw, ComparisonPlan* plan);

}  // namespace pgring

#endif  // PGRING_CLI_FLEET_OPTIONS_H_
