// The table of text_report.h that answers the question, and what its columns mean.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/run_table.h"
#include "report/speed.h"
#include "report/terminal_style.h"
#include "report/text_report.h"

namespace pgring {
namespace {

bool IsTimed(const RunResult& run) { return std::isfinite(run.wall_s) && run.wall_s > 0; }

// A run that is not valid has no speed to boast of: its mark stands in the place of the factor.
std::string SpeedCell(const RunResult& run, const SpeedComparison& speed) {
  if (run.interrupted) return "INTERRUPTED";
  if (!run.valid()) return "INVALID";
  return FixedText(speed.Factor(run), 2);
}

// A single valid run has nothing to be compared with.
bool ShowsSpeed(const ComparisonResult& result) {
  return result.runs.size() > 1 || !RunIsComparable(result.runs.front());
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

std::string WholeTimeExplanation(const ComparisonResult& result) {
  return std::string(result.plan.load.open_loop()
                         ? "response: from when the operation was due to its result, all waiting "
                           "included"
                         : "latency: from when the operation was admitted to its result, that is, "
                           "waiting for a connection and service") +
         "; p50 and p99 are the times within which 50 % and 99 % of the successful operations had "
         "their result.";
}

// What async does differently; empty where it took no part.
std::string UnboundedExplanation(const ComparisonResult& result) {
  std::vector<std::string> unbounded;
  for (const RunResult& run : result.runs) {
    if (run.limiter == LimiterKind::kUnbounded) unbounded.push_back(RunLabel(run));
  }
  if (unbounded.empty()) return "";
  return absl::StrJoin(unbounded, ", ") +
         (result.plan.load.open_loop()
              ? ": operations are begun when they are due, whether a connection is free or not."
              : ": operations are begun as fast as the client gets to it, whether a connection is "
                "free or not; latency beyond the service time was spent waiting for one.");
}

std::string SpeedExplanation(const SpeedComparison& speed) {
  const std::string base = RunLabel(*speed.base());
  const bool by_time = speed.measure() == SpeedMeasure::kTime;
  const std::string name = by_time ? "times faster: " : "times the throughput: ";
  const std::string why_base =
      speed.base_is_sync() ? "" : ", the first run, as there is no sync run";
  if (!RunIsComparable(*speed.base())) {
    return name + "not given, because " + base + " (what the others would be compared with" +
           why_base + ") is not valid.";
  }
  if (by_time) {
    return name + "how many times less time the same operations took than with " + base + why_base +
           ".";
  }
  return name + "operations per second, relative to " + base + why_base + ".";
}

std::string Explanations(const ComparisonResult& result, const SpeedComparison& speed,
                         const TextStyle& style) {
  std::string out = Wrapped(WholeTimeExplanation(result), style);
  const std::string unbounded = UnboundedExplanation(result);
  if (!unbounded.empty()) out += Wrapped(unbounded, style);
  if (result.runs.size() == 1) return out;
  out += Wrapped(SpeedExplanation(speed), style);
  if (result.plan.load.open_loop()) {
    out += Wrapped(
        "The schedule sets the throughput of every run that keeps up with it: compare the response "
        "times.",
        style);
  }
  return out;
}

std::vector<std::string> SpeedHeading(const SpeedComparison& speed) {
  const bool by_time = speed.measure() == SpeedMeasure::kTime;
  // A longer name would widen the column for one word; the line below the table gives it.
  constexpr size_t kLongestName = 7;
  std::string base = PrintableText(RunLabel(*speed.base()), false);
  if (speed.base_is_sync()) base = "sync";
  if (base.size() > kLongestName) base = by_time ? "first" : "the first";
  if (by_time) return {"times", "faster", "than " + base};
  return {"times the", "throughput", "of " + base};
}

}  // namespace

std::string ResultTable(const ComparisonResult& result, const TextStyle& style) {
  if (result.runs.empty()) {
    return "No scenario was run.\n" + InvalidRunLines(result, style);
  }
  const SpeedComparison speed(result);
  std::vector<double> wall_s;
  for (const RunResult& run : result.runs) wall_s.push_back(run.wall_s);
  const int time_decimals = ColumnDecimals(wall_s);

  const bool all_comparable = std::all_of(result.runs.begin(), result.runs.end(), RunIsComparable);
  RunTableBuilder table(result, style);
  table.Add({"time", "s"}, 6, [&](const RunResult& run) {
    return IsTimed(run) ? FixedText(run.wall_s, time_decimals) : std::string(kUnknownFigure);
  });
  if (ShowsSpeed(result)) {
    // The mark of an invalid run stays.
    table.Add(SpeedHeading(speed), all_comparable ? 3 : 0,
              [&](const RunResult& run) { return SpeedCell(run, speed); });
  }
  table.Add({"operations", "per s"}, 0, [](const RunResult& run) {
    return IsTimed(run) ? FigureText(run.throughput_per_s) : std::string(kUnknownFigure);
  });
  table.AddPercentiles({std::string(WholeTimeName(result.plan))}, LatencyPart::kResponse, 4);
  table.Add({"connections", "in use", "peak / mean"}, 7, [](const RunResult& run) {
    constexpr int kMeanColumns = 4;  // "98.7", so that the strokes stand below each other
    const std::string mean =
        IsTimed(run) ? FixedText(run.connections.mean_in_use, 1) : std::string(kUnknownFigure);
    return fmt::format("{} / {:>{}}", CountText(run.connections.peak_in_use), mean, kMeanColumns);
  });
  table.Add({"round", "trips", "per op."}, 10, [](const RunResult& run) {
    if (run.round_trips <= 0) return std::string(kUnknownFigure);
    return FixedText(
        Quotient(static_cast<double>(run.round_trips), static_cast<double>(run.total.succeeded)),
        2);
  });
  table.Add({"client", "CPU us", "per op."}, 9, [](const RunResult& run) {
    return FigureText(Quotient((run.client.user_s + run.client.sys_s) * kMicrosecondsPerSecond,
                               static_cast<double>(run.total.succeeded)));
  });
  const auto failed = [](const RunResult& run) { return run.total.failed; };
  table.Add({"failed"}, OrderOfCount(result, 8, failed),
            [](const RunResult& run) { return CountText(run.total.failed); });
  return table.Render() + InvalidRunLines(result, style) + Explanations(result, speed, style);
}

}  // namespace pgring
