#include "cluster/keeper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cluster/directory_layout.h"
#include "cluster/remove_tree.h"

namespace pgring {
namespace {

// The keeper moves its channel here and closes everything above.
constexpr int kChannel = 3;

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void Report(KeeperEvent event, KeeperStep step, pid_t pid, int value) {
  const KeeperReport report{event, step, pid, value};
  // Cleaning up must neither stop because the channel has no reader nor wait for a full buffer.
  send(kChannel, &report, sizeof(report), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ReportFailure(KeeperStep step, int error) { Report(KeeperEvent::kFailed, step, 0, error); }

void CloseDescriptorsFrom(unsigned first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  for (rlim_t fd = first; fd < limit.rlim_cur; ++fd) close(static_cast<int>(fd));
}

// Leaves nothing that ties the keeper to pgring's terminal, pipes or files. Standard output in
// particular: a reader of pgring's output through a pipe waits until the last writer is gone.
void Detach(int channel) {
  setsid();
  prctl(PR_SET_NAME, "pgring-keeper", 0, 0, 0);
  // Orphaned server processes become ours, so that we know when the last one is gone.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (channel != kChannel) dup3(channel, kChannel, O_CLOEXEC);
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) {
    if (null_fd >= 0) dup2(null_fd, fd);
  }
  CloseDescriptorsFrom(kChannel + 1);
  // Where pgring ignores SIGCHLD, our children would vanish without a wait status.
  signal(SIGCHLD, SIG_DFL);
  umask(077);
  if (chdir("/") != 0) return;
}

// Sends SIGKILL to each child of ours. Without CONFIG_PROC_CHILDREN it does nothing, and the
// processes are left to notice by themselves that their postmaster is gone.
void KillChildren() {
  const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  char buffer[4096];
  pid_t pid = 0;
  for (;;) {
    const ssize_t length = read(fd, buffer, sizeof(buffer));
    if (length <= 0) break;
    for (ssize_t i = 0; i < length; ++i) {
      if (buffer[i] >= '0' && buffer[i] <= '9') {
        pid = pid * 10 + (buffer[i] - '0');
      } else if (pid > 1) {
        kill(pid, SIGKILL);
        pid = 0;
      }
    }
  }
  if (pid > 1) kill(pid, SIGKILL);
  close(fd);
}

// From here on in the forked child, between fork and execve.
[[noreturn]] void FailProgram(KeeperStep step) {
  ReportFailure(step, errno);
  _exit(127);
}

// The plain system calls: the C library's own versions involve every thread that it remembers.
void ChangeUser(const PreparedKeeper& plan) {
  if (!plan.changes_user) return;
  if (syscall(SYS_setgroups, plan.group_count, plan.groups) != 0 ||
      syscall(SYS_setresgid, plan.group, plan.group, plan.group) != 0 ||
      syscall(SYS_setresuid, plan.user, plan.user, plan.user) != 0) {
    FailProgram(KeeperStep::kChangeUser);
  }
}

[[noreturn]] void RunProgram(const PreparedKeeper& plan, const PreparedProgram& program,
                             pid_t keeper) {
  // A group of its own, so that initdb can be killed together with what it started.
  setpgid(0, 0);
  ChangeUser(plan);
  // After the change of user, which would clear it.
  prctl(PR_SET_PDEATHSIG, program.death_signal, 0, 0, 0);
  if (getppid() != keeper) _exit(127);
  if (chdir(plan.directory) != 0) FailProgram(KeeperStep::kEnterDirectory);
  const int log_fd =
      open(program.log_path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (log_fd < 0 || dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0) {
    FailProgram(KeeperStep::kOpenLog);
  }
  // An ignored signal stays ignored and a blocked one blocked over execve.
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(program.arguments[0], program.arguments, plan.environment);
  FailProgram(KeeperStep::kExecute);
}

class KeeperProcess {
 public:
  explicit KeeperProcess(const PreparedKeeper& plan) : plan_(plan) {}

  [[noreturn]] void Run() {
    const bool made = WatchPrograms() && MakeDirectory();
    if (made) {
      Report(KeeperEvent::kDirectoryMade, KeeperStep::kNone, 0, 0);
      Serve();
      Stop(SIGINT);
    }
    const int error = owns_directory_ ? RemoveTree(plan_.directory, kOwnerFileName) : 0;
    Report(KeeperEvent::kDirectoryRemoved, KeeperStep::kNone, 0, error);
    _exit(0);
  }

 private:
  bool WatchPrograms() {
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    signal_fd_ = signalfd(-1, &child_ended, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd_ < 0) ReportFailure(KeeperStep::kWatchPrograms, errno);
    return signal_fd_ >= 0;
  }

  bool MakeDirectory() {
    if (mkdir(plan_.directory, 0700) != 0) {
      ReportFailure(KeeperStep::kMakeDirectory, errno);
      return false;
    }
    owns_directory_ = true;
    if (!MarkDirectory()) {
      ReportFailure(KeeperStep::kMarkDirectory, errno);
      return false;
    }
    if (mkdir(plan_.data_directory, 0700) != 0) {
      ReportFailure(KeeperStep::kMakeDirectory, errno);
      return false;
    }
    if (plan_.changes_user && (chown(plan_.data_directory, plan_.user, plan_.group) != 0 ||
                               chown(plan_.directory, plan_.user, plan_.group) != 0)) {
      ReportFailure(KeeperStep::kGiveDirectory, errno);
      return false;
    }
    return true;
  }

  // The file gets its name only once it is locked: a sweep that found it unlocked would take the
  // directory for abandoned. The descriptor stays open, and the lock held, until the keeper ends.
  bool MarkDirectory() {
    const int fd = open(plan_.new_owner_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
    const size_t length = strlen(plan_.owner_text);
    const ssize_t written = write(fd, plan_.owner_text, length);
    if (written >= 0 && static_cast<size_t>(written) != length) errno = ENOSPC;
    if (written < 0 || static_cast<size_t>(written) != length) return false;
    return rename(plan_.new_owner_path, plan_.owner_path) == 0;
  }

  // Obeys commands until pgring closes its end or is gone.
  void Serve() {
    for (;;) {
      pollfd entries[2] = {{kChannel, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
      if (poll(entries, 2, -1) < 0 && errno != EINTR) return;
      Reap();
      if (entries[0].revents == 0) continue;
      KeeperCommand command{};
      const ssize_t length = recv(kChannel, &command, sizeof(command), MSG_DONTWAIT);
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (length != sizeof(command)) return;
      Obey(command);
    }
  }

  void Obey(KeeperCommand command) {
    switch (command) {
      case KeeperCommand::kRunInitdb:
        Launch(plan_.initdb, /*is_server=*/false);
        return;
      case KeeperCommand::kStartPostmaster:
        Launch(plan_.postgres, /*is_server=*/true);
        return;
      case KeeperCommand::kStopFast:
      case KeeperCommand::kStopImmediate:
        Stop(command == KeeperCommand::kStopFast ? SIGINT : SIGQUIT);
        Report(KeeperEvent::kStopped, KeeperStep::kNone, 0, 0);
        return;
    }
  }

  void Launch(const PreparedProgram& program, bool is_server) {
    if (program_ != 0) {
      ReportFailure(KeeperStep::kForkProgram, EBUSY);
      return;
    }
    const pid_t keeper = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
      ReportFailure(KeeperStep::kForkProgram, errno);
      return;
    }
    if (pid == 0) RunProgram(plan_, program, keeper);
    // In both processes, because either may come first.
    setpgid(pid, pid);
    program_ = pid;
    is_server_ = is_server;
    Report(KeeperEvent::kProgramStarted, KeeperStep::kNone, pid, 0);
  }

  // Ends the program, if one runs, with signals of rising force, then its remaining processes.
  void Stop(int first_signal) {
    if (is_server_) {
      if (first_signal == SIGINT) SignalAndWait(SIGINT, kFastShutdownLimitMs);
      SignalAndWait(SIGQUIT, kImmediateShutdownLimitMs);
    }
    if (program_ != 0) kill(-program_, SIGKILL);
    SignalAndWait(SIGKILL, kImmediateShutdownLimitMs);
    EndStragglers();
  }

  void SignalAndWait(int number, int limit_ms) {
    if (program_ == 0) return;
    kill(program_, number);
    const int64_t deadline_ms = NowMs() + limit_ms;
    while (program_ != 0) {
      const int64_t left_ms = deadline_ms - NowMs();
      if (left_ms <= 0) return;
      WaitForSignal(static_cast<int>(left_ms));
      Reap();
    }
  }

  // Nothing of the server may still be writing when the directory is removed or used again.
  void EndStragglers() {
    const int64_t kill_time_ms = NowMs() + kStragglerLimitMs;
    const int64_t deadline_ms = kill_time_ms + kStragglerKillLimitMs;
    while (Reap()) {
      const int64_t now_ms = NowMs();
      if (now_ms >= deadline_ms) return;
      if (now_ms >= kill_time_ms) KillChildren();
      // Killed processes may leave orphans, which arrive without a signal: look again soon.
      const int64_t wait_ms = now_ms < kill_time_ms ? kill_time_ms - now_ms : 20;
      WaitForSignal(static_cast<int>(wait_ms));
    }
  }

  void WaitForSignal(int limit_ms) {
    pollfd entry{signal_fd_, POLLIN, 0};
    poll(&entry, 1, limit_ms);
  }

  // Collects every child that has ended. Returns whether children are left.
  bool Reap() {
    signalfd_siginfo information;
    while (read(signal_fd_, &information, sizeof(information)) > 0) {
    }
    for (;;) {
      int wait_status = 0;
      const pid_t pid = waitpid(-1, &wait_status, WNOHANG);
      if (pid == 0) return true;
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return false;
      if (pid != program_) continue;
      program_ = 0;
      Report(KeeperEvent::kProgramEnded, KeeperStep::kNone, pid, wait_status);
    }
  }

  const PreparedKeeper& plan_;
  int signal_fd_ = -1;
  bool owns_directory_ = false;
  pid_t program_ = 0;       // initdb or the postmaster; 0: neither runs
  bool is_server_ = false;  // which of the two it is, or was
};

}  // namespace

void RunKeeperProcess(const PreparedKeeper& plan, int channel) {
  Detach(channel);
  KeeperProcess(plan).Run();
}

}  // namespace pgring
