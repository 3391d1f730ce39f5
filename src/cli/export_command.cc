#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/messages.h"

namespace pgring {

int ExportCommand(const Options& options) {
  std::vector<SavedResult> results;
  bool any_left_out = false;
  for (const std::string& path : options.exported.paths) {
    absl::StatusOr<SavedResult> result = ReadSavedResult(path);
    if (!result.ok()) {
      PrintError(result.status());
      return kExitInvalid;
    }
    const absl::Status usable = CheckAnyValid(*result);
    if (!usable.ok()) {
      // One of many, such as a history, does not cost the others.
      if (options.exported.paths.size() == 1) {
        PrintError(usable);
        return kExitInvalid;
      }
      PrintNote(absl::StrCat("left out: ", usable.message()));
      any_left_out = true;
      continue;
    }
    for (const SavedScenario& scenario : result->scenarios) {
      if (scenario.not_valid.empty()) continue;
      PrintNote(absl::StrCat("left out: ", scenario.label, " of ", result->path, ": ",
                             scenario.not_valid));
      any_left_out = true;
    }
    results.push_back(*std::move(result));
  }
  if (results.empty()) return kExitInvalid;
  PrintOutput(ExportText(options.exported.format, results));
  return FinishWith(any_left_out ? kExitInvalid : kExitValid);
}

}  // namespace pgring
