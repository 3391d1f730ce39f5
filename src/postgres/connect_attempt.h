// One attempt to connect, over all hosts of a list, as sans-I/O steps that both kinds of session
// drive. libpq goes on to the next host when one refuses; that one is silent it leaves to the
// caller. So each host has connect_timeout seconds here, and one that did not answer in time is
// taken off the list before libpq begins again.
#ifndef PGRING_POSTGRES_CONNECT_ATTEMPT_H_
#define PGRING_POSTGRES_CONNECT_ATTEMPT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/clock.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/libpq_connection.h"

namespace pgring {

class ConnectAttempt {
 public:
  // Everything is borrowed and must outlive the attempt.
  ConnectAttempt(const ConnectionParameters* parameters, LibpqConnection* libpq, const Clock* clock)
      : remaining_(*parameters), libpq_(libpq), clock_(clock) {}

  // Start, then wait for what it says until deadline_ns(): Continue when that came, GiveUpOnHost
  // at the deadline; until kDone. A failure is that of the last host that was tried, and its
  // message names the hosts that were silent.
  absl::StatusOr<Want> Start();
  absl::StatusOr<Want> Continue();
  // Closes the socket, so no wait may be outstanding on it. Deadline with kCauseConnectTimeout when
  // no host is left.
  absl::StatusOr<Want> GiveUpOnHost();
  // Of the host that is being tried; may change with every call above.
  int64_t deadline_ns() const { return deadline_ns_; }

 private:
  absl::StatusOr<Want> AfterStep(absl::StatusOr<Want> want);

  ConnectionParameters remaining_;
  LibpqConnection* const libpq_;
  const Clock* const clock_;
  const void* host_ = nullptr;
  int64_t deadline_ns_ = 0;
  std::string silent_;  // what was said of hosts that have been given up
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECT_ATTEMPT_H_
