// The tables of tables.h that explain the result: where the time went, what it cost.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/run_table.h"
#include "report/tables.h"

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
               [percentile](const Run& run) {
                 if (!run.scenario.type->has_limit) return std::string(kUnknownFigure);
                 return PercentileText(run.total().part(LatencyPart::kAdmissionWait), percentile);
               });
  }
}

// Where operations share connections.
void AddSharing(const ComparisonResult& result, RunTableBuilder* table) {
  const auto shares = [](const Run& run) { return run.scenario.type->shares_connections; };
  if (std::none_of(result.runs.begin(), result.runs.end(), shares)) return;
  for (const int percentile : {50, 99}) {
    table->Add({"queued", "behind others", fmt::format("p{}", percentile)}, 1,
               [percentile, shares](const Run& run) {
                 if (!shares(run)) return std::string(kUnknownFigure);
                 return PercentileText(run.total().part(LatencyPart::kQueued), percentile);
               });
  }
  table->Add({"in flight per", "connection", "peak / mean"}, 1, [shares](const Run& run) {
    if (!shares(run) || run.depths.empty()) return std::string(kUnknownFigure);
    int peak = 0;
    double sum = 0;
    for (const ConnectionDepth& depth : run.depths) {
      peak = std::max(peak, depth.peak);
      sum += depth.mean;
    }
    return fmt::format("{} / {:.1f}", peak, sum / static_cast<double>(run.depths.size()));
  });
  table->AddNote(
      "queued: part of service, for how long others' transactions were before an operation's on a "
      "connection that they share: until its own could be sent, and then until the server had "
      "answered those before it.");
}

}  // namespace

Table TimeSplitTable(const ComparisonResult& result) {
  RunTableBuilder table(result);
  // In a closed loop an operation exists once it is admitted.
  const bool open_loop = result.plan.load.open_loop();
  if (open_loop) AddWaitToBegin(&table);
  table.AddPercentiles({"wait for", "connection"}, LatencyPart::kPoolWait, 2);
  table.AddPercentiles({"", "service"}, LatencyPart::kService, 0);
  AddSharing(result, &table);
  // A workload of many kinds would not fit; result.json has them all.
  constexpr size_t kMostKinds = 3;
  std::vector<std::string> kinds;
  for (const Run& run : result.runs) {
    for (const std::string& kind : run.kinds) {
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
    }
  }
  if (kinds.size() > kMostKinds) kinds.clear();
  for (const std::string& name : kinds) {
    table.Add({"service", name, "p50"}, 6, [&name](const Run& run) {
      for (size_t kind = 0; kind < run.kinds.size(); ++kind) {
        if (run.kinds[kind] != name) continue;
        return PercentileText(run.recorder.kind(kind).part(LatencyPart::kService), 50);
      }
      return std::string(kUnknownFigure);
    });
  }
  table.AddNote(
      open_loop
          ? "wait to begin: from when an operation was due until the scenario had room for it; "
            "async always has. service: from having a connection to the result. response is the "
            "sum of the waits and the service, operation by operation."
          : "service: from having a connection to the result; latency is the sum of both, "
            "operation by operation.");
  return table.Take("Where the time of an operation went");
}

Table CostTable(const ComparisonResult& result) {
  RunTableBuilder table(result);
  const auto refused = [](const Run& run) { return run.connections.refused; };
  table.Add({"requested"}, 8, [](const Run& run) { return CountText(run.connections.requested); });
  table.Add({"opened"}, 0, [](const Run& run) { return CountText(run.connections.opened); });
  table.Add({"refused"}, OrderOfCount(result, 5, refused),
            [](const Run& run) { return CountText(run.connections.refused); });
  table.Add({"most", "open"}, 9,
            [](const Run& run) { return CountText(run.timeline.Peak(ConnectionGauge::kOpen)); });
  table.Add({"connect", "p50"}, 4,
            [](const Run& run) { return PercentileText(run.connect_ns, 50); });
  table.Add({"connect", "longest"}, 6, [](const Run& run) { return MaximumText(run.connect_ns); });
  const bool any_before = std::any_of(result.runs.begin(), result.runs.end(),
                                      [](const Run& run) { return run.opened_before > 0; });
  if (any_before) {
    table.Add({"connecting", "before", "the clock"}, 1, [](const Run& run) {
      if (run.opened_before == 0) return std::string(kUnknownFigure);
      return DurationText(static_cast<double>(run.connecting_ns));
    });
  }
  table.Add({"client", "memory per", "connection"}, 3,
            [](const Run& run) { return BytesText(run.bytes_per_connection); });
  table.Add({"client", "memory", "peak"}, 7,
            [](const Run& run) { return BytesText(run.peak_memory_bytes); });
  table.Add({"client", "CPU", "s"}, 2,
            [](const Run& run) { return FigureText(run.client.user_s + run.client.system_s); });
  table.Add({"server", "CPU", "s"}, 2, [](const Run& run) {
    if (!run.server.has_value()) return std::string(kUnknownFigure);
    return FigureText(run.server->user_s + run.server->system_s);
  });
  if (any_before) {
    table.AddNote(
        "connecting before the clock: until the connections were open that a run began with; no "
        "operation's time contains it.");
  }
  const bool knows_memory = std::any_of(result.runs.begin(), result.runs.end(), [](const Run& run) {
    return run.bytes_per_connection.has_value();
  });
  if (knows_memory) {
    table.AddNote("client memory per connection: what closing the connections gave back.");
  }
  return table.Take("Connections and costs");
}

}  // namespace pgring
