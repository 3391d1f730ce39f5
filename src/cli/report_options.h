// The options of `pgring report`: a part of options.cc.
#ifndef PGRING_CLI_REPORT_OPTIONS_H_
#define PGRING_CLI_REPORT_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pgring {

enum class ReportFormat : uint8_t { kText, kHtml, kSvg, kHgrm };

struct ReportOptions {
  std::string format_name = "text";  // as it was given
  ReportFormat format = ReportFormat::kText;
  bool hgrm = false;
  bool brief = false;
  std::string out;  // empty: standard output
  std::vector<std::string> paths;
};

void AddSavedReportOptions(CLI::App* command, ReportOptions* options);

// InvalidArgument, in one line.
absl::Status ResolveReport(const std::vector<std::string>& leftover, ReportOptions* options);

// "html": of files in that format.
const char* ReportFormatName(ReportFormat format);

}  // namespace pgring

#endif  // PGRING_CLI_REPORT_OPTIONS_H_
