// The tables of text_report.h that explain the result: where the time went, what it cost.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/run_table.h"
#include "report/terminal_style.h"
#include "report/text_report.h"

namespace pgring {
namespace {

std::string MaximumText(const Histogram& histogram) {
  if (histogram.count() == 0) return std::string(kUnknownFigure);
  return DurationText(static_cast<double>(histogram.Max()));
}

// async has no limit to wait for.
void AddWaitToBegin(RunTableBuilder* table) {
  for (const int percentile : {50, 99}) {
    table->Add({"wait to", "begin", fmt::format("p{}", percentile)}, percentile == 50 ? 5 : 4,
               [percentile](const RunResult& run) {
                 if (run.limiter == LimiterKind::kUnbounded) return std::string(kUnknownFigure);
                 return PercentileText(run.total.part(LatencyPart::kAdmissionWait), percentile);
               });
  }
}

}  // namespace

std::string TimeSplitTable(const ComparisonResult& result, const TextStyle& style) {
  RunTableBuilder table(result, style);
  // In a closed loop an operation exists once it is admitted.
  const bool open_loop = result.plan.load.open_loop();
  if (open_loop) AddWaitToBegin(&table);
  table.AddPercentiles({"wait for", "connection"}, LatencyPart::kPoolWait, 2);
  table.AddPercentiles({"", "service"}, LatencyPart::kService, 0);
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
    table.Add({"service", PrintableText(name, style.unicode), "p50"}, 6,
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
         Wrapped(open_loop
                     ? "wait to begin: from when an operation was due until the scenario had room "
                       "for it; async always has. service: from having a connection to the result. "
                       "response is the sum of the waits and the service, operation by operation."
                     : "service: from having a connection to the result; latency is the sum of "
                       "both, operation by operation.",
                 style);
}

std::string CostTable(const ComparisonResult& result, const TextStyle& style) {
  RunTableBuilder table(result, style);
  const auto refused = [](const RunResult& run) { return run.connections.refused; };
  table.Add({"requested"}, 8,
            [](const RunResult& run) { return CountText(run.connections.requested); });
  table.Add({"opened"}, 0, [](const RunResult& run) { return CountText(run.connections.opened); });
  table.Add({"refused"}, OrderOfCount(result, 5, refused),
            [](const RunResult& run) { return CountText(run.connections.refused); });
  table.Add({"most", "open"}, 9,
            [](const RunResult& run) { return CountText(run.connections.peak_open); });
  table.Add({"connect", "p50"}, 4,
            [](const RunResult& run) { return PercentileText(run.connections.connect_ns, 50); });
  table.Add({"connect", "longest"}, 6,
            [](const RunResult& run) { return MaximumText(run.connections.connect_ns); });
  const bool any_before =
      std::any_of(result.runs.begin(), result.runs.end(),
                  [](const RunResult& run) { return run.connections.opened_before > 0; });
  if (any_before) {
    table.Add({"connecting", "before", "the clock"}, 1, [](const RunResult& run) {
      if (run.connections.opened_before == 0) return std::string(kUnknownFigure);
      return DurationText(run.connections.connecting_s * kNanosecondsPerSecond);
    });
  }
  table.Add({"client", "memory per", "connection"}, 3,
            [](const RunResult& run) { return BytesText(run.client.bytes_per_connection); });
  table.Add({"client", "memory", "peak"}, 7,
            [](const RunResult& run) { return BytesText(run.client.max_rss_bytes); });
  table.Add({"client", "CPU", "s"}, 2,
            [](const RunResult& run) { return FigureText(run.client.user_s + run.client.sys_s); });
  table.Add({"server", "CPU", "s"}, 2, [](const RunResult& run) {
    if (!run.server.has_value()) return std::string(kUnknownFigure);
    return FigureText(run.server->user_s + run.server->sys_s);
  });
  std::string out =
      Styled("Connections and costs", kStyleBold, style.color) + "\n" + table.Render();
  if (any_before) {
    out += Wrapped(
        "connecting before the clock: until the connections were open that a run began with; no "
        "operation's time contains it.",
        style);
  }
  const bool knows_memory =
      std::any_of(result.runs.begin(), result.runs.end(),
                  [](const RunResult& run) { return run.client.bytes_per_connection.has_value(); });
  if (knows_memory) {
    out += Wrapped("client memory per connection: what closing the connections gave back.", style);
  }
  return out;
}

}  // namespace pgring
