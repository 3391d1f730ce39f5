// One operation in flight, and the table of slots that gives it an identity.
//
// The kernel is never handed a pointer or trusted with a descriptor as identity: user_data is
// slot index (32 bits) + generation (24) + kind (8). A completion whose generation is not the
// slot's is a stale one and is counted, not followed. A slot goes
//
//     free -> in flight -> (cancelling) -> free
//
// and becomes free only at the operation's own final completion, never at the cancel's; a slot
// freed in one turn of the reactor is used again from the next turn on, so that nothing left in the
// same batch of completions can meet its successor. A receive stays in flight until the last of its
// completions.
//
// The owner of a poll may be destroyed at any time: the slot is then abandoned (its operation is
// cancelled, its completion dropped) and lives on until that completion. A send uses memory of its
// owner's and a receive hands it buffers: their owner must see their end first. Not thread-safe.
#ifndef PGRING_URING_RING_OPERATION_H_
#define PGRING_URING_RING_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "pgring/base/check.h"
#include "pgring/uring/backend.h"
#include "pgring/uring/ready_queue.h"

namespace pgring {

class Reactor;
class RingOperation;

enum class RingOperationKind : uint8_t {
  kNone = 0,
  kPoll = 1,
  kCancel = 2,
  kReceive = 3,
  kSend = 4
};

enum class PollUrgency : uint8_t {
  kPrompt,
  kBackground  // as Backend::QueueBackgroundPoll
};

struct RingOperationId {
  uint32_t index = 0;
  uint32_t generation = 0;  // 24 bits, never 0 in a valid id
  RingOperationKind kind = RingOperationKind::kNone;

  uint64_t Encode() const {
    return (static_cast<uint64_t>(index) << 32) | (static_cast<uint64_t>(generation) << 8) |
           static_cast<uint64_t>(kind);
  }
  static RingOperationId Decode(uint64_t user_data) {
    return {static_cast<uint32_t>(user_data >> 32),
            static_cast<uint32_t>(user_data >> 8) & 0xffffffu,
            static_cast<RingOperationKind>(user_data & 0xffu)};
  }
};

// What a receive has brought, in a buffer of the backend's.
struct ReceivedBytes {
  absl::Span<const char> bytes;
  int buffer = kNoBuffer;
};

// Told of an operation's end while completions are being collected: it may start the operation, or
// others, again and post waiters; nothing is resumed there.
class RingOperationListener {
 public:
  virtual void OnEnd(RingOperation* operation) = 0;
  // Bytes of a receive, which goes on or ends right after. The buffer must go back to the backend.
  virtual void OnBytes(const ReceivedBytes& received) = 0;

 protected:
  ~RingOperationListener() = default;
};

// A caller-owned record of one operation. Starting it again is allowed once it has ended.
class RingOperation {
 public:
  explicit RingOperation(Reactor* reactor) : reactor_(reactor) {}
  ~RingOperation();
  RingOperation(const RingOperation&) = delete;
  RingOperation& operator=(const RingOperation&) = delete;

  // Waits once for poll(2) `events` on `descriptor`. When it has ended, `waiter` (if any) is
  // posted.
  void StartPoll(int descriptor, uint32_t events, PollUrgency urgency = PollUrgency::kPrompt);
  // As Backend::QueueReceive, which a listener must be there for.
  void StartReceive(BackendFile file);
  // As Backend::QueueSend. The memory must stay until the end.
  void StartSend(BackendFile file, absl::Span<const char> bytes);
  // Asks for an early end; the operation is over only when in_flight() turns false.
  void Cancel();
  // The node to post at the end, or nullptr. `waiter` must outlive the wait or be taken back.
  void SetWaiter(ReadyNode* waiter) { waiter_ = waiter; }
  // The listener to notify at the end, before the waiter is posted.
  void SetListener(RingOperationListener* listener) { listener_ = listener; }

  bool in_flight() const { return in_flight_; }
  // After the end: as Completion::result (-ECANCELED after a cancel).
  int32_t result() const { return result_; }

 private:
  friend class Reactor;

  Reactor* const reactor_;
  void Begin(RingOperationKind kind);

  ReadyNode* waiter_ = nullptr;
  RingOperationListener* listener_ = nullptr;
  RingOperationId id_;
  int32_t result_ = 0;
  bool in_flight_ = false;
  bool cancel_requested_ = false;
};

class SlotTable {
 public:
  // Slots beyond this are a bug: each connection has at most a few operations in flight.
  static constexpr size_t kMaxSlots = size_t{1} << 20;

  struct Slot {
    RingOperation* owner = nullptr;  // nullptr: free, or abandoned when in use
    uint32_t generation = 1;
    bool in_use = false;
  };

  // Takes a free slot for `owner`. Allocates only when more slots are in use than ever before.
  RingOperationId Take(RingOperation* owner, RingOperationKind kind) {
    uint32_t index;
    if (free_.empty()) [[unlikely]] {
      index = AddSlot();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.owner = owner;
    slot.in_use = true;
    ++in_use_;
    return {index, slot.generation, kind};
  }
  // The slot of a live operation, or nullptr when `id` is stale.
  Slot* Find(RingOperationId id) {
    if (id.index >= slots_.size()) return nullptr;
    Slot& slot = slots_[id.index];
    return slot.in_use && slot.generation == id.generation ? &slot : nullptr;
  }
  // The operation has ended. The slot may be taken again after RecycleFreed().
  void Free(RingOperationId id) {
    Slot* slot = Find(id);
    PGRING_CHECK(slot != nullptr, "a slot was freed twice");
    slot->owner = nullptr;
    slot->in_use = false;
    slot->generation = (slot->generation + 1) & kGenerationMask;
    if (slot->generation == 0) slot->generation = 1;
    --in_use_;
    just_freed_.push_back(id.index);
  }
  void RecycleFreed();

  size_t in_use() const { return in_use_; }
  // As user_data, in the order of the slots.
  std::vector<uint64_t> InUse() const;
  // Whether an operation in flight is not abandoned.
  bool HasOwners() const;

 private:
  static constexpr uint32_t kGenerationMask = 0xffffffu;

  uint32_t AddSlot();

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> just_freed_;
  size_t in_use_ = 0;
};

}  // namespace pgring

#endif  // PGRING_URING_RING_OPERATION_H_
