#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/comparison_output.h"
#include "cli/messages.h"
#include "cli/output_directory.h"
#include "cli/output_files.h"
#include "experiment/merge.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kWorkerFileSuffix = ".pgring";

// The workers' files in a directory, by name.
absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == kWorkerFileSuffix) files.push_back(entry.path().string());
  }
  if (error) return absl::NotFoundError(absl::StrCat(directory, ": ", error.message()));
  if (files.empty()) {
    return absl::NotFoundError(
        absl::StrCat(directory, ": there is no worker's file (*", kWorkerFileSuffix, ") in it"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<ComparisonResult> Merged(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
      files.push_back(path);
      continue;
    }
    const absl::StatusOr<std::vector<std::string>> found = FilesIn(path);
    if (!found.ok()) return found.status();
    files.insert(files.end(), found->begin(), found->end());
  }
  return MergeWorkerFiles(files);
}

}  // namespace

int MergeCommand(const Options& options) {
  const absl::StatusOr<ComparisonResult> result = Merged(options.merge.paths);
  absl::Status ready = result.status();
  ready.Update(CheckJsonFile(options.output.json_file));
  if (!ready.ok()) {
    PrintError(ready);
    return kExitCouldNotStart;
  }
  const std::string& wanted = options.output.directory;
  auto directory = OutputDirectory::Create(wanted.empty() ? DefaultOutputDirectory() : wanted);
  if (!directory.ok()) {
    PrintError(directory.status());
    return kExitCouldNotStart;
  }
  if (options.output.json_file == "-") KeepStandardOutputForUs();
  const absl::Status written =
      ShowComparison(options.output, *result, ReportPart::kWhole, &*directory);
  if (!written.ok()) {
    PrintError(written);
    return kExitCouldNotStart;
  }
  return result->valid() ? kExitValid : kExitInvalid;
}

}  // namespace pgring
