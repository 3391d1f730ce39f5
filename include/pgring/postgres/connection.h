// A session over the reactor: one libpq connection whose every wait is the ring's.
//
// Borrows the reactor, the parameters, the statements and the canceller, all of which must outlive
// it. Close() must have been awaited before it is destroyed, unless it never connected. Not
// thread-safe.
#ifndef PGRING_POSTGRES_CONNECTION_H_
#define PGRING_POSTGRES_CONNECTION_H_

#include <memory>
#include <vector>

#include "pgring/postgres/canceller.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/libpq_connection.h"
#include "pgring/postgres/session.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/reactor.h"

namespace pgring {

class Connection final : public Session {
 public:
  Connection(Reactor* reactor, const ConnectionParameters* parameters,
             const std::vector<Statement>* statements, Canceller* canceller);
  ~Connection() override;

  Task<absl::Status> Connect() override;
  Task<absl::StatusOr<Result>> Execute(const Statement* statement, Parameters parameters) override;
  Task<void> Close() override;
  void RequestCancel() override;
  void Abort() override { io_->Abort(); }
  bool usable() const override { return state_ == State::kReady || state_ == State::kBusy; }

  int backend_pid() const { return libpq_.backend_pid(); }
  int socket() const { return libpq_.socket(); }

 private:
  enum class State : uint8_t { kNew, kConnecting, kReady, kBusy, kBroken, kClosed };

  Task<absl::Status> FinishExchange();
  absl::Status Break(absl::Status status);

  Reactor* const reactor_;
  const ConnectionParameters* const parameters_;
  const std::vector<Statement>* const statements_;
  Canceller* const canceller_;
  State state_ = State::kNew;
  LibpqConnection libpq_;
  std::unique_ptr<SocketIo> io_;
  CancelHandle cancel_;
};

// Makes Connections for a pool.
class ConnectionFactory final : public SessionFactory {
 public:
  ConnectionFactory(Reactor* reactor, const ConnectionParameters* parameters,
                    const std::vector<Statement>* statements, Canceller* canceller)
      : reactor_(reactor),
        parameters_(parameters),
        statements_(statements),
        canceller_(canceller) {}
  std::unique_ptr<Session> Create() override {
    return std::make_unique<Connection>(reactor_, parameters_, statements_, canceller_);
  }

 private:
  Reactor* const reactor_;
  const ConnectionParameters* const parameters_;
  const std::vector<Statement>* const statements_;
  Canceller* const canceller_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECTION_H_
