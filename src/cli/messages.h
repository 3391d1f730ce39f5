// What pgring says on standard output and standard error. Both may be a full disk or a closed pipe,
// which must cost the output and nothing else: a run in progress goes on and its files are written.
#ifndef PGRING_CLI_MESSAGES_H_
#define PGRING_CLI_MESSAGES_H_

#include <string_view>

#include "absl/status/status.h"

namespace pgring {

inline constexpr int kExitValid = 0;
inline constexpr int kExitCouldNotStart = 1;
inline constexpr int kExitInvalid = 2;
inline constexpr int kExitGateBreached = 3;

// At the start of the program: a standard descriptor that is closed must not be given to a file or
// socket of ours, which would then get the output. Writing to it goes on failing with EBADF.
void OccupyStandardDescriptors();

// "pgring: <message>" on one line of standard error.
void PrintError(const absl::Status& status);
void PrintNote(std::string_view note);
// The same without any prefix or line end. Control characters are escaped (EscapeControls), because
// messages quote servers, scripts and arguments.
void PrintToStandardError(std::string_view text);
// The same from the thread of signals, which does not wait for one that draws; and how often that
// has been. Whoever redraws lines in place begins anew below what was written so.
void PrintFromSignalThread(std::string_view text);
int PrintedFromSignalThread();
// As it is, for what moves the cursor.
void DrawOnStandardError(std::string_view text);

// From now on nothing but PrintOutput reaches what is standard output now: what scripts' shell
// commands and libraries print goes to standard error.
void KeepStandardOutputForUs();

// To standard output, with EscapeControls where it quotes what is not ours. Whether it arrived is
// FinishOutput's to say.
void PrintOutput(std::string_view text);
// What was printed so far is on its way.
void FlushOutput();

// Hands everything printed to standard output to the kernel. Fails when any of it was lost.
absl::Status FinishOutput();
// The same for what a reader may stop reading at any point, as head does: a closed pipe is no
// failure.
absl::Status FinishReport();

// `exit_code`, or kExitCouldNotStart, with a message, when standard output was lost.
int FinishWith(int exit_code);

}  // namespace pgring

#endif  // PGRING_CLI_MESSAGES_H_
