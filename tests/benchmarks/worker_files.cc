// Writes the files that the workers of a large fleet would have left of a run of 60 s: what merging
// them costs is measured on these. Not a test.
//
//   build/tests/benchmarks/worker_files DIRECTORY [WORKERS]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiment/drive.h"
#include "experiment/worker_file.h"
#include "pgring/base/build_info.h"
#include "pgring/base/clock.h"
#include "pgring/base/random.h"

namespace pgring {
namespace {

constexpr int64_t kRunNs = 60 * kNanosecondsPerSecond;
constexpr int kOperationsPerS = 1'000;
constexpr int kConnections = 4;

// Four connections, a thousand operations a second, latencies of some milliseconds.
Run SimulatedRun(const ScenarioPlan& scenario, const LoadPlan& load, uint64_t seed) {
  Random random(seed);
  Run run(scenario, load, {"create", "read"});
  run.ended_ns = kRunNs;
  run.timeline.Start(0, 1);
  run.recorder.StartSeconds(0);
  for (int connection = 0; connection < kConnections; ++connection) {
    run.timeline.Change(0, ConnectionGauge::kOpen, 1);
    run.connect_ns.Record(random.Between(1'000'000, 20'000'000));
  }
  for (int64_t number = 0; number < kRunNs / kNanosecondsPerSecond * kOperationsPerS; ++number) {
    const int64_t begin_ns = number * (kNanosecondsPerSecond / kOperationsPerS);
    const int64_t end_ns = begin_ns + random.Between(200'000, 990'000);
    const size_t kind = number % 2 == 0 ? 0 : 1;
    run.recorder.Scheduled(kind, begin_ns);
    run.timeline.Change(begin_ns, ConnectionGauge::kInUse, 1);
    run.recorder.Succeeded(kind, {begin_ns, begin_ns, begin_ns, end_ns});
    run.timeline.Change(end_ns, ConnectionGauge::kInUse, -1);
    ++run.succeeded_by_kind[kind];
  }
  run.timeline.Finish(kRunNs);
  return run;
}

int Write(const std::string& directory, int workers) {
  WorkerFile file;
  file.fleet = "simulated";
  file.gathering = 1;
  file.size = workers;
  ScenarioPlan scenario;
  scenario.type = FindScenarioType("window");
  scenario.label = absl::StrCat("window:", workers * kConnections);
  scenario.limit = workers * kConnections;
  scenario.pool.size = workers * kConnections;
  scenario.workers = workers;
  file.result.plan.scenarios = {scenario};
  file.result.plan.load.duration_s = 60;
  file.result.plan.workload.operations = kUnlimitedOperations;
  file.result.environment.build = GetBuildInfo();
  int64_t bytes = 0;
  for (int rank = 0; rank < workers; ++rank) {
    file.rank = rank;
    Run run = SimulatedRun(scenario, file.result.plan.load, static_cast<uint64_t>(rank) + 1);
    run.workers = {PartOf(run, rank)};
    file.result.runs.clear();
    file.result.runs.push_back(std::move(run));
    const std::string text = WorkerFileBytes(file);
    bytes += static_cast<int64_t>(text.size());
    std::FILE* const out = std::fopen((directory + "/" + WorkerFileName(rank)).c_str(), "wb");
    if (out == nullptr || std::fwrite(text.data(), 1, text.size(), out) != text.size()) return 1;
    if (std::fclose(out) != 0) return 1;
  }
  std::printf("%d files, %.1f MiB\n", workers, static_cast<double>(bytes) / (1 << 20));
  return 0;
}

}  // namespace
}  // namespace pgring

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fputs("usage: worker_files DIRECTORY [WORKERS]\n", stderr);
    return 1;
  }
  return pgring::Write(arguments[1], argument_count > 2 ? std::atoi(arguments[2]) : 1'000);
}
