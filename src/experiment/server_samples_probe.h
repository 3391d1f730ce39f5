// The probe that samples what the server's sessions do while a run is measured: on a thread of its
// own, over a connection of its own, so that nothing of it happens on the threads of the run.
//
// It never fails a run: what goes wrong becomes a remark of it.
#ifndef PGRING_EXPERIMENT_SERVER_SAMPLES_PROBE_H_
#define PGRING_EXPERIMENT_SERVER_SAMPLES_PROBE_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "experiment/probes.h"
#include "experiment/sampling_session.h"

namespace pgring {

struct SamplingPlan {
  // Time between two looks, drawn anew for each from half of it to one and a half.
  int64_t interval_ns = 20'000'000;
  // Of the server's time, at most this share of one processor: beyond it looks become rarer.
  double most_server_share = 0.02;
  uint64_t seed = 0;
  bool behind_pooler = false;
  // The server's process of the control connection, which stays open during a run.
  int64_t control_pid = 0;
  // Asked over the session once the run has ended and its counters have been read; may be empty.
  std::function<absl::Status(SamplingSession*, ServerSamples*)> report_scans;
};

// Reads the counters and begins to sample at once: what is seen before Start counts for the whole
// of the run alone. `session` is borrowed, is connected here where it is not, and must not be used
// until Stop.
std::unique_ptr<Probe> MakeServerSamplesProbe(SamplingSession* session, SamplingPlan plan);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_SERVER_SAMPLES_PROBE_H_
