// What a comparison found: plain data between the runners, which fill it, and the reports, which
// only read it. An unknown figure is empty, never zero. Nothing here can fail.
#ifndef PGRING_RUN_RUN_RESULT_H_
#define PGRING_RUN_RUN_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgring/base/build_info.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/recorder.h"
#include "pgring/postgres/server_message_counts.h"
#include "run/plan.h"
#include "workload/command_figures.h"
#include "workload/verification.h"

namespace pgring {

// The machine and the server, as far as they change what the figures mean.
struct Environment {
  BuildInfo build;
  std::string started_at;  // UTC, ISO 8601, for instance "2026-11-22T13:40:05Z"
  std::string host;
  std::string kernel;     // "Linux 6.1.0-13-amd64"
  std::string cpu_model;  // empty when unknown
  int cpu_count = 0;
  int64_t memory_bytes = 0;
  std::string libpq_version;

  std::string server_version;  // "15.20"
  std::string server_address;  // "Unix socket /tmp/…" or "TCP 10.0.0.5:5432"; never a password
  bool server_is_throwaway = false;
  // Settings that change the meaning of a figure, by name, in the server's words: fsync,
  // synchronous_commit, full_page_writes, max_connections, shared_buffers.
  std::vector<std::pair<std::string, std::string>> server_settings;
};

struct LatencyByKind {
  std::string name;  // "create", "read"
  OperationSummary summary;
};

struct ConnectionCounts {
  int64_t requested = 0;
  int64_t opened = 0;
  int64_t refused = 0;
  int64_t discarded = 0;  // because an operation had left something open
  int peak_open = 0;
  double mean_open = 0;
  int peak_in_use = 0;
  double mean_in_use = 0;
  // Every recorded step; result.json thins them to kMaxReportedSteps.
  std::vector<TimelineStep> timeline;
  bool timeline_thinned = false;
  Histogram connect_ns;
  // Connections that were opened before the clock started, and how long that took.
  int64_t opened_before = 0;
  double connecting_s = 0;
};

// More steps than this are thinned in reports; every peak stays.
inline constexpr size_t kMaxReportedSteps = 4'000;

struct ClientCost {
  double user_s = 0;
  double sys_s = 0;
  std::optional<int64_t> max_rss_bytes;
  int64_t voluntary_switches = 0;
  int64_t involuntary_switches = 0;
  // Only where the reactor ran.
  std::optional<int64_t> enters;
  std::optional<int64_t> sqes;
  std::optional<int64_t> cqes;
  // What the connections that were open at the end held of the heap, each: what closing them gave
  // back. Neither operations nor coroutine frames are in it. Only where the reactor ran.
  std::optional<int64_t> bytes_per_connection;
};

struct ServerCost {
  double user_s = 0;
  double sys_s = 0;
};

struct RunResult {
  ScenarioPlan scenario;
  Driver driver = Driver::kBlocking;
  LimiterKind limiter = LimiterKind::kOneAtATime;
  // Empty for blocking scenarios.
  std::string io_mode;   // "readiness"
  std::string io_setup;  // the step of the ring's set-up ladder, "SINGLE_ISSUER|DEFER_TASKRUN|…"

  bool interrupted = false;
  std::vector<std::string> reasons;   // why the run is not valid; empty when it is
  std::vector<std::string> warnings;  // what a reader should know of a valid run
  bool valid() const { return reasons.empty(); }

  double wall_s = 0;
  double throughput_per_s = 0;  // succeeded operations per second of wall_s

  OperationSummary total;
  std::vector<LatencyByKind> by_kind;
  std::vector<CommandFigures> commands;  // of scripts, where they were asked for
  ConnectionCounts connections;
  ClientCost client;
  std::optional<ServerCost> server;
  std::optional<Verification> verification;
  // Successes beyond the latency limit, where there is one.
  std::optional<int64_t> late;
  int64_t retried = 0;  // operations that took more than one attempt
  int64_t retries = 0;  // attempts beyond the first
  int64_t aborted_clients = 0;
  ServerMessageCounts server_messages;  // warm-up and connecting included
  // The schedule of an open loop was not kept: the queue grew for as long as the run lasted.
  bool unstable = false;
  int64_t round_trips = 0;  // of succeeded operations
  int64_t rows_read = 0;
  uint64_t rows_checksum = 0;
};

struct ComparisonResult {
  ComparisonPlan plan;
  Environment environment;
  bool interrupted = false;
  std::vector<RunResult> runs;  // in the plan's order; the ones that were started

  bool valid() const {
    if (interrupted || runs.size() != plan.scenarios.size()) return false;
    for (const RunResult& run : runs) {
      if (!run.valid()) return false;
    }
    return true;
  }
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_RESULT_H_
