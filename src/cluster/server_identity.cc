#include "cluster/server_identity.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace pgring {

absl::StatusOr<std::optional<ServerIdentity>> FindServerIdentity(const std::string& name) {
  if (geteuid() != 0) return std::optional<ServerIdentity>();
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int error = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return absl::FailedPreconditionError(fmt::format(
        "start a throwaway server as root: PostgreSQL refuses to run as root and there is no "
        "user \"{}\" to run it as{}; install PostgreSQL from a package, which makes that user "
        "(apt-get install postgresql), or run pgring as an ordinary user",
        name, error == 0 ? "" : fmt::format(" (errno {})", error)));
  }
  if (entry.pw_uid == 0) {
    return absl::FailedPreconditionError(
        fmt::format("start a throwaway server as root: the user \"{}\" is root itself and "
                    "PostgreSQL refuses to run as root; run pgring as an ordinary user",
                    name));
  }
  ServerIdentity identity;
  identity.name = name;
  identity.user = entry.pw_uid;
  identity.group = entry.pw_gid;
  int count = 64;
  identity.groups.resize(static_cast<size_t>(count));
  if (getgrouplist(name.c_str(), entry.pw_gid, identity.groups.data(), &count) < 0) {
    identity.groups.resize(static_cast<size_t>(count));
    if (getgrouplist(name.c_str(), entry.pw_gid, identity.groups.data(), &count) < 0) count = 0;
  }
  identity.groups.resize(static_cast<size_t>(count));
  return std::optional<ServerIdentity>(std::move(identity));
}

}  // namespace pgring
