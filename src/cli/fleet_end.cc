#include "cli/fleet_end.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/comparison_output.h"
#include "cli/messages.h"
#include "experiment/merge.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

std::string PathOf(const OutputDirectory& directory, int rank) {
  return absl::StrCat(directory.path(), "/", WorkerFileName(rank));
}

// Takes the files that are there. Those that are not there are in other machines' directories.
absl::StatusOr<std::vector<int>> Gather(const Fleet& fleet, const OutputDirectory& directory,
                                        Merge* merge) {
  std::vector<int> elsewhere;
  for (int rank = 0; rank < fleet.plan().size; ++rank) {
    const std::string path = PathOf(directory, rank);
    absl::StatusOr<WorkerFile> file = ReadWorkerFile(path);
    // One of an earlier run is as good as none.
    if (file.ok() && file->gathering == fleet.gathering()) {
      PGRING_RETURN_IF_ERROR(merge->Add(path, *std::move(file)));
      continue;
    }
    const auto lost = fleet.lost().find(rank);
    if (lost == fleet.lost().end()) {
      elsewhere.push_back(rank);
    } else {
      merge->NoteMissing(rank, lost->second);
    }
  }
  return elsewhere;
}

int ShowWhole(const Options& options, const Fleet& fleet, OutputDirectory* directory,
              bool is_valid_here) {
  Merge merge;
  const absl::StatusOr<std::vector<int>> elsewhere = Gather(fleet, *directory, &merge);
  if (!elsewhere.ok()) {
    PrintError(elsewhere.status());
    return kExitInvalid;
  }
  if (!elsewhere->empty()) {
    PrintNote(absl::StrCat("the files of ", elsewhere->size(), " of ", fleet.plan().size,
                           " workers are where those ran (", WorkerFileName(elsewhere->front()),
                           elsewhere->size() > 1 ? ", …" : "", "): copy them to ",
                           directory->path(), ", and 'pgring merge ", directory->path(),
                           "' makes one result of all"));
    return is_valid_here && fleet.lost().empty() ? kExitValid : kExitInvalid;
  }
  const absl::StatusOr<ComparisonResult> whole = merge.Take();
  const absl::Status written =
      whole.ok() ? ShowComparison(options.output, *whole, ReportPart::kWhole, directory)
                 : whole.status();
  if (written.ok()) return whole->valid() ? kExitValid : kExitInvalid;
  PrintError(written);
  return kExitCouldNotStart;
}

}  // namespace

int EndInFleet(const Options& options, ComparisonResult result, Fleet* fleet,
               OutputDirectory* directory) {
  const FleetPlan& plan = fleet->plan();
  const bool is_valid = result.valid();
  WorkerFile file = {plan.id, fleet->gathering(), plan.rank, plan.size, std::move(result)};
  const absl::Status written =
      directory->WriteFile(WorkerFileName(plan.rank), WorkerFileBytes(std::move(file)));
  if (!written.ok()) PrintError(written);
  // All files are there.
  (void)fleet->Sum(written.ok() ? 1 : 0);
  int exit_code = is_valid ? kExitValid : kExitInvalid;
  if (fleet->is_first()) exit_code = ShowWhole(options, *fleet, directory, is_valid);
  if (!written.ok()) exit_code = kExitCouldNotStart;
  FlushOutput();
  // The first one has done so.
  (void)fleet->Sum(1);
  return exit_code;
}

}  // namespace pgring
