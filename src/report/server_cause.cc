#include "report/server_cause.h"

#include <vector>

namespace pgring {
namespace {

CauseEnvironment EnvironmentOf(const Run& run) {
  CauseEnvironment environment;
  if (run.duration_s() > 0) environment.mean_in_use = run.timeline.Mean(ConnectionGauge::kInUse);
  return environment;
}

}  // namespace

std::optional<ServerSamples> SamplesOf(const ComparisonResult& result, const Run& run) {
  if (!result.has_repeats()) return run.server_samples;
  std::optional<ServerSamples> all;
  for (const Run* const counted : result.CountedRuns(run.scenario.label)) {
    if (!counted->server_samples.has_value()) continue;
    if (all.has_value()) {
      all->Add(*counted->server_samples);
    } else {
      all = counted->server_samples;
    }
  }
  return all.has_value() ? all : run.server_samples;
}

std::optional<Cause> CauseOf(const ComparisonResult& result, const Run& run) {
  const std::optional<ServerSamples> samples = SamplesOf(result, run);
  if (!samples.has_value()) return std::nullopt;
  return FindCause(*samples, EnvironmentOf(run));
}

Cause CauseOfRun(const Run& run) {
  return FindCause(run.server_samples.value_or(ServerSamples()), EnvironmentOf(run));
}

}  // namespace pgring
