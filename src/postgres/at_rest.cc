#include "pgring/postgres/at_rest.h"

#include "pgring/postgres/statement.h"

namespace pgring {

Task<void> BringToRest(Session* session) {
  if (session->usable() && session->has_deferred()) {
    absl::Status flushed = co_await session->Flush();
  }
  if (session->usable() && session->in_pipeline()) {
    absl::Status synchronised = co_await session->SyncPipeline();
    if (session->usable()) synchronised.Update(session->ExitPipeline());
  }
  if (session->usable() && session->in_transaction()) {
    // In the simple protocol: no connection has to have prepared it.
    const Statement rollback = {"rollback", "ROLLBACK", 0, StatementProtocol::kSimple};
    const Statement* statement = &rollback;
    const Parameters none;
    auto rolled_back = co_await session->Execute(statement, none);
  }
}

}  // namespace pgring
