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

}  // namespace pgring

#endif  // PGRING_CLI_TARGET_H_
