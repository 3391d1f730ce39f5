#include "pgring/metrics/process_cost.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "metrics/process_tree.h"

namespace pgring {
namespace {

// How often a process tree is read again because a process ended while it was being read.
constexpr int kMaxTreeReadings = 5;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// A "Name:   123 kB" line of /proc/self/status, in bytes.
std::optional<int64_t> StatusBytes(absl::string_view name) {
  constexpr int64_t kBytesPerKibibyte = 1024;
  const std::optional<std::string> status = ReadProcFile("/proc/self/status");
  if (!status.has_value()) return std::nullopt;
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    if (!absl::ConsumePrefix(&line, name) || !absl::ConsumePrefix(&line, ":")) continue;
    int64_t kibibytes = 0;
    if (!absl::ConsumeSuffix(&line, " kB") || !absl::SimpleAtoi(line, &kibibytes)) break;
    return kibibytes * kBytesPerKibibyte;
  }
  return std::nullopt;
}

std::optional<std::vector<ProcessStat>> ReadTree(pid_t root) {
  std::optional<std::vector<ProcessStat>> tree = TreeFromChildrenFiles(root);
  return tree.has_value() ? tree : TreeFromAllProcesses(root);
}

// Whether no process of `tree` has ended since it was read. One that did may be missing from the
// figures (waited for after its parent was read) or be in them twice (waited for before).
bool IsStillWhole(const std::vector<ProcessStat>& tree) {
  for (const ProcessStat& before : tree) {
    const std::optional<ProcessStat> now = ReadProcessStat(before.pid);
    if (!now.has_value() || now->waited_user_ticks != before.waited_user_ticks ||
        now->waited_system_ticks != before.waited_system_ticks) {
      return false;
    }
  }
  return true;
}

}  // namespace

ProcessCost SampleProcessCost() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  ProcessCost cost;
  cost.user_s = Seconds(usage.ru_utime);
  cost.system_s = Seconds(usage.ru_stime);
  cost.voluntary_switches = usage.ru_nvcsw;
  cost.involuntary_switches = usage.ru_nivcsw;
  return cost;
}

ProcessCost operator-(const ProcessCost& after, const ProcessCost& before) {
  ProcessCost difference;
  difference.user_s = after.user_s - before.user_s;
  difference.system_s = after.system_s - before.system_s;
  difference.voluntary_switches = after.voluntary_switches - before.voluntary_switches;
  difference.involuntary_switches = after.involuntary_switches - before.involuntary_switches;
  return difference;
}

bool ResetPeakMemory() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "we");
  if (file == nullptr) return false;
  const bool written = std::fputs("5", file) >= 0;
  // The write happens, and may be refused, when the buffer is flushed.
  const bool closed = std::fclose(file) == 0;
  return written && closed;
}

std::optional<int64_t> PeakMemoryBytes() { return StatusBytes("VmHWM"); }

std::optional<int64_t> ResidentMemoryBytes() { return StatusBytes("VmRSS"); }

int64_t HeapBytesInUse() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<int64_t>(heap.uordblks) + static_cast<int64_t>(heap.hblkhd);
}

std::optional<TreeCost> SampleTreeCost(pid_t root) {
  std::optional<std::vector<ProcessStat>> tree;
  for (int reading = 0; reading < kMaxTreeReadings; ++reading) {
    tree = ReadTree(root);
    if (!tree.has_value() || tree->empty()) return std::nullopt;
    if (IsStillWhole(*tree)) break;
  }
  int64_t user_ticks = 0;
  int64_t system_ticks = 0;
  for (const ProcessStat& process : *tree) {
    user_ticks += process.user_ticks + process.waited_user_ticks;
    system_ticks += process.system_ticks + process.waited_system_ticks;
  }
  const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  TreeCost cost;
  cost.user_s = static_cast<double>(user_ticks) / ticks_per_second;
  cost.system_s = static_cast<double>(system_ticks) / ticks_per_second;
  return cost;
}

}  // namespace pgring
