#include "cluster/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cluster/directory_layout.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// What execve takes. The strings belong to `texts`, which must outlive it.
std::vector<char*> PointersTo(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Two connected sockets, neither of them 0, 1 or 2: the keeper overwrites those.
absl::Status MakeChannel(int ends[2]) {
  int low[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, low) != 0) {
    return ErrnoStatus(errno, "make the channel to the server's keeper");
  }
  for (int i = 0; i < 2; ++i) ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  for (int i = 0; i < 2; ++i) close(low[i]);
  if (ends[0] >= 0 && ends[1] >= 0) return absl::OkStatus();
  for (int i = 0; i < 2; ++i) {
    if (ends[i] >= 0) close(ends[i]);
  }
  return ErrnoStatus(error, "make the channel to the server's keeper");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Keeper>> Keeper::Fork(const KeeperPlan& plan) {
  const std::string data_directory = plan.directory + "/" + kDataDirectoryName;
  const std::string owner_path = plan.directory + "/" + kOwnerFileName;
  const std::string new_owner_path = owner_path + ".new";
  const std::string initdb_log = plan.directory + "/" + kInitdbLogName;
  const std::string server_log = plan.directory + "/" + kServerLogName;
  const std::vector<char*> initdb_arguments = PointersTo(plan.initdb_arguments);
  const std::vector<char*> postgres_arguments = PointersTo(plan.postgres_arguments);
  const std::vector<char*> environment = PointersTo(plan.environment);
  PreparedKeeper prepared{};
  prepared.directory = plan.directory.c_str();
  prepared.data_directory = data_directory.c_str();
  prepared.owner_path = owner_path.c_str();
  prepared.new_owner_path = new_owner_path.c_str();
  prepared.owner_text = kOwnerFileText;
  prepared.initdb = {initdb_arguments.data(), initdb_log.c_str(), SIGKILL};
  prepared.postgres = {postgres_arguments.data(), server_log.c_str(), SIGQUIT};
  prepared.environment = environment.data();
  if (plan.identity.has_value()) {
    prepared.changes_user = true;
    prepared.user = plan.identity->user;
    prepared.group = plan.identity->group;
    prepared.groups = plan.identity->groups.data();
    prepared.group_count = plan.identity->groups.size();
  }

  int ends[2] = {-1, -1};
  PGRING_RETURN_IF_ERROR(MakeChannel(ends));
  // Blocked over the fork, so that no handler of ours runs in the keeper and no Ctrl-C ends it
  // before it has left our process group.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) RunKeeperProcess(prepared, ends[1]);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return ErrnoStatus(error, "start the server's keeper process");
  }
  return std::unique_ptr<Keeper>(new Keeper(pid, ends[0]));
}

Keeper::~Keeper() { Finish(); }

absl::Status Keeper::Send(KeeperCommand command) {
  if (channel_ < 0) return absl::UnavailableError("the server's keeper process has ended");
  if (send(channel_, &command, sizeof(command), MSG_NOSIGNAL) == sizeof(command)) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the server's keeper process is gone");
}

absl::StatusOr<std::optional<KeeperReport>> Keeper::Receive() {
  if (channel_ < 0) return absl::UnavailableError("the server's keeper process has ended");
  KeeperReport report{};
  for (;;) {
    const ssize_t length = recv(channel_, &report, sizeof(report), MSG_DONTWAIT);
    if (length == sizeof(report)) break;
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return std::optional<KeeperReport>();
    return absl::UnavailableError("the server's keeper process is gone");
  }
  if (report.event == KeeperEvent::kDirectoryRemoved) directory_removed_ = report.value == 0;
  return std::optional<KeeperReport>(report);
}

bool Keeper::Finish() {
  if (channel_ < 0) return directory_removed_;
  shutdown(channel_, SHUT_WR);
  const int64_t deadline_ns = SteadyClock::Get()->NowNs() + kKeeperEndLimitNs;
  for (;;) {
    auto report = Receive();
    if (!report.ok()) break;
    if (report->has_value()) continue;
    const int64_t left_ns = deadline_ns - SteadyClock::Get()->NowNs();
    if (left_ns <= 0) {
      kill(pid_, SIGKILL);
      break;
    }
    pollfd entry{channel_, POLLIN, 0};
    poll(&entry, 1, static_cast<int>(left_ns / kNanosecondsPerMillisecond) + 1);
  }
  close(channel_);
  channel_ = -1;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  return directory_removed_;
}

const char* KeeperStepAttempt(KeeperStep step) {
  switch (step) {
    case KeeperStep::kNone:
      break;
    case KeeperStep::kMakeDirectory:
      return "make the directory";
    case KeeperStep::kMarkDirectory:
      return "write the owner file";
    case KeeperStep::kGiveDirectory:
      return "give the directory to the user the server runs as";
    case KeeperStep::kWatchPrograms:
      return "watch for the end of programs";
    case KeeperStep::kForkProgram:
      return "fork";
    case KeeperStep::kChangeUser:
      return "change to the user the server runs as";
    case KeeperStep::kEnterDirectory:
      return "enter the directory";
    case KeeperStep::kOpenLog:
      return "open the log file";
    case KeeperStep::kExecute:
      return "execute the program";
  }
  return "do nothing";
}

}  // namespace pgring
