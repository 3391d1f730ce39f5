// What a phase of this process, or of a server's process tree, cost: CPU time, context switches,
// memory. Figures are differences of two samples around the phase.
//
// Sources: getrusage(2) RUSAGE_SELF, /proc/self/status (VmHWM, VmRSS), /proc/<pid>/stat (proc(5);
// CPU time in clock ticks of 10 ms), mallinfo2(3). A figure that the system does not give is empty,
// never zero, unless its comment says so.
//
// Stateless; safe from any thread.
#ifndef PGRING_METRICS_PROCESS_COST_H_
#define PGRING_METRICS_PROCESS_COST_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace pgring {

struct ProcessCost {
  double user_s = 0;
  double system_s = 0;
  int64_t voluntary_switches = 0;
  int64_t involuntary_switches = 0;

  ProcessCost& operator+=(const ProcessCost& other) {
    user_s += other.user_s;
    system_s += other.system_s;
    voluntary_switches += other.voluntary_switches;
    involuntary_switches += other.involuntary_switches;
    return *this;
  }
};

// This process, all threads, since its start.
ProcessCost SampleProcessCost();
ProcessCost operator-(const ProcessCost& after, const ProcessCost& before);

// Restarts the kernel's record of this process's peak memory (writes 5 to /proc/self/clear_refs),
// so that each run of a comparison gets its own peak. False where the kernel refuses.
bool ResetPeakMemory();
// VmHWM and VmRSS in bytes.
std::optional<int64_t> PeakMemoryBytes();
std::optional<int64_t> ResidentMemoryBytes();
// What malloc has given out and not got back (mallinfo2(3)); 0 where another allocator has taken
// malloc's place, as under sanitizers. It walks the free lists: for outside the measured phase.
int64_t HeapBytesInUse();

struct TreeCost {
  double user_s = 0;
  double system_s = 0;
};

// CPU time of `root`, its living descendants and those of its descendants that have ended and been
// waited for. PostgreSQL's postmaster waits for all its backends, so the difference of two samples
// is what the server used. Reads a few files per process of the tree; for outside the measured
// phase. Nothing when `root` does not exist.
std::optional<TreeCost> SampleTreeCost(pid_t root);

}  // namespace pgring

#endif  // PGRING_METRICS_PROCESS_COST_H_
