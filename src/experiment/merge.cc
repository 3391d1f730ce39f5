#include "experiment/merge.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiment/drive.h"
#include "pgring/base/status.h"
#include "run/run_archive.h"
#include "run/verdict.h"
#include "run/worker_share.h"

namespace pgring {
namespace {

template <typename Value>
bool Same(const Value& left, const Value& right) {
  return ToBytes(left) == ToBytes(right);
}

std::string ScenariosText(const std::vector<ScenarioPlan>& scenarios) {
  std::string text;
  for (const ScenarioPlan& scenario : scenarios) {
    absl::StrAppend(&text, text.empty() ? "" : ",", scenario.label);
  }
  return text;
}

std::string WorkloadDifference(const WorkloadPlan& left, const WorkloadPlan& right) {
  const auto differ = [](const char* what, const auto& one, const auto& other) {
    return absl::StrCat(what, " ", one, " and ", other);
  };
  if (left.name != right.name) return differ("workload", left.name, right.name);
  if (left.seed != right.seed) return differ("seed", left.seed, right.seed);
  if (left.operations != right.operations) {
    return differ("operations", left.operations, right.operations);
  }
  if (!Same(left.scripts, right.scripts)) return "their scripts";
  return Same(left, right) ? "" : "their workloads' options";
}

// Whether one can be added to the other.
bool AreOfOneRun(const Run& left, const Run& right) {
  return left.scenario.label == right.scenario.label && left.kinds == right.kinds &&
         (left.commands.empty() || right.commands.empty() ||
          left.commands.size() == right.commands.size());
}

std::vector<const Run*> RunsOf(const ComparisonResult& result) {
  std::vector<const Run*> runs;
  for (const Run& run : result.runs) runs.push_back(&run);
  for (const Block& block : result.blocks) {
    for (const Run& run : block.runs) runs.push_back(&run);
  }
  return runs;
}

}  // namespace

std::string PlanDifference(const ComparisonPlan& left, const ComparisonPlan& right) {
  std::string workload = WorkloadDifference(left.workload, right.workload);
  if (!workload.empty()) return workload;
  const std::string scenarios = ScenariosText(left.scenarios);
  if (scenarios != ScenariosText(right.scenarios)) {
    return absl::StrCat("scenarios ", scenarios, " and ", ScenariosText(right.scenarios));
  }
  if (!Same(left.scenarios, right.scenarios)) return "their scenarios' limits or connections";
  if (!Same(left.load, right.load)) return "their loads (-T, -t, -R, --warmup, --connecting, …)";
  if (left.repeat.blocks != right.repeat.blocks) {
    return absl::StrCat("--repeat ", left.repeat.blocks, " and ", right.repeat.blocks);
  }
  return left.io == right.io ? ""
                             : absl::StrCat("--io ", std::string(IoModeName(left.io)), " and ",
                                            std::string(IoModeName(right.io)));
}

absl::Status Merge::Check(const std::string& path, const WorkerFile& file) const {
  const auto refuse = [&](const std::string& what) {
    return absl::InvalidArgumentError(
        absl::StrCat(base_path_, " and ", path, " do not belong together: ", what));
  };
  const auto known = paths_.find(file.rank);
  if (known != paths_.end()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s and %s are both of worker %d of %d",
                                                      known->second, path, file.rank, file.size));
  }
  if (fleet_ != file.fleet) {
    return refuse(absl::StrCat("fleets \"", fleet_, "\" and \"", file.fleet, "\""));
  }
  if (size_ != file.size) {
    return refuse(absl::StrCat("fleets of ", size_, " and of ", file.size, " workers"));
  }
  const BuildInfo& build = result_.environment.build;
  const BuildInfo& other = file.result.environment.build;
  if (build.version != other.version || build.commit != other.commit) {
    return refuse(absl::StrCat("pgring ", build.version, " (", build.commit, ") and ",
                               other.version, " (", other.commit, ")"));
  }
  const std::string difference = PlanDifference(result_.plan, file.result.plan);
  if (!difference.empty()) return refuse(difference);
  if (gathering_ != file.gathering) return refuse("they are of two runs of that fleet");
  return absl::OkStatus();
}

absl::Status Merge::Add(const std::string& path, WorkerFile file) {
  if (paths_.empty()) {
    fleet_ = file.fleet;
    gathering_ = file.gathering;
    size_ = file.size;
    base_path_ = path;
    result_.plan = file.result.plan;
    result_.environment = file.result.environment;
  }
  PGRING_RETURN_IF_ERROR(Check(path, file));
  for (const Run* run : RunsOf(file.result)) {
    // What the worker wrote is of it alone.
    if (run->workers.size() == 1 && run->workers.front().rank == file.rank) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a run in it is not worker ", file.rank, "'s"));
  }
  if (file.rank == 0) {
    result_.plan = file.result.plan;
    result_.environment = file.result.environment;
  }
  result_.interrupted = result_.interrupted || file.result.interrupted;
  const size_t max_steps =
      file.result.has_repeats() ? 16 * kMaxReportedSteps : ConnectionTimeline::kMaxSteps;
  PGRING_RETURN_IF_ERROR(AddRuns(path, max_steps, std::move(file.result.runs), &runs_));
  for (size_t number = 0; number < file.result.blocks.size(); ++number) {
    if (number == blocks_.size()) blocks_.emplace_back();
    PGRING_RETURN_IF_ERROR(
        AddRuns(path, max_steps, std::move(file.result.blocks[number].runs), &blocks_[number]));
  }
  paths_[file.rank] = path;
  return absl::OkStatus();
}

absl::Status Merge::AddRuns(const std::string& path, size_t max_steps, std::vector<Run> runs,
                            RunSums* sums) {
  for (size_t place = 0; place < runs.size(); ++place) {
    if (place == sums->size()) sums->emplace_back(max_steps);
    RunSum& sum = (*sums)[place];
    if (!sum.empty() && !AreOfOneRun(sum.first(), runs[place])) {
      return absl::InvalidArgumentError(
          absl::StrCat(base_path_, " and ", path, " do not belong together: their runs differ"));
    }
    sum.Add(std::move(runs[place]));
  }
  return absl::OkStatus();
}

absl::Status Merge::CheckKinds(const PlannedWorkload& workload, const RunSum& sum) const {
  if (sum.first().kinds == workload.workload->kinds()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(base_path_, ": its runs have other kinds of operation than its workload"));
}

void Merge::NoteMissing(int rank, std::string why) { missing_[rank] = std::move(why); }

std::vector<Run> Merge::TakeRuns(const PlannedWorkload& workload, RunSums* sums) {
  std::vector<Run> runs;
  for (RunSum& sum : *sums) {
    std::set<int> ranks;
    for (const WorkerPart& part : sum.first().workers) ranks.insert(part.rank);
    const ScenarioPlan scenario = sum.first().scenario;
    RunContext whole;
    whole.scenario = &scenario;
    whole.load = sum.first().load;
    whole.workload = workload.workload.get();
    whole.operations = workload.operations.get();
    const int64_t operations = OperationCount(result_.plan.workload, whole.load, scenario);
    for (int rank = 0; rank < size_; ++rank) {
      if (ranks.contains(rank)) continue;
      const WorkerShare share = ShareOf(scenario, whole.load, rank);
      const int64_t planned = share.CountOf(operations);
      Run lost = LostRun(whole, share, planned == kUnlimitedOperations ? 0 : planned,
                         sum.first().started_ns);
      const auto why = missing_.find(rank);
      lost.workers.front().lost = why != missing_.end() ? why->second
                                  : Has(rank)           ? "gave no result of it"
                                                        : "has no file here";
      sum.Add(std::move(lost));
    }
    Run run = sum.Take();
    run.interrupted = run.interrupted || result_.interrupted;
    run.verdict = Validate(run, result_.environment.build);
    runs.push_back(std::move(run));
  }
  return runs;
}

absl::StatusOr<ComparisonResult> Merge::Take() {
  const auto workload = MakeWorkload(result_.plan.workload, /*may_make_tables=*/false);
  if (!workload.ok()) return workload.status();
  for (const RunSum& sum : runs_) PGRING_RETURN_IF_ERROR(CheckKinds(*workload, sum));
  for (const RunSums& sums : blocks_) {
    for (const RunSum& sum : sums) PGRING_RETURN_IF_ERROR(CheckKinds(*workload, sum));
  }
  result_.runs = TakeRuns(*workload, &runs_);
  for (RunSums& sums : blocks_) {
    Block block;
    block.planned = result_.plan.scenarios.size();
    block.runs = TakeRuns(*workload, &sums);
    for (Run& run : block.runs) run.timeline.Compact(kMaxReportedSteps);
    result_.blocks.push_back(std::move(block));
  }
  if (result_.has_repeats()) result_.ChooseRuns();
  if (result_.runs.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(base_path_, ": it has no run"));
  }
  return std::move(result_);
}

absl::StatusOr<ComparisonResult> MergeWorkerFiles(const std::vector<std::string>& paths) {
  Merge merge;
  for (const std::string& path : paths) {
    absl::StatusOr<WorkerFile> file = ReadWorkerFile(path);
    if (!file.ok()) return file.status();
    PGRING_RETURN_IF_ERROR(merge.Add(path, *std::move(file)));
  }
  return merge.Take();
}

}  // namespace pgring
