// What /proc says of a process and its descendants, for CPU accounting of a whole server.
//
// Two ways to find the descendants: the kernel's own lists of children (built with
// CONFIG_PROC_CHILDREN, quick on hosts with many processes), else the parent of every process. Both
// read a moving target: a process may end while its relatives are read, so the caller compares and
// repeats.
//
// Stateless; safe from any thread.
#ifndef PGRING_METRICS_PROCESS_TREE_H_
#define PGRING_METRICS_PROCESS_TREE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

// A /proc file longer than this is not one that we can make sense of.
inline constexpr size_t kMaxProcFileBytes = size_t{1} << 20;
// More processes than this are not one server; PostgreSQL itself allows 262,143 backends.
inline constexpr size_t kMaxTreeProcesses = size_t{1} << 19;

// From /proc/<pid>/stat, fields 1, 4 and 14 to 17 of proc(5). CPU time in clock ticks
// (sysconf(_SC_CLK_TCK) a second); "waited" is of children that have ended and been waited for,
// with theirs.
struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  int64_t user_ticks = 0;
  int64_t system_ticks = 0;
  int64_t waited_user_ticks = 0;
  int64_t waited_system_ticks = 0;
};

// The whole content of `path`; nothing when it cannot be read or is longer than kMaxProcFileBytes.
std::optional<std::string> ReadProcFile(const std::string& path);

// Nothing when `text` is not a stat line. The command name in it is the process's own choice: it
// may hold blanks, parentheses and line feeds.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

// Nothing when the process is gone.
std::optional<ProcessStat> ReadProcessStat(pid_t pid);

// `root` and its descendants, including ended ones that were not waited for yet. Empty when `root`
// does not exist; nothing when the kernel does not list children or the limits above are exceeded.
std::optional<std::vector<ProcessStat>> TreeFromChildrenFiles(pid_t root);

// The same from the parents of all processes; works everywhere.
std::optional<std::vector<ProcessStat>> TreeFromAllProcesses(pid_t root);

}  // namespace pgring

#endif  // PGRING_METRICS_PROCESS_TREE_H_
