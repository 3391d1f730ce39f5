// \shell and \setshell: a command line for /bin/sh, awaited without blocking the loop.
//
// Fails when the shell cannot be started, when \shell's command ends with another status than 0, or
// when the run is interrupted meanwhile (the command is then killed).
#ifndef PGRING_WORKLOAD_SHELL_H_
#define PGRING_WORKLOAD_SHELL_H_

#include <string>

#include "absl/status/status.h"
#include "pgring/coro/task.h"
#include "workload/pauses.h"

namespace pgring {

// Runs `line`; its output goes where ours goes, or, where `output` is given, is kept there up to
// the end of its first line. All of it must outlive the task.
Task<absl::Status> RunShell(Pauses* pauses, const std::string* line, std::string* output);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SHELL_H_
