// A session over the reactor: one libpq connection whose every wait is the ring's.
//
// Borrows the reactor, the parameters, the statements and the canceller, all of which must outlive
// it. Close() must have been awaited before it is destroyed, unless it never connected. Not
// thread-safe.
#ifndef PGRING_POSTGRES_CONNECTION_H_
#define PGRING_POSTGRES_CONNECTION_H_

#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

#include "pgring/postgres/canceller.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/io_mode.h"
#include "pgring/postgres/libpq_connection.h"
#include "pgring/postgres/pooled_connection.h"
#include "pgring/postgres/prepared_statements.h"
#include "pgring/postgres/session.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/reactor.h"

namespace pgring {

// Whether the statements of a transaction leave together where nothing needs their results before.
enum class Pipelining : uint8_t { kOff, kOn };

class Connection final : public PooledConnection, public Session, private WakeStep {
 public:
  Connection(Reactor* reactor, const ConnectionParameters* parameters,
             const std::vector<Statement>* statements, Canceller* canceller, IoMode io_mode,
             Pipelining pipelining = Pipelining::kOff);
  ~Connection() override;

  Task<absl::Status> Connect() override;
  Session* session() override { return this; }
  bool takes_text() const override { return pipelining_ == Pipelining::kOff; }
  Task<absl::Status> PrepareNow(const Statement* statement) override;
  absl::Status EnterPipeline() override { return Noted(libpq_.EnterPipeline()); }
  absl::Status QueueExecute(const Statement& statement, Parameters parameters) override {
    return Noted(libpq_.QueueExecute(statement, parameters));
  }
  absl::Status QueueSync() override { return Noted(libpq_.QueueSync()); }
  Task<absl::Status> SyncPipeline() override;
  absl::Status ExitPipeline() override { return Noted(libpq_.ExitPipeline()); }
  // What has not been sent lies in a pipeline of ours.
  bool in_pipeline() const override { return libpq_.in_pipeline() && !has_unsent_; }
  bool in_transaction() const override { return libpq_.in_transaction(); }
  // Asked after every operation.
  bool at_rest() const override {
    return state_ == State::kReady && !libpq_.is_busy() && !has_unsent_ && !libpq_.in_pipeline() &&
           !libpq_.in_transaction();
  }
  bool is_busy() const override { return state_ == State::kBusy || libpq_.is_busy(); }
  Task<void> Close() override;
  void RequestCancel() override;
  void Abort() override;
  bool RescueWait() override { return io_->Rescue(); }
  bool usable() const override { return state_ == State::kReady || state_ == State::kBusy; }

  // For what makes exchanges of its own on a connection that is ready: they are what its waits go
  // through. `io` changes while it connects. See pipeline_connection.h.
  LibpqConnection* libpq() { return &libpq_; }
  SocketIo* io() { return io_.get(); }
  // Why a wait has ended with kAborted.
  absl::Status AbortedStatus() const;
  // The connection is lost; gives `status` back.
  absl::Status Break(absl::Status status);

  int backend_pid() const { return libpq_.backend_pid(); }
  int socket() const { return libpq_.socket(); }

 private:
  enum class State : uint8_t { kNew, kConnecting, kReady, kBusy, kBroken, kClosed };

  // Waits until what has been sent is answered; gives a Status, an error being the connection's.
  //   absl::Status status = co_await Exchange(this);
  class Exchange {
   public:
    explicit Exchange(Connection* connection) : connection_(connection) {}
    bool await_ready() { return !connection_->BeginExchange(); }
    void await_suspend(std::coroutine_handle<> waiter) { connection_->SuspendExchange(waiter); }
    absl::Status await_resume() { return connection_->want_.status(); }

   private:
    Connection* const connection_;
  };

  Begun BeginSend(const Statement& statement, Parameters parameters, AnswerNeeded needed) override;
  Begun BeginSettle() override;
  void SuspendExchange(std::coroutine_handle<> waiter) override;
  void EndExchange() override;
  Task<void> SendInSteps(const Statement* statement, Parameters parameters) override;
  // What came of an exchange of it.
  void EndStep(const absl::Status& exchanged);
  bool OnWake() override;

  // Whether there is something to wait for.
  bool BeginExchange();
  bool GoOnWaiting(WaitOutcome outcome);
  // Whether the pipeline has it now.
  bool Queue(const Statement& statement, Parameters parameters);
  Task<absl::Status> PrepareOnUse(const Statement* statement);
  // In a pipeline of ours.
  bool CanJoinOthers(const Statement& statement) const;
  // After a call of libpq's.
  absl::Status Noted(absl::Status status) {
    io_->NoteStep(libpq_.socket(), true);
    return status;
  }

  Reactor* const reactor_;
  const ConnectionParameters* const parameters_;
  const std::vector<Statement>* const statements_;
  Canceller* const canceller_;
  const IoMode io_mode_;
  const Pipelining pipelining_;
  State state_ = State::kNew;
  LibpqConnection libpq_;
  std::unique_ptr<SocketIo> io_;
  absl::StatusOr<Want> want_ = Want::kDone;  // of the exchange
  std::coroutine_handle<> waiter_;           // for its end
  bool aborted_ = false;
  CancelHandle cancel_;
  PreparedStatements prepared_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECTION_H_
