#include "report/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "pgring/statistics/median_interval.h"
#include "report/format.h"
#include "report/markdown_table.h"
#include "report/run_metrics.h"

namespace pgring {
namespace {

struct ExportedValue {
  std::string scenario;
  Metric metric = Metric::kThroughput;
  MedianEstimate estimate = {};
};

std::string_view UnitOf(Metric metric) {
  switch (metric) {
    case Metric::kThroughput:
      return "operations/s";
    case Metric::kClientCpu:
    case Metric::kServerCpu:
      return "s/operation";
    case Metric::kConnectionsPeak:
      return "connections";
    default:
      return "ns";
  }
}

bool IsResponseTime(Metric metric) { return UnitOf(metric) == "ns"; }

// Of "runs/monday/result.json" it is "monday".
std::string NameOf(const SavedResult& result) {
  const std::filesystem::path directory =
      std::filesystem::path(result.path).lexically_normal().parent_path();
  const std::string name = directory.filename().string();
  return name.empty() ? result.path : name;
}

std::vector<ExportedValue> ValuesOf(const SavedResult& result, bool with_name) {
  std::vector<ExportedValue> values;
  for (const SavedScenario& scenario : result.scenarios) {
    for (const Metric metric : kMetrics) {
      const std::vector<double>& runs = scenario.of(metric);
      if (runs.empty() || !scenario.not_valid.empty()) continue;
      values.push_back({with_name ? NameOf(result) + "/" + scenario.label : scenario.label, metric,
                        EstimateMedian(runs)});
    }
  }
  return values;
}

std::vector<ExportedValue> ValuesOf(const std::vector<SavedResult>& results) {
  std::vector<ExportedValue> values;
  for (const SavedResult& result : results) {
    std::vector<ExportedValue> more = ValuesOf(result, results.size() > 1);
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

// A field of a line: quoted where it would not be one otherwise (RFC 4180).
std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char character : text) {
    quoted += character;
    if (character == '"') quoted += '"';
  }
  return quoted + "\"";
}

std::string CsvText(const std::vector<SavedResult>& results) {
  std::string text = "result,scenario,metric,unit,median,low,high,blocks\n";
  for (const SavedResult& result : results) {
    for (const ExportedValue& value : ValuesOf(result, false)) {
      const std::optional<Interval>& interval = value.estimate.interval;
      text += fmt::format(
          "{},{},{},{},{},{},{},{}\n", CsvField(result.path), CsvField(value.scenario),
          MetricName(value.metric), UnitOf(value.metric), value.estimate.median,
          interval.has_value() ? fmt::format("{}", interval->low) : "",
          interval.has_value() ? fmt::format("{}", interval->high) : "", value.estimate.count);
    }
  }
  return text;
}

// Seconds, as OpenMetrics wants times.
std::string OpenMetricsText(const std::vector<SavedResult>& results) {
  struct Family {
    const char* name;
    const char* unit;
    const char* help;
  };
  constexpr Family kThroughput = {"pgring_throughput_operations", "operations",
                                  "Operations per second."};
  const auto family_of = [&](Metric metric) -> std::pair<Family, std::string> {
    const std::string name(MetricName(metric));
    if (metric == Metric::kThroughput) return {kThroughput, ""};
    if (metric == Metric::kConnectionsPeak) {
      return {{"pgring_peak_connections", "connections", "Connections open at once."}, ""};
    }
    if (IsResponseTime(metric)) {
      return {{"pgring_response_seconds", "seconds", "Response times, by percentile."},
              fmt::format(",percentile=\"{}\"", name.substr(1))};
    }
    return {{"pgring_cpu_seconds", "seconds", "CPU time per operation, by side."},
            fmt::format(",side=\"{}\"", name.substr(0, name.find('_')))};
  };
  const std::vector<ExportedValue> values = ValuesOf(results);
  std::string text;
  std::set<std::string> written;
  for (const Metric first : kMetrics) {
    const Family family = family_of(first).first;
    if (!written.insert(family.name).second) continue;
    std::string lines;
    for (const ExportedValue& value : values) {
      const auto [own, labels] = family_of(value.metric);
      if (std::string_view(own.name) != family.name) continue;
      const double scale = IsResponseTime(value.metric) ? 1e-9 : 1;
      lines +=
          fmt::format("{}{{scenario=\"{}\"{}}} {}\n", family.name,
                      EscapeMetricLabel(value.scenario), labels, value.estimate.median * scale);
    }
    if (lines.empty()) continue;
    text += fmt::format("# TYPE {0} gauge\n# UNIT {0} {1}\n# HELP {0} {2}\n{3}", family.name,
                        family.unit, family.help, lines);
  }
  return text + "# EOF\n";
}

std::string RangeText(const MedianEstimate& estimate) {
  if (!estimate.interval.has_value()) return "";
  return fmt::format("{} to {}", estimate.interval->low, estimate.interval->high);
}

std::string GithubActionText(const std::vector<SavedResult>& results, bool of_latency) {
  Json entries = Json::array();
  for (const ExportedValue& value : ValuesOf(results)) {
    const bool is_wanted =
        of_latency ? IsResponseTime(value.metric) : value.metric == Metric::kThroughput;
    if (!is_wanted) continue;
    entries.push_back({{"name", value.scenario + " " + std::string(MetricName(value.metric))},
                       {"unit", UnitOf(value.metric)},
                       {"value", value.estimate.median}});
    if (value.estimate.interval.has_value()) entries.back()["range"] = RangeText(value.estimate);
  }
  return JsonText(entries);
}

// Its built-in measures are called latency and throughput; further ones are made when first seen.
std::string BencherText(const std::vector<SavedResult>& results) {
  Json benchmarks = Json::object();
  for (const ExportedValue& value : ValuesOf(results)) {
    Json measure = {{"value", value.estimate.median}};
    if (value.estimate.interval.has_value()) {
      measure["lower_value"] = value.estimate.interval->low;
      measure["upper_value"] = value.estimate.interval->high;
    }
    const std::string name(MetricName(value.metric));
    benchmarks[value.scenario][value.metric == Metric::kP50 ? "latency" : name] =
        std::move(measure);
  }
  return JsonText(benchmarks);
}

std::string OtavaText(const std::vector<SavedResult>& results) {
  std::vector<std::string> columns;
  std::vector<std::vector<std::pair<std::string, double>>> rows;
  for (const SavedResult& result : results) {
    std::vector<std::pair<std::string, double>>& row = rows.emplace_back();
    for (const ExportedValue& value : ValuesOf(result, false)) {
      std::string column = value.scenario + "." + std::string(MetricName(value.metric));
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
        columns.push_back(column);
      }
      row.emplace_back(std::move(column), value.estimate.median);
    }
  }
  std::string text = "time,commit";
  for (const std::string& column : columns) text += "," + CsvField(column);
  text += "\n";
  for (size_t i = 0; i < results.size(); ++i) {
    text +=
        TextBelow(results[i].tool, {"started_at"}) + "," + TextBelow(results[i].tool, {"commit"});
    for (const std::string& column : columns) {
      const auto found = std::find_if(rows[i].begin(), rows[i].end(),
                                      [&](const auto& cell) { return cell.first == column; });
      text += found == rows[i].end() ? "," : fmt::format(",{}", found->second);
    }
    text += "\n";
  }
  return text;
}

std::string MarkdownText(const std::vector<SavedResult>& results) {
  Table table;
  TableColumn scenario{{"scenario"}, {}, true, 0}, metric{{"metric"}, {}, true, 0};
  TableColumn median{{"median"}, {}, false, 0}, interval{{"interval"}, {}, true, 0};
  TableColumn blocks{{"blocks"}, {}, false, 0};
  for (const ExportedValue& value : ValuesOf(results)) {
    scenario.cells.push_back(value.scenario);
    metric.cells.emplace_back(MetricName(value.metric));
    median.cells.push_back(MetricText(value.metric, value.estimate.median));
    const std::optional<Interval>& range = value.estimate.interval;
    interval.cells.push_back(range.has_value() ? MetricText(value.metric, range->low) + " to " +
                                                     MetricText(value.metric, range->high)
                                               : std::string(kUnknownFigure));
    blocks.cells.push_back(std::to_string(value.estimate.count));
  }
  table.columns = {scenario, metric, median, interval, blocks};
  return RenderMarkdown(table);
}

}  // namespace

std::optional<ExportFormat> FindExportFormat(std::string_view name) {
  const auto found = std::find(kExportFormatNames.begin(), kExportFormatNames.end(), name);
  if (found == kExportFormatNames.end()) return std::nullopt;
  return static_cast<ExportFormat>(found - kExportFormatNames.begin());
}

std::string ExportText(ExportFormat format, const std::vector<SavedResult>& results) {
  switch (format) {
    case ExportFormat::kCsv:
      return CsvText(results);
    case ExportFormat::kOpenMetrics:
      return OpenMetricsText(results);
    case ExportFormat::kGithubAction:
      return GithubActionText(results, false);
    case ExportFormat::kGithubActionLatency:
      return GithubActionText(results, true);
    case ExportFormat::kBencher:
      return BencherText(results);
    case ExportFormat::kOtava:
      return OtavaText(results);
    case ExportFormat::kMarkdown:
      return MarkdownText(results);
  }
  return "";
}

}  // namespace pgring
