// The workers of -j. Forked by main, before there are threads.
#ifndef PGRING_CLI_WORKERS_H_
#define PGRING_CLI_WORKERS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "cli/options.h"
#include "experiment/worker_team.h"

namespace pgring {

// nullptr: none are asked for.
absl::StatusOr<std::unique_ptr<WorkerTeam>> ForkWorkers(const Options& options);

}  // namespace pgring

#endif  // PGRING_CLI_WORKERS_H_
