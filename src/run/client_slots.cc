#include "run/client_slots.h"

#include <utility>

#include "pgring/base/check.h"

namespace pgring {

ClientSlots::ClientSlots(Workload* workload, const ScenarioPlan& scenario, const WorkerShare& share,
                         Pauses* pauses, std::optional<int64_t> operations_per_client)
    : of_connections_(!scenario.type->has_limit),
      slots_(static_cast<size_t>(scenario.ClientCount())) {
  free_.reserve(slots_.size());
  for (int number = scenario.ClientCount() - 1; number >= 0; --number) {
    ClientSlot& slot = slots_[static_cast<size_t>(number)];
    slot.number = share.ClientOf(number);
    slot.state = workload->MakeClient(slot.number, pauses);
    if (of_connections_) continue;
    if (operations_per_client.has_value()) slot.operations_left = *operations_per_client;
    free_.push_back(&slot);
  }
}

ClientSlot* ClientSlots::Take() {
  if (of_connections_) return nullptr;
  PGRING_CHECK(!free_.empty(), "more operations were admitted than there are clients");
  ClientSlot* slot = free_.back();
  free_.pop_back();
  --slot->operations_left;
  return slot;
}

void ClientSlots::ShareConnections(Multiplexer* multiplexer) {
  for (ClientSlot& slot : slots_) slot.shared = multiplexer->MakeSession();
}

void ClientSlots::ReleaseConnections() {
  for (ClientSlot& slot : slots_) slot.lease.Release();
}

}  // namespace pgring
