// Directories of throwaway servers whose keeper is gone, for instance after `pkill -9 pgring`,
// which hits the keeper too, or after a power failure with TMPDIR on disk.
//
// A directory is touched only if all of this holds: it is named pgring-XXXXXX; it belongs to us
// (or, when we are root, to the user that root runs PostgreSQL as); it holds a regular owner file
// with exactly our text; and no process holds that file's lock, as a living keeper does. /tmp is
// open to everyone, so nothing found there is believed: the process to end is checked to be a
// postgres whose working directory is that very data directory, and signalled through a pidfd.
#ifndef PGRING_CLUSTER_STALE_DIRECTORIES_H_
#define PGRING_CLUSTER_STALE_DIRECTORIES_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace pgring {

// A surviving server gets this long for an immediate shutdown before it is killed.
inline constexpr int kStaleServerLimitMs = 10'000;

enum class StaleOutcome {
  kNotOurs,  // not a throwaway server's directory, or not one that we may touch
  kLive,     // its keeper lives
  kFailed,   // stale, but not (wholly) removed; the next sweep tries again
  kRemoved,
};

// Ends the server that may survive in `directory` (absolute, without symbolic links) and removes
// it. `server_user`: whom root runs PostgreSQL as; nothing when we are not root.
StaleOutcome RemoveStaleDirectory(const std::string& directory, std::optional<uid_t> server_user);

// The same for every directory of that kind in `parent`. Returns those removed. What cannot be
// removed is passed over: it must not keep the next server from starting.
std::vector<std::string> RemoveStaleDirectories(const std::string& parent,
                                                std::optional<uid_t> server_user);

}  // namespace pgring

#endif  // PGRING_CLUSTER_STALE_DIRECTORIES_H_
