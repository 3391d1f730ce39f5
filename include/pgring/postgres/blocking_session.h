// The blocking session: the same libpq steps, waiting in poll(2) on the calling thread. The
// baseline that the reactor is compared with, and what runs the statements around a run (schema,
// verification).
//
// A wait also watches the interrupt: once that is raised, a statement in progress has
// Interrupt::kDrainNs to end by itself, is then cancelled at the server, and kCancelNs later fails.
// One thread at a time.
#ifndef PGRING_POSTGRES_BLOCKING_SESSION_H_
#define PGRING_POSTGRES_BLOCKING_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "pgring/base/interrupt.h"
#include "pgring/postgres/canceller.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/libpq_connection.h"
#include "pgring/postgres/prepared_statements.h"
#include "pgring/postgres/session.h"

namespace pgring {

// Puts the next piece of a COPY's data into the string, which is empty and keeps its capacity;
// leaves it empty at the end of the data. An error undoes the COPY.
using CopySource = absl::FunctionRef<absl::Status(std::string*)>;

class BlockingSession final : public Session {
 public:
  // Everything is borrowed and must outlive the session; `interrupt` may be nullptr.
  BlockingSession(const ConnectionParameters* parameters, const std::vector<Statement>* statements,
                  const Interrupt* interrupt);

  // The session interface; no await of it ever suspends.
  Task<absl::Status> PrepareNow(const Statement* statement) override;
  absl::Status EnterPipeline() override { return libpq_.EnterPipeline(); }
  absl::Status QueueExecute(const Statement& statement, Parameters parameters) override {
    return libpq_.QueueExecute(statement, parameters);
  }
  absl::Status QueueSync() override { return libpq_.QueueSync(); }
  Task<absl::Status> SyncPipeline() override;
  absl::Status ExitPipeline() override { return libpq_.ExitPipeline(); }
  bool in_pipeline() const override { return libpq_.in_pipeline(); }
  bool in_transaction() const override { return libpq_.in_transaction(); }
  bool is_busy() const override { return libpq_.is_busy(); }
  bool usable() const override { return usable_; }

  // For plain code. A session is cancelled by its own wait, not from outside.
  absl::Status ConnectNow();
  // Any SQL text, also several statements; the result of the last.
  absl::StatusOr<Result> ExecuteSql(const char* sql);
  // COPY … FROM STDIN with the text of `source`, which is asked for a piece at a time and only
  // after the one before has been handed to the kernel. Fails with the source's error, the server's
  // (which shows at the end: the server drops what comes after it), or kCauseInterrupted between
  // pieces; after each of them the table is as before and the session usable.
  absl::Status CopyIn(const char* sql, CopySource source);
  void CloseNow();

  const LibpqConnection& libpq() const { return libpq_; }

 private:
  Begun BeginSend(const Statement& statement, Parameters parameters, AnswerNeeded needed) override;
  void EndExchange() override;

  absl::Status FinishExchange();
  absl::Status PrepareOnUse(const Statement& statement);
  absl::Status SendCopyData(CopySource source, absl::Status* stopped);
  absl::Status PutCopyPiece(const std::string& piece);
  absl::Status FlushCopyData();
  absl::Status WaitFor(Want want, int64_t deadline_ns);
  absl::Status OnInterrupted(int64_t now_ns, int64_t* wake_ns);

  const ConnectionParameters* const parameters_;
  const std::vector<Statement>* const statements_;
  const Interrupt* const interrupt_;
  LibpqConnection libpq_;
  CancelHandle cancel_;
  std::unique_ptr<Canceller> canceller_;  // made when there is something to cancel
  PreparedStatements prepared_;
  bool usable_ = false;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_BLOCKING_SESSION_H_
