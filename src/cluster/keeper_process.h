// The keeper: a process between pgring and the throwaway server. It owns the server's directory,
// initdb and the postmaster, and ends and removes them when its channel to pgring reaches
// end-of-file - which the kernel brings about in every way pgring can end, SIGKILL included.
//
// It is a session of its own with every signal blocked, so that Ctrl-C, a closed terminal or
// `killall` reach neither it nor the server before pgring has finished with them. Should the keeper
// itself be killed, the kernel ends its programs (PR_SET_PDEATHSIG), and the next start of pgring
// sweeps the directory (stale_directories.h).
//
// Everything in keeper_process.cc runs in a process forked from one that may have threads: system
// calls only, no allocation, no locks, no C library streams. Hence the prepared pointers below.
#ifndef PGRING_CLUSTER_KEEPER_PROCESS_H_
#define PGRING_CLUSTER_KEEPER_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace pgring {

// From pgring to the keeper, one per message. End-of-file instead of a command ends everything.
enum class KeeperCommand : int32_t {
  kRunInitdb,
  kStartPostmaster,
  kStopFast,       // SIGINT: sessions are cut off, a checkpoint is written
  kStopImmediate,  // SIGQUIT: as after a crash; the next start recovers from the log
};

// From the keeper to pgring.
enum class KeeperEvent : int32_t {
  kDirectoryMade,
  kProgramStarted,    // pid
  kProgramEnded,      // pid, value: the wait status
  kStopped,           // answers kStopFast and kStopImmediate; no program runs any more
  kFailed,            // step, value: errno
  kDirectoryRemoved,  // value: 0 or errno; the last message
};

// What kFailed was about. The order has no meaning.
enum class KeeperStep : int32_t {
  kNone,
  kMakeDirectory,
  kMarkDirectory,
  kGiveDirectory,
  kWatchPrograms,
  kForkProgram,
  kChangeUser,
  kEnterDirectory,
  kOpenLog,
  kExecute,
};

struct KeeperReport {
  KeeperEvent event;
  KeeperStep step;
  int32_t pid;
  int32_t value;
};

// A fast shutdown that takes longer becomes an immediate one, and that one a kill.
inline constexpr int kFastShutdownLimitMs = 20'000;
inline constexpr int kImmediateShutdownLimitMs = 5'000;
// After their parent's end, processes of the server get this long to end by themselves.
inline constexpr int kStragglerLimitMs = 1'000;
inline constexpr int kStragglerKillLimitMs = 5'000;

// One program, ready for execve. `death_signal` is sent to it should the keeper die.
struct PreparedProgram {
  char* const* arguments;  // [0] is an absolute path
  const char* log_path;
  int death_signal;
};

// All pointers stay valid in the keeper: it has a copy of the memory of the process it came from.
struct PreparedKeeper {
  const char* directory;
  const char* data_directory;
  const char* owner_path;
  const char* new_owner_path;  // the owner file's name until it is locked
  const char* owner_text;
  PreparedProgram initdb;
  PreparedProgram postgres;
  char* const* environment;
  bool changes_user;
  uid_t user;
  gid_t group;
  const gid_t* groups;
  size_t group_count;
};

// The life of the keeper, from right after the fork to its end. All signals must be blocked.
// `channel` is a SOCK_SEQPACKET socket.
[[noreturn]] void RunKeeperProcess(const PreparedKeeper& plan, int channel);

}  // namespace pgring

#endif  // PGRING_CLUSTER_KEEPER_PROCESS_H_
