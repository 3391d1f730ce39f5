#include "cli/report_options.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/option_values.h"

namespace pgring {
namespace {

constexpr std::array<const char*, 4> kFormatNames = {"text", "html", "svg", "hgrm"};

}  // namespace

const char* ReportFormatName(ReportFormat format) {
  return kFormatNames[static_cast<size_t>(format)];
}

void AddSavedReportOptions(CLI::App* command, ReportOptions* options) {
  command
      ->add_option("--format", options->format_name,
                   "text (as it was printed), html (report.html), svg (connections over time, or "
                   "throughput over the limit) or hgrm (percentiles, for HdrHistogram's plotters)")
      ->type_name(absl::StrCat("FORMAT:{", absl::StrJoin(kFormatNames, ","), "}"))
      ->default_str("text");
  command->add_flag("--hgrm", options->hgrm, "the same as --format hgrm");
  command->add_flag("--brief", options->brief,
                    "of the text only the answer in short and one table");
  command
      ->add_option("--out", options->out,
                   "write into this file; with several results into this directory, a file for "
                   "each")
      ->check(NotEmpty());
  command->add_option("RESULT", options->paths,
                      "result.json or tune.json files, or the directories that they are in");
}

absl::Status ResolveReport(const std::vector<std::string>& leftover, ReportOptions* options) {
  options->paths.insert(options->paths.end(), leftover.begin(), leftover.end());
  if (options->hgrm) options->format_name = "hgrm";
  const auto found = std::find(kFormatNames.begin(), kFormatNames.end(), options->format_name);
  if (found == kFormatNames.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--format \"", options->format_name, "\": none of ", absl::StrJoin(kFormatNames, ", ")));
  }
  options->format = static_cast<ReportFormat>(found - kFormatNames.begin());
  if (options->brief && options->format != ReportFormat::kText) {
    return absl::InvalidArgumentError("--brief is for the text: leave out --format, or --brief");
  }
  if (options->paths.empty()) {
    return absl::InvalidArgumentError("a result is needed; see 'pgring report --help'");
  }
  const bool is_whole_file =
      options->format == ReportFormat::kHtml || options->format == ReportFormat::kSvg;
  if (options->paths.size() > 1 && options->out.empty() && is_whole_file) {
    return absl::InvalidArgumentError(
        absl::StrCat("--format ", options->format_name,
                     " makes a file for each result: give a directory for them with --out"));
  }
  return absl::OkStatus();
}

}  // namespace pgring
