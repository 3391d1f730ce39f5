// The server that a command works on: the user's, or a throwaway one that ends with the command.
#ifndef PGRING_CLI_TARGET_H_
#define PGRING_CLI_TARGET_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/options.h"
#include "cluster/throwaway_server.h"
#include "experiment/experiment.h"
#include "pgring/base/interrupt.h"

namespace pgring {

struct OpenTarget {
  std::unique_ptr<PerfControl> perf;  // nullptr: none was asked for
  ExperimentTarget target;
  std::unique_ptr<ThrowawayServer> server;  // nullptr when the server is the user's
  // Which of libpq's variables are not used; empty where none is set, or the server is the user's.
  std::string note;
};

// Whether `options` ask for a throwaway server: by --throwaway, or by naming no server at all.
bool WantsThrowaway(const Options& options);

// Resolves the user's target, or starts the throwaway server. That takes libpq's variables out of
// the environment: they are about the user's servers.
absl::StatusOr<OpenTarget> OpenTargetOf(const Options& options, const Interrupt& interrupt);

// Tells of a throwaway server that is to be started, and of what is not used then.
absl::StatusOr<OpenTarget> OpenTargetAndTell(const Options& options, const Interrupt& interrupt,
                                             ExperimentObserver* observer);

// What `run` returns of the target, whose server, if it is ours, is stopped then. An error: the
// target could not be opened, or run's own.
template <typename Run>
auto OnTarget(const Options& options, const Interrupt& interrupt, ExperimentObserver* observer,
              const Run& run) -> decltype(run(ExperimentTarget())) {
  auto target = OpenTargetAndTell(options, interrupt, observer);
  if (!target.ok()) return target.status();
  auto result = run(target->target);
  if (target->server != nullptr) {
    const absl::Status stopped = target->server->Stop();
    if (!stopped.ok()) observer->OnNote(std::string(stopped.message()));
  }
  return result;
}

}  // namespace pgring

#endif  // PGRING_CLI_TARGET_H_
