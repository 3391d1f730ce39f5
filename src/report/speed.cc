#include "report/speed.h"

#include <algorithm>

#include "report/format.h"
#include "report/run_table.h"

namespace pgring {
namespace {

const RunResult* BaseOf(const ComparisonResult& result) {
  for (const RunResult& run : result.runs) {
    if (run.scenario.kind == ScenarioKind::kSync) return &run;
  }
  return result.runs.empty() ? nullptr : &result.runs.front();
}

// Runs that are not valid take no part: an interrupted one has fewer operations than the others.
bool AllRanTheSameNumber(const ComparisonResult& result) {
  std::optional<int64_t> scheduled;
  return std::all_of(result.runs.begin(), result.runs.end(), [&scheduled](const RunResult& run) {
    if (!RunIsComparable(run)) return true;
    if (!scheduled.has_value()) scheduled = run.total.scheduled;
    return *scheduled == run.total.scheduled;
  });
}

}  // namespace

std::string_view SpeedMeasureName(SpeedMeasure measure) {
  return measure == SpeedMeasure::kTime ? "time" : "throughput";
}

SpeedComparison::SpeedComparison(const ComparisonResult& result) : base_(BaseOf(result)) {
  if (result.plan.load.duration_s.has_value() || !AllRanTheSameNumber(result)) {
    measure_ = SpeedMeasure::kThroughput;
  }
}

bool SpeedComparison::base_is_sync() const {
  return base_ != nullptr && base_->scenario.kind == ScenarioKind::kSync;
}

std::optional<double> SpeedComparison::Factor(const RunResult& run) const {
  if (base_ == nullptr || !RunIsComparable(*base_) || !RunIsComparable(run)) return std::nullopt;
  if (measure_ == SpeedMeasure::kTime) return Quotient(base_->wall_s, run.wall_s);
  return Quotient(run.throughput_per_s, base_->throughput_per_s);
}

}  // namespace pgring
