#include "cli/export_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pgring {

void AddExportOptions(CLI::App* command, ExportOptions* options) {
  command
      ->add_option("--format", options->format_name,
                   "openmetrics for Prometheus' textfile collector, gab and gab-latency for "
                   "github-action-benchmark, bmf for Bencher, otava for Apache Otava")
      ->type_name(absl::StrCat("FORMAT:{", absl::StrJoin(kExportFormatNames, ","), "}"));
  command->add_option("RESULT", options->paths,
                      "result.json files, or the directories that they are in");
}

absl::Status ResolveExport(const std::vector<std::string>& leftover, ExportOptions* options) {
  options->paths.insert(options->paths.end(), leftover.begin(), leftover.end());
  const std::string names = absl::StrJoin(kExportFormatNames, ", ");
  if (options->format_name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--format is required: one of ", names));
  }
  const std::optional<ExportFormat> format = FindExportFormat(options->format_name);
  if (!format.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--format \"", options->format_name, "\": none of ", names));
  }
  options->format = *format;
  if (options->paths.empty()) {
    return absl::InvalidArgumentError("a result is needed; see 'pgring export --help'");
  }
  return absl::OkStatus();
}

}  // namespace pgring
