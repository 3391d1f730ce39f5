// The receive that nothing shares a wait with: where it alone is in flight on a ring, recv(2) waits
// and receives in one system call, and the server's answer wakes it sooner and for less than it
// would wake a sleeper in the ring, whose wake-up has to run the ring's work first.
//
// Held here instead of being submitted until the wait, since it is no longer alone in flight when
// another operation is queued after it. The socket blocks only inside Wait(); libpq's is
// nonblocking, and stays so for all other callers. Owned by the backend; the bytes are in its
// memory. Not thread-safe.
#ifndef PGRING_URING_BLOCKING_RECEIVE_H_
#define PGRING_URING_BLOCKING_RECEIVE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "pgring/base/clock.h"
#include "pgring/uring/backend.h"

namespace pgring {

class BlockingReceive {
 public:
  struct Held {
    uint64_t user_data;
    BackendFile file;
  };

  // What no receive waits longer for, so that a wait on a socket always comes back. False where the
  // socket refuses, which must not be waited on then.
  static bool Prepare(int socket);

  void Hold(uint64_t user_data, BackendFile file) { held_ = {user_data, file}; }
  bool is_held() const { return held_.has_value(); }
  bool IsHeld(uint64_t user_data) const { return is_held() && held_->user_data == user_data; }
  // The caller is responsible for it from now on.
  Held Release();

  // Receives into `room`, not much beyond `deadline_ns` (0 only looks). Its completion, without a
  // buffer, when there is one: it is not held any more then.
  std::optional<Completion> Wait(int64_t deadline_ns, const Clock& clock, absl::Span<char> room);

 private:
  std::optional<Held> held_;
};

}  // namespace pgring

#endif  // PGRING_URING_BLOCKING_RECEIVE_H_
