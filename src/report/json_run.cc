// What a run was: parts of result.json.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "pgring/base/clock.h"
#include "pgring/metrics/histogram_encoding.h"
#include "report/format.h"
#include "report/json_values.h"
#include "report/timeline_columns.h"
#include "report/workers.h"

namespace pgring {
namespace {

Json LatencyPartJson(const Histogram& histogram) {
  const bool empty = histogram.count() == 0;
  const auto percentile = [&](double p) { return ValueOrNull(histogram.SupportedPercentile(p)); };
  return {{"count", histogram.count()},
          {"min", empty ? Json() : Json(histogram.Min())},
          {"mean", empty ? Json() : Json(std::llround(histogram.Mean()))},
          {"p50", percentile(50)},
          {"p90", percentile(90)},
          {"p95", percentile(95)},
          {"p99", percentile(99)},
          {"p99_9", percentile(99.9)},
          {"max", empty ? Json() : Json(histogram.Max())}};
}

Json LatencyJson(const Run& run, const OperationSummary& summary) {
  Json parts = Json::object();
  for (const LatencyPart part : {LatencyPart::kResponse, LatencyPart::kAdmissionWait,
                                 LatencyPart::kPoolWait, LatencyPart::kService}) {
    parts[std::string(LatencyPartName(part))] = LatencyPartJson(summary.part(part));
  }
  if (run.scenario.type->shares_connections) {
    parts["queued"] = LatencyPartJson(summary.part(LatencyPart::kQueued));
  }
  return parts;
}

Json CountsJson(const OperationSummary& summary) {
  Json failures = Json::object();
  for (const auto& [code, count] : summary.failures) failures[code] = count;
  return {{"scheduled", summary.scheduled},
          {"succeeded", summary.succeeded},
          {"failed", summary.failed},
          {"skipped", summary.skipped},
          {"failures", std::move(failures)}};
}

// In HdrHistogram's V2 format. What is longer than it holds stands in its last bucket.
Json HistogramsJson(const Run& run, const OperationSummary& total) {
  Json parts = Json::object();
  for (const LatencyPart part :
       {LatencyPart::kResponse, LatencyPart::kPoolWait, LatencyPart::kService}) {
    const Histogram& histogram = total.part(part);
    parts[std::string(LatencyPartName(part))] =
        histogram.count() == 0 ? Json() : Json(EncodeHistogram(histogram));
  }
  const Histogram& queued = total.part(LatencyPart::kQueued);
  if (run.scenario.type->shares_connections && queued.count() > 0) {
    parts["queued"] = EncodeHistogram(queued);
  }
  return parts;
}

// What operations were queued behind others is told of the same intervals.
Json SecondsJson(const Run& run) {
  const SecondSeries& series = run.recorder.seconds();
  Json t_s = Json::array(), succeeded = Json::array(), p50 = Json::array(), p99 = Json::array();
  for (const SeriesInterval& interval : series.Intervals()) {
    t_s.push_back(interval.start_ns / kNanosecondsPerSecond);
    succeeded.push_back(interval.succeeded);
    p50.push_back(ValueOrNull(interval.p50_ns));
    p99.push_back(ValueOrNull(interval.p99_ns));
  }
  Json json = {{"interval_s", series.interval_ns() / kNanosecondsPerSecond},
               {"t_s", std::move(t_s)},
               {"succeeded", std::move(succeeded)},
               {"p50_ns", std::move(p50)},
               {"p99_ns", std::move(p99)}};
  if (!run.scenario.type->shares_connections) return json;
  Json queued_p50 = Json::array(), queued_p99 = Json::array();
  for (const SeriesInterval& interval : run.recorder.queued_seconds().Intervals()) {
    queued_p50.push_back(ValueOrNull(interval.p50_ns));
    queued_p99.push_back(ValueOrNull(interval.p99_ns));
  }
  json["queued_p50_ns"] = std::move(queued_p50);
  json["queued_p99_ns"] = std::move(queued_p99);
  return json;
}

Json OperationsJson(const Run& run) {
  Json operations = CountsJson(run.total());
  Json by_kind = Json::object();
  for (size_t kind = 0; kind < run.kinds.size(); ++kind) {
    const OperationSummary& summary = run.recorder.kind(kind);
    Json counts = CountsJson(summary);
    counts["latency_ns"] = LatencyJson(run, summary);
    by_kind[run.kinds[kind]] = std::move(counts);
  }
  operations["by_kind"] = std::move(by_kind);
  return operations;
}

Json TimelineJson(const Run& run) {
  Json t_s = Json::array();
  Json open = Json::array();
  Json in_use = Json::array();
  Json waiting = Json::array();
  // The picture has many more steps than a file for other programs should carry.
  for (const TimelineStep& step : run.timeline.Steps(kMaxReportedSteps)) {
    t_s.push_back(NsInSeconds(step.time_ns));
    open.push_back(step.value(ConnectionGauge::kOpen));
    in_use.push_back(step.value(ConnectionGauge::kInUse));
    waiting.push_back(step.value(ConnectionGauge::kWaiting));
  }
  return {{"t_s", std::move(t_s)},
          {"open", std::move(open)},
          {"in_use", std::move(in_use)},
          {"waiting", std::move(waiting)}};
}

Json ConnectionsJson(const Run& run) {
  const PoolCounters& counts = run.connections;
  const ConnectionTimeline& timeline = run.timeline;
  // A mean over no time at all is unknown.
  const bool has_span = RunEndNs(run) > 0;
  const auto mean = [&](ConnectionGauge gauge) {
    return has_span ? FiniteOrNull(timeline.Mean(gauge)) : Json();
  };
  const double connecting_s = NsInSeconds(run.connecting_ns);
  Json json = {{"requested", counts.requested},
               {"opened", counts.opened},
               {"refused", counts.refused},
               {"opened_before", run.opened_before},
               {"connecting_s", run.opened_before > 0 ? Json(connecting_s) : Json()},
               {"connect_ns", LatencyPartJson(run.connect_ns)},
               {"peak_open", timeline.Peak(ConnectionGauge::kOpen)},
               {"mean_open", mean(ConnectionGauge::kOpen)},
               {"peak_in_use", timeline.Peak(ConnectionGauge::kInUse)},
               {"mean_in_use", mean(ConnectionGauge::kInUse)},
               {"timeline", TimelineJson(run)}};
  if (!run.scenario.type->shares_connections) return json;
  Json depths = Json::array();
  for (const ConnectionDepth& depth : run.depths) {
    depths.push_back({{"units", depth.units}, {"peak", depth.peak}, {"mean", depth.mean}});
  }
  json["in_flight"] = std::move(depths);
  Json means = Json::array(), peaks = Json::array();
  for (const DepthSlice& slice : run.depth_over_time.slices) {
    constexpr double kThousandths = 1'000;
    means.push_back(std::round(slice.mean * kThousandths) / kThousandths);
    peaks.push_back(slice.peak);
  }
  json["in_flight_over_time"] = {{"slice_s", NsInSeconds(run.depth_over_time.slice_ns)},
                                 {"mean", std::move(means)},
                                 {"peak", std::move(peaks)}};
  return json;
}

Json OfRing(const Run& run, int64_t BackendStats::* figure) {
  return run.ring.has_value() ? Json((*run.ring).*figure) : Json();
}

Json PositiveOrNull(int64_t count) { return count > 0 ? Json(count) : Json(); }

Json ClientJson(const Run& run) {
  return {{"user_s", FiniteOrNull(run.client.user_s)},
          {"sys_s", FiniteOrNull(run.client.system_s)},
          {"max_rss_bytes", ValueOrNull(run.peak_memory_bytes)},
          {"voluntary_switches", run.client.voluntary_switches},
          {"involuntary_switches", run.client.involuntary_switches},
          {"system_calls", PositiveOrNull(run.tally.system_calls)},
          {"enters", OfRing(run, &BackendStats::enters)},
          {"sqes", OfRing(run, &BackendStats::submissions)},
          {"cqes", OfRing(run, &BackendStats::completions)},
          {"bytes_per_connection", ValueOrNull(run.bytes_per_connection)}};
}

Json ServerJson(const std::optional<TreeCost>& server) {
  if (!server.has_value()) return Json();
  return {{"user_s", FiniteOrNull(server->user_s)}, {"sys_s", FiniteOrNull(server->system_s)}};
}

Json VerificationJson(const std::optional<Verification>& verification) {
  if (!verification.has_value()) return Json();
  const auto figures = [](const VerifiedFigures& named) {
    Json object = Json::object();
    for (const auto& [name, figure] : named) object[name] = figure;
    return object;
  };
  return {{"expected", figures(verification->expected)},
          {"found", figures(verification->found)},
          {"ok", verification->ok}};
}

Json CommandsJson(const std::vector<CommandFigures>& commands) {
  Json json = Json::array();
  for (const CommandFigures& command : commands) {
    json.push_back({{"script", command.script},
                    {"command", command.text},
                    {"failures", command.failures},
                    {"retries", command.retries},
                    {"pipelined", command.pipelined},
                    {"duration_ns", LatencyPartJson(command.duration_ns)}});
  }
  return json;
}

// What only some plans can bring about; other runs do not have the keys.
void AddLoadFigures(const Run& run, Json* json) {
  if (!run.workers.empty()) (*json)["workers"] = WorkersJson(run.workers);
  const LoadPlan& load = run.load;
  if (load.latency_limit_ms.has_value()) (*json)["late"] = run.late;
  if (load.max_tries != 1) {
    (*json)["retried"] = run.retried;
    (*json)["retries"] = run.retries;
  }
  if (load.open_loop()) (*json)["unstable"] = run.verdict.unstable;
  if (!run.commands.empty()) (*json)["commands"] = CommandsJson(run.commands);
  if (run.aborted_clients > 0) (*json)["aborted_clients"] = run.aborted_clients;
  const ServerMessageCounts& messages = run.server_messages;
  if (messages.warnings > 0 || messages.notices > 0 || messages.notifications > 0) {
    (*json)["server_messages"] = {{"warnings", messages.warnings},
                                  {"first_warning", TextOrNull(messages.first_warning)},
                                  {"notices", messages.notices},
                                  {"first_notice", TextOrNull(messages.first_notice)},
                                  {"notifications", messages.notifications}};
  }
}

// A run is not valid only for reasons that are told.
Json ReasonsJson(const Run& run) {
  std::vector<std::string> reasons = run.verdict.reasons;
  if (run.interrupted && reasons.empty()) reasons.emplace_back("interrupted");
  return reasons;
}

// Of a run that took no time both are unknown.
bool TookTime(const Run& run) { return std::isfinite(run.duration_s()) && run.duration_s() > 0; }

Json DurationJson(const Run& run) { return TookTime(run) ? Json(run.duration_s()) : Json(); }

Json ThroughputJson(const Run& run) {
  return TookTime(run) ? FiniteOrNull(run.throughput_per_s()) : Json();
}

}  // namespace

Json RunJson(const ComparisonPlan& plan, const Run& run) {
  const bool on_ring = run.scenario.type->driver->uses_io_uring;
  const Json mode = on_ring ? Json(IoModeName(plan.io)) : Json();
  Json json = {{"scenario", RunLabel(run)},
               {"driver", run.scenario.type->driver->name},
               {"limiter", LimiterJson(run.scenario)},
               {"pool", PoolJson(run.scenario.pool)},
               {"pipeline", run.scenario.pipeline},
               {"io",
                {{"mode", mode},
                 {"setup", TextOrNull(run.ring_setup)},
                 {"blocking_receives", OfRing(run, &BackendStats::blocking_receives)}}},
               {"valid", RunIsComparable(run)},
               {"reasons", ReasonsJson(run)},
               {"warnings", Json(run.verdict.warnings)},
               {"wall_s", DurationJson(run)},
               {"throughput_per_s", ThroughputJson(run)},
               {"operations", OperationsJson(run)},
               {"round_trips", PositiveOrNull(run.tally.round_trips)},
               {"latency_ns", LatencyJson(run, run.total())},
               {"histograms", HistogramsJson(run, run.total())},
               {"seconds", SecondsJson(run)},
               {"connections", ConnectionsJson(run)},
               {"client", ClientJson(run)},
               {"server", ServerJson(run.server)},
               {"server_samples", ServerSamplesJson(run)},
               {"verification", VerificationJson(run.verification)},
               {"rows_read", run.tally.rows_read},
               // A string: most JSON readers keep a number in a double, which has 53 bits.
               {"rows_checksum", fmt::format("{:016x}", run.tally.rows_checksum)}};
  AddLoadFigures(run, &json);
  return json;
}

Json BlockRunJson(const Run& run) {
  const OperationSummary& total = run.total();
  return {{"scenario", RunLabel(run)},
          {"valid", RunIsComparable(run)},
          {"reasons", ReasonsJson(run)},
          {"wall_s", DurationJson(run)},
          {"throughput_per_s", ThroughputJson(run)},
          {"operations", CountsJson(total)},
          {"latency_ns", LatencyJson(run, total)},
          {"histograms", HistogramsJson(run, total)},
          {"seconds", SecondsJson(run)},
          {"connections", {{"peak_open", run.timeline.Peak(ConnectionGauge::kOpen)}}},
          {"client", ClientJson(run)},
          {"server", ServerJson(run.server)}};
}

}  // namespace pgring
