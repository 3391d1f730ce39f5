#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "pgring/base/printable.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// What standard output was when the program began; nullptr: stdout.
FILE* g_output = nullptr;
// The errno of the first write to it that failed; 0: none has.
int g_output_error = 0;

std::atomic<int> g_printed_from_signal_thread{0};

FILE* Output() { return g_output != nullptr ? g_output : stdout; }

void NoteOutputError() {
  if (g_output_error == 0) g_output_error = errno != 0 ? errno : EIO;
}

}  // namespace

void OccupyStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest that is free, so this one. Opened for what is not done with it.
    (void)open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void DrawOnStandardError(std::string_view text) {
  // A failure cannot be reported anywhere.
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fflush(stderr);
}

void PrintFromSignalThread(std::string_view text) {
  g_printed_from_signal_thread.fetch_add(1);
  // A failure cannot be reported anywhere.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

int PrintedFromSignalThread() { return g_printed_from_signal_thread.load(); }

void PrintToStandardError(std::string_view text) { DrawOnStandardError(EscapeControls(text)); }

void PrintError(const absl::Status& status) {
  PrintToStandardError(absl::StrCat("pgring: ", status.message(), "\n"));
}

void PrintNote(std::string_view note) {
  PrintToStandardError(absl::StrCat("pgring: note: ", std::string(note), "\n"));
}

void KeepStandardOutputForUs() {
  // Where a step fails, because the stream is closed, there is nothing to keep clean.
  const int ours = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (ours < 0) return;
  g_output = fdopen(ours, "w");
  if (g_output != nullptr) dup2(STDERR_FILENO, STDOUT_FILENO);
}

void PrintOutput(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), Output()) != text.size()) NoteOutputError();
}

void FlushOutput() {
  errno = 0;
  if (std::fflush(Output()) != 0) NoteOutputError();
}

absl::Status FinishOutput() {
  FlushOutput();
  errno = 0;
  // The error indicator also knows of what was printed past PrintOutput.
  if (std::ferror(Output()) != 0) NoteOutputError();
  if (g_output_error == 0) return absl::OkStatus();
  return ErrnoStatus(g_output_error, "writing to standard output");
}

absl::Status FinishReport() {
  absl::Status finished = FinishOutput();
  return g_output_error == EPIPE ? absl::OkStatus() : finished;
}

int FinishWith(int exit_code) {
  const absl::Status finished = FinishReport();
  if (finished.ok()) return exit_code;
  PrintError(finished);
  return kExitCouldNotStart;
}

}  // namespace pgring
