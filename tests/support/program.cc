#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "pgring/base/build_info.h"
#include "pgring/base/check.h"

extern char** environ;

namespace pgring {
namespace {

constexpr std::chrono::milliseconds kLimit(Program::kLimitMs);
// Between two looks at something that gives no event.
constexpr int kPollPauseMs = 5;

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Whatever the test's own environment says about servers and output must not reach the program.
bool IsInherited(std::string_view variable) {
  for (const std::string_view prefix :
       {"PG", "NO_COLOR=", "TERM=", "LC_", "LANG=", "LANGUAGE=", "TMPDIR="}) {
    if (StartsWith(variable, prefix)) return false;
  }
  return true;
}

std::vector<std::string> MakeEnvironment(const std::string& temporary_directory,
                                         const std::vector<std::string>& more) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (IsInherited(*variable)) environment.emplace_back(*variable);
  }
  environment.push_back("TMPDIR=" + temporary_directory);
  for (const std::string& variable : more) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    environment.erase(
        std::remove_if(environment.begin(), environment.end(),
                       [&name](const std::string& other) { return StartsWith(other, name); }),
        environment.end());
    environment.push_back(variable);
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// From the fork on: system calls only.
template <size_t kCount>
bool InstallFilter(sock_filter (&program)[kCount]) {
  sock_fprog filter = {kCount, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// A seccomp filter under which they fail with EPERM.
bool Forbid(ForbiddenIoUring forbidden) {
  static_assert(__NR_io_uring_setup + 1 == __NR_io_uring_enter &&
                __NR_io_uring_setup + 2 == __NR_io_uring_register);
  const auto first = static_cast<uint32_t>(
      forbidden == ForbiddenIoUring::kEverything ? __NR_io_uring_setup : __NR_io_uring_enter);
  const auto last = static_cast<uint32_t>(
      forbidden == ForbiddenIoUring::kEverything ? __NR_io_uring_register : __NR_io_uring_enter);
  // The second argument of io_uring_enter, to_submit; of the others nothing is asked.
  const uint32_t most = forbidden == ForbiddenIoUring::kSubmittingMoreThanTwo ? 2 : UINT32_MAX;
  constexpr uint32_t kSecondArgument = offsetof(seccomp_data, args) + sizeof(uint64_t);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 5),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JA, most == UINT32_MAX ? 2U : 0U, 0, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSecondArgument),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, most, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return InstallFilter(program);
}

// The user must be able to work in the program's directories, which its owner gives it.
constexpr uid_t kLimitedUser = 61'357;

bool LimitProcesses(int64_t process_limit) {
  const auto limit = static_cast<rlim_t>(process_limit);
  const rlimit both = {limit, limit};
  return setrlimit(RLIMIT_NPROC, &both) == 0 && setgroups(0, nullptr) == 0 &&
         setresgid(kLimitedUser, kLimitedUser, kLimitedUser) == 0 &&
         setresuid(kLimitedUser, kLimitedUser, kLimitedUser) == 0;
}

// Mounts an empty file system over each, in a mount namespace of the program's own.
bool Hide(const std::vector<std::string>& directories) {
  if (directories.empty()) return true;
  if (unshare(CLONE_NEWNS) != 0) return false;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  for (const std::string& directory : directories) {
    if (mount("none", directory.c_str(), "tmpfs", 0, nullptr) != 0) return false;
  }
  return true;
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe MakePipe() {
  int ends[2];
  PGRING_CHECK(pipe2(ends, O_CLOEXEC) == 0, "a test needs pipes");
  return {ends[0], ends[1]};
}

Pipe MakeTerminal() {
  Pipe ends;
  PGRING_CHECK(openpty(&ends.read_end, &ends.write_end, nullptr, nullptr, nullptr) == 0,
               "a test needs a pseudo terminal");
  const winsize size = {50, 120, 0, 0};
  ioctl(ends.write_end, TIOCSWINSZ, &size);
  fcntl(ends.read_end, F_SETFD, FD_CLOEXEC);
  fcntl(ends.write_end, F_SETFD, FD_CLOEXEC);
  return ends;
}

Pipe OpenForWriting(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  PGRING_CHECK(descriptor >= 0, "a test needs the file that it gives as a standard stream");
  return {-1, descriptor};
}

// False: closed.
bool ReadSome(int descriptor, std::string* text) {
  char buffer[16 * 1024];
  const ssize_t length = read(descriptor, buffer, sizeof buffer);
  if (length > 0) text->append(buffer, static_cast<size_t>(length));
  return length > 0 || (length < 0 && errno == EINTR);
}

std::string ProcessName(const std::filesystem::path& process) {
  std::string name = ReadFile(process / "comm");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return "process " + process.filename().string() + " (" + name + ")";
}

// PostgreSQL's processes work in their data directory and write over their environment; everything
// else has TMPDIR in it.
bool BelongsTo(const std::filesystem::path& process, const std::string& directory) {
  std::error_code ignored;
  const std::string working = std::filesystem::read_symlink(process / "cwd", ignored).string();
  if (StartsWith(working, directory)) return true;
  return ReadFile(process / "environ").find(directory) != std::string::npos;
}

bool IsZombie(const std::filesystem::path& process) {
  return ReadFile(process / "status").find("\nState:\tZ") != std::string::npos;
}

bool IsNumber(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, const ProgramOptions& options) {
  char name[] = "/tmp/pgring-test-XXXXXX";
  PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
  directory_ = name;
  // The server may run as another user than the test.
  PGRING_CHECK(chmod(name, 0755) == 0, "a test must be able to open its directory to all");
  std::filesystem::create_directory(work_directory());
  std::filesystem::create_directory(temporary_directory());
  PGRING_CHECK(chmod(temporary_directory().c_str(), 01777) == 0,
               "a test must be able to open its directory to all");
  Start(arguments, options);
}

void Program::Start(const std::vector<std::string>& arguments, const ProgramOptions& options) {
  const char* binary = getenv("PGRING_BINARY");
  PGRING_CHECK(binary != nullptr, "PGRING_BINARY names the program under test (meson sets it)");
  std::vector<std::string> words = {binary};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argument_pointers = Pointers(&words);
  std::vector<std::string> environment =
      MakeEnvironment(temporary_directory(), options.environment);
  std::vector<char*> environment_pointers = Pointers(&environment);
  const std::string work = work_directory();

  Pipe output = options.stdout_path.empty() ? MakePipe() : OpenForWriting(options.stdout_path);
  Pipe error = options.stderr_path.empty() ? MakePipe() : OpenForWriting(options.stderr_path);
  if (options.terminal) {
    close(output.read_end);
    close(output.write_end);
    output = MakeTerminal();
  }
  if (options.process_limit > 0) {
    PGRING_CHECK(chown(work.c_str(), kLimitedUser, kLimitedUser) == 0, "the test needs root");
  }
  pid_ = fork();
  PGRING_CHECK(pid_ >= 0, "a test must be able to fork");
  if (pid_ == 0) {
    dup2(output.write_end, STDOUT_FILENO);
    dup2(options.terminal ? output.write_end : error.write_end, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // What a shell ignores for what it starts in the background.
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    // A test that dies must not leave its program behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options.open_file_limit > 0) {
      const auto limit = static_cast<rlim_t>(options.open_file_limit);
      const rlimit both = {limit, limit};
      setrlimit(RLIMIT_NOFILE, &both);
    }
    if (chdir(work.c_str()) != 0) _exit(126);
    if (!Hide(options.hidden_directories)) _exit(126);
    if (options.process_limit > 0 && !LimitProcesses(options.process_limit)) _exit(126);
    if (options.forbidden_io_uring != ForbiddenIoUring::kNothing &&
        !Forbid(options.forbidden_io_uring)) {
      _exit(126);
    }
    execve(argument_pointers[0], argument_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  process_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  PGRING_CHECK(process_fd_ >= 0, "a test needs pidfd_open");
  close(output.write_end);
  close(error.write_end);
  reader_ = std::thread([this, output, error] { Read(output.read_end, error.read_end); });
}

Program::~Program() {
  if (!ended_) {
    Signal(SIGKILL);
    Wait();
  }
  close(process_fd_);
  // A keeper that outlives a killed program is still at work in there.
  FinalLeftovers({"work"});
  if (last_visitor_ != nullptr) last_visitor_(work_directory());
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Program::Read(int output, int error) {
  pollfd descriptors[2] = {{output, POLLIN, 0}, {error, POLLIN, 0}};
  while (descriptors[0].fd >= 0 || descriptors[1].fd >= 0) {
    if (poll(descriptors, 2, -1) <= 0) continue;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (pollfd& descriptor : descriptors) {
      if (descriptor.fd < 0 || descriptor.revents == 0) continue;
      std::string* text = &descriptor == &descriptors[0] ? &output_ : &error_;
      if (ReadSome(descriptor.fd, text)) continue;
      close(descriptor.fd);
      descriptor.fd = -1;
    }
    changed_.notify_all();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  streams_closed_ = true;
  changed_.notify_all();
}

bool Program::WaitForText(const std::string& collected, std::string_view text) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto has_text = [&] { return collected.find(text) != std::string::npos; };
  changed_.wait_for(lock, kLimit, [&] { return has_text() || streams_closed_; });
  return has_text();
}

bool Program::WaitForError(std::string_view text) { return WaitForText(error_, text); }

bool Program::WaitForOutput(std::string_view text) { return WaitForText(output_, text); }

void Program::Signal(int signal_number) const {
  syscall(SYS_pidfd_send_signal, process_fd_, signal_number, nullptr, 0);
}

int Program::Wait() {
  if (ended_) return exit_code_;
  pollfd descriptor = {process_fd_, POLLIN, 0};
  const bool in_time = poll(&descriptor, 1, kLimitMs) > 0;
  if (!in_time) Signal(SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  reader_.join();
  if (in_time) {
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return exit_code_;
}

std::string Program::stdout_text() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return output_;
}

std::string Program::stderr_text() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return error_;
}

std::vector<std::string> Program::FindLeftovers() const {
  std::vector<std::string> found;
  std::error_code error;
  for (const std::string& part : {std::string("work"), std::string("tmp")}) {
    for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/" + part, error)) {
      found.push_back(part + "/" + entry.path().filename().string());
    }
  }
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    if (!IsNumber(process.path().filename().string())) continue;
    if (BelongsTo(process.path(), directory_) && !IsZombie(process.path())) {
      found.push_back(ProcessName(process.path()));
    }
  }
  return found;
}

std::string Program::Leftovers(const std::vector<std::string>& allowed) const {
  std::string left;
  for (const std::string& found : FindLeftovers()) {
    const bool is_allowed =
        std::any_of(allowed.begin(), allowed.end(),
                    [&found](const std::string& prefix) { return StartsWith(found, prefix); });
    if (!is_allowed) left += (left.empty() ? "" : ", ") + found;
  }
  return left;
}

std::string Program::FinalLeftovers(const std::vector<std::string>& allowed) const {
  std::string left;
  WaitUntil([&] {
    left = Leftovers(allowed);
    return left.empty();
  });
  return left;
}

int ExpectedValidExit() { return GetBuildInfo().fit_for_measuring() ? 0 : 2; }

bool WaitUntil(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    poll(nullptr, 0, kPollPauseMs);
  }
  return true;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> ErrorLines(const std::string& standard_error) {
  std::vector<std::string> errors;
  for (const std::string& line : Lines(standard_error)) {
    if (StartsWith(line, "pgring: ") && !StartsWith(line, "pgring: note: ")) {
      errors.push_back(line);
    }
  }
  return errors;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // A process may end while its file in /proc is read: an iterator over the buffer would throw
  // then, which failed a test once in some hundred runs.
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace pgring
