#include "pgring/uring/reactor.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "uring/failed_backend.h"

namespace pgring {

Reactor::Reactor(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

Reactor::~Reactor() {
  // No code could end such an operation any more, and the drain would wait for it for ever.
  PGRING_CHECK(!slots_.HasOwners(), "an operation outlived its reactor");
  // Abandoned operations still hold their files in the kernel until their final completion.
  for (int turn = 0; in_flight() > 0; ++turn) {
    PGRING_CHECK(turn < kMaxDrainTurns, "operations in flight did not end after their cancel");
    SubmitAndWait(kNoDeadlineNs);
  }
  PGRING_CHECK(ready_.empty(), "a coroutine was still ready when its reactor ended");
}

absl::Status Reactor::Turn() {
  ++stats_.turns;
  ready_.StartTurn();
  if (!timers_.empty()) timers_.Expire(clock().NowNs(), &ready_);
  for (int batch = 0; batch < kMaxBatchesPerTurn && !ready_.batch_empty(); ++batch) {
    ready_.RunBatch();
  }
  slots_.RecycleFreed();
  SubmitAndWait(WaitDeadlineNs());
  return failure_;
}

void Reactor::SubmitAndWait(int64_t deadline_ns) {
  const absl::Status waited = backend_->SubmitAndWait(deadline_ns);
  CollectCompletions();
  if (waited.ok()) return;
  failure_ = WithFailureCode(Annotate(waited, "the ring has failed"), kCauseRing);
  backend_ = MakeFailedBackend(std::move(backend_), slots_.InUse());
  cancels_in_flight_ = 0;
  CollectCompletions();
}

bool Reactor::HasWork() const { return !ready_.empty() || !timers_.empty() || in_flight() > 0; }

int64_t Reactor::WaitDeadlineNs() const {
  // Without anything that could wake it, the loop must not sleep: its caller decides what that
  // means.
  if (!ready_.empty() || !HasWork()) return 0;
  return timers_.NextDeadlineNs();
}

void Reactor::CollectCompletions() {
  for (;;) {
    const size_t count = backend_->TakeCompletions(absl::MakeSpan(batch_));
    for (size_t i = 0; i < count; ++i) Deliver(batch_[i]);
    if (count < batch_.size()) return;
  }
}

void Reactor::Deliver(const Completion& completion) {
  const RingOperationId id = RingOperationId::Decode(completion.user_data);
  if (id.kind == RingOperationKind::kCancel) {
    PGRING_CHECK(cancels_in_flight_ > 0, "more cancels completed than were queued");
    --cancels_in_flight_;
    return;
  }
  SlotTable::Slot* slot = slots_.Find(id);
  RingOperation* operation = slot == nullptr ? nullptr : slot->owner;  // none: stale, or abandoned
  if (completion.buffer != kNoBuffer && operation == nullptr) {
    backend_->ReturnBuffer(completion.buffer);
  } else if (completion.buffer != kNoBuffer) {
    const auto size = static_cast<size_t>(std::max(completion.result, 0));
    operation->listener_->OnBytes(
        {absl::MakeConstSpan(backend_->BufferBytes(completion.buffer), size), completion.buffer});
  }
  if (slot == nullptr) {
    ++stats_.stale_completions;
    return;
  }
  if (completion.goes_on) return;
  slots_.Free(id);
  if (operation == nullptr) return;
  operation->in_flight_ = false;
  operation->result_ = completion.result;
  if (operation->listener_ != nullptr) operation->listener_->OnEnd(operation);
  if (operation->waiter_ != nullptr) ready_.Post(operation->waiter_);
}

void Reactor::Cancel(RingOperation* operation) {
  operation->cancel_requested_ = true;
  QueueCancelOf(operation->id_);
}

void Reactor::Abandon(RingOperation* operation) {
  SlotTable::Slot* slot = slots_.Find(operation->id_);
  PGRING_CHECK(slot != nullptr && slot->owner == operation, "an operation lost its slot");
  slot->owner = nullptr;
  if (!operation->cancel_requested_) QueueCancelOf(operation->id_);
}

void Reactor::QueueCancelOf(RingOperationId id) {
  RingOperationId cancel = id;
  cancel.kind = RingOperationKind::kCancel;
  ++cancels_in_flight_;
  backend_->QueueCancel(cancel.Encode(), id.Encode());
}

}  // namespace pgring
