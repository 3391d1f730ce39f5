#include "cli/messages.h"

#include <errno.h>

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// The errno of the first write to standard output that failed; 0: none has.
int g_output_error = 0;

void NoteOutputError() {
  if (g_output_error == 0) g_output_error = errno != 0 ? errno : EIO;
}

}  // namespace

void PrintToStandardError(std::string_view text) {
  // There is nobody to tell of a failure.
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

void PrintError(const absl::Status& status) {
  PrintToStandardError(absl::StrCat("pgring: ", status.message(), "\n"));
}

void PrintNote(std::string_view note) {
  PrintToStandardError(absl::StrCat("pgring: note: ", std::string(note), "\n"));
}

void PrintOutput(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) NoteOutputError();
}

absl::Status FinishOutput() {
  errno = 0;
  // The error indicator also knows of what was printed past PrintOutput.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) NoteOutputError();
  if (g_output_error == 0) return absl::OkStatus();
  return ErrnoStatus(g_output_error, "writing to standard output");
}

int FinishWith(int exit_code) {
  const absl::Status finished = FinishOutput();
  if (finished.ok()) return exit_code;
  PrintError(finished);
  return kExitCouldNotStart;
}

}  // namespace pgring
