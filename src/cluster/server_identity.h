// Which system user initdb and postgres run as. PostgreSQL refuses to run as root, so root lends
// them another user; anyone else runs them as himself.
#ifndef PGRING_CLUSTER_SERVER_IDENTITY_H_
#define PGRING_CLUSTER_SERVER_IDENTITY_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pgring {

struct ServerIdentity {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  // all of them, `group` included
};

inline constexpr char kServerUserName[] = "postgres";

// Nothing when we are not root: run as oneself. As root, the user `name`; FailedPrecondition when
// there is none. Looked up before any fork, because the name service allocates and locks.
absl::StatusOr<std::optional<ServerIdentity>> FindServerIdentity(const std::string& name);

}  // namespace pgring

#endif  // PGRING_CLUSTER_SERVER_IDENTITY_H_
