// Asks a starting server whether it is ready in the only way that counts: by a connection that runs
// a query. A log line or a listening socket comes too early.
#ifndef PGRING_CLUSTER_READINESS_H_
#define PGRING_CLUSTER_READINESS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgring {

struct ReadinessAnswer {
  bool ready = false;
  std::string reason;  // why not yet: libpq's message, on one line
};

// Waits until poll(2)'s `events` hold for `fd`. An error ends the attempt and is passed on.
using DescriptorWait = std::function<absl::Status(int fd, short events)>;

// One attempt, which waits in `wait` alone. Not ready: worth another try (no listener yet,
// "starting up", no connection left). FailedPrecondition: trying again is of no use, or the server
// that answered has another data directory than `data_directory`.
absl::StatusOr<ReadinessAnswer> AskServer(const std::string& conninfo,
                                          const std::string& data_directory,
                                          const DescriptorWait& wait);

}  // namespace pgring

#endif  // PGRING_CLUSTER_READINESS_H_
