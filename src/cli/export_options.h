// The options of `pgring export`: a part of options.cc.
#ifndef PGRING_CLI_EXPORT_OPTIONS_H_
#define PGRING_CLI_EXPORT_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "report/export.h"

namespace pgring {

struct ExportOptions {
  std::string format_name;  // as it was given
  ExportFormat format = ExportFormat::kCsv;
  std::vector<std::string> paths;
};

void AddExportOptions(CLI::App* command, ExportOptions* options);

// InvalidArgument, in one line.
absl::Status ResolveExport(const std::vector<std::string>& leftover, ExportOptions* options);

}  // namespace pgring

#endif  // PGRING_CLI_EXPORT_OPTIONS_H_
