// A result.json read back: what it says of each scenario's runs, and what was run, for comparing
// results with each other. Schemas pgring/result/1 and /2.
//
// Plain data; reading fails with one line that names the file.
#ifndef PGRING_REPORT_SAVED_RESULT_H_
#define PGRING_REPORT_SAVED_RESULT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "report/json_read.h"

namespace pgring {

enum class Metric : uint8_t {
  kThroughput,  // operations per second
  kP50,         // response times, ns
  kP90,
  kP95,
  kP99,
  kP999,
  kClientCpu,  // seconds per successful operation
  kServerCpu,
  kConnectionsPeak,  // open at once
};
inline constexpr std::array<Metric, 9> kMetrics = {
    Metric::kThroughput, Metric::kP50,       Metric::kP90,
    Metric::kP95,        Metric::kP99,       Metric::kP999,
    Metric::kClientCpu,  Metric::kServerCpu, Metric::kConnectionsPeak};

// "throughput", "p50" … "p99.9", "client_cpu", "server_cpu", "connections_peak": as in a gate.
std::string_view MetricName(Metric metric);
std::optional<Metric> FindMetric(std::string_view name);
// "4,310/s", "5.10 ms", "5.81 us", "12".
std::string MetricText(Metric metric, double value);

struct SavedScenario {
  const std::vector<double>& of(Metric metric) const { return values[static_cast<size_t>(metric)]; }

  std::string label;
  // Of the runs that count: those of whole blocks, or the only one. Empty where a figure is not
  // known.
  std::array<std::vector<double>, kMetrics.size()> values;
  // Why it has none; empty where it has.
  std::string not_valid;
};

struct SavedResult {
  // The scenario with that label; nullptr: there is none.
  const SavedScenario* Find(std::string_view label) const;

  std::string path;
  Json plan;  // as in the file
  Json environment;
  Json tool;
  std::vector<SavedScenario> scenarios;
};

// FailedPrecondition with the first reason where no scenario has a valid run.
absl::Status CheckAnyValid(const SavedResult& result);

// Files above this are not read.
inline constexpr int64_t kMostResultBytes = int64_t{1} << 30;

// A result as it is in its file.
struct ResultFile {
  std::string path;
  Json json;
};

// As below.
absl::StatusOr<ResultFile> ReadResultFile(const std::string& path);
// A search of pgring tune too, of which a directory has tune.json: its schema is the reader's to
// check.
absl::StatusOr<ResultFile> ReadResultOrTuneFile(const std::string& path);
bool IsTune(const ResultFile& file);

// `path` names the file or the directory that it is in. NotFound; InvalidArgument where it is not a
// result of a schema that this program knows, or is cut off.
absl::StatusOr<SavedResult> ReadSavedResult(const std::string& path);

}  // namespace pgring

#endif  // PGRING_REPORT_SAVED_RESULT_H_
