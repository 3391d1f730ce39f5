#include "pgring/postgres/session.h"

#include "pgring/base/check.h"

namespace pgring {

void Session::SuspendExchange(std::coroutine_handle<> /*waiter*/) {
  PGRING_CHECK(false, "a wait in a session that never waits");
}

Task<absl::StatusOr<Result>> Session::ExecuteInSteps(const Statement* /*statement*/,
                                                     Parameters /*parameters*/) {
  PGRING_CHECK(false, "a session that executes everything in one exchange was asked for steps");
}

}  // namespace pgring
