// What a run does: the kinds of operation, their SQL, the schema that they need and the check that
// the database agrees afterwards. Runners know this interface only, and no workload by name.
//
// A workload is immutable once made; Run may be called for many operations at once, also from
// several threads.
#ifndef PGRING_WORKLOAD_WORKLOAD_H_
#define PGRING_WORKLOAD_WORKLOAD_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/coro/task.h"
#include "pgring/postgres/blocking_session.h"
#include "pgring/postgres/session.h"
#include "workload/command_figures.h"
#include "workload/operation.h"
#include "workload/pauses.h"
#include "workload/verification.h"

namespace pgring {

// What a run did, warm-up included, as far as verification needs it.
struct CommittedWork {
  std::vector<int64_t> succeeded;  // by kind
  int64_t unconfirmed_commits = 0;
};

// What a workload keeps of one client from operation to operation: the variables of a script. A
// client runs one operation at a time.
class ClientState {
 public:
  virtual ~ClientState() = default;
  // The operation that Run was last called with is to be run once more, as if it had not been.
  virtual void PrepareRetry() = 0;
  // The client is to run nothing more: an error that its script cannot go on after.
  virtual bool aborted() const = 0;
};

class Workload {
 public:
  virtual ~Workload() = default;

  // Names of the kinds, in the order of Operation::kind.
  virtual const std::vector<std::string>& kinds() const = 0;
  // To be prepared on every connection.
  virtual const std::vector<Statement>& statements() const = 0;

  // The client with that number, from 0 up; nullptr where operations share nothing. `pauses` must
  // outlive it.
  virtual std::unique_ptr<ClientState> MakeClient(int /*number*/, Pauses* /*pauses*/) {
    return nullptr;
  }
  // Operations may rely on what the same client's earlier ones did to the session (temporary
  // tables, settings): a client keeps its connection where there are enough of them.
  virtual bool uses_session_state() const { return false; }

  // One operation, from its first statement to its result. OK means that everything in it succeeded
  // and, for a write, that the COMMIT was confirmed. `session`, `client` and `tally` must outlive
  // the task.
  virtual Task<absl::Status> Run(Session* session, ClientState* client, Operation operation,
                                 OperationTally* tally) = 0;

  // Whether it works in the schema `pgring`, which must be ours then.
  virtual bool uses_own_schema() const { return false; }

  // Makes the tables anew, or sees to it that they are there. Adds to `notes` what had to be left
  // out and why.
  virtual absl::Status Prepare(BlockingSession* session, std::vector<std::string>* notes) = 0;

  // What Prepare has found out and operations need, and how a worker whose workload did not prepare
  // gets to know it. `findings` is what another process's Findings returned.
  virtual std::string Findings() const { return ""; }
  virtual void Adopt(std::string_view /*findings*/) {}

  // Compares the database with `work`; nothing where there is nothing to compare. An error means
  // that it could not be compared.
  virtual absl::StatusOr<std::optional<Verification>> Verify(BlockingSession* session,
                                                             const CommittedWork& work) = 0;

  // A run begins: what was recorded before it does not count.
  virtual void StartRun() {}
  // Times of the commands that operations consist of, where they were asked for.
  virtual std::vector<CommandFigures> command_figures() const { return {}; }

  // The connection goes to a pooler, which may give each transaction another server's session: no
  // statement may rely on having been prepared. Whether that changes anything.
  virtual bool AvoidPreparedStatements() = 0;

  // What a reader should know about how the server carried the run out. Call before Verify.
  virtual std::vector<std::string> Observations(BlockingSession* session,
                                                const CommittedWork& work) = 0;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_WORKLOAD_H_
