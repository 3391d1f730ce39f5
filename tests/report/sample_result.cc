#include "sample_result.h"

#include <algorithm>
#include <utility>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr int64_t kMs = kNanosecondsPerMillisecond;
constexpr int64_t kUs = kNanosecondsPerMicrosecond;

// Records steps through the real timeline, so that peaks and means are what a run would report.
class TimelineWriter {
 public:
  TimelineWriter() { timeline_.Start(0, ConnectionTimeline::kMaxSteps); }

  void Set(int64_t time_ns, ConnectionGauge gauge, int32_t value) {
    const int32_t delta = value - timeline_.Current(gauge);
    if (delta != 0) timeline_.Change(time_ns, gauge, delta);
  }

  void Finish(int64_t time_ns, pgring::Run* run) {
    timeline_.Finish(time_ns);
    run->timeline = timeline_;
    run->connections.requested = timeline_.Peak(ConnectionGauge::kOpen);
    run->connections.opened = run->connections.requested;
    run->ended_ns = time_ns;
  }

 private:
  ConnectionTimeline timeline_;
};

// `count` operations whose parts are spread evenly up to twice the given means.
void FillLatencies(size_t kind, int64_t count, int64_t pool_wait_ns, int64_t service_ns,
                   pgring::Run* run) {
  for (int64_t i = 0; i < count; ++i) {
    const double position = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    OperationStamps stamps;
    stamps.leased_ns = static_cast<int64_t>(2 * position * static_cast<double>(pool_wait_ns));
    stamps.finished_ns =
        stamps.leased_ns + static_cast<int64_t>((0.5 + position) * static_cast<double>(service_ns));
    run->recorder.Scheduled(kind, 0);
    run->recorder.Succeeded(kind, stamps);
  }
}

Run StartRun(const ScenarioType* kind, int connections) {
  pgring::Run run = EmptyRun(kind, std::string(kind->name));
  run.scenario.pool.size = connections;
  return run;
}

void CompleteRun(int64_t operations, int64_t pool_wait_ns, int64_t service_ns, pgring::Run* run) {
  run->kinds = {"create", "read"};
  run->recorder = Recorder(2);
  run->recorder.StartSeconds(0);
  FillLatencies(0, operations / 2, pool_wait_ns, service_ns * 7 / 10, run);
  FillLatencies(1, operations - operations / 2, pool_wait_ns, service_ns * 13 / 10, run);
  run->tally = {.rows_read = 250'000,
                .rows_checksum = 0xfedcba9876543210,
                .round_trips = operations * 4,
                .system_calls = operations * 9};
  run->client = {.user_s = 3.25, .system_s = 1.5, .voluntary_switches = 70'000};
  run->peak_memory_bytes = 34'603'008;
  run->server = TreeCost{61.5, 12.25};
  run->verification.emplace();
  run->verification->expected = {{"a", 52'500}, {"b", 87'500}};
  run->verification->found = {{"a", 52'500}, {"b", 87'500}};
  run->verification->ok = true;
  for (int64_t i = 0; i < run->connections.opened; ++i) {
    run->connect_ns.Record(kMs + i * 10 * kUs);
  }
  if (run->scenario.type->driver->uses_io_uring) {
    run->ring_setup = "SINGLE_ISSUER|DEFER_TASKRUN";
    run->ring = BackendStats{140'000, 150'000, 150'000, 0, 0};
    run->bytes_per_connection = 61'440;
  }
}

Run SyncRun(int64_t operations) {
  pgring::Run run = StartRun(FindScenarioType("sync"), 1);
  run.scenario.limit = 1;
  TimelineWriter writer;
  writer.Set(2 * kMs, ConnectionGauge::kOpen, 1);
  const int64_t each_ns = 2'460 * kUs;
  for (int64_t i = 0; i < operations; ++i) {
    writer.Set(2 * kMs + i * each_ns, ConnectionGauge::kInUse, 1);
    writer.Set(2 * kMs + (i + 1) * each_ns - 10 * kUs, ConnectionGauge::kInUse, 0);
  }
  writer.Finish(3 * kMs + operations * each_ns, &run);
  CompleteRun(operations, 0, 2'450 * kUs, &run);
  return run;
}

Run AsyncRun(int64_t operations) {
  constexpr int kPool = 100;
  pgring::Run run = StartRun(FindScenarioType("async"), kPool);
  TimelineWriter writer;
  for (int i = 1; i <= kPool; ++i) {
    writer.Set(i * 3 * kMs, ConnectionGauge::kOpen, i);
    writer.Set(i * 3 * kMs, ConnectionGauge::kInUse, i);
  }
  const int64_t queued = operations - kPool;
  writer.Set(350 * kMs, ConnectionGauge::kWaiting, static_cast<int32_t>(queued));
  const int64_t each_ns = 930 * kUs;
  for (int64_t i = 1; i <= queued; ++i) {
    writer.Set(350 * kMs + i * each_ns, ConnectionGauge::kWaiting,
               static_cast<int32_t>(queued - i));
  }
  const int64_t end_ns = 350 * kMs + queued * each_ns;
  for (int i = 1; i <= kPool; ++i) {
    writer.Set(end_ns + i * kMs, ConnectionGauge::kInUse, kPool - i);
  }
  writer.Finish(end_ns + (kPool + 1) * kMs, &run);
  CompleteRun(operations, 16'000 * kMs, 93 * kMs, &run);
  return run;
}

Run ChunkedRun(int64_t operations) {
  constexpr int kLimit = 40;
  pgring::Run run = StartRun(FindScenarioType("chunked"), kLimit);
  run.scenario.limit = kLimit;
  TimelineWriter writer;
  writer.Set(20 * kMs, ConnectionGauge::kOpen, kLimit);
  const int64_t chunks = operations / kLimit;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const int64_t start_ns = (20 + chunk * 40) * kMs;
    writer.Set(start_ns, ConnectionGauge::kInUse, kLimit);
    for (int i = 1; i <= kLimit; ++i) {
      writer.Set(start_ns + 15 * kMs + i * 600 * kUs, ConnectionGauge::kInUse, kLimit - i);
    }
  }
  writer.Finish((21 + chunks * 40) * kMs, &run);
  CompleteRun(operations, 0, 27 * kMs, &run);
  return run;
}

Run WindowRun(int64_t operations) {
  constexpr int kLimit = 40;
  pgring::Run run = StartRun(FindScenarioType("window"), kLimit);
  run.scenario.limit = kLimit;
  TimelineWriter writer;
  for (int i = 1; i <= kLimit; ++i) {
    writer.Set(i * 500 * kUs, ConnectionGauge::kOpen, i);
    writer.Set(i * 500 * kUs, ConnectionGauge::kInUse, i);
  }
  const int64_t each_ns = 914 * kUs;
  for (int64_t i = 1; i <= operations - kLimit; ++i) {
    const int64_t time_ns = 20 * kMs + i * each_ns;
    writer.Set(time_ns, ConnectionGauge::kInUse, kLimit - 1);
    writer.Set(time_ns + 15 * kUs, ConnectionGauge::kInUse, kLimit);
  }
  const int64_t end_ns = 25 * kMs + (operations - kLimit) * each_ns;
  writer.Set(end_ns, ConnectionGauge::kInUse, 0);
  writer.Finish(end_ns, &run);
  CompleteRun(operations, 0, 36 * kMs, &run);
  return run;
}

ComparisonResult MakeSampleComparison() {
  ComparisonResult result = SamplePlan();
  const int64_t operations = result.plan.workload.operations;
  result.runs.push_back(SyncRun(operations));
  result.runs.push_back(AsyncRun(operations));
  result.runs.push_back(ChunkedRun(operations));
  result.runs.push_back(WindowRun(operations));
  for (size_t i = 0; i < result.runs.size(); ++i)
    result.plan.scenarios[i] = result.runs[i].scenario;
  return result;
}

}  // namespace

ComparisonResult SamplePlan() {
  ComparisonResult result;
  for (const ScenarioType* kind : {FindScenarioType("sync"), FindScenarioType("async"),
                                   FindScenarioType("chunked"), FindScenarioType("window")}) {
    result.plan.scenarios.push_back(EmptyRun(kind, std::string(kind->name)).scenario);
  }
  result.plan.target.throwaway = true;
  Environment& environment = result.environment;
  environment.build = {"0.1.0", "abc1234", "gcc 12.2.0", "debugoptimized", "none", true};
  environment.started_at = "2026-11-22T13:40:05Z";
  environment.host = "bench-host";
  environment.kernel = "Linux 6.1.0-13-amd64";
  environment.cpu_model = "AMD EPYC 7B13";
  environment.cpu_count = 2;
  environment.memory_bytes = int64_t{8} << 30;
  environment.libpq_version = "15.20";
  environment.server_version = "15.20";
  environment.server_address = "Unix socket /tmp/pgring-x1Yz/socket";
  environment.server_is_throwaway = true;
  environment.server_settings = {{"fsync", "on"},
                                 {"synchronous_commit", "on"},
                                 {"full_page_writes", "on"},
                                 {"max_connections", "2000"},
                                 {"shared_buffers", "128MB"}};
  return result;
}

// Made once: with sanitizers its hundreds of thousands of events take seconds.
ComparisonResult SampleComparison() {
  static const auto* const sample = new ComparisonResult(MakeSampleComparison());
  return *sample;
}

ComparisonResult SampleRepeats() {
  constexpr int kBlocks = 6;
  constexpr int kLimit = 10;
  constexpr int64_t kOperations = 400;
  ComparisonResult result = SamplePlan();
  result.plan.workload.operations = kOperations;
  result.plan.repeat.blocks = kBlocks;
  std::vector<Run> runs = {StartRun(FindScenarioType("sync"), 1),
                           StartRun(FindScenarioType("window"), kLimit),
                           StartRun(FindScenarioType("window"), kLimit)};
  runs[1].scenario.label = "window:10";
  runs[2].scenario.label = "window:10 (2)";
  result.plan.scenarios.clear();
  for (pgring::Run& run : runs) {
    run.scenario.limit = run.scenario.pool.size;
    CompleteRun(kOperations, 0, 900 * kUs, &run);
    result.plan.scenarios.push_back(run.scenario);
  }
  for (int number = 0; number < kBlocks; ++number) {
    Block block = {runs, runs.size()};
    for (size_t place = 0; place < runs.size(); ++place) {
      // Blocks differ by what is no matter of the scenarios.
      const double duration_s = (place == 0 ? 1.0 : 0.5) * (1 + 0.01 * number);
      SetOperations(kOperations, duration_s, &block.runs[place]);
    }
    std::rotate(block.runs.begin(), block.runs.begin() + number % 3, block.runs.end());
    result.blocks.push_back(std::move(block));
  }
  result.interrupted = true;
  result.blocks.back().runs.back().interrupted = true;
  for (const ScenarioPlan& scenario : result.plan.scenarios) {
    result.runs.push_back(*result.blocks[2].Find(scenario.label));
  }
  return result;
}

void MakeHostile(ComparisonResult* result) {
  Environment& environment = result->environment;
  environment.host = environment.kernel = environment.cpu_model = kHostileText;
  environment.server_version = environment.server_address = kHostileText;
  environment.server_settings = {{kHostileText, kHostileText}};
  result->plan.arguments = {kHostileText};
  result->plan.target.description = kHostileText;
  result->plan.workload.name = kHostileText;
  result->plan.workload.scripts = {{.name = kHostileText, .text = kHostileText}};
  for (ScenarioPlan& scenario : result->plan.scenarios) scenario.label += kHostileText;
  for (Run& run : result->runs) {
    run.scenario.label += kHostileText;
    run.verdict.warnings = {kHostileText};
  }
}

Run EmptyRun(const ScenarioType* kind, std::string label) {
  pgring::Run run;
  run.scenario.type = kind;
  if (kind->has_limit) run.scenario.limit = kind->default_limit;
  run.scenario.label = std::move(label);
  return run;
}

Run ShortRun(int connections) {
  pgring::Run run = StartRun(FindScenarioType("window"), connections);
  TimelineWriter writer;
  writer.Set(100 * kUs, ConnectionGauge::kOpen, connections);
  writer.Set(100 * kUs, ConnectionGauge::kInUse, connections);
  writer.Set(1'900 * kUs, ConnectionGauge::kInUse, 0);
  writer.Finish(2 * kMs, &run);
  CompleteRun(10, 0, 900 * kUs, &run);
  return run;
}

void SetOperations(int64_t operations, double duration_s, pgring::Run* run) {
  run->kinds = {"create", "read"};
  run->recorder = Recorder(2);
  run->recorder.StartSeconds(0);
  FillLatencies(0, operations, 0, kMs, run);
  run->ended_ns = run->started_ns + SecondsInNs(duration_s);
}

void ThinTimeline(pgring::Run* run) {
  const std::vector<TimelineStep> steps = run->timeline.steps();
  run->timeline = ConnectionTimeline(std::max(steps.size() / 2, ConnectionTimeline::kMinMaxSteps));
  run->timeline.Start(0, steps.size());
  for (const TimelineStep& step : steps) {
    for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
      const auto which = static_cast<ConnectionGauge>(gauge);
      const int32_t delta = step.values[gauge] - run->timeline.Current(which);
      if (delta != 0) run->timeline.Change(step.time_ns, which, delta);
    }
  }
  run->timeline.Finish(run->ended_ns);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

}  // namespace pgring
