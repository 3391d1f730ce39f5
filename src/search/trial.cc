#include "search/trial.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "pgring/base/check.h"
#include "pgring/statistics/median_interval.h"
#include "search/robust.h"

namespace pgring {
namespace {

std::map<int, std::vector<double>> LogsByLimit(const std::vector<Trial>& trials) {
  std::map<int, std::vector<double>> logs;
  for (const Trial& trial : trials) {
    if (Succeeded(trial)) logs[trial.limit].push_back(std::log(trial.throughput_per_s));
  }
  return logs;
}

}  // namespace

bool Succeeded(const Trial& trial) {
  return trial.failed == 0 && trial.completed > 0 && trial.throughput_per_s > 0;
}

std::map<int, double> LogThroughputs(const std::vector<Trial>& trials) {
  std::map<int, double> typical;
  for (auto& [limit, logs] : LogsByLimit(trials)) {
    typical[limit] = logs.size() <= 2 ? *std::max_element(logs.begin(), logs.end()) : Median(logs);
  }
  return typical;
}

std::optional<Noise> TrialNoise(const std::vector<Trial>& trials) {
  std::vector<double> differences;
  for (const auto& [limit, logs] : LogsByLimit(trials)) {
    for (size_t next = 1; next < logs.size(); ++next) {
      // The difference of two varies sqrt(2) times as much as one.
      differences.push_back(std::abs(logs[next] - logs[next - 1]) / std::numbers::sqrt2);
    }
  }
  const int count = static_cast<int>(differences.size());
  if (count < kFewestForNoise) return std::nullopt;
  return Noise{.relative = kMedianToDeviation * Median(differences), .differences = count};
}

std::optional<double> InterpolateThroughput(const std::vector<Trial>& trials, double limit) {
  PGRING_CHECK(limit >= 1.0, "a limit is 1 or more");
  std::map<double, double> points;  // of ln limit: ln throughput
  for (auto& [tried, logs] : LogsByLimit(trials)) points[std::log(tried)] = Median(logs);
  const double at = std::log(limit);
  const auto above = points.lower_bound(at);
  if (above == points.end()) return std::nullopt;
  if (above->first == at) return std::exp(above->second);
  if (above == points.begin()) return std::nullopt;
  const auto below = std::prev(above);
  const double share = (at - below->first) / (above->first - below->first);
  return std::exp(below->second + share * (above->second - below->second));
}

}  // namespace pgring
