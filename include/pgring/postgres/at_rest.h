// Ending what an operation has left open on its session.
#ifndef PGRING_POSTGRES_AT_REST_H_
#define PGRING_POSTGRES_AT_REST_H_

#include "pgring/coro/task.h"
#include "pgring/postgres/session.h"

namespace pgring {

// Sends what was deferred, ends a pipeline and rolls a transaction back, each where there is one.
// Whether that has worked shows in Session::at_rest(): errors on the way are dropped, because they
// follow from the one that the operation has failed with.
Task<void> BringToRest(Session* session);

}  // namespace pgring

#endif  // PGRING_POSTGRES_AT_REST_H_
