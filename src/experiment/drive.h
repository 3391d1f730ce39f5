// One run in this process: from the first connection to the end of the last operation, with what
// the process itself is observed by. The workers of a run do this, each with its share; without
// workers it is the whole of it.
#ifndef PGRING_EXPERIMENT_DRIVE_H_
#define PGRING_EXPERIMENT_DRIVE_H_

#include "absl/status/status.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

// `context` is complete but for its parameters, which are `parameters`: the server's messages are
// counted, and told to its error log. An error: nothing ran.
absl::Status DriveHere(RunContext context, ConnectionParameters parameters, Run* run);

// What a worker did of a run that has ended.
WorkerPart PartOf(const Run& run, int rank);

// Of a worker that gave no result: its operations, of which `known` are, count as failed, and their
// COMMITs as unconfirmed. All of it at the moment `at_ns`. Why, is the caller's to say.
Run LostRun(const RunContext& whole, const WorkerShare& share, int64_t known, int64_t at_ns);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_DRIVE_H_
