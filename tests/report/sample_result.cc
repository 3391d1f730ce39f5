#include "sample_result.h"

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

  void Finish(int64_t time_ns, RunResult* run) {
    timeline_.Finish(time_ns);
    ConnectionCounts& counts = run->connections;
    counts.timeline = timeline_.Steps(ConnectionTimeline::kMaxSteps);
    counts.peak_open = timeline_.Peak(ConnectionGauge::kOpen);
    counts.mean_open = timeline_.Mean(ConnectionGauge::kOpen);
    counts.peak_in_use = timeline_.Peak(ConnectionGauge::kInUse);
    counts.mean_in_use = timeline_.Mean(ConnectionGauge::kInUse);
    counts.requested = counts.peak_open;
    counts.opened = counts.peak_open;
    run->wall_s = static_cast<double>(time_ns) / static_cast<double>(kNanosecondsPerSecond);
  }

 private:
  ConnectionTimeline timeline_;
};

// `count` operations whose parts are spread evenly up to twice the given means.
void FillLatencies(int64_t count, int64_t pool_wait_ns, int64_t service_ns, OperationSummary* to) {
  for (int64_t i = 0; i < count; ++i) {
    const double position = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    const auto wait = static_cast<int64_t>(2 * position * static_cast<double>(pool_wait_ns));
    const auto service = static_cast<int64_t>((0.5 + position) * static_cast<double>(service_ns));
    to->latency[static_cast<size_t>(LatencyPart::kResponse)].Record(wait + service);
    to->latency[static_cast<size_t>(LatencyPart::kAdmissionWait)].Record(0);
    to->latency[static_cast<size_t>(LatencyPart::kPoolWait)].Record(wait);
    to->latency[static_cast<size_t>(LatencyPart::kService)].Record(service);
  }
  to->scheduled += count;
  to->succeeded += count;
}

RunResult StartRun(ScenarioKind kind, int connections) {
  RunResult run = EmptyRun(kind, std::string(ScenarioKindName(kind)));
  run.scenario.pool.size = connections;
  return run;
}

void CompleteRun(int64_t operations, int64_t pool_wait_ns, int64_t service_ns, RunResult* run) {
  run->by_kind.resize(2);
  run->by_kind[0].name = "create";
  run->by_kind[1].name = "read";
  FillLatencies(operations / 2, pool_wait_ns, service_ns * 7 / 10, &run->by_kind[0].summary);
  FillLatencies(operations - operations / 2, pool_wait_ns, service_ns * 13 / 10,
                &run->by_kind[1].summary);
  for (const LatencyByKind& kind : run->by_kind) run->total.Add(kind.summary);
  run->throughput_per_s = static_cast<double>(operations) / run->wall_s;
  run->round_trips = operations * 4;
  run->client.user_s = 3.25;
  run->client.sys_s = 1.5;
  run->client.max_rss_bytes = 34'603'008;
  run->client.voluntary_switches = 70'000;
  run->server = ServerCost{61.5, 12.25};
  run->verification.emplace();
  run->verification->expected = {{"a", 52'500}, {"b", 87'500}};
  run->verification->found = {{"a", 52'500}, {"b", 87'500}};
  run->verification->ok = true;
  run->rows_read = 250'000;
  run->rows_checksum = 0xfedcba9876543210;
  for (int64_t i = 0; i < run->connections.opened; ++i) {
    run->connections.connect_ns.Record(kMs + i * 10 * kUs);
  }
  if (run->driver == Driver::kReactor) {
    run->io_mode = "readiness";
    run->io_setup = "SINGLE_ISSUER|DEFER_TASKRUN";
    run->client.enters = 140'000;
    run->client.sqes = 150'000;
    run->client.cqes = 150'000;
    run->client.bytes_per_connection = 61'440;
  }
}

RunResult SyncRun(int64_t operations) {
  RunResult run = StartRun(ScenarioKind::kSync, 1);
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

RunResult AsyncRun(int64_t operations) {
  constexpr int kPool = 100;
  RunResult run = StartRun(ScenarioKind::kAsync, kPool);
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

RunResult ChunkedRun(int64_t operations) {
  constexpr int kLimit = 40;
  RunResult run = StartRun(ScenarioKind::kChunked, kLimit);
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

RunResult WindowRun(int64_t operations) {
  constexpr int kLimit = 40;
  RunResult run = StartRun(ScenarioKind::kWindow, kLimit);
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

}  // namespace

ComparisonResult SamplePlan() {
  ComparisonResult result;
  for (const ScenarioKind kind :
       {ScenarioKind::kSync, ScenarioKind::kAsync, ScenarioKind::kChunked, ScenarioKind::kWindow}) {
    result.plan.scenarios.push_back(EmptyRun(kind, std::string(ScenarioKindName(kind))).scenario);
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

ComparisonResult SampleComparison() {
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

RunResult EmptyRun(ScenarioKind kind, std::string label) {
  RunResult run;
  run.scenario.kind = kind;
  run.scenario.label = std::move(label);
  run.driver = DriverOf(kind);
  run.limiter = LimiterOf(kind);
  return run;
}

RunResult ShortRun(int connections) {
  RunResult run = StartRun(ScenarioKind::kWindow, connections);
  TimelineWriter writer;
  writer.Set(100 * kUs, ConnectionGauge::kOpen, connections);
  writer.Set(100 * kUs, ConnectionGauge::kInUse, connections);
  writer.Set(1'900 * kUs, ConnectionGauge::kInUse, 0);
  writer.Finish(2 * kMs, &run);
  CompleteRun(10, 0, 900 * kUs, &run);
  return run;
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
