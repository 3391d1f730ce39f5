// How the reactor's scenarios do their I/O on this machine: decided once, before a server is
// started or touched, so that all runs are done in the same way.
#ifndef PGRING_EXPERIMENT_IO_CHOICE_H_
#define PGRING_EXPERIMENT_IO_CHOICE_H_

#include "absl/status/status.h"
#include "run/plan.h"

namespace pgring {

// Sets the plan's mode: completion where it works, else readiness with the reason, unless one was
// asked for. An error when that one does not work here, or io_uring does not and a scenario needs
// it.
absl::Status ChooseIoMode(ComparisonPlan* plan);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_IO_CHOICE_H_
