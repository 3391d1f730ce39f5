#include "sample_tune.h"

#include <utility>
#include <vector>

#include "support/made_up_comparison.h"

namespace pgring {
namespace {

Trial At(int limit, double throughput_per_s) {
  Trial trial;
  trial.limit = limit;
  trial.throughput_per_s = throughput_per_s;
  trial.completed = 1'000;
  trial.seconds = 1;
  return trial;
}

}  // namespace

TuneResult SampleTune(double pipelined_s) {
  TuneResult result;
  result.plan.type = FindScenarioType("window");
  SearchAnswer search;
  search.limit = 12;
  search.indifferent = {9, 12, 16};
  search.noise = 0.02;
  search.converged = true;
  search.trials = 80;
  result.searches = {search};
  result.trials = {{At(6, 93), At(9, 98), At(12, 100), At(24, 101)}};
  TestingStage stage;
  stage.answer = 12;
  stage.half = "window:6";
  stage.twice = "window:24";
  const std::vector<double> ten_s(6, 10.0);
  stage.limits = MadeUpBlocks(
      {{"window:12", ten_s}, {"window:6", std::vector<double>(6, 12.5)}, {"window:24", ten_s}});
  stage.ways = MadeUpBlocks({{"window:12", ten_s},
                             {"sync", std::vector<double>(6, 40.0)},
                             {"pipelined:12", std::vector<double>(6, pipelined_s)}});
  for (ComparisonResult* part : {&stage.limits, &stage.ways}) {
    part->plan.load.duration_s = 10;
    for (pgring::Run& run : part->runs) run.scenario.pool.size = 12;
  }
  stage.confirmation = Confirmation::kConfirmed;
  result.testing = {std::move(stage)};
  result.client_share = 0.18;
  return result;
}

}  // namespace pgring
