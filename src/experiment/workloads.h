// The one place that knows which workloads there are: makes the one that a plan names. Fails when
// the plan asks for what cannot be made, for instance a script that does not parse.
#ifndef PGRING_EXPERIMENT_WORKLOADS_H_
#define PGRING_EXPERIMENT_WORKLOADS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "run/plan.h"
#include "workload/operation.h"
#include "workload/workload.h"

namespace pgring {

struct PlannedWorkload {
  std::unique_ptr<Workload> workload;
  std::unique_ptr<OperationSource> operations;
  // Its SQL, with $1, $2, … for what differs between operations: to be explained.
  std::vector<std::string> statements;
  // To be told before the run.
  std::vector<std::string> warnings;
};

// `may_make_tables`: the server is a throwaway one, so what scripts need may be made there.
absl::StatusOr<PlannedWorkload> MakeWorkload(const WorkloadPlan& plan, bool may_make_tables);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_WORKLOADS_H_
