// Makes the connections over the reactor that a pool holds. Borrows everything that they borrow.
#ifndef PGRING_POSTGRES_CONNECTION_FACTORY_H_
#define PGRING_POSTGRES_CONNECTION_FACTORY_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "pgring/postgres/connection.h"
#include "pgring/postgres/pooled_connection.h"

namespace pgring {

// How the operations that have a connection use it.
enum class ConnectionUse : uint8_t {
  kOneByOne,   // one operation at a time, a statement after the other
  kPipelined,  // one operation at a time, statements together
  kShared,     // several operations at once: a PipelineConnection
};

class ConnectionFactory final : public PooledConnectionFactory {
 public:
  ConnectionFactory(Reactor* reactor, const ConnectionParameters* parameters,
                    const std::vector<Statement>* statements, Canceller* canceller, IoMode io_mode,
                    ConnectionUse use = ConnectionUse::kOneByOne)
      : reactor_(reactor),
        parameters_(parameters),
        statements_(statements),
        canceller_(canceller),
        io_mode_(io_mode),
        use_(use) {}
  std::unique_ptr<PooledConnection> Create() override;

 private:
  Reactor* const reactor_;
  const ConnectionParameters* const parameters_;
  const std::vector<Statement>* const statements_;
  Canceller* const canceller_;
  const IoMode io_mode_;
  const ConnectionUse use_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECTION_FACTORY_H_
