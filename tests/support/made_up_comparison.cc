#include "support/made_up_comparison.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr int64_t kStartedNs = 5 * kNanosecondsPerSecond;
constexpr int64_t kServiceNs = 10 * kNanosecondsPerMillisecond;

ScenarioPlan PlanOf(const std::string& label) {
  const std::string without_copy = label.substr(0, label.find('#'));
  const std::vector<std::string> parts = absl::StrSplit(without_copy, ':');
  ScenarioPlan plan;
  plan.label = label;
  plan.type = FindScenarioType(parts[0]);
  plan.pool.size = plan.type->default_pool;
  if (!plan.type->has_limit) return plan;
  int limit = plan.type->default_limit;
  if (parts.size() > 1 && !absl::SimpleAtoi(parts[1], &limit)) limit = 0;
  plan.limit = limit;
  plan.pool.size = plan.type->DefaultPool(limit);
  for (const std::string& part : parts) {
    int size = 0;
    if (part.starts_with("pool=") && absl::SimpleAtoi(part.substr(5), &size)) plan.pool.size = size;
  }
  return plan;
}

Run MadeUpRun(const MadeUpScenario& scenario, double duration_s) {
  Run run(PlanOf(scenario.label), LoadPlan(), {"create"});
  SetLatencies(scenario.operations, 0, kServiceNs, &run);
  run.started_ns = kStartedNs;
  SetDuration(duration_s, &run);
  return run;
}

ComparisonResult Planned(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result;
  for (const MadeUpScenario& scenario : scenarios) {
    result.plan.scenarios.push_back(PlanOf(scenario.label));
  }
  return result;
}

}  // namespace

void SetLatencies(int64_t operations, int64_t pool_wait_ns, int64_t service_ns, Run* run) {
  run->recorder = Recorder(1);
  for (int64_t i = 0; i < operations; ++i) {
    run->recorder.Scheduled(0, 0);
    run->recorder.Succeeded(0,
                            {.leased_ns = pool_wait_ns, .finished_ns = pool_wait_ns + service_ns});
  }
}

void SetDuration(double duration_s, Run* run) {
  run->ended_ns = run->started_ns + SecondsInNs(duration_s);
}

ComparisonResult MadeUpSingles(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result = Planned(scenarios);
  for (const MadeUpScenario& scenario : scenarios) {
    result.runs.push_back(MadeUpRun(scenario, scenario.durations_s.front()));
  }
  return result;
}

ComparisonResult MadeUpBlocks(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result = Planned(scenarios);
  result.plan.repeat.blocks = static_cast<int>(scenarios.front().durations_s.size());
  for (size_t number = 0; number < scenarios.front().durations_s.size(); ++number) {
    Block block;
    block.planned = scenarios.size();
    for (const MadeUpScenario& scenario : scenarios) {
      block.runs.push_back(MadeUpRun(scenario, scenario.durations_s[number]));
    }
    // In whatever order they ran, they are found by their labels.
    if (number % 2 == 1) std::reverse(block.runs.begin(), block.runs.end());
    result.blocks.push_back(std::move(block));
  }
  result.ChooseRuns();
  return result;
}

}  // namespace pgring
