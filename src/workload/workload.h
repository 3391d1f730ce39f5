// What a run does: the kinds of operation, their SQL, the schema that they need and the check that
// the database agrees afterwards. Runners know this interface only.
//
// A workload is immutable once made; Run may be called for many operations at once.
#ifndef PGRING_WORKLOAD_WORKLOAD_H_
#define PGRING_WORKLOAD_WORKLOAD_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/coro/task.h"
#include "pgring/postgres/blocking_session.h"
#include "pgring/postgres/session.h"
#include "workload/operation.h"
#include "workload/verification.h"

namespace pgring {

// What happened to the kinds in a run, as far as verification needs it.
struct CommittedWork {
  int64_t confirmed_creates = 0;
  int64_t unconfirmed_creates = 0;
  int64_t succeeded_reads = 0;
};

class Workload {
 public:
  virtual ~Workload() = default;

  // Names of the kinds, in the order of Operation::kind.
  virtual const std::vector<std::string>& kinds() const = 0;
  // To be prepared on every connection.
  virtual const std::vector<Statement>& statements() const = 0;

  // One operation, from its first statement to its result. OK means that everything in it succeeded
  // and, for a write, that the COMMIT was confirmed. `session` and `tally` must outlive the task.
  virtual Task<absl::Status> Run(Session* session, Operation operation, OperationTally* tally) = 0;

  // Makes the tables anew. Adds to `notes` what had to be left out and why.
  virtual absl::Status Prepare(BlockingSession* session, std::vector<std::string>* notes) = 0;

  // Compares the database with `work`. An error means that it could not be compared.
  virtual absl::StatusOr<Verification> Verify(BlockingSession* session,
                                              const CommittedWork& work) = 0;

  // What a reader should know about how the server carried the run out. Call before Verify.
  virtual std::vector<std::string> Observations(BlockingSession* session,
                                                const CommittedWork& work) = 0;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_WORKLOAD_H_
