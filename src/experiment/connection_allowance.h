// How many connections a run may open: the server's limits, less what others hold now. None of this
// applies behind a pooler, which has limits of its own and does not report them.
#ifndef PGRING_EXPERIMENT_CONNECTION_ALLOWANCE_H_
#define PGRING_EXPERIMENT_CONNECTION_ALLOWANCE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/postgres/blocking_session.h"
#include "run/plan.h"

namespace pgring {

struct ConnectionAllowance {
  // Beside the session that asks; 0 when there are none.
  int64_t connections = 0;
  // The same if others held no sessions.
  int64_t connections_if_alone = 0;
  // "max_connections 100, 3 reserved for superusers, 12 in use by others, 1 for pgring's own
  // control"
  std::string explanation;
};

// Asks once. `own` is how many connections pgring needs beside those of the run: the one that asks,
// and the sampler's while it is not open.
absl::StatusOr<ConnectionAllowance> AskConnectionAllowance(BlockingSession* session, int own);

// Asks again for up to kSessionsEndNs while `wanted` connections fail only because of sessions of
// others: a session that was closed a moment ago counts until the server's process has ended.
inline constexpr int64_t kSessionsEndNs = 1'000'000'000;
absl::StatusOr<ConnectionAllowance> AskConnectionAllowance(BlockingSession* session, int64_t wanted,
                                                           int own);

// Makes a scenario of `operations` fit: one that was not given its number of connections gets fewer
// of them, and `note` says so (empty: it fits as it is). ResourceExhausted, with the numbers, where
// they were asked for.
absl::Status FitScenario(const ConnectionAllowance& allowance, int64_t operations,
                         ScenarioPlan* scenario, std::string* note);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_CONNECTION_ALLOWANCE_H_
