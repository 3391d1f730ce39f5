// Saved results in the formats of other tools: what each scenario did, as medians of the blocks
// that count, with their intervals where there are enough of them.
//
//   csv          a line for each scenario and metric
//   openmetrics  gauges, for a Prometheus textfile collector or pushgateway (OpenMetrics 1.0)
//   gab          github-action-benchmark, tool customBiggerIsBetter: throughput
//   gab-latency  the same, tool customSmallerIsBetter: percentiles of response times
//   bmf          Bencher Metric Format: latency in ns, throughput in operations per second
//   otava        CSV for Apache Otava: a line for each result, a column for each scenario's metric
//   markdown     a table
//
// Pure. Scenarios without a valid run are left out and named by the caller.
#ifndef PGRING_REPORT_EXPORT_H_
#define PGRING_REPORT_EXPORT_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/saved_result.h"

namespace pgring {

enum class ExportFormat : uint8_t {
  kCsv,
  kOpenMetrics,
  kGithubAction,
  kGithubActionLatency,
  kBencher,
  kOtava,
  kMarkdown
};
inline constexpr std::array<const char*, 7> kExportFormatNames = {
    "csv", "openmetrics", "gab", "gab-latency", "bmf", "otava", "markdown"};

std::optional<ExportFormat> FindExportFormat(std::string_view name);

// In the order given. With several results, the formats that cannot hold them apart name the
// scenarios "RESULT/SCENARIO", RESULT being the directory that a result is in.
std::string ExportText(ExportFormat format, const std::vector<SavedResult>& results);

}  // namespace pgring

#endif  // PGRING_REPORT_EXPORT_H_
