// pgring's end of the keeper (see keeper_process.h for the process itself): forks it, sends it
// commands, receives its reports. Owns the channel; closing the channel ends the server.
//
// Not thread-safe. Fork early: the keeper holds a copy-on-write copy of this process's memory, and
// mappings of an io_uring would keep that ring alive in the keeper.
#ifndef PGRING_CLUSTER_KEEPER_H_
#define PGRING_CLUSTER_KEEPER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cluster/keeper_process.h"
#include "cluster/server_identity.h"
#include "pgring/base/clock.h"

namespace pgring {

struct KeeperPlan {
  std::string directory;  // absolute; must not exist yet
  std::vector<std::string> initdb_arguments;
  std::vector<std::string> postgres_arguments;
  std::vector<std::string> environment;  // "NAME=value", of both programs
  std::optional<ServerIdentity> identity;
};

// The keeper may take this long to end everything, its own limits included, before it is killed.
inline constexpr int64_t kKeeperEndLimitNs = 60 * kNanosecondsPerSecond;

class Keeper {
 public:
  static absl::StatusOr<std::unique_ptr<Keeper>> Fork(const KeeperPlan& plan);

  // Ends the server as Finish does.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  pid_t pid() const { return pid_; }

  // Readable when Receive has something to return.
  int channel() const { return channel_; }

  // Unavailable: the keeper is gone.
  absl::Status Send(KeeperCommand command);

  // Never waits. Nothing: no report now. Unavailable: the keeper is gone.
  absl::StatusOr<std::optional<KeeperReport>> Receive();

  // Tells the keeper to end everything and waits until it has ended itself. True: it reported that
  // the directory is gone. False: it died before, or could not remove it. Idempotent.
  bool Finish();

 private:
  Keeper(pid_t pid, int channel) : pid_(pid), channel_(channel) {}

  pid_t pid_;
  int channel_;  // -1 once finished
  bool directory_removed_ = false;
};

// "make the directory": what the keeper attempted when it failed at `step`.
const char* KeeperStepAttempt(KeeperStep step);

}  // namespace pgring

#endif  // PGRING_CLUSTER_KEEPER_H_
