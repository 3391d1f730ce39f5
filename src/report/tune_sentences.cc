#include "report/tune_sentences.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "search/trial.h"

namespace pgring {
namespace {

constexpr double kMillisecondsPerSecond = 1'000;

std::string LevelsText(const TuneResult& result) {
  std::vector<std::string> levels;
  for (const ServiceLevel& level : result.plan.service_levels) {
    const bool in_seconds = level.within_ms >= kMillisecondsPerSecond;
    levels.push_back(fmt::format("p{}={} {}", level.percentile,
                                 level.within_ms / (in_seconds ? kMillisecondsPerSecond : 1),
                                 in_seconds ? "s" : "ms"));
  }
  return "Highest rate within " + absl::StrJoin(levels, " and ");
}

std::string NoRateText(const TuneResult& result) {
  std::set<double> rates;
  for (const RateTrial& trial : result.service_level->trials) rates.insert(trial.offered_per_s);
  if (rates.empty()) return LevelsText(result) + ": not looked for, there was no time left.";
  return fmt::format("{}: none of {} that {} tried keeps it.", LevelsText(result),
                     Times(static_cast<int>(rates.size()), "rate"),
                     rates.size() == 1 ? "was" : "were");
}

// "; that is 2.00 x your 1,500/s"; empty where the user expects none.
std::string HeadroomText(const TuneResult& result) {
  if (!result.plan.rate_per_s.has_value()) return "";
  const ServiceLevelStage& stage = *result.service_level;
  const double headroom = *stage.highest_rate_per_s / *result.plan.rate_per_s;
  const std::string yours = FigureText(result.plan.rate_per_s);
  if (headroom >= 1) return fmt::format("; that is {:.2f} x your {}/s", headroom, yours);
  if (!stage.is_bounded) return fmt::format("; whether your {}/s is kept is not known", yours);
  return fmt::format("; your {}/s is too much: {:.2f} x of it is kept", yours, headroom);
}

}  // namespace

std::string Times(int count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string FormulaText(const Formula& formula, int answer) {
  std::string line = fmt::format("Formula {}: {} ", formula.name, formula.limit);
  if (formula.limit == answer) return line + "is the answer.";
  if (!formula.throughput_ratio.has_value()) {
    return line + "lies outside of the limits that were measured.";
  }
  line += fmt::format("would give {:.2f} x", *formula.throughput_ratio);
  if (formula.p99_ns.has_value()) line += " with a p99 of " + DurationText(formula.p99_ns);
  return line + ".";
}

std::string InstancesText(const TuneResult& result) {
  const int limit = result.searches.back().limit.value_or(1);
  const int instances = result.plan.instances;
  const int each = std::max(1, limit / instances);
  const int together = each * instances;
  std::string line =
      fmt::format("Instances: {} each for {} processes, {} together", each, instances, together);
  if (result.connections().has_value()) {
    line += fmt::format(", over {} each",
                        Times(std::max(1, *result.connections() / instances), "connection"));
  }
  if (together == limit) return line + ": nothing is lost by rounding.";
  if (together > limit) line += ", which is more than the best limit";
  const std::optional<double> there = InterpolateThroughput(result.trials.back(), together);
  const std::optional<double> here = InterpolateThroughput(result.trials.back(), limit);
  if (!there.has_value() || !here.has_value() || *here <= 0) {
    return line + ": what rounding costs lies outside of what was measured.";
  }
  return line + fmt::format(": rounding gives {:.2f} x.", *there / *here);
}

std::string ServiceLevelText(const TuneResult& result) {
  const ServiceLevelStage& stage = *result.service_level;
  if (!stage.highest_rate_per_s.has_value()) return NoRateText(result);
  std::string line =
      fmt::format("{}: {}{}/s, with at most {} in flight", LevelsText(result),
                  stage.is_bounded ? "" : "at least ", FigureText(stage.highest_rate_per_s),
                  Times(stage.limit, "operation"));
  if (!stage.is_bounded) line += "; no higher one was tried that does not keep it";
  if (!stage.held_twice) line += "; it was tried once, for lack of time";
  return line + HeadroomText(result) + ".";
}

}  // namespace pgring
