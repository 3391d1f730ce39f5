// Looks for the best limit of a workload on a server, and tests what it found: how many operations
// should be in flight, over how many connections, driven in which way.
#ifndef PGRING_TUNE_TUNE_H_
#define PGRING_TUNE_TUNE_H_

#include "absl/status/statusor.h"
#include "experiment/experiment.h"
#include "experiment/workloads.h"
#include "pgring/base/interrupt.h"
#include "tune/tune_observer.h"
#include "tune/tune_plan.h"
#include "tune/tune_result.h"

namespace pgring {

// An error means that nothing was measured, and nothing is left behind in the database. Whatever
// goes wrong later is in the result. `workload` is the plan's.
absl::StatusOr<TuneResult> RunTune(const TunePlan& plan, PlannedWorkload workload,
                                   const ExperimentTarget& target, Interrupt* interrupt,
                                   TuneObserver* observer);

}  // namespace pgring

#endif  // PGRING_TUNE_TUNE_H_
