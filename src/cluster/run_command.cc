#include "cluster/run_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "pgring/base/clock.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// Returns 0 or an errno. `output_fd` becomes the program's standard output.
int Spawn(const std::vector<std::string>& arguments, int output_fd, pid_t* pid) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);

  // pgring blocks SIGINT and SIGTERM in all its threads; a program must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  const int error = posix_spawn(pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// Empty on success, else what went wrong.
std::string ReadAll(int fd, int64_t limit_ns, std::string* output) {
  const int64_t deadline_ns = SteadyClock::Get()->NowNs() + limit_ns;
  for (;;) {
    const int64_t left_ns = deadline_ns - SteadyClock::Get()->NowNs();
    if (left_ns <= 0) {
      return fmt::format("not done after {} s", limit_ns / kNanosecondsPerSecond);
    }
    pollfd entry{fd, POLLIN, 0};
    const int timeout_ms = static_cast<int>(left_ns / kNanosecondsPerMillisecond) + 1;
    if (poll(&entry, 1, timeout_ms) <= 0) continue;
    char buffer[4096];
    const ssize_t length = read(fd, buffer, sizeof(buffer));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return "its output could not be read";
    if (length == 0) return "";
    output->append(buffer, static_cast<size_t>(length));
    if (output->size() > kCommandOutputLimitBytes) return "it printed too much";
  }
}

}  // namespace

absl::StatusOr<std::string> RunCommand(const std::vector<std::string>& arguments,
                                       int64_t limit_ns) {
  const std::string attempt = fmt::format("run {}", fmt::join(arguments, " "));
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, attempt);
  // dup2 onto itself would leave the descriptor close-on-exec, hence never 0, 1 or 2.
  const int write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
  close(ends[1]);
  pid_t pid = -1;
  const int error = write_end < 0 ? errno : Spawn(arguments, write_end, &pid);
  if (write_end >= 0) close(write_end);
  if (error != 0) {
    close(ends[0]);
    return ErrnoStatus(error, attempt);
  }
  std::string output;
  const std::string problem = ReadAll(ends[0], limit_ns, &output);
  close(ends[0]);
  if (!problem.empty()) kill(pid, SIGKILL);
  int wait_status = 0;
  while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (!problem.empty()) return absl::InternalError(fmt::format("{}: {}", attempt, problem));
  if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
    return absl::InternalError(fmt::format("{}: wait status {:#x}", attempt, wait_status));
  }
  return output;
}

}  // namespace pgring
