#include "run/summary.h"

#include <algorithm>
#include <utility>

#include "pgring/statistics/holm.h"

namespace pgring {
namespace {

constexpr double kMedianPercentile = 50;
constexpr double kTailPercentile = 99;

// Where a duration ends the runs, each takes the same time, and the ratio of their times would say
// nothing. Runs that may not be compared take no part: an interrupted one has fewer operations.
SpeedMeasure MeasureOf(const ComparisonResult& result) {
  if (result.plan.load.duration_s.has_value()) return SpeedMeasure::kThroughput;
  std::optional<int64_t> scheduled;
  for (const Run& run : result.runs) {
    if (!run.comparable()) continue;
    if (scheduled.value_or(run.total().scheduled) != run.total().scheduled) {
      return SpeedMeasure::kThroughput;
    }
    scheduled = run.total().scheduled;
  }
  return SpeedMeasure::kTime;
}

template <typename Figure>
std::vector<double> Figures(const std::vector<const Run*>& runs, const Figure& figure) {
  std::vector<double> figures;
  for (const Run* run : runs) figures.push_back(figure(*run));
  return figures;
}

std::optional<MedianEstimate> PercentileOf(const std::vector<const Run*>& runs, double percentile) {
  std::vector<double> values;
  for (const Run* run : runs) {
    const auto value = run->total().part(LatencyPart::kResponse).SupportedPercentile(percentile);
    if (!value.has_value()) return std::nullopt;
    values.push_back(static_cast<double>(*value));
  }
  return EstimateMedian(std::move(values));
}

double SpeedOf(const Run& run, SpeedMeasure measure) {
  return measure == SpeedMeasure::kTime ? 1 / run.duration_s() : run.throughput_per_s();
}

// Nothing where they may not be compared, or took no time.
std::optional<RatioEstimate> SpeedAgainst(const std::vector<const Run*>& base,
                                          const std::vector<const Run*>& runs,
                                          SpeedMeasure measure) {
  const auto can_be_compared = [](const Run* run) {
    return run != nullptr && run->comparable() && run->throughput_per_s() > 0;
  };
  if (base.empty() || base.size() != runs.size() ||
      !std::all_of(base.begin(), base.end(), can_be_compared) ||
      !std::all_of(runs.begin(), runs.end(), can_be_compared)) {
    return std::nullopt;
  }
  const auto speed = [measure](const Run& run) { return SpeedOf(run, measure); };
  return EstimateRatio(Figures(runs, speed), Figures(base, speed));
}

ScenarioSummary SummaryOf(const std::vector<const Run*>& runs) {
  ScenarioSummary summary;
  summary.blocks = static_cast<int>(runs.size());
  if (runs.empty()) return summary;
  summary.throughput_per_s =
      EstimateMedian(Figures(runs, [](const Run& run) { return run.throughput_per_s(); }));
  summary.duration_s =
      EstimateMedian(Figures(runs, [](const Run& run) { return run.duration_s(); }));
  summary.p50_ns = PercentileOf(runs, kMedianPercentile);
  summary.p99_ns = PercentileOf(runs, kTailPercentile);
  return summary;
}

void AdjustForSeveral(Summary* summary) {
  std::vector<double> p_values;
  std::vector<ScenarioSummary*> compared;
  for (size_t place = 1; place < summary->scenarios.size(); ++place) {
    ScenarioSummary& one = summary->scenarios[place];
    if (!one.speed.has_value()) continue;
    p_values.push_back(one.speed->p_value);
    compared.push_back(&one);
  }
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  for (size_t i = 0; i < compared.size(); ++i) compared[i]->adjusted_p = adjusted[i];
}

std::optional<NoiseFloor> NoiseFloorOf(const ComparisonResult& result,
                                       const std::vector<std::vector<const Run*>>& runs,
                                       SpeedMeasure measure) {
  for (size_t first = 0; first < runs.size(); ++first) {
    for (size_t second = first + 1; second < runs.size(); ++second) {
      if (!result.runs[first].scenario.IsLike(result.runs[second].scenario)) continue;
      const auto ratio = SpeedAgainst(runs[first], runs[second], measure);
      if (ratio.has_value() && ratio->interval.has_value()) {
        return NoiseFloor{first, second, *ratio->interval};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view SpeedMeasureName(SpeedMeasure measure) {
  return measure == SpeedMeasure::kTime ? "time" : "throughput";
}

std::string_view RatioVerdictName(RatioVerdict verdict) {
  switch (verdict) {
    case RatioVerdict::kFaster:
      return "faster";
    case RatioVerdict::kSlower:
      return "slower";
    case RatioVerdict::kNoDifference:
      return "no difference";
    case RatioVerdict::kNotDecided:
      return "not decided";
  }
  return "not decided";
}

Summary Summarize(const ComparisonResult& result) {
  Summary summary;
  summary.measure = MeasureOf(result);
  std::vector<std::vector<const Run*>> runs;
  for (size_t place = 0; place < result.runs.size(); ++place) {
    runs.push_back(result.CountedRuns(result.runs[place].scenario.label));
    summary.scenarios.push_back(SummaryOf(runs.back()));
    ScenarioSummary& one = summary.scenarios.back();
    one.speed = SpeedAgainst(runs.front(), runs.back(), summary.measure);
    if (place > 0 && one.speed.has_value()) one.verdict = JudgeRatio(*one.speed);
  }
  AdjustForSeveral(&summary);
  summary.noise_floor = NoiseFloorOf(result, runs, summary.measure);
  return summary;
}

std::optional<RatioEstimate> SpeedBetween(const ComparisonResult& result, size_t place,
                                          size_t base) {
  return SpeedAgainst(result.CountedRuns(result.runs[base].scenario.label),
                      result.CountedRuns(result.runs[place].scenario.label), MeasureOf(result));
}

bool IsDecided(const Summary& summary, double percent) {
  const auto is_narrow = [percent](double estimate, const std::optional<Interval>& interval) {
    constexpr double kHundred = 100;
    return interval.has_value() && RelativeHalfWidth(*interval, estimate) * kHundred <= percent;
  };
  if (summary.scenarios.empty()) return false;
  if (summary.scenarios.size() == 1) {
    const MedianEstimate& throughput = summary.scenarios.front().throughput_per_s;
    return is_narrow(throughput.median, throughput.interval);
  }
  return std::all_of(summary.scenarios.begin() + 1, summary.scenarios.end(),
                     [&is_narrow](const ScenarioSummary& one) {
                       return one.speed.has_value() &&
                              is_narrow(one.speed->ratio, one.speed->interval);
                     });
}

}  // namespace pgring
