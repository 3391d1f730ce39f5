#include "run/client_slots.h"

#include <utility>

#include "pgring/base/check.h"

namespace pgring {

ClientSlots::ClientSlots(Workload* workload, int count) {
  std::unique_ptr<ClientState> first = workload->MakeClient(0);
  if (first == nullptr) return;
  slots_.resize(static_cast<size_t>(count));
  free_.reserve(slots_.size());
  for (int number = count - 1; number >= 0; --number) {
    ClientSlot& slot = slots_[static_cast<size_t>(number)];
    slot.number = number;
    slot.state = number == 0 ? std::move(first) : workload->MakeClient(number);
    free_.push_back(&slot);
  }
}

ClientSlot* ClientSlots::Take() {
  PGRING_CHECK(!free_.empty(), "more operations were admitted than there are clients");
  ClientSlot* slot = free_.back();
  free_.pop_back();
  return slot;
}

void ClientSlots::ReleaseConnections() {
  for (ClientSlot& slot : slots_) slot.lease.Release();
}

}  // namespace pgring
