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

// On straight lines between points whose values are above 0; nothing outside of them.
std::optional<double> InterpolateOnLogarithms(const std::map<int, double>& points, double limit) {
  PGRING_CHECK(limit >= 1.0, "a limit is 1 or more");
  const auto above = std::find_if(points.begin(), points.end(),
                                  [limit](const auto& point) { return point.first >= limit; });
  if (above == points.end()) return std::nullopt;
  if (above->first == limit) return above->second;
  if (above == points.begin()) return std::nullopt;
  const auto below = std::prev(above);
  const double share = std::log(limit / below->first) / std::log(1.0 * above->first / below->first);
  return below->second * std::pow(above->second / below->second, share);
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
  std::map<int, double> medians;
  for (auto& [tried, logs] : LogsByLimit(trials)) medians[tried] = std::exp(Median(logs));
  return InterpolateOnLogarithms(medians, limit);
}

std::optional<double> InterpolateP99Ns(const std::vector<Trial>& trials, double limit) {
  std::map<int, std::vector<double>> values_ns;
  for (const Trial& trial : trials) {
    if (trial.p99_ns.value_or(0) <= 0) continue;
    values_ns[trial.limit].push_back(static_cast<double>(*trial.p99_ns));
  }
  std::map<int, double> medians_ns;
  for (const auto& [tried, values] : values_ns) medians_ns[tried] = Median(values);
  return InterpolateOnLogarithms(medians_ns, limit);
}

}  // namespace pgring
