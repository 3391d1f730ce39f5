#include "report/limits_picture.h"

#include <algorithm>
#include <set>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/statistics/median_interval.h"
#include "report/connections_svg.h"
#include "report/format.h"
#include "report/knee_svg.h"
#include "report/knee_text.h"
#include "report/terminal_graph.h"

namespace pgring {
namespace {

bool DifferInLimitAlone(const std::vector<Run>& runs) {
  if (runs.size() < 2) return false;
  std::set<int> limits;
  bool pools_follow = true, pools_are_alike = true, others_are_alike = true;
  const ScenarioPlan& first = runs.front().scenario;
  for (const Run& run : runs) {
    const ScenarioPlan& scenario = run.scenario;
    if (!scenario.limit.has_value() || *scenario.limit < 1) return false;
    limits.insert(*scenario.limit);
    pools_follow &= scenario.pool.size == *scenario.limit;
    pools_are_alike &= scenario.pool.size == first.pool.size;
    others_are_alike &= scenario.type == first.type && scenario.pipeline == first.pipeline &&
                        scenario.pool.max_overflow == first.pool.max_overflow &&
                        scenario.pool.timeout_s == first.pool.timeout_s;
  }
  return others_are_alike && (pools_follow || pools_are_alike) && limits.size() == runs.size();
}

KneePoint PointOf(const ComparisonResult& result, const Run& run) {
  KneePoint point;
  point.limit = *run.scenario.limit;
  std::vector<double> throughputs_per_s, p99s_ms;
  for (const Run* const counted : result.CountedRuns(run.scenario.label)) {
    if (!counted->comparable() || counted->duration_s() <= 0) continue;
    throughputs_per_s.push_back(counted->throughput_per_s());
    const std::optional<int64_t> p99_ns =
        counted->total().part(LatencyPart::kResponse).SupportedPercentile(99);
    if (p99_ns.has_value()) {
      p99s_ms.push_back(static_cast<double>(*p99_ns) / kNanosecondsPerMillisecond);
    }
  }
  point.failed = throughputs_per_s.empty();
  if (point.failed) return point;
  const MedianEstimate throughput = EstimateMedian(throughputs_per_s);
  point.throughput_per_s = throughput.median;
  point.throughput_interval_per_s = throughput.interval;
  if (p99s_ms.empty()) return point;
  const MedianEstimate p99 = EstimateMedian(p99s_ms);
  point.p99_ms = p99.median;
  point.p99_interval_ms = p99.interval;
  return point;
}

}  // namespace

std::optional<KneePicture> LimitsPicture(const ComparisonResult& result) {
  if (!DifferInLimitAlone(result.runs) || result.plan.load.open_loop()) return std::nullopt;
  KneePicture picture;
  picture.is_search = false;
  picture.title = std::string(result.runs.front().scenario.type->name);
  picture.notes = {ServerText(result), WorkloadText(result.plan)};
  for (const Run& run : result.runs) picture.points.push_back(PointOf(result, run));
  return picture;
}

std::string ComparisonGraph(const ComparisonResult& result, const TextStyle& style) {
  const std::optional<KneePicture> limits = LimitsPicture(result);
  return limits.has_value() ? KneeText(*limits, style) : ConnectionsGraph(result, style);
}

std::string ComparisonSvg(const ComparisonResult& result) {
  const std::optional<KneePicture> limits = LimitsPicture(result);
  return limits.has_value() ? KneeSvg(*limits) : ConnectionsSvg(result);
}

const char* ComparisonSvgName(const ComparisonResult& result) {
  return LimitsPicture(result).has_value() ? "limits.svg" : "connections.svg";
}

}  // namespace pgring
