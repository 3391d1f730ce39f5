#include "pgring/postgres/transaction.h"

#include <string>

#include "pgring/base/status.h"

namespace pgring {

bool Transaction::MayBeCommitted(const absl::Status& failure) const {
  if (!session_->has_left_) return false;
  const std::string code = FailureCode(failure);
  return code == kCauseConnectionLost || code == kCauseInterrupted || code.rfind("08", 0) == 0 ||
         code.rfind("57P", 0) == 0;
}

Task<void> BringToRest(Session* session) {
  Transaction transaction(session);
  if (session->usable()) {
    absl::Status settled = co_await transaction.Settle();
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
    auto rolled_back = co_await transaction.Execute(statement, none);
  }
}

}  // namespace pgring
