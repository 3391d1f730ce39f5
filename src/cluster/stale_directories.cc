#include "cluster/stale_directories.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "cluster/directory_layout.h"
#include "cluster/remove_tree.h"

namespace pgring {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool HasOurName(const std::string& name) {
  const std::string prefix = kDirectoryPrefix;
  if (name.size() != prefix.size() + kDirectorySuffixLength) return false;
  if (name.compare(0, prefix.size(), prefix) != 0) return false;
  for (size_t i = prefix.size(); i < name.size(); ++i) {
    if (isalnum(static_cast<unsigned char>(name[i])) == 0) return false;
  }
  return true;
}

std::string ReadSmallFile(int fd) {
  char buffer[1024];
  const ssize_t length = pread(fd, buffer, sizeof(buffer), 0);
  return length > 0 ? std::string(buffer, static_cast<size_t>(length)) : std::string();
}

bool BelongsToUs(const struct stat& information, std::optional<uid_t> server_user) {
  return information.st_uid == geteuid() ||
         (server_user.has_value() && information.st_uid == *server_user);
}

std::string LinkTarget(const std::string& link) {
  std::error_code error;
  return std::filesystem::read_symlink(link, error).string();
}

// The name of the program may end in " (deleted)" after an upgrade.
bool IsServerOf(pid_t pid, const std::string& data_directory) {
  if (LinkTarget(fmt::format("/proc/{}/cwd", pid)) != data_directory) return false;
  const std::string program = LinkTarget(fmt::format("/proc/{}/exe", pid));
  return program.substr(program.rfind('/') + 1).rfind("postgres", 0) == 0;
}

bool WaitForEnd(int process_fd, int limit_ms) {
  pollfd entry{process_fd, POLLIN, 0};
  return poll(&entry, 1, limit_ms) > 0;
}

// True once no server runs there.
bool EndSurvivingServer(int directory_fd, const std::string& data_directory) {
  const std::string name = std::string(kDataDirectoryName) + "/postmaster.pid";
  const Descriptor file(
      openat(directory_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok()) return errno == ENOENT;
  const pid_t pid = static_cast<pid_t>(atoi(ReadSmallFile(file.get()).c_str()));
  if (pid <= 1) return true;
  // The pidfd comes first: what is checked below is then the process that is signalled.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.ok()) return errno == ESRCH;
  if (!IsServerOf(pid, data_directory)) return true;
  for (const int number : {SIGQUIT, SIGKILL}) {
    if (syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) != 0) {
      return errno == ESRCH;
    }
    if (WaitForEnd(process.get(), kStaleServerLimitMs)) return true;
  }
  return false;
}

}  // namespace

StaleOutcome RemoveStaleDirectory(const std::string& directory, std::optional<uid_t> server_user) {
  if (!HasOurName(directory.substr(directory.rfind('/') + 1))) return StaleOutcome::kNotOurs;
  const Descriptor directory_fd(
      open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat information{};
  if (!directory_fd.ok() || fstat(directory_fd.get(), &information) != 0 ||
      !BelongsToUs(information, server_user)) {
    return StaleOutcome::kNotOurs;
  }
  const Descriptor owner(
      openat(directory_fd.get(), kOwnerFileName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!owner.ok() || fstat(owner.get(), &information) != 0 || !S_ISREG(information.st_mode) ||
      information.st_uid != geteuid() || ReadSmallFile(owner.get()) != kOwnerFileText) {
    return StaleOutcome::kNotOurs;
  }
  // We hold the lock until the directory is gone, so that two sweeps do not meet in it.
  if (flock(owner.get(), LOCK_EX | LOCK_NB) != 0) return StaleOutcome::kLive;
  if (fstat(owner.get(), &information) != 0 || information.st_nlink == 0) {
    return StaleOutcome::kNotOurs;
  }
  if (!EndSurvivingServer(directory_fd.get(), directory + "/" + kDataDirectoryName)) {
    return StaleOutcome::kFailed;
  }
  return RemoveTree(directory.c_str(), kOwnerFileName) == 0 ? StaleOutcome::kRemoved
                                                            : StaleOutcome::kFailed;
}

std::vector<std::string> RemoveStaleDirectories(const std::string& parent,
                                                std::optional<uid_t> server_user) {
  std::vector<std::string> removed;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string directory = parent + "/" + entry->path().filename().string();
    if (RemoveStaleDirectory(directory, server_user) == StaleOutcome::kRemoved) {
      removed.push_back(directory);
    }
  }
  return removed;
}

}  // namespace pgring
