// A shared connection over the reactor: one libpq connection that stays in pipeline mode. It reads
// for as long as units are in flight, and what is written meanwhile leaves together once per batch
// of the reactor's loop.
//
// Borrows what a Connection borrows. Close() must have been awaited before it is destroyed, unless
// it never connected. Not thread-safe.
#ifndef PGRING_POSTGRES_PIPELINE_CONNECTION_H_
#define PGRING_POSTGRES_PIPELINE_CONNECTION_H_

#include <cstdint>
#include <vector>

#include "pgring/postgres/connection.h"
#include "pgring/postgres/shared_connection.h"

namespace pgring {

class PipelineConnection final : public SharedConnection, private WakeStep {
 public:
  PipelineConnection(Reactor* reactor, const ConnectionParameters* parameters,
                     const std::vector<Statement>* statements, Canceller* canceller,
                     IoMode io_mode);

  Task<absl::Status> Connect() override;
  bool has_room() const override { return !is_unsent_; }
  void GiveUp(const absl::Status& status) override { Lose(status); }
  bool in_transaction() const override { return connection_.in_transaction(); }
  Task<void> Close() override { return connection_.Close(); }
  // Of every unit in flight, each when the server comes to it; of what connecting prepares.
  void RequestCancel() override;
  void Abort() override { connection_.Abort(); }
  bool RescueWait() override { return connection_.RescueWait(); }
  bool usable() const override { return is_open_ && connection_.usable(); }

 private:
  // Sends what has been written.
  class Sender final : public WakeStep {
   public:
    explicit Sender(PipelineConnection* connection) : connection_(connection) {}
    bool OnWake() override;

   private:
    PipelineConnection* const connection_;
  };

  void Write(const UnitStatement& statement) override;
  void WriteSync() override;
  void EndWriting() override;
  bool IsPrepared(const Statement& statement) const override {
    return !prepared_.IsMissing(statement);
  }
  void NotePrepared(const Statement& statement) override;
  bool OnWake() override;

  void SendWritten();
  // Reads while there is something to read, then waits for more.
  void Read(WaitOutcome outcome);
  void TakeAnswers();
  // Whether a wait was begun; if not, it is over already.
  bool Wait();
  void Lose(const absl::Status& status);
  void CancelFirst();

  Reactor* const reactor_;
  Canceller* const canceller_;
  Connection connection_;
  PreparedStatements prepared_;
  bool is_open_ = false;
  bool is_reading_ = false;
  bool is_unsent_ = false;  // libpq has written what the socket has no room for
  bool is_cancelling_ = false;
  absl::Status write_status_;  // an error of libpq's while a unit was written
  Sender sender_;
  ReadyNode sender_node_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_PIPELINE_CONNECTION_H_
