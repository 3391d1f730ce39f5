// Runs the pgring program as a user does: arguments in, standard output, standard error and an exit
// code out. Each Program has a directory of its own below /tmp, with the working directory (`work`)
// and TMPDIR (`tmp`) in it, and an environment without PG* variables; the directory, and whatever
// still runs, goes with it.
//
// Nothing waits without a limit: a program that does not do what is waited for within kLimitMs is
// killed and the test told. One thread per object.
#ifndef PGRING_TESTS_SUPPORT_PROGRAM_H_
#define PGRING_TESTS_SUPPORT_PROGRAM_H_

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pgring {

// Which of io_uring's system calls fail with EPERM, as under a container's seccomp profile.
enum class ForbiddenIoUring {
  kNothing,
  kEverything,
  kEntering,              // io_uring_enter
  kSubmittingMoreThanTwo  // at once: fails where pgring first has several connections in flight
};

struct ProgramOptions {
  // "NAME=value", added to a copy of the test's environment that has no PG*, NO_COLOR, TERM, LC_*,
  // LANG.
  std::vector<std::string> environment;
  ForbiddenIoUring forbidden_io_uring = ForbiddenIoUring::kNothing;
  // The program sees these as empty directories. Needs root.
  std::vector<std::string> hidden_directories;
  // Files for the standard streams in place of what stdout_text() and stderr_text() collect.
  std::string stdout_path;
  std::string stderr_path;
  // Standard output and error are one pseudo terminal; its text is stdout_text().
  bool terminal = false;
  int64_t open_file_limit = 0;  // RLIMIT_NOFILE, soft and hard; 0: as it is
  // The program and its threads may be so many (RLIMIT_NPROC), as a user that nothing else runs as,
  // because root has no such limit. Needs root; 0: no limit.
  int64_t process_limit = 0;
};

class Program {
 public:
  // Far beyond what any step takes on a loaded machine with a sanitizer build.
  static constexpr int kLimitMs = 90'000;

  explicit Program(const std::vector<std::string>& arguments,
                   const ProgramOptions& options = ProgramOptions());
  ~Program();
  // Called by every Program before its directory goes, whatever is in it: with work_directory().
  using Visitor = void (*)(const std::string& work_directory);
  static void SetLastVisitor(Visitor visitor) { last_visitor_ = visitor; }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  std::string work_directory() const { return directory_ + "/work"; }
  std::string temporary_directory() const { return directory_ + "/tmp"; }

  // True once standard error (output) has held `text`, wherever it stands. False: the program ended
  // without it, or took longer than kLimitMs.
  bool WaitForError(std::string_view text);
  bool WaitForOutput(std::string_view text);

  void Signal(int signal_number) const;

  // Waits for the end. The exit code; 128 + signal number when a signal ended it, as shells say it;
  // -1 when it had to be killed after kLimitMs.
  int Wait();

  // What came so far; complete after Wait.
  std::string stdout_text() const;
  std::string stderr_text() const;

  // Everything that is left behind now: files and directories below work and tmp, and processes
  // that belong to this run, except what begins with one of `allowed` ("work/out"). Empty after a
  // clean end.
  std::string Leftovers(const std::vector<std::string>& allowed = {}) const;
  // The same for a program that was killed, whose throwaway server takes a moment to go: what is
  // still left after kLimitMs.
  std::string FinalLeftovers(const std::vector<std::string>& allowed = {}) const;

 private:
  void Start(const std::vector<std::string>& arguments, const ProgramOptions& options);
  void Read(int output, int error);
  bool WaitForText(const std::string& collected, std::string_view text);
  std::vector<std::string> FindLeftovers() const;

  static inline Visitor last_visitor_ = nullptr;

  std::string directory_;
  pid_t pid_ = -1;
  int process_fd_ = -1;
  bool ended_ = false;
  int exit_code_ = -1;
  std::thread reader_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool streams_closed_ = false;
  std::string output_;
  std::string error_;
};

// The exit code of a comparison in which everything went well: 0, or 2 in a build whose figures
// mean nothing, because every run is marked invalid there.
int ExpectedValidExit();

// Calls `condition` until it holds. False: it did not within Program::kLimitMs. For what only a
// server knows; everything else has an event to wait for.
bool WaitUntil(const std::function<bool()>& condition);

// The lines of a text, without their ends.
std::vector<std::string> Lines(const std::string& text);

// The lines of standard error that are errors: "pgring: …" but not "pgring: note: …".
std::vector<std::string> ErrorLines(const std::string& standard_error);

std::string ReadFile(const std::string& path);

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_PROGRAM_H_
