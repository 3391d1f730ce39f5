// An execution as a task, for tests that run one without a coroutine of their own.
#ifndef PGRING_TESTS_SUPPORT_EXECUTE_TASK_H_
#define PGRING_TESTS_SUPPORT_EXECUTE_TASK_H_

#include "pgring/postgres/session.h"

namespace pgring {

// As Session::Execute.
inline Task<absl::StatusOr<Result>> ExecuteTask(Session* session, const Statement* statement,
                                                Parameters parameters) {
  auto result = co_await session->Execute(statement, parameters);
  co_return result;
}

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_EXECUTE_TASK_H_
