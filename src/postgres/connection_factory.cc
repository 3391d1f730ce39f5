#include "pgring/postgres/connection_factory.h"

#include "pgring/postgres/pipeline_connection.h"

namespace pgring {

std::unique_ptr<PooledConnection> ConnectionFactory::Create() {
  if (use_ == ConnectionUse::kShared) {
    return std::make_unique<PipelineConnection>(reactor_, parameters_, statements_, canceller_,
                                                io_mode_);
  }
  const Pipelining pipelining =
      use_ == ConnectionUse::kPipelined ? Pipelining::kOn : Pipelining::kOff;
  return std::make_unique<Connection>(reactor_, parameters_, statements_, canceller_, io_mode_,
                                      pipelining);
}

}  // namespace pgring
