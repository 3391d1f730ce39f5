// The clients of a run whose workload has any: who is free, who has been aborted, and the
// connection that each keeps where there is one for everybody. Not thread-safe; taking and giving
// back allocates nothing.
#ifndef PGRING_RUN_CLIENT_SLOTS_H_
#define PGRING_RUN_CLIENT_SLOTS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "pgring/postgres/pool.h"
#include "workload/workload.h"

namespace pgring {

struct ClientSlot {
  int number = 0;
  std::unique_ptr<ClientState> state;
  // Parked while the client has nothing to do.
  Lease lease;
};

class ClientSlots {
 public:
  // Makes `count` clients, or none where the workload has no use for them.
  ClientSlots(Workload* workload, int count);

  bool empty() const { return slots_.empty(); }
  // Somebody is free: there are as many clients as may be running.
  ClientSlot* Take();
  void GiveBack(ClientSlot* slot) { free_.push_back(slot); }
  ClientSlot* at(size_t number) { return &slots_[number]; }

  // The client runs nothing more.
  void Retire() { ++retired_; }
  int retired() const { return retired_; }
  bool all_retired() const {
    return !slots_.empty() && static_cast<size_t>(retired_) == slots_.size();
  }

  // Every connection that was kept goes back to its pool.
  void ReleaseConnections();

 private:
  std::vector<ClientSlot> slots_;
  // The last one first: as few clients as possible do the work.
  std::vector<ClientSlot*> free_;
  int retired_ = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_CLIENT_SLOTS_H_
