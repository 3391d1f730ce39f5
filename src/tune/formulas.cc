#include "tune/formulas.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "pgring/statistics/median_interval.h"

namespace pgring {

std::optional<double> InterpolateP99Ns(const std::vector<Trial>& trials, int limit) {
  std::map<int, std::vector<double>> by_limit;
  for (const Trial& trial : trials) {
    if (!trial.p99_ns.has_value() || *trial.p99_ns <= 0) continue;
    by_limit[trial.limit].push_back(static_cast<double>(*trial.p99_ns));
  }
  const auto above = by_limit.lower_bound(limit);
  if (above == by_limit.end()) return std::nullopt;
  const double above_ns = EstimateMedian(above->second).median;
  if (above->first == limit) return above_ns;
  if (above == by_limit.begin()) return std::nullopt;
  const auto below = std::prev(above);
  const double below_ns = EstimateMedian(below->second).median;
  const double share = std::log(static_cast<double>(limit) / below->first) /
                       std::log(static_cast<double>(above->first) / below->first);
  return below_ns * std::pow(above_ns / below_ns, share);
}

std::vector<Formula> CompareFormulas(const FormulaInput& input, const std::vector<Trial>& trials) {
  std::vector<Formula> formulas;
  const std::optional<double> best = InterpolateThroughput(trials, input.answer);
  const auto add = [&](std::string name, int limit) {
    Formula formula;
    formula.name = std::move(name);
    formula.limit = limit;
    const std::optional<double> throughput = InterpolateThroughput(trials, limit);
    if (throughput.has_value() && best.has_value() && *best > 0) {
      formula.throughput_ratio = *throughput / *best;
    }
    formula.p99_ns = InterpolateP99Ns(trials, limit);
    formulas.push_back(std::move(formula));
  };
  if (input.server_cores.has_value()) {
    add("2 x cores + 1", 2 * *input.server_cores + 1);
    add("4 x cores", 4 * *input.server_cores);
  }
  if (input.allowed_connections.has_value()) {
    add("all connections that the server allows", *input.allowed_connections);
  }
  return formulas;
}

}  // namespace pgring
