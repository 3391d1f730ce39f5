// An execution as a task, for tests that run one without a coroutine of their own.
#ifndef PGRING_TESTS_SUPPORT_EXECUTE_TASK_H_
#define PGRING_TESTS_SUPPORT_EXECUTE_TASK_H_

#include "pgring/postgres/transaction.h"

namespace pgring {

// As Transaction::Execute.
inline Task<absl::StatusOr<Result>> ExecuteTask(Session* session, const Statement* statement,
                                                Parameters parameters) {
  Transaction transaction(session);
  auto result = co_await transaction.Execute(statement, parameters);
  co_return result;
}

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_EXECUTE_TASK_H_
