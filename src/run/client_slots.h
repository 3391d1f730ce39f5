// The clients of a run: which of them are free, which have ended, and the connection that each
// keeps where there are enough. Where operations are limited, a client is taken for an operation
// before its connection; otherwise the operation's client is its connection's. Not thread-safe;
// taking and giving back allocates nothing.
#ifndef PGRING_RUN_CLIENT_SLOTS_H_
#define PGRING_RUN_CLIENT_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "pgring/postgres/multiplexer.h"
#include "pgring/postgres/pool.h"
#include "pgring/postgres/shared_session.h"
#include "run/plan.h"
#include "run/worker_share.h"
#include "workload/workload.h"

namespace pgring {

struct ClientSlot {
  bool aborted() const { return state != nullptr && state->aborted(); }

  int number = 0;                      // among the clients of the run
  std::unique_ptr<ClientState> state;  // nullptr where operations share nothing
  int64_t operations_left = std::numeric_limits<int64_t>::max();
  // Parked while the client has nothing to do.
  Lease lease;
  // In place of a lease, where connections are shared.
  std::unique_ptr<SharedSession> shared;
};

class ClientSlots {
 public:
  // Makes the clients of this worker's share, each of which runs `operations_per_client`, or as
  // many as it gets; where a client is its connection's, none can have a number of operations of
  // its own.
  ClientSlots(Workload* workload, const ScenarioPlan& scenario, const WorkerShare& share,
              Pauses* pauses, std::optional<int64_t> operations_per_client);

  // A free client, of which there is at least one: there are as many as may be running. nullptr
  // where a client is its connection's.
  ClientSlot* Take();
  void GiveBack(ClientSlot* slot) {
    if (!of_connections_) free_.push_back(slot);
  }
  // Whether a client is its connection's: the one with its number.
  bool of_connections() const { return of_connections_; }
  ClientSlot* at(size_t number) { return &slots_[number]; }
  size_t size() const { return slots_.size(); }

  // A client runs nothing more: it was aborted, or has run all its operations.
  void End() { ++ended_; }
  int left() const { return static_cast<int>(slots_.size() - ended_); }

  // Every client has a session of the multiplexer's.
  void ShareConnections(Multiplexer* multiplexer);

  // Every connection that was kept goes back to its pool.
  void ReleaseConnections();

 private:
  const bool of_connections_;
  std::vector<ClientSlot> slots_;
  // The last one first: as few clients as possible do the work.
  std::vector<ClientSlot*> free_;
  size_t ended_ = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_CLIENT_SLOTS_H_
