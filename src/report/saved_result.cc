#include "report/saved_result.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "report/format.h"
#include "report/json_read.h"

namespace pgring {
namespace {

constexpr std::string_view kSchemaPrefix = "pgring/result/";
constexpr std::string_view kTunePrefix = "pgring/tune/";
constexpr int kNewestSchema = 2;
constexpr const char* kResultName = "result.json";
constexpr const char* kTuneName = "tune.json";

struct NamedMetric {
  Metric metric;
  std::string_view name;
  std::string_view percentile;  // of response times: its key
};

constexpr std::array<NamedMetric, kMetrics.size()> kNamedMetrics = {{
    {Metric::kThroughput, "throughput", ""},
    {Metric::kP50, "p50", "p50"},
    {Metric::kP90, "p90", "p90"},
    {Metric::kP95, "p95", "p95"},
    {Metric::kP99, "p99", "p99"},
    {Metric::kP999, "p99.9", "p99_9"},
    {Metric::kClientCpu, "client_cpu", ""},
    {Metric::kServerCpu, "server_cpu", ""},
    {Metric::kConnectionsPeak, "connections_peak", ""},
}};

std::optional<double> CpuPerOperation(const Json& run, const char* side) {
  const std::optional<double> user_s = NumberBelow(run, {side, "user_s"});
  const std::optional<double> system_s = NumberBelow(run, {side, "sys_s"});
  const double succeeded = NumberBelow(run, {"operations", "succeeded"}).value_or(0);
  if (!user_s.has_value() || !system_s.has_value() || succeeded <= 0) return std::nullopt;
  return (*user_s + *system_s) / succeeded;
}

std::optional<double> ValueOf(const NamedMetric& named, const Json& run) {
  switch (named.metric) {
    case Metric::kThroughput:
      return NumberBelow(run, {"throughput_per_s"});
    case Metric::kClientCpu:
      return CpuPerOperation(run, "client");
    case Metric::kServerCpu:
      return CpuPerOperation(run, "server");
    case Metric::kConnectionsPeak:
      return NumberBelow(run, {"connections", "peak_open"});
    default:
      return NumberBelow(run, {"latency_ns", "response", std::string(named.percentile).c_str()});
  }
}

// Ratios are of values above 0.
void AddValues(const Json& run, SavedScenario* scenario) {
  for (const NamedMetric& named : kNamedMetrics) {
    const std::optional<double> value = ValueOf(named, run);
    if (value.has_value() && *value > 0) {
      scenario->values[static_cast<size_t>(named.metric)].push_back(*value);
    }
  }
}

std::string ReasonsText(const Json& run) {
  const std::vector<std::string> reasons = TextsBelow(run, {"reasons"});
  return reasons.empty() ? "it is not valid" : absl::StrJoin(reasons, "; ");
}

// The scenario's runs of blocks that count; without repeats, its run.
SavedScenario ReadScenario(const Json& result, const Json& run) {
  SavedScenario scenario;
  scenario.label = TextBelow(run, {"scenario"});
  const Json& blocks = ArrayBelow(result, {"blocks"});
  for (const Json& block : blocks) {
    if (!TruthBelow(block, {"whole"})) continue;
    for (const Json& part : ArrayBelow(block, {"runs"})) {
      if (TextBelow(part, {"scenario"}) == scenario.label) AddValues(part, &scenario);
    }
  }
  const bool is_valid = TruthBelow(run, {"valid"});
  if (scenario.of(Metric::kThroughput).empty() && blocks.empty() && is_valid) {
    AddValues(run, &scenario);
  } else if (const auto peak = NumberBelow(run, {"connections", "peak_open"});
             scenario.of(Metric::kConnectionsPeak).empty() && peak.has_value() && *peak > 0) {
    // The blocks of older results do not say.
    scenario.values[static_cast<size_t>(Metric::kConnectionsPeak)] = {*peak};
  }
  if (scenario.of(Metric::kThroughput).empty()) {
    scenario.not_valid = is_valid ? "no block counts" : ReasonsText(run);
  }
  return scenario;
}

// Piece by piece: a pipe, such as a shell's <(...), does not tell its size.
absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  constexpr size_t kPieceBytes = size_t{1} << 20;
  const std::string attempt = absl::StrCat("reading the result ", path);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, attempt);
  std::string text;
  absl::Status status;
  for (;;) {
    const size_t size = text.size();
    text.resize(size + kPieceBytes);
    const ssize_t got = read(descriptor, text.data() + size, kPieceBytes);
    text.resize(size + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 || (got < 0 && errno != EINTR)) {
      if (got < 0) status = ErrnoStatus(errno, attempt);
      break;
    }
    if (text.size() > static_cast<size_t>(kMostResultBytes)) {
      status = absl::InvalidArgumentError(absl::StrCat(path, ": larger than 1 GiB is no result"));
      break;
    }
  }
  close(descriptor);
  if (!status.ok()) return status;
  return text;
}

absl::Status CheckSchema(const std::string& path, const Json& json) {
  const std::string schema = TextBelow(json, {"schema"});
  if (schema.starts_with(kTunePrefix)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": a search of pgring tune; this command reads results of compare and run"));
  }
  if (!schema.starts_with(kSchemaPrefix)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a result of pgring",
                                                   schema.empty() ? " (it has no schema)" : ""));
  }
  const std::string number = schema.substr(kSchemaPrefix.size());
  if (number == "1" || number == std::to_string(kNewestSchema)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": its schema is ", ShortenedText(schema, 60), ", and this pgring knows ",
                   std::string(kSchemaPrefix), "1 and 2: a newer one wrote it"));
}

}  // namespace

std::string_view MetricName(Metric metric) {
  return kNamedMetrics[static_cast<size_t>(metric)].name;
}

std::optional<Metric> FindMetric(std::string_view name) {
  for (const NamedMetric& named : kNamedMetrics) {
    if (named.name == name) return named.metric;
  }
  return std::nullopt;
}

std::string MetricText(Metric metric, double value) {
  switch (metric) {
    case Metric::kThroughput:
      return FigureText(value) + "/s";
    case Metric::kConnectionsPeak:
      return CountText(std::llround(value));
    case Metric::kClientCpu:
    case Metric::kServerCpu:
      return DurationText(value * kNanosecondsPerSecond);
    default:
      return DurationText(value);
  }
}

const SavedScenario* SavedResult::Find(std::string_view label) const {
  const auto found =
      std::find_if(scenarios.begin(), scenarios.end(),
                   [label](const SavedScenario& scenario) { return scenario.label == label; });
  return found == scenarios.end() ? nullptr : &*found;
}

absl::Status CheckAnyValid(const SavedResult& result) {
  for (const SavedScenario& scenario : result.scenarios) {
    if (scenario.not_valid.empty()) return absl::OkStatus();
  }
  const SavedScenario& first = result.scenarios.front();
  return absl::FailedPreconditionError(absl::StrCat(
      result.path, ": no run of it is valid: ", first.label, ": ", OneLine(first.not_valid)));
}

absl::StatusOr<ResultFile> ReadResultOrTuneFile(const std::string& path) {
  std::error_code ignored;
  ResultFile file;
  file.path = path;
  if (std::filesystem::is_directory(path, ignored)) {
    file.path = absl::StrCat(path, "/", kResultName);
    const std::string tune = absl::StrCat(path, "/", kTuneName);
    if (!std::filesystem::exists(file.path, ignored)) {
      if (!std::filesystem::exists(tune, ignored)) {
        return absl::NotFoundError(absl::StrCat(path, ": there is neither a ", kResultName,
                                                " nor a ", kTuneName, " in it"));
      }
      file.path = tune;
    }
  }
  const absl::StatusOr<std::string> text = ReadWhole(file.path);
  if (!text.ok()) return text.status();
  file.json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (file.json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(
        file.path, ": not JSON, or cut off: pgring writes a result whole or not at all"));
  }
  if (!IsTune(file)) PGRING_RETURN_IF_ERROR(CheckSchema(file.path, file.json));
  return file;
}

bool IsTune(const ResultFile& file) {
  return TextBelow(file.json, {"schema"}).starts_with(kTunePrefix);
}

absl::StatusOr<ResultFile> ReadResultFile(const std::string& path) {
  absl::StatusOr<ResultFile> file = ReadResultOrTuneFile(path);
  if (file.ok()) PGRING_RETURN_IF_ERROR(CheckSchema(file->path, file->json));
  return file;
}

absl::StatusOr<SavedResult> ReadSavedResult(const std::string& path) {
  const absl::StatusOr<ResultFile> file = ReadResultFile(path);
  if (!file.ok()) return file.status();
  const Json& json = file->json;
  SavedResult result;
  result.path = file->path;
  const auto part = [&json](const char* key) {
    const Json* found = Below(json, {key});
    return found == nullptr ? Json() : *found;
  };
  result.plan = part("plan");
  result.environment = part("environment");
  result.tool = part("tool");
  for (const Json& run : ArrayBelow(json, {"runs"})) {
    if (!TextBelow(run, {"scenario"}).empty()) {
      result.scenarios.push_back(ReadScenario(json, run));
    }
  }
  if (result.scenarios.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(result.path, ": it has no run"));
  }
  return result;
}

}  // namespace pgring
