#include "report/json_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/format.h"
#include "report/in_short.h"
#include "report/json_values.h"
#include "run/summary.h"

namespace pgring {
namespace {

std::string MethodText(const MedianEstimate& estimate) {
  if (!estimate.interval.has_value()) return "median";
  return fmt::format("median, order statistics, {:.1f} %", estimate.coverage * 100);
}

Json IntervalJson(const std::optional<Interval>& interval) {
  if (!interval.has_value()) return Json();
  return Json::array({interval->low, interval->high});
}

Json EstimateJson(const std::optional<MedianEstimate>& estimate) {
  if (!estimate.has_value() || estimate->count == 0) return Json();
  return {{"median", FiniteOrNull(estimate->median)},
          {"interval", IntervalJson(estimate->interval)},
          {"n", estimate->count},
          {"method", MethodText(*estimate)}};
}

// What all blocks say of a scenario; without repeats there is one.
void AddSummary(const ComparisonResult& result, const Summary& summary, size_t place, Json* json) {
  const ScenarioSummary& one = summary.scenarios[place];
  // Of a run that took no time both are unknown.
  const bool took_time = one.duration_s.median > 0;
  (*json)["summary"] = {
      {"throughput_per_s", took_time ? EstimateJson(one.throughput_per_s) : Json()},
      {"wall_s", took_time ? EstimateJson(one.duration_s) : Json()},
      {"p50_ns", EstimateJson(one.p50_ns)},
      {"p99_ns", EstimateJson(one.p99_ns)}};
  // A single scenario has nothing to be compared with.
  if (result.runs.size() < 2) return;
  Json speed = {{"factor", Json()},
                {"interval", Json()},
                {"n", one.blocks},
                {"of", SpeedMeasureName(summary.measure)},
                {"base", RunLabel(result.runs.front())},
                {"verdict", Json()},
                {"p", Json()},
                {"adjusted_p", Json()}};
  if (one.speed.has_value()) {
    speed["factor"] = one.speed->ratio;
    speed["interval"] = IntervalJson(one.speed->interval);
    if (place > 0) {
      speed["verdict"] = RatioVerdictName(one.verdict);
      speed["p"] = one.speed->p_value;
      speed["adjusted_p"] = ValueOrNull(one.adjusted_p);
    }
  }
  (*json)["speed"] = std::move(speed);
}

Json NoiseFloorJson(const ComparisonResult& result, const Summary& summary) {
  if (!summary.noise_floor.has_value()) return Json();
  const NoiseFloor& floor = *summary.noise_floor;
  return {{"scenarios", {RunLabel(result.runs[floor.first]), RunLabel(result.runs[floor.second])}},
          {"interval", IntervalJson(floor.interval)}};
}

// In the order in which they ran; without repeats none, for `runs` has everything.
Json BlocksJson(const ComparisonResult& result) {
  Json blocks = Json::array();
  for (const Block& block : result.blocks) {
    Json runs = Json::array();
    for (const Run& run : block.runs) runs.push_back(BlockRunJson(run));
    blocks.push_back({{"whole", block.is_whole()}, {"runs", std::move(runs)}});
  }
  return blocks;
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

Json ResultJson(const ComparisonResult& result) {
  const Summary summary = Summarize(result);
  Json runs = Json::array();
  for (size_t place = 0; place < result.runs.size(); ++place) {
    runs.push_back(RunJson(result.plan, result.runs[place]));
    AddSummary(result, summary, place, &runs.back());
  }
  return {{"schema", kResultSchema},
          {"tool", ToolJson(result.environment)},
          {"environment", EnvironmentJson(result.environment)},
          {"plan", PlanJson(result)},
          {"interrupted", result.interrupted},
          {"in_short", InShort(result, summary)},
          {"runs", std::move(runs)},
          {"noise_floor", NoiseFloorJson(result, summary)},
          {"blocks", BlocksJson(result)}};
}

std::string JsonText(const Json& json) {
  std::string out;
  Write(json, 0, &out);
  out += '\n';
  return out;
}

std::string JsonReport(const ComparisonResult& result) { return JsonText(ResultJson(result)); }

}  // namespace pgring
