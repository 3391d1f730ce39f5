#include "experiment/perf_abilities.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "pgring/base/trace_points.h"

namespace pgring {
namespace {

// Whether this process may count such an event of its own.
bool MayCount(uint32_t type, uint64_t event, bool with_kernel) {
  perf_event_attr attributes = {};
  attributes.size = sizeof(attributes);
  attributes.type = type;
  attributes.config = event;
  attributes.exclude_kernel = with_kernel ? 0 : 1;
  attributes.exclude_hv = 1;
  attributes.disabled = 1;
  const int64_t descriptor =
      syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (descriptor < 0) return false;
  close(static_cast<int>(descriptor));
  return true;
}

}  // namespace

PerfAbilities AskPerfAbilities() {
  PerfAbilities abilities;
  abilities.samples = MayCount(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, false);
  abilities.sees_kernel = MayCount(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true);
  abilities.hardware_counters = MayCount(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, false);
  abilities.tracepoints =
      access("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id", R_OK) == 0 ||
      access("/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id", R_OK) == 0;
  abilities.trace_points = kHasTracePoints;
  return abilities;
}

std::string PerfAbilitiesText(const PerfAbilities& abilities) {
  std::string text;
  if (!abilities.samples) {
    text = "no samples (kernel.perf_event_paranoid forbids them, or a sandbox does)";
  } else {
    text = absl::StrCat("samples of ", abilities.sees_kernel
                                           ? "user and kernel code"
                                           : "user code alone (as root, or with "
                                             "kernel.perf_event_paranoid of 1, the kernel's too)");
  }
  absl::StrAppend(&text, abilities.hardware_counters
                             ? "; hardware counters"
                             : "; no hardware counters (usual in virtual machines: cycles and "
                               "cache misses cannot be counted)");
  absl::StrAppend(&text, abilities.tracepoints ? "; the kernel's tracepoints"
                                               : "; no tracepoints (they need root and tracefs)");
  absl::StrAppend(&text, abilities.trace_points
                             ? "; pgring's own probes (usdt pgring:op_done and others)"
                             : "; none of pgring's own probes (built without sys/sdt.h)");
  return text;
}

}  // namespace pgring
