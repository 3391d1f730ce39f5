#include "workload/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kShell = "/bin/sh";
constexpr size_t kMaxOutputBytes = 64 * 1024;
constexpr std::string_view kCauseShell = "shell";

absl::Status ShellError(const std::string& line, std::string_view what) {
  return WithFailureCode(
      absl::UnknownError(absl::StrCat("shell command \"", line, "\": ", std::string(what))),
      kCauseShell);
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { Close(); }

  int get() const { return number_; }
  void Close() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

// A started command: its process, its end to wait for, and its output where that was asked for.
struct ShellProcess {
  pid_t pid = -1;
  Descriptor end;
  Descriptor output;
};

absl::StatusOr<ShellProcess> Start(const std::string& line, bool with_output) {
  ShellProcess process;
  Descriptor theirs;
  if (with_output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "start a shell command: pipe");
    process.output = Descriptor(ends[0]);
    theirs = Descriptor(ends[1]);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (with_output) posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  // A command must not inherit which signals we block and ignore: it could not be interrupted, and
  // a pipe in it would not end with its reader.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char shell_name[] = "sh", flag[] = "-c";
  char* const arguments[] = {shell_name, flag, const_cast<char*>(line.c_str()), nullptr};
  const int failed = posix_spawn(&process.pid, kShell, &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return ErrnoStatus(failed, absl::StrCat("start ", kShell));
  process.end = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  if (process.end.get() < 0) {
    const int error_number = errno;
    kill(process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
    return ErrnoStatus(error_number, "watch a shell command: pidfd_open");
  }
  return process;
}

// Reads what is there. False: that was all.
bool ReadSome(int descriptor, std::string* output) {
  char buffer[1024];
  const ssize_t length = read(descriptor, buffer, sizeof buffer);
  if (length <= 0) return length < 0 && errno == EINTR;
  if (output->size() < kMaxOutputBytes) output->append(buffer, static_cast<size_t>(length));
  return true;
}

}  // namespace

Task<absl::Status> RunShell(Pauses* pauses, const std::string* line, std::string* output) {
  auto process = Start(*line, output != nullptr);
  if (!process.ok()) co_return process.status();
  bool goes_on = true;
  if (output != nullptr) {
    output->clear();
    const int descriptor = process->output.get();
    for (bool more = true; more && goes_on;) {
      goes_on = co_await pauses->WaitReadable(descriptor);
      if (goes_on) more = ReadSome(descriptor, output);
    }
    output->resize(std::min(output->size(), output->find('\n')));
  }
  if (goes_on) {
    const int end = process->end.get();
    goes_on = co_await pauses->WaitReadable(end);
  }
  if (!goes_on) kill(process->pid, SIGKILL);
  int status = 0;
  waitpid(process->pid, &status, 0);
  if (!goes_on) {
    co_return WithFailureCode(absl::CancelledError("interrupted in a shell command"),
                              kCauseInterrupted);
  }
  if (output == nullptr && status != 0) {
    co_return ShellError(*line, WIFEXITED(status)
                                    ? absl::StrCat("exited with status ", WEXITSTATUS(status))
                                    : absl::StrCat("ended by signal ", WTERMSIG(status)));
  }
  co_return absl::OkStatus();
}

}  // namespace pgring
