// The options that say what is printed and written, in pgring's own formats and in pgbench's.
#ifndef PGRING_CLI_OUTPUT_OPTIONS_H_
#define PGRING_CLI_OUTPUT_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "run/load_plan.h"

// The name is the library's.
// NOLINTNEXTLINE(readability-identifier-naming)
namespace CLI {
class App;
}

namespace pgring {

enum class ProgressMode : uint8_t { kAuto, kBar, kPlain, kNone };
enum class ColorMode : uint8_t { kAuto, kAlways, kNever };

struct OutputOptions {
  std::string directory;  // empty: bench-results/<UTC time>-<host>
  std::string json_file;  // empty: none; "-": standard output
  bool quiet = false;
  bool brief = false;  // what is printed; files are whole
  ProgressMode progress = ProgressMode::kAuto;
  // As pgbench's: lines of progress every so many seconds; the transaction log.
  std::optional<int> progress_interval_s;
  bool progress_timestamp = false;
  bool log = false;
  std::string log_prefix = "pgbench_log";
  std::optional<int> aggregate_interval_s;
  double sampling_rate = 1;
  bool failures_detailed = false;
  bool verbose_errors = false;  // of every failed attempt, and the server's notices, at once
  ColorMode color = ColorMode::kAuto;
  std::string metrics;  // where metrics are served, ADDRESS:PORT; empty: nowhere
};

// What CLI11 fills in before anything is resolved.
struct RawOutput {
  std::vector<std::string> progress;  // numbers of seconds, and names of modes
  std::optional<std::string> log_prefix;
  std::optional<double> sampling_rate;
  std::string color = "auto";
};

// What compare and run leave, the first of which --json copies.
inline constexpr const char* kComparisonFiles =
    "result.json, report.txt, report.html, connections.svg (limits.svg, where scenarios differ in "
    "their limit alone) and latency.hlog";

// The ones that every command has which writes files; of those that run something; of those that
// print a comparison.
void AddFileOptions(CLI::App* command, const std::string& files, OutputOptions* output,
                    RawOutput* raw);
void AddBrief(CLI::App* command, OutputOptions* output);
void AddReportOptions(CLI::App* command, const std::string& files, OutputOptions* output,
                      RawOutput* raw);
void AddOutputOptions(CLI::App* command, OutputOptions* output, RawOutput* raw);

// Refuses combinations that pgbench refuses.
absl::Status ResolveOutput(const RawOutput& raw, const LoadPlan& load, OutputOptions* output);

}  // namespace pgring

#endif  // PGRING_CLI_OUTPUT_OPTIONS_H_
