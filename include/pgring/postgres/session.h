// What an operation talks to. Three kinds: over the reactor (connection.h), blocking
// (blocking_session.h), simulated (tests). An operation is written once, as a coroutine over this
// interface; the blocking session completes every await inline.
#ifndef PGRING_POSTGRES_SESSION_H_
#define PGRING_POSTGRES_SESSION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/intrusive_list.h"
#include "pgring/coro/task.h"
#include "pgring/postgres/result.h"
#include "pgring/postgres/statement.h"

namespace pgring {

class Session {
 public:
  virtual ~Session() = default;

  // Opens the connection and prepares its statements; called once. Failures carry the server's
  // SQLSTATE or a cause (status.h); kResourceExhausted means refused for now: try again later.
  virtual Task<absl::Status> Connect() = 0;

  // Executes a statement in its protocol. `statement` and the memory of `parameters` must stay
  // until the result is there. An error of the statement leaves the session usable; a lost
  // connection does not.
  virtual Task<absl::StatusOr<Result>> Execute(const Statement* statement,
                                               Parameters parameters) = 0;

  // Ends every operation in flight, waits until the kernel has let go of the socket and closes it.
  virtual Task<void> Close() = 0;

  // Asks the server to cancel the statement that is running, if one is; does not wait.
  virtual void RequestCancel() = 0;
  // Makes the wait that is in progress fail; the session is broken afterwards.
  virtual void Abort() = 0;

  // False before Connect and once the connection is lost.
  virtual bool usable() const = 0;

  // Exchanges with the server so far, prepares included.
  int64_t round_trips() const { return round_trips_; }

 protected:
  int64_t round_trips_ = 0;
};

// Makes the sessions of a pool. Must outlive them.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  virtual std::unique_ptr<Session> Create() = 0;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SESSION_H_
