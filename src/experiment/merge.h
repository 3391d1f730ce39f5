// The files of a fleet's workers as one result: exactly what one process would have found that ran
// all of it, but for the bound on the difference of their clocks. See worker_file.h.
//
// Workers that are missing make the result invalid, and are named in it. Files that do not belong
// together are refused.
#ifndef PGRING_EXPERIMENT_MERGE_H_
#define PGRING_EXPERIMENT_MERGE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "experiment/worker_file.h"
#include "experiment/workloads.h"
#include "run/comparison_result.h"
#include "run/run_sum.h"

namespace pgring {

class Merge {
 public:
  // InvalidArgument, in one line that names both files, where this one does not belong to those
  // that were added before.
  absl::Status Add(const std::string& path, WorkerFile file);
  // Why the worker of that rank has no file: "ended before the end". At most once for each.
  void NoteMissing(int rank, std::string why);
  bool Has(int rank) const { return paths_.contains(rank); }
  // With the verdicts of the whole. Nothing may be added after it.
  absl::StatusOr<ComparisonResult> Take();

 private:
  using RunSums = std::vector<RunSum>;

  absl::Status Check(const std::string& path, const WorkerFile& file) const;
  absl::Status AddRuns(const std::string& path, size_t max_steps, std::vector<Run> runs,
                       RunSums* sums);
  absl::Status CheckKinds(const PlannedWorkload& workload, const RunSum& sum) const;
  std::vector<Run> TakeRuns(const PlannedWorkload& workload, RunSums* sums);

  int size_ = 0;
  std::string fleet_;
  uint64_t gathering_ = 0;
  std::map<int, std::string> paths_;    // by rank
  std::map<int, std::string> missing_;  // why
  // Of rank 0 once it is there: its plan and environment, no runs.
  ComparisonResult result_;
  std::string base_path_;
  RunSums runs_;
  std::vector<RunSums> blocks_;
};

absl::StatusOr<ComparisonResult> MergeWorkerFiles(const std::vector<std::string>& paths);

// What differs first in two plans that should be one, in words; empty: nothing that matters.
std::string PlanDifference(const ComparisonPlan& left, const ComparisonPlan& right);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_MERGE_H_
