#include "pgring/uring/ring_operation.h"

#include <algorithm>

#include "pgring/base/check.h"
#include "pgring/uring/reactor.h"

namespace pgring {
RingOperation::~RingOperation() {
  if (!in_flight_) return;
  PGRING_CHECK(id_.kind == RingOperationKind::kPoll, "the kernel still uses this one's memory");
  reactor_->Abandon(this);
}

void RingOperation::Begin(RingOperationKind kind) {
  PGRING_CHECK(!in_flight_, "the operation is still in flight");
  id_ = reactor_->slots_.Take(this, kind);
  in_flight_ = true;
  cancel_requested_ = false;
}

void RingOperation::StartPoll(int descriptor, uint32_t events, PollUrgency urgency) {
  Begin(RingOperationKind::kPoll);
  if (urgency == PollUrgency::kBackground) {
    reactor_->backend_->QueueBackgroundPoll(id_.Encode(), descriptor, events);
  } else {
    reactor_->backend_->QueuePoll(id_.Encode(), descriptor, events);
  }
}

void RingOperation::StartReceive(BackendFile file) {
  PGRING_CHECK(listener_ != nullptr, "a receive without a listener has no place for its bytes");
  Begin(RingOperationKind::kReceive);
  reactor_->backend_->QueueReceive(id_.Encode(), file);
}

void RingOperation::StartSend(BackendFile file, absl::Span<const char> bytes) {
  Begin(RingOperationKind::kSend);
  reactor_->backend_->QueueSend(id_.Encode(), file, bytes);
}

void RingOperation::Cancel() {
  if (in_flight_ && !cancel_requested_) reactor_->Cancel(this);
}

uint32_t SlotTable::AddSlot() {
  PGRING_CHECK(slots_.size() < kMaxSlots, "too many operations in flight (kMaxSlots)");
  const auto index = static_cast<uint32_t>(slots_.size());
  slots_.emplace_back();
  // Room for every slot, so that freeing never allocates.
  free_.reserve(slots_.capacity());
  just_freed_.reserve(slots_.capacity());
  return index;
}

std::vector<uint64_t> SlotTable::InUse() const {
  std::vector<uint64_t> in_use;
  for (size_t index = 0; index < slots_.size(); ++index) {
    if (!slots_[index].in_use) continue;
    in_use.push_back(RingOperationId{static_cast<uint32_t>(index), slots_[index].generation,
                                     RingOperationKind::kPoll}
                         .Encode());
  }
  return in_use;
}

bool SlotTable::HasOwners() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.owner != nullptr; });
}

void SlotTable::RecycleFreed() {
  free_.insert(free_.end(), just_freed_.begin(), just_freed_.end());
  just_freed_.clear();
}

}  // namespace pgring
