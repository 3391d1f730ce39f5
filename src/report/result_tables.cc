// The tables of text_report.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/terminal_style.h"
#include "report/text_report.h"
#include "report/text_table.h"

namespace pgring {
namespace {

using CellFunction = std::function<std::string(const RunResult&)>;

std::optional<double> Quotient(double numerator, double denominator) {
  if (!(denominator > 0) || !std::isfinite(numerator) || !std::isfinite(denominator)) {
    return std::nullopt;
  }
  return numerator / denominator;
}

std::string PercentileText(const Histogram& histogram, double percentile) {
  const std::optional<int64_t> value = histogram.SupportedPercentile(percentile);
  if (!value.has_value()) return std::string(kUnknownFigure);
  return DurationText(static_cast<double>(*value));
}

std::string MaximumText(const Histogram& histogram) {
  if (histogram.count() == 0) return std::string(kUnknownFigure);
  return DurationText(static_cast<double>(histogram.Max()));
}

bool IsTimed(const RunResult& run) { return std::isfinite(run.wall_s) && run.wall_s > 0; }

// The run that the others are compared with: the first sync run, else the first run.
const RunResult* BaselineRun(const ComparisonResult& result) {
  for (const RunResult& run : result.runs) {
    if (run.scenario.kind == ScenarioKind::kSync) return &run;
  }
  return result.runs.empty() ? nullptr : &result.runs.front();
}

bool HasSyncRun(const ComparisonResult& result) {
  const RunResult* baseline = BaselineRun(result);
  return baseline != nullptr && baseline->scenario.kind == ScenarioKind::kSync;
}

// A run that is not valid has no speed to boast of: its mark stands in the place of the factor.
std::string SpeedCell(const RunResult& run, const RunResult& baseline) {
  if (run.interrupted) return "INTERRUPTED";
  if (!run.valid()) return "INVALID";
  if (!RunIsComparable(baseline)) return std::string(kUnknownFigure);
  return FixedText(Quotient(baseline.wall_s, run.wall_s), 2);
}

// A single valid run has nothing to be compared with.
bool ShowsSpeed(const ComparisonResult& result) {
  return result.runs.size() > 1 || !RunIsComparable(result.runs.front());
}

class RunTableBuilder {
 public:
  RunTableBuilder(const ComparisonResult& result, const TextStyle& style)
      : result_(result), style_(style) {
    for (const RunResult& run : result.runs) {
      table_.alarming_rows.push_back(!RunIsComparable(run));
    }
    Add({"scenario"}, 0,
        [&style](const RunResult& run) { return PrintableText(RunLabel(run), style.unicode); });
    table_.columns.back().left = true;
  }

  void Add(std::vector<std::string> heading, int leave_out_order, const CellFunction& cell) {
    TextColumn column;
    column.heading = std::move(heading);
    column.leave_out_order = leave_out_order;
    for (const RunResult& run : result_.runs) column.cells.push_back(cell(run));
    table_.columns.push_back(std::move(column));
  }

  std::string Render() {
    return RenderTable(std::move(table_), ReportColumns(style_), style_.unicode, style_.color);
  }

 private:
  const ComparisonResult& result_;
  const TextStyle& style_;
  TextTable table_;
};

// One column each for p50 and p99 of `part`.
void AddPercentiles(const std::vector<std::string>& heading, LatencyPart part,
                    RunTableBuilder* table) {
  for (const int percentile : {50, 99}) {
    std::vector<std::string> lines = heading;
    lines.push_back(fmt::format("p{}", percentile));
    table->Add(std::move(lines), 0, [part, percentile](const RunResult& run) {
      return PercentileText(run.total.part(part), percentile);
    });
  }
}

std::string Wrapped(const std::string& text, const TextStyle& style) {
  return WrapText(PrintableText(text, style.unicode), ReportColumns(style), 2);
}

std::string InvalidRunLines(const ComparisonResult& result, const TextStyle& style) {
  std::string out;
  const auto append = [&](const std::string& text) {
    std::string lines = Wrapped(text, style);
    lines.pop_back();
    out += Styled(lines, kStyleAlarm, style.color) + "\n";
  };
  for (const RunResult& run : result.runs) {
    if (RunIsComparable(run)) continue;
    const std::string_view mark = run.interrupted ? "INTERRUPTED, not valid" : "INVALID";
    const std::string reasons = run.reasons.empty() ? "" : ": " + absl::StrJoin(run.reasons, "; ");
    append(fmt::format("{} is {}{}", RunLabel(run), mark, reasons));
  }
  std::vector<std::string> missing;
  for (const ScenarioPlan& scenario : result.plan.scenarios) {
    const std::string label = ScenarioLabel(scenario);
    const bool started =
        std::any_of(result.runs.begin(), result.runs.end(),
                    [&label](const RunResult& run) { return RunLabel(run) == label; });
    if (!started) missing.push_back(label);
  }
  if (!missing.empty()) {
    append(fmt::format("{}not run: {}", result.interrupted ? "INTERRUPTED, " : "",
                       absl::StrJoin(missing, ", ")));
  } else if (result.interrupted) {
    append("The comparison was INTERRUPTED.");
  }
  return out;
}

std::string Explanations(const ComparisonResult& result, const TextStyle& style) {
  std::string out = Wrapped(
      "response: from being scheduled to the result, all waiting included; p50 and p99 are the "
      "times within which 50 % and 99 % of the operations had their result.",
      style);
  std::vector<std::string> unbounded;
  for (const RunResult& run : result.runs) {
    if (run.limiter == LimiterKind::kUnbounded) unbounded.push_back(RunLabel(run));
  }
  if (!unbounded.empty()) {
    out += Wrapped(absl::StrJoin(unbounded, ", ") +
                       ": operations are started as fast as the client gets to it, whether a "
                       "connection is free or not; what is above the service time was spent "
                       "waiting for one.",
                   style);
  }
  if (result.runs.size() == 1) return out;
  const RunResult& baseline = *BaselineRun(result);
  if (!HasSyncRun(result)) {
    out += Wrapped("times faster: relative to " + RunLabel(baseline) +
                       ", the first run, as there is no sync run.",
                   style);
  }
  if (!RunIsComparable(baseline)) {
    out += Wrapped("times faster: not given, because " + RunLabel(baseline) +
                       ", with which the others would be compared, is not valid.",
                   style);
  }
  return out;
}

std::string SpeedHeading(const ComparisonResult& result) {
  if (HasSyncRun(result)) return "than sync";
  // A longer name would widen the column for one word; the line below the table gives it.
  constexpr size_t kLongestName = 7;
  const std::string label = PrintableText(RunLabel(*BaselineRun(result)), false);
  return label.size() <= kLongestName ? "than " + label : "than first";
}

}  // namespace

std::string ResultTable(const ComparisonResult& result, const TextStyle& style) {
  if (result.runs.empty()) {
    return "No scenario was run.\n" + InvalidRunLines(result, style);
  }
  const RunResult& baseline = *BaselineRun(result);
  std::vector<double> wall_s;
  for (const RunResult& run : result.runs) wall_s.push_back(run.wall_s);
  const int time_decimals = ColumnDecimals(wall_s);

  RunTableBuilder table(result, style);
  table.Add({"time", "s"}, 0, [&](const RunResult& run) {
    return IsTimed(run) ? FixedText(run.wall_s, time_decimals) : std::string(kUnknownFigure);
  });
  if (ShowsSpeed(result)) {
    table.Add({"times", "faster", SpeedHeading(result)}, 0,
              [&](const RunResult& run) { return SpeedCell(run, baseline); });
  }
  table.Add({"operations", "per s"}, 1, [](const RunResult& run) {
    return IsTimed(run) ? FigureText(run.throughput_per_s) : std::string(kUnknownFigure);
  });
  AddPercentiles({"response"}, LatencyPart::kResponse, &table);
  table.Add({"connections", "in use", "peak / mean"}, 0, [](const RunResult& run) {
    constexpr int kMeanColumns = 4;  // "98.7", so that the strokes stand below each other
    const std::string mean =
        IsTimed(run) ? FixedText(run.connections.mean_in_use, 1) : std::string(kUnknownFigure);
    return fmt::format("{} / {:>{}}", CountText(run.connections.peak_in_use), mean, kMeanColumns);
  });
  table.Add({"round", "trips", "per op."}, 4, [](const RunResult& run) {
    if (run.round_trips <= 0) return std::string(kUnknownFigure);
    return FixedText(
        Quotient(static_cast<double>(run.round_trips), static_cast<double>(run.total.succeeded)),
        2);
  });
  table.Add({"client", "CPU us", "per op."}, 2, [](const RunResult& run) {
    return FigureText(Quotient((run.client.user_s + run.client.sys_s) * kMicrosecondsPerSecond,
                               static_cast<double>(run.total.succeeded)));
  });
  table.Add({"failed"}, 0, [](const RunResult& run) { return CountText(run.total.failed); });
  return table.Render() + InvalidRunLines(result, style) + Explanations(result, style);
}

std::string TimeSplitTable(const ComparisonResult& result, const TextStyle& style) {
  struct Part {
    LatencyPart part;
    std::string_view first_line;
    std::string_view second_line;
  };
  static constexpr Part kParts[] = {{LatencyPart::kAdmissionWait, "wait for", "limiter"},
                                    {LatencyPart::kPoolWait, "wait for", "connection"},
                                    {LatencyPart::kService, "", "service"}};
  RunTableBuilder table(result, style);
  for (const Part& part : kParts) {
    AddPercentiles({std::string(part.first_line), std::string(part.second_line)}, part.part,
                   &table);
  }
  // A workload of many kinds would not fit; result.json has them all.
  constexpr size_t kMostKinds = 3;
  std::vector<std::string> kinds;
  for (const RunResult& run : result.runs) {
    for (const LatencyByKind& kind : run.by_kind) {
      if (std::find(kinds.begin(), kinds.end(), kind.name) == kinds.end()) {
        kinds.push_back(kind.name);
      }
    }
  }
  if (kinds.size() > kMostKinds) kinds.clear();
  for (const std::string& name : kinds) {
    table.Add({"service", PrintableText(name, style.unicode), "p50"}, 1,
              [&name](const RunResult& run) {
                for (const LatencyByKind& kind : run.by_kind) {
                  if (kind.name != name) continue;
                  return PercentileText(kind.summary.part(LatencyPart::kService), 50);
                }
                return std::string(kUnknownFigure);
              });
  }
  return Styled("Where the time of an operation went", kStyleBold, style.color) + "\n" +
         table.Render() +
         Wrapped(
             "service: from having a connection to the result; response is the sum of the "
             "three, operation by operation.",
             style);
}

std::string CostTable(const ComparisonResult& result, const TextStyle& style) {
  RunTableBuilder table(result, style);
  table.Add({"requested"}, 4,
            [](const RunResult& run) { return CountText(run.connections.requested); });
  table.Add({"opened"}, 0, [](const RunResult& run) { return CountText(run.connections.opened); });
  table.Add({"refused"}, 0,
            [](const RunResult& run) { return CountText(run.connections.refused); });
  table.Add({"most", "open"}, 5,
            [](const RunResult& run) { return CountText(run.connections.peak_open); });
  table.Add({"connect", "p50"}, 0,
            [](const RunResult& run) { return PercentileText(run.connections.connect_ns, 50); });
  table.Add({"connect", "longest"}, 2,
            [](const RunResult& run) { return MaximumText(run.connections.connect_ns); });
  table.Add({"client", "memory per", "connection"}, 0,
            [](const RunResult& run) { return BytesText(run.client.bytes_per_connection); });
  table.Add({"client", "memory", "peak"}, 3,
            [](const RunResult& run) { return BytesText(run.client.max_rss_bytes); });
  table.Add({"client", "CPU", "s"}, 1,
            [](const RunResult& run) { return FigureText(run.client.user_s + run.client.sys_s); });
  table.Add({"server", "CPU", "s"}, 1, [](const RunResult& run) {
    if (!run.server.has_value()) return std::string(kUnknownFigure);
    return FigureText(run.server->user_s + run.server->sys_s);
  });
  return Styled("Connections and costs", kStyleBold, style.color) + "\n" + table.Render();
}

}  // namespace pgring
