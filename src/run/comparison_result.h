// What a comparison found: plain data between the experiment, which fills it, and the reports,
// which only read it. Nothing here can fail.
#ifndef PGRING_RUN_COMPARISON_RESULT_H_
#define PGRING_RUN_COMPARISON_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgring/base/build_info.h"
#include "run/plan.h"
#include "run/run.h"

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

// More steps than this are thinned in reports; every peak stays.
inline constexpr size_t kMaxReportedSteps = 4'000;

// One run of every scenario, in an order drawn from the seed.
struct Block {
  // In the order in which they ran; as many as were started.
  std::vector<Run> runs;
  // How many there were to be.
  size_t planned = 0;

  // Every scenario has its run, and each may be compared.
  bool is_whole() const;
  // nullptr: that scenario was not run.
  const Run* Find(std::string_view label) const;
};

struct ComparisonResult {
  ComparisonPlan plan;
  Environment environment;
  bool interrupted = false;
  // Of repeats; empty without.
  std::vector<Block> blocks;
  // In the plan's order; the ones that were started. With repeats, of each scenario the run of that
  // whole block whose throughput was the median; without a whole block, the runs of the first one.
  std::vector<Run> runs;
  // Of a result that was read back: the answer as it was told, which rests on more than was saved,
  // such as the server's samples during every block. Empty otherwise.
  std::vector<std::string> told;

  bool has_repeats() const { return !blocks.empty(); }
  // The runs of that scenario that count: of repeats those of whole blocks, block by block; without
  // repeats the only one. Empty when there are none.
  std::vector<const Run*> CountedRuns(std::string_view label) const;
  // With repeats: fills `runs` from `blocks`.
  void ChooseRuns();
  // Every scenario ran, in every block, and each run is valid.
  bool valid() const;
};

}  // namespace pgring

#endif  // PGRING_RUN_COMPARISON_RESULT_H_
