// What run, compare and merge do with their result: the report on standard output, the files.
#ifndef PGRING_CLI_COMPARISON_OUTPUT_H_
#define PGRING_CLI_COMPARISON_OUTPUT_H_

#include "absl/status/status.h"
#include "cli/output_directory.h"
#include "cli/output_options.h"
#include "report/text_style.h"
#include "run/comparison_result.h"

namespace pgring {

// Whether the report's header has been printed before, while the runs went on.
enum class ReportPart : uint8_t { kBody, kWhole };

// Prints the report, or result.json in its place; writes all files, and says where they are. The
// first error of writing.
absl::Status ShowComparison(const OutputOptions& output, const ComparisonResult& result,
                            ReportPart part, OutputDirectory* directory);

}  // namespace pgring

#endif  // PGRING_CLI_COMPARISON_OUTPUT_H_
