#include "report/json_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/speed.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

// Keeps the order in which keys are written: the one of the contract.
using Json = nlohmann::ordered_json;

Json TextOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json FiniteOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(); }

template <typename T>
Json ValueOrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json();
}

Json PoolJson(const PoolPlan& pool) {
  return {{"size", pool.size},
          {"max_overflow", pool.max_overflow},
          {"timeout_s", FiniteOrNull(pool.timeout_s)}};
}

Json LimiterJson(LimiterKind kind, const std::optional<int>& limit) {
  return {{"kind", LimiterKindName(kind)}, {"limit", ValueOrNull(limit)}};
}

Json ToolJson(const Environment& environment) {
  return {{"name", "pgring"},
          {"version", TextOrNull(environment.build.version)},
          {"commit", TextOrNull(environment.build.commit)},
          {"started_at", TextOrNull(environment.started_at)}};
}

Json EnvironmentJson(const Environment& environment) {
  Json settings = Json::object();
  for (const auto& [name, value] : environment.server_settings) settings[name] = value;
  const Json cpu_count = environment.cpu_count > 0 ? Json(environment.cpu_count) : Json();
  return {{"host", TextOrNull(environment.host)},
          {"kernel", TextOrNull(environment.kernel)},
          {"cpu", {{"model", TextOrNull(environment.cpu_model)}, {"count", cpu_count}}},
          {"compiler", TextOrNull(environment.build.compiler)},
          {"build_type", TextOrNull(environment.build.build_type)},
          {"libpq", TextOrNull(environment.libpq_version)},
          {"server_version", TextOrNull(environment.server_version)},
          {"settings", std::move(settings)}};
}

Json WorkloadJson(const WorkloadPlan& workload) {
  Json json = {{"name", workload.name},
               {"operations",
                workload.operations == kUnlimitedOperations ? Json() : Json(workload.operations)}};
  if (workload.scripts.empty()) {
    json["write_ratio"] = FiniteOrNull(workload.write_ratio);
    json["seed"] = workload.seed;
    json["statements"] = StatementStyleName(workload.statements);
    json["fk_index"] = workload.fk_index;
    json["print_rows"] = workload.print_rows;
    return json;
  }
  json["seed"] = workload.seed;
  const std::optional<QueryMode> common = CommonQueryMode(workload);
  json["protocol"] = common.has_value() ? Json(QueryModeName(*common)) : Json();
  json["scale"] = ValueOrNull(workload.scale);
  json["scripts"] = Json::array();
  for (const ScriptText& script : workload.scripts) {
    json["scripts"].push_back({{"name", script.name},
                               {"weight", script.weight},
                               {"protocol", QueryModeName(workload.ModeOf(script))}});
  }
  json["variables"] = Json::object();
  for (const auto& [name, value] : workload.variables) json["variables"][name] = value;
  return json;
}

std::string_view ConnectName(const LoadPlan& load) {
  if (load.connect_each) return "each";
  return load.connect_before ? "before" : "lazily";
}

Json LoadJson(const LoadPlan& load) {
  return {{"duration_s", ValueOrNull(load.duration_s)},
          {"operations_per_client", ValueOrNull(load.operations_per_client)},
          {"connect", ConnectName(load)},
          {"warmup_s", load.warmup_s},
          {"ramp_s", load.ramp_s},
          {"rate_per_s", ValueOrNull(load.rate_per_s)},
          {"arrivals", load.open_loop() ? Json(ArrivalKindName(load.arrivals)) : Json()},
          {"latency_limit_ms", ValueOrNull(load.latency_limit_ms)},
          {"max_tries", load.max_tries},
          {"max_failed_share", load.max_failed_share},
          {"allow_unstable", load.allow_unstable},
          {"exit_on_abort", load.exit_on_abort}};
}

Json PlanJson(const ComparisonResult& result) {
  const ComparisonPlan& plan = result.plan;
  Json scenarios = Json::array();
  for (const ScenarioPlan& scenario : plan.scenarios) {
    scenarios.push_back({{"scenario", ScenarioLabel(scenario)},
                         {"driver", DriverName(DriverOf(scenario.kind))},
                         {"limiter", LimiterJson(LimiterOf(scenario.kind), scenario.limit)},
                         {"pool", PoolJson(scenario.pool)},
                         {"pipeline", scenario.pipeline}});
  }
  return {{"workload", WorkloadJson(plan.workload)},
          {"load", LoadJson(plan.load)},
          {"target",
           {{"throwaway", result.environment.server_is_throwaway || plan.target.throwaway},
            {"description", TextOrNull(plan.target.description)},
            {"address", TextOrNull(result.environment.server_address)}}},
          {"io", IoModeName(plan.io)},
          {"scenarios", std::move(scenarios)}};
}

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

Json LatencyJson(const OperationSummary& summary) {
  Json parts = Json::object();
  for (const LatencyPart part : {LatencyPart::kResponse, LatencyPart::kAdmissionWait,
                                 LatencyPart::kPoolWait, LatencyPart::kService}) {
    parts[std::string(LatencyPartName(part))] = LatencyPartJson(summary.part(part));
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

Json OperationsJson(const RunResult& run) {
  Json operations = CountsJson(run.total);
  Json by_kind = Json::object();
  for (const LatencyByKind& kind : run.by_kind) {
    Json counts = CountsJson(kind.summary);
    counts["latency_ns"] = LatencyJson(kind.summary);
    by_kind[kind.name] = std::move(counts);
  }
  operations["by_kind"] = std::move(by_kind);
  return operations;
}

// The picture's steps may be many more than a file for other programs should carry.
std::vector<TimelineStep> ReportedSteps(const RunResult& run) {
  const std::vector<TimelineStep>& steps = run.connections.timeline;
  if (steps.size() <= kMaxReportedSteps) return steps;
  ConnectionTimeline timeline(steps.size() * kConnectionGaugeCount);
  timeline.Start(0, steps.size());
  for (const TimelineStep& step : steps) {
    for (size_t g = 0; g < kConnectionGaugeCount; ++g) {
      const auto gauge = static_cast<ConnectionGauge>(g);
      const int32_t delta = step.value(gauge) - timeline.Current(gauge);
      if (delta != 0) timeline.Change(step.time_ns, gauge, delta);
    }
  }
  timeline.Finish(RunEndNs(run));
  return timeline.Steps(kMaxReportedSteps);
}

Json TimelineJson(const RunResult& run) {
  Json t_s = Json::array();
  Json open = Json::array();
  Json in_use = Json::array();
  Json waiting = Json::array();
  for (const TimelineStep& step : ReportedSteps(run)) {
    t_s.push_back(static_cast<double>(step.time_ns) / static_cast<double>(kNanosecondsPerSecond));
    open.push_back(step.value(ConnectionGauge::kOpen));
    in_use.push_back(step.value(ConnectionGauge::kInUse));
    waiting.push_back(step.value(ConnectionGauge::kWaiting));
  }
  return {{"t_s", std::move(t_s)},
          {"open", std::move(open)},
          {"in_use", std::move(in_use)},
          {"waiting", std::move(waiting)}};
}

Json ConnectionsJson(const RunResult& run) {
  const ConnectionCounts& counts = run.connections;
  // A mean over no time at all is unknown.
  const bool has_span = RunEndNs(run) > 0;
  return {{"requested", counts.requested},
          {"opened", counts.opened},
          {"refused", counts.refused},
          {"opened_before", counts.opened_before},
          {"connecting_s", counts.opened_before > 0 ? FiniteOrNull(counts.connecting_s) : Json()},
          {"connect_ns", LatencyPartJson(counts.connect_ns)},
          {"peak_open", counts.peak_open},
          {"mean_open", has_span ? FiniteOrNull(counts.mean_open) : Json()},
          {"peak_in_use", counts.peak_in_use},
          {"mean_in_use", has_span ? FiniteOrNull(counts.mean_in_use) : Json()},
          {"timeline", TimelineJson(run)}};
}

Json ClientJson(const ClientCost& client) {
  return {{"user_s", FiniteOrNull(client.user_s)},
          {"sys_s", FiniteOrNull(client.sys_s)},
          {"max_rss_bytes", ValueOrNull(client.max_rss_bytes)},
          {"voluntary_switches", client.voluntary_switches},
          {"involuntary_switches", client.involuntary_switches},
          {"enters", ValueOrNull(client.enters)},
          {"sqes", ValueOrNull(client.sqes)},
          {"cqes", ValueOrNull(client.cqes)},
          {"bytes_per_connection", ValueOrNull(client.bytes_per_connection)}};
}

Json ServerJson(const std::optional<ServerCost>& server) {
  if (!server.has_value()) return Json();
  return {{"user_s", FiniteOrNull(server->user_s)}, {"sys_s", FiniteOrNull(server->sys_s)}};
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
void AddLoadFigures(const LoadPlan& load, const RunResult& run, Json* json) {
  if (run.late.has_value()) (*json)["late"] = *run.late;
  if (load.max_tries != 1) {
    (*json)["retried"] = run.retried;
    (*json)["retries"] = run.retries;
  }
  if (load.open_loop()) (*json)["unstable"] = run.unstable;
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

// Against the run that the table compares with. A single run has nothing to be compared with.
void AddSpeed(const SpeedComparison& speed, const RunResult& run, Json* json) {
  (*json)["speed"] = {{"factor", ValueOrNull(speed.Factor(run))},
                      {"of", SpeedMeasureName(speed.measure())},
                      {"base", RunLabel(*speed.base())}};
}

Json RunJson(const RunResult& run) {
  std::vector<std::string> reasons = run.reasons;
  if (run.interrupted && reasons.empty()) reasons.emplace_back("interrupted");
  const bool timed = std::isfinite(run.wall_s) && run.wall_s > 0;
  return {{"scenario", RunLabel(run)},
          {"driver", DriverName(run.driver)},
          {"limiter", LimiterJson(run.limiter, run.scenario.limit)},
          {"pool", PoolJson(run.scenario.pool)},
          {"pipeline", run.scenario.pipeline},
          {"io", {{"mode", TextOrNull(run.io_mode)}, {"setup", TextOrNull(run.io_setup)}}},
          {"valid", RunIsComparable(run)},
          {"reasons", Json(std::move(reasons))},
          {"warnings", Json(run.warnings)},
          {"wall_s", timed ? Json(run.wall_s) : Json()},
          {"throughput_per_s", timed ? FiniteOrNull(run.throughput_per_s) : Json()},
          {"operations", OperationsJson(run)},
          {"round_trips", run.round_trips > 0 ? Json(run.round_trips) : Json()},
          {"latency_ns", LatencyJson(run.total)},
          {"connections", ConnectionsJson(run)},
          {"client", ClientJson(run.client)},
          {"server", ServerJson(run.server)},
          {"verification", VerificationJson(run.verification)},
          {"rows_read", run.rows_read},
          // A string: most JSON readers keep a number in a double, which has 53 bits.
          {"rows_checksum", fmt::format("{:016x}", run.rows_checksum)}};
}

std::string Scalar(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// nlohmann's own indentation puts every element of an array on its own line: thousands of lines
// for one timeline.
void Write(const Json& value, int indent, std::string* out) {
  constexpr int kIndent = 2;
  const bool figures =
      value.is_array() && std::all_of(value.begin(), value.end(),
                                      [](const Json& element) { return element.is_number(); });
  if (!value.is_structured() || value.empty()) {
    *out += Scalar(value);
    return;
  }
  const std::string margin(static_cast<size_t>(indent + kIndent), ' ');
  std::string_view separator = "";
  *out += value.is_object() ? '{' : '[';
  for (const auto& item : value.items()) {
    *out += separator;
    separator = figures ? ", " : ",";
    if (!figures) *out += '\n' + margin;
    if (value.is_object()) *out += Scalar(Json(item.key())) + ": ";
    Write(item.value(), indent + kIndent, out);
  }
  if (!figures) *out += '\n' + std::string(static_cast<size_t>(indent), ' ');
  *out += value.is_object() ? '}' : ']';
}

}  // namespace

std::string JsonReport(const ComparisonResult& result) {
  const SpeedComparison speed(result);
  Json runs = Json::array();
  for (const RunResult& run : result.runs) {
    runs.push_back(RunJson(run));
    if (result.runs.size() > 1) AddSpeed(speed, run, &runs.back());
    AddLoadFigures(result.plan.load, run, &runs.back());
  }
  const Json report = {{"schema", kResultSchema},
                       {"tool", ToolJson(result.environment)},
                       {"environment", EnvironmentJson(result.environment)},
                       {"plan", PlanJson(result)},
                       {"runs", std::move(runs)}};
  std::string out;
  Write(report, 0, &out);
  out += '\n';
  return out;
}

}  // namespace pgring
