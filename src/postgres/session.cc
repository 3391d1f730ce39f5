#include "pgring/postgres/session.h"

#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "postgres/transaction_effect.h"

namespace pgring {

Session::Begun Session::BeginSettle() {
  PGRING_CHECK(false, "a session that keeps no statements was asked to send them");
}

void Session::SuspendExchange(std::coroutine_handle<> /*waiter*/) {
  PGRING_CHECK(false, "a wait in a session that never waits");
}

Task<void> Session::SendInSteps(const Statement* /*statement*/, Parameters /*parameters*/) {
  PGRING_CHECK(false, "a session that executes everything in one exchange was asked for steps");
}

bool Session::MayWait(const Statement& statement) const {
  switch (TransactionEffectOf(statement.sql)) {
    case TransactionEffect::kBegins:
      return true;
    case TransactionEffect::kNone:
      return has_unsent_ || in_transaction();
    case TransactionEffect::kEnds:
    case TransactionEffect::kEndsAndBegins:
      break;
  }
  return false;
}

// The server answers COMMIT of a failed transaction with success and the tag ROLLBACK.
absl::Status Session::CheckCommitted(size_t place) const {
  if (results_[place].CommandTag() == "COMMIT") return absl::OkStatus();
  return WithFailureCode(absl::InternalError("commit: the server rolled back"),
                         kCauseUnexpectedResult);
}

}  // namespace pgring
