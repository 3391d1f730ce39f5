// What perf can see on this machine, for those who run it beside pgring. Nothing here can fail:
// what cannot be found out counts as missing.
#ifndef PGRING_EXPERIMENT_PERF_ABILITIES_H_
#define PGRING_EXPERIMENT_PERF_ABILITIES_H_

#include <string>

namespace pgring {

struct PerfAbilities {
  bool samples = false;            // of this user's processes, by the time on a processor
  bool sees_kernel = false;        // the kernel's part of them as well
  bool hardware_counters = false;  // cycles, instructions, cache misses
  bool tracepoints = false;        // system calls, the scheduler
  bool trace_points = false;       // of pgring's own (see pgring/base/trace_points.h)
};

PerfAbilities AskPerfAbilities();

// One sentence, what is missing with what would bring it.
std::string PerfAbilitiesText(const PerfAbilities& abilities);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_PERF_ABILITIES_H_
