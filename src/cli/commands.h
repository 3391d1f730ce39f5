// What each command does. Every one returns the program's exit code and has said on standard error
// what went wrong.
#ifndef PGRING_CLI_COMMANDS_H_
#define PGRING_CLI_COMMANDS_H_

#include <cstdint>
#include <string>

#include "cli/options.h"
#include "pgring/base/interrupt.h"

namespace pgring {

class WorkerTeam;

// `team`: of -j; nullptr: this process runs everything.
int CompareCommand(Options options, WorkerTeam* team, Interrupt* interrupt);
int TuneCommand(Options options, WorkerTeam* team, Interrupt* interrupt);
int ServerCommand(const Options& options, Interrupt* interrupt);
int DoctorCommand(const Options& options, Interrupt* interrupt);
// 0: no gate was breached, or there was none; kExitGateBreached; kExitInvalid where a result cannot
// be read or compared, or where a scenario was left out.
int DiffCommand(const Options& options);
// 0; kExitInvalid where a result cannot be read or shown, or the file cannot be written.
int ReportCommand(const Options& options);
// 0; kExitInvalid where a result cannot be read or a scenario was left out.
int ExportCommand(const Options& options);

// The exit code of the merged comparison; kExitCouldNotStart where the files cannot be merged.
int MergeCommand(const Options& options);

// What is installed beside the program: the manual page and completions for shells. For the build,
// which asks for it with --write-documents DIRECTORY; no option of any command.
inline constexpr char kWriteDocumentsOption[] = "--write-documents";
int WriteDocumentsCommand(const std::string& directory);

// Descriptors that are not connections: standard streams, the ring, pipes, files.
inline constexpr int64_t kOtherOpenFiles = 64;

// Raises the soft limit on open files to the hard one. Returns the limit in force.
int64_t RaiseOpenFileLimit();

}  // namespace pgring

#endif  // PGRING_CLI_COMMANDS_H_
