// What a pool holds: a connection that is opened, used and closed. Its statements are executed
// through its session, if it has one to itself (connection.h), or through those that share it
// (shared_connection.h). Not thread-safe.
#ifndef PGRING_POSTGRES_POOLED_CONNECTION_H_
#define PGRING_POSTGRES_POOLED_CONNECTION_H_

#include <memory>

#include "absl/status/status.h"
#include "pgring/coro/task.h"

namespace pgring {

class Session;

class PooledConnection {
 public:
  virtual ~PooledConnection() = default;

  // Opens the connection and prepares its statements; called once. Failures carry the server's
  // SQLSTATE or a cause (status.h); kResourceExhausted means refused for now: try again later.
  virtual Task<absl::Status> Connect() = 0;
  // Ends every operation in flight, waits until the kernel has let go of the socket and closes it.
  virtual Task<void> Close() = 0;

  // nullptr where operations share the connection.
  virtual Session* session() = 0;

  // False before Connect and once the connection is lost.
  virtual bool usable() const = 0;
  // Usable, and nothing is open on it; see Session::at_rest.
  virtual bool at_rest() const = 0;

  // Asks the server to cancel the statement that is running, if one is; does not wait.
  virtual void RequestCancel() = 0;
  // Makes the wait that is in progress fail; the connection is broken afterwards.
  virtual void Abort() = 0;
  // To be called about once a second: whether a wait whose completion was lost has been re-armed
  // (see SocketIo::Rescue).
  virtual bool RescueWait() { return false; }
};

// Makes the connections of a pool. Must outlive them.
class PooledConnectionFactory {
 public:
  virtual ~PooledConnectionFactory() = default;
  virtual std::unique_ptr<PooledConnection> Create() = 0;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_POOLED_CONNECTION_H_
