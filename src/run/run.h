// What one run of a scenario was and what came of it: filled by its driver, the probes and the
// verification, judged once, and only read after that. An unknown figure is empty, never zero.
// Plain data; nothing here can fail.
#ifndef PGRING_RUN_RUN_H_
#define PGRING_RUN_RUN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "diagnosis/server_samples.h"
#include "pgring/metrics/connection_depth.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/histogram.h"
#include "pgring/metrics/process_cost.h"
#include "pgring/metrics/recorder.h"
#include "pgring/postgres/pool.h"
#include "pgring/postgres/server_message_counts.h"
#include "pgring/uring/backend.h"
#include "run/load_plan.h"
#include "run/plan.h"
#include "workload/command_figures.h"
#include "workload/operation.h"
#include "workload/verification.h"

namespace pgring {

// Whether a run's figures may be believed.
struct Verdict {
  std::vector<std::string> reasons;   // why they may not; empty when they may
  std::vector<std::string> warnings;  // what a reader should know of a valid run
  // The schedule of an open loop was not kept: the queue grew for as long as the run lasted.
  bool unstable = false;

  bool valid() const { return reasons.empty(); }
};

// What one of the workers that shared a run did of it.
struct WorkerPart {
  int rank = 0;
  std::string host;  // empty: that of the process that reports
  int64_t scheduled = 0;
  int64_t succeeded = 0;
  int64_t failed = 0;
  int64_t skipped = 0;
  int64_t duration_ns = 0;  // of its measured phase
  ProcessCost client;
  // Begun so long after the common start, by its own clock; and how far that clock may be off.
  int64_t late_ns = 0;
  int64_t clock_bound_ns = 0;
  // Why there is no result of it; empty: there is one. Its operations count as failed then.
  std::string lost;

  // Of one processor, that its measured phase took; 0 where it is not known.
  double processor_share() const;
};

struct Run {
  Run() = default;
  // `operation_kinds` are the workload's.
  Run(const ScenarioPlan& what, const LoadPlan& how, std::vector<std::string> operation_kinds)
      : scenario(what),
        load(how),
        kinds(std::move(operation_kinds)),
        recorder(kinds.size()),
        succeeded_by_kind(kinds.size()) {}

  bool valid() const { return verdict.valid(); }
  // Whether its figures may be set against those of others: an interrupted one's never may.
  bool comparable() const { return valid() && !interrupted; }
  // Of the measured phase; 0 when there was none.
  double duration_s() const;
  // Succeeded operations per second of it; 0 when there was none.
  double throughput_per_s() const;
  // All kinds of operations together.
  const OperationSummary& total() const { return recorder.Total(); }

  // Adds another part of the same run, such as another worker's: the same scenario and kinds of
  // operation, times by the same clock, both ended. Every count, histogram, mean, peak and step is
  // what one run that saw the events of both would have; see ConnectionTimeline::Add for the one
  // thing that cannot be known. Verification and verdict are the sum's own to make.
  void Add(const Run& other);
  // The worker that was busiest, of those that shared it; nullptr: there are none.
  const WorkerPart* BusiestWorker() const;

  // As if everything had happened so much later: parts by different clocks are moved to one before
  // they are added. Its timeline is finished.
  void Shift(int64_t by_ns);

  ScenarioPlan scenario;
  LoadPlan load;
  std::vector<std::string> kinds;

  int64_t started_ns = 0;  // of the measured phase, by the steady clock
  int64_t ended_ns = 0;
  Recorder recorder = Recorder(0);
  OperationTally tally;
  OperationTally warmup_tally;
  ConnectionTimeline timeline;
  Histogram connect_ns;
  PoolCounters connections;
  // Connections that were to be opened before the clock started, and how many of them were.
  int64_t wanted_before = 0;
  int64_t opened_before = 0;
  // How long opening them took.
  int64_t connecting_ns = 0;
  // The last refusal, or another failure to connect before the clock started; OK: there was none.
  absl::Status connect_failure;

  // The reactor's only: the step of the ring's set-up ladder ("SINGLE_ISSUER|DEFER_TASKRUN|…"), its
  // system calls and entries, and what the connections that were open at the end held of the heap,
  // each: what closing them gave back. Neither operations nor coroutine frames are in it.
  std::string ring_setup;
  std::optional<BackendStats> ring;
  std::optional<int64_t> bytes_per_connection;
  // Where connections are shared: how many units were in flight on each of them.
  std::vector<ConnectionDepth> depths;
  // And over time; of one part only of a run that was put together.
  DepthOverTime depth_over_time;
  // Waits for bytes that were there, and that the ring had not told of.
  int64_t rescued_waits = 0;

  // Warm-up included, for verification.
  std::vector<int64_t> succeeded_by_kind;
  int64_t late = 0;        // successes beyond the latency limit
  int64_t cut_at_end = 0;  // skipped because the time was up
  int64_t retried = 0;     // operations that took more than one attempt
  int64_t retries = 0;     // attempts beyond the first
  // Clients that an error kept from going on.
  int64_t aborted_clients = 0;
  // Open loop: how far behind its schedule the last operation was begun.
  int64_t last_lag_ns = 0;

  bool interrupted = false;
  // Why the run was given up early, other than by an interrupt; empty if it was not.
  std::string gave_up;
  // The first failure in full, as an example beside the counts.
  std::string first_failure;

  // Of the measured phase, from the probes.
  ProcessCost client;
  std::optional<int64_t> peak_memory_bytes;
  std::optional<TreeCost> server;
  // What the server's sessions did; nothing where they were not sampled.
  std::optional<ServerSamples> server_samples;

  ServerMessageCounts server_messages;   // warm-up and connecting included
  std::vector<CommandFigures> commands;  // of scripts, where they were asked for
  std::optional<Verification> verification;

  // Why it was not started or could not be verified; empty when it was.
  std::string not_started;
  std::string not_verified;
  // What preparing and verifying it had to say beside that.
  std::vector<std::string> remarks;
  Verdict verdict;

  // Who shared it, by rank; empty: one process ran it alone.
  std::vector<WorkerPart> workers;

 private:
  void AddCounts(const Run& other);
  void AddCommands(const std::vector<CommandFigures>& others);
  void AddMessages(const ServerMessageCounts& others);
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_H_
