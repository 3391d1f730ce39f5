// A PostgreSQL server of its own for one run of pgring: made in a new directory below TMPDIR, used,
// removed. Durable as any server unless asked otherwise, reached through a Unix socket in that
// directory, and gone with pgring in every way pgring can end (see keeper_process.h).
//
// The object owns the server. One thread at a time; the accessors that return references may be
// used from any thread while no thread calls Restart or Stop. Start forks: call it before there are
// io_uring rings, and before libpq connections where possible.
//
// With `tcp_port`, every user of this machine can reach the server as its superuser for as long as
// it lives; the Unix socket is reachable for its owner alone.
#ifndef PGRING_CLUSTER_THROWAWAY_SERVER_H_
#define PGRING_CLUSTER_THROWAWAY_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cluster/find_binaries.h"
#include "pgring/base/clock.h"

namespace pgring {

class Keeper;
enum class KeeperEvent : int32_t;
struct KeeperReport;
struct ServerIdentity;

struct ThrowawayServerOptions {
  int max_connections = 2000;   // 1..262143
  std::optional<int> tcp_port;  // nothing: Unix socket only; 0: any free port on 127.0.0.1
  // fsync, synchronous_commit and full_page_writes off: figures from such a server say little about
  // one that keeps its data. Only ever set on an explicit wish of the user.
  bool unsafe_fast = false;
  // Further server settings, as in postgresql.conf; they win over ours, except for those by which
  // the server is found (port, directories, addresses), which are refused.
  std::vector<std::pair<std::string, std::string>> settings;
  // Further lines of pg_hba.conf, before ours, which trust everyone. They must go on trusting the
  // user postgres on the Unix socket: that is how Start sees that the server is ready.
  std::vector<std::string> hba_lines;
  // When this descriptor becomes readable, Start gives up, cleans up and returns Cancelled.
  // Nothing is read from it. -1: none.
  int cancel_fd = -1;
  std::optional<PostgresBinaries> binaries;     // nothing: FindPostgresBinaries()
  std::optional<std::string> parent_directory;  // nothing: TMPDIR, else /tmp
};

// From initdb's start to its end; usually one to three seconds.
inline constexpr int64_t kInitdbLimitNs = 120 * kNanosecondsPerSecond;
// From the postmaster's start to the first answered query; usually under half a second, but crash
// recovery after an immediate restart may take its time.
inline constexpr int64_t kReadinessLimitNs = 60 * kNanosecondsPerSecond;
// The pause between two attempts is an eighth of the time waited so far, within these bounds: each
// attempt that comes too early costs lines in the server's log.
inline constexpr int64_t kShortestReadinessPauseNs = 10 * kNanosecondsPerMillisecond;
inline constexpr int64_t kLongestReadinessPauseNs = 200 * kNanosecondsPerMillisecond;
// A free port may be taken by someone else between our finding it and the server's using it.
inline constexpr int kFreePortAttempts = 3;
inline constexpr int kDirectoryNameAttempts = 10;

class ThrowawayServer {
 public:
  enum class RestartMode {
    kFast,       // sessions are cut off, then an orderly shutdown
    kImmediate,  // as after a crash: the next start recovers from the log
  };

  // Removes what earlier servers left behind (see stale_directories.h), then starts a server and
  // returns once it has answered a query. The message of a failure names the step and ends with the
  // last lines of the log. InvalidArgument: an option or TMPDIR; NotFound: no PostgreSQL;
  // FailedPrecondition: root, and no user to run as; Cancelled: cancel_fd; else Unavailable,
  // DeadlineExceeded or the code of an errno.
  static absl::StatusOr<std::unique_ptr<ThrowawayServer>> Start(
      const ThrowawayServerOptions& options);

  // As Stop.
  ~ThrowawayServer();
  ThrowawayServer(const ThrowawayServer&) = delete;
  ThrowawayServer& operator=(const ThrowawayServer&) = delete;

  // For libpq as it is: "host=<directory> port=5432 user=postgres dbname=postgres".
  const std::string& conninfo() const { return conninfo_; }
  // The same over TCP; nothing unless options.tcp_port was given.
  const std::optional<std::string>& tcp_conninfo() const { return tcp_conninfo_; }
  int port() const { return port_; }

  const std::string& directory() const { return directory_; }
  const std::string& version() const { return binaries_.version; }  // "15.20"
  const PostgresBinaries& binaries() const { return binaries_; }

  pid_t postmaster_pid() const { return postmaster_pid_; }
  // The keeper ends when the server and its directory are gone.
  pid_t keeper_pid() const;

  // What the sweep at the start removed, for a note to the user.
  const std::vector<std::string>& removed_stale_directories() const { return removed_directories_; }

  // The last lines of the server's log, each on a line of its own and indented; empty when stopped.
  std::string LogTail() const;

  // Stops the postmaster and starts it again on the same data, port and socket; returns once it has
  // answered a query. Also starts one that has ended by itself. After an error the server may be
  // down; call again or Stop.
  absl::Status Restart(RestartMode mode);

  // Ends the server and removes its directory; waits until both are gone. Idempotent. An error
  // means that the directory could not be removed (the next start tries again).
  absl::Status Stop();

 private:
  ThrowawayServer(const ThrowawayServerOptions& options, PostgresBinaries binaries);

  static absl::StatusOr<std::unique_ptr<ThrowawayServer>> StartOnce(
      const ThrowawayServerOptions& options, const PostgresBinaries& binaries);

  absl::Status StartUp();
  absl::Status MakeDirectory(const std::optional<ServerIdentity>& identity);
  absl::Status RunInitdb();
  absl::Status StartPostmaster();
  absl::Status WaitUntilReady();

  // Waits for the keeper to report `wanted`; `attempt` opens the message of a failure.
  absl::StatusOr<KeeperReport> WaitForEvent(KeeperEvent wanted, int64_t deadline_ns,
                                            const std::string& attempt);
  // Waits for `fd` (-1: none). False: the deadline came. Fails when the server ends meanwhile.
  absl::StatusOr<bool> WatchServer(int fd, short events, int64_t deadline_ns);
  // Waits for `fd` or a report. False: the deadline came. Fails on cancel_fd.
  absl::StatusOr<bool> Poll(int fd, short events, int64_t deadline_ns);
  // Keeps postmaster_pid_ right.
  void Note(const KeeperReport& report);

  absl::Status StepFailed(const KeeperReport& report, const std::string& attempt) const;
  std::string LastLinesOf(const char* log_name) const;

  ThrowawayServerOptions options_;
  PostgresBinaries binaries_;
  std::string server_user_name_;  // empty: ourselves
  std::optional<uid_t> server_user_;
  std::string parent_;  // directory_ is in it
  std::string directory_;
  int port_ = 0;
  std::string conninfo_;
  std::optional<std::string> tcp_conninfo_;
  std::vector<std::string> removed_directories_;
  std::unique_ptr<Keeper> keeper_;  // nullptr: not started, or stopped
  pid_t postmaster_pid_ = -1;       // -1: none runs that we know of
  int postmaster_wait_status_ = 0;  // of the last one that ended
};

}  // namespace pgring

#endif  // PGRING_CLUSTER_THROWAWAY_SERVER_H_
