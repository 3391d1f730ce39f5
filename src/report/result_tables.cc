// The table of tables.h that answers the question, and what its columns mean.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/run_table.h"
#include "report/tables.h"

namespace pgring {
namespace {

bool IsTimed(const Run& run) { return run.duration_s() > 0; }

// A run that is not valid has no speed to boast of: its mark stands in the place of the factor.
std::string SpeedCell(const Run& run, const ScenarioSummary& summary) {
  if (run.interrupted) return "INTERRUPTED";
  if (!run.valid()) return "INVALID";
  if (!summary.speed.has_value()) return std::string(kUnknownFigure);
  return FixedText(summary.speed->ratio, 2);
}

// A single valid run has nothing to be compared with; repeats have a table for it.
bool ShowsSpeed(const ComparisonResult& result) {
  if (result.has_repeats()) return false;
  return result.runs.size() > 1 || !result.runs.front().comparable();
}

void AddInvalidRuns(const ComparisonResult& result, std::vector<TableNote>* notes) {
  for (const Run& run : result.runs) {
    if (run.comparable()) continue;
    const std::string_view mark = run.interrupted ? "INTERRUPTED, not valid" : "INVALID";
    const std::vector<std::string>& reasons = run.verdict.reasons;
    notes->push_back({fmt::format("{} is {}{}", RunLabel(run), mark,
                                  reasons.empty() ? "" : ": " + absl::StrJoin(reasons, "; ")),
                      true});
  }
  std::vector<std::string> missing;
  for (const ScenarioPlan& scenario : result.plan.scenarios) {
    const std::string label = ScenarioLabel(scenario);
    const bool started = std::any_of(result.runs.begin(), result.runs.end(),
                                     [&label](const Run& run) { return RunLabel(run) == label; });
    if (!started) missing.push_back(label);
  }
  if (!missing.empty()) {
    notes->push_back({fmt::format("{}not run: {}", result.interrupted ? "INTERRUPTED, " : "",
                                  absl::StrJoin(missing, ", ")),
                      true});
  } else if (result.interrupted) {
    notes->push_back({"The comparison was INTERRUPTED.", true});
  }
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
  for (const Run& run : result.runs) {
    if (!run.scenario.type->has_limit) unbounded.push_back(RunLabel(run));
  }
  if (unbounded.empty()) return "";
  return absl::StrJoin(unbounded, ", ") +
         (result.plan.load.open_loop()
              ? ": operations are begun when they are due, whether a connection is free or not."
              : ": operations are begun as fast as the client gets to it, whether a connection is "
                "free or not; latency beyond the service time was spent waiting for one.");
}

std::string SpeedExplanation(const ComparisonResult& result, SpeedMeasure measure) {
  const Run& base = result.runs.front();
  const std::string label = RunLabel(base);
  const bool by_time = measure == SpeedMeasure::kTime;
  const std::string name = by_time ? "times faster: " : "times the throughput: ";
  if (!base.comparable()) {
    return name + "not given, because " + label +
           " (the first one, what the others would be compared with) is not valid.";
  }
  if (by_time) {
    return name + "how many times less time the same operations took than with " + label +
           ", the first one.";
  }
  return name + "operations per second, relative to " + label + ", the first one.";
}

void AddExplanations(const ComparisonResult& result, SpeedMeasure measure,
                     std::vector<TableNote>* notes) {
  notes->push_back({WholeTimeExplanation(result)});
  const std::string unbounded = UnboundedExplanation(result);
  if (!unbounded.empty()) notes->push_back({unbounded});
  if (!ShowsSpeed(result) || result.runs.size() == 1) return;
  notes->push_back({SpeedExplanation(result, measure)});
  if (result.plan.load.open_loop()) {
    notes->push_back(
        {"The schedule sets the throughput of every run that keeps up with it: compare the "
         "response times."});
  }
}

std::vector<std::string> SpeedHeading(const ComparisonResult& result, SpeedMeasure measure) {
  const bool by_time = measure == SpeedMeasure::kTime;
  // A longer name would widen the column for one word; the line below the table gives it.
  constexpr size_t kLongestName = 7;
  std::string base = RunLabel(result.runs.front());
  if (base.size() > kLongestName) base = by_time ? "first" : "the first";
  if (by_time) return {"times", "faster", "than " + base};
  return {"times the", "throughput", "of " + base};
}

void AddCosts(const ComparisonResult& result, RunTableBuilder* table) {
  table->Add({"round", "trips", "per op."}, 10, [](const Run& run) {
    if (run.tally.round_trips <= 0) return std::string(kUnknownFigure);
    return FixedText(Quotient(static_cast<double>(run.tally.round_trips),
                              static_cast<double>(run.total().succeeded)),
                     2);
  });
  table->Add({"system", "calls", "per op."}, 11, [](const Run& run) {
    if (run.tally.system_calls <= 0) return std::string(kUnknownFigure);
    return FixedText(Quotient(static_cast<double>(run.tally.system_calls),
                              static_cast<double>(run.total().succeeded)),
                     2);
  });
  table->Add({"client", "CPU us", "per op."}, 9, [](const Run& run) {
    return FigureText(Quotient((run.client.user_s + run.client.system_s) * kMicrosecondsPerSecond,
                               static_cast<double>(run.total().succeeded)));
  });
  const auto failed = [](const Run& run) { return run.total().failed; };
  table->Add({"failed"}, OrderOfCount(result, 8, failed),
             [](const Run& run) { return CountText(run.total().failed); });
}

}  // namespace

Table ResultTable(const ComparisonResult& result, const Summary& summary) {
  if (result.runs.empty()) {
    Table table;
    table.title = "No scenario was run.";
    AddInvalidRuns(result, &table.notes);
    return table;
  }
  std::vector<double> duration_s;
  for (const Run& run : result.runs) duration_s.push_back(run.duration_s());
  const int time_decimals = ColumnDecimals(duration_s);
  const bool all_comparable = std::all_of(result.runs.begin(), result.runs.end(),
                                          [](const Run& run) { return run.comparable(); });
  RunTableBuilder table(result);
  table.Add({"time", "s"}, 6, [&](const Run& run) {
    return IsTimed(run) ? FixedText(run.duration_s(), time_decimals) : std::string(kUnknownFigure);
  });
  if (ShowsSpeed(result)) {
    // The mark of an invalid run stays.
    table.Add(SpeedHeading(result, summary.measure), all_comparable ? 3 : 0, [&](const Run& run) {
      const auto place = static_cast<size_t>(&run - result.runs.data());
      return SpeedCell(run, summary.scenarios[place]);
    });
  }
  table.Add({"operations", "per s"}, 0, [](const Run& run) {
    return IsTimed(run) ? FigureText(run.throughput_per_s()) : std::string(kUnknownFigure);
  });
  table.AddPercentiles({std::string(WholeTimeName(result.plan))}, LatencyPart::kResponse, 4);
  table.Add({"connections", "in use", "peak / mean"}, 7, [](const Run& run) {
    constexpr int kMeanColumns = 4;  // "98.7", so that the strokes stand below each other
    const std::string mean = IsTimed(run) ? FixedText(run.timeline.Mean(ConnectionGauge::kInUse), 1)
                                          : std::string(kUnknownFigure);
    return fmt::format("{} / {:>{}}", CountText(run.timeline.Peak(ConnectionGauge::kInUse)), mean,
                       kMeanColumns);
  });
  AddCosts(result, &table);
  Table made = table.Take("");
  AddInvalidRuns(result, &made.notes);
  AddExplanations(result, summary.measure, &made.notes);
  if (result.has_repeats()) made.title = "Of each scenario the run whose throughput was the median";
  return made;
}

}  // namespace pgring
