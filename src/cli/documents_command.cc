#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/messages.h"
#include "cli/output_directory.h"
#include "pgring/base/build_info.h"

namespace pgring {

int WriteDocumentsCommand(const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> files;
  WithCommandLine([&files](const CLI::App& app) {
    files = {{"pgring.1", ManualPage(app, GetBuildInfo().version)},
             {"pgring.bash", BashCompletion(app)},
             {"_pgring", ZshCompletion(app)},
             {"pgring.fish", FishCompletion(app)}};
  });
  for (const auto& [name, text] : files) {
    const absl::Status written = WriteWholeFile(absl::StrCat(directory, "/", name), text);
    if (written.ok()) continue;
    PrintError(written);
    return kExitCouldNotStart;
  }
  return kExitValid;
}

}  // namespace pgring
