// The attempts at one operation: one that ended in a serialization failure or a deadlock may be
// followed by another. Both drivers run it; how an attempt is waited for is theirs.
//
// Borrows everything for as long as the operation runs. Not thread-safe.
#ifndef PGRING_RUN_ATTEMPT_LOOP_H_
#define PGRING_RUN_ATTEMPT_LOOP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "pgring/postgres/session.h"
#include "run/operation_sink.h"
#include "workload/workload.h"

namespace pgring {

class AttemptLoop {
 public:
  // `client` may be nullptr: its operations share nothing.
  AttemptLoop(const OperationSink& sink, Session* session, ClientState* client, int client_number)
      : sink_(sink),
        session_(session),
        client_(client),
        round_trips_before_(session->round_trips()),
        attempts_{client_number, 0} {}

  // An attempt has ended with `status`. Whether there is to be another; the client is ready for it.
  bool GoesOn(const absl::Status& status, int64_t due_ns, int64_t now_ns) {
    ++attempts_.tries;
    if (!sink_.MayRetry(status, attempts_, due_ns, now_ns) || !session_->at_rest()) return false;
    if (client_ != nullptr) client_->PrepareRetry();
    return true;
  }

  const Attempts& attempts() const { return attempts_; }
  // Of all attempts.
  int64_t round_trips() const { return session_->round_trips() - round_trips_before_; }

 private:
  const OperationSink& sink_;
  Session* const session_;
  ClientState* const client_;
  const int64_t round_trips_before_;
  Attempts attempts_;
};

}  // namespace pgring

#endif  // PGRING_RUN_ATTEMPT_LOOP_H_
