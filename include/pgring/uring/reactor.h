// The single-threaded loop that everything asynchronous in pgring runs on. One turn:
//
//   1. timers that are due go to the ready queue
//   2. what is ready is resumed, each followed by the parents that it lets go on by finishing, then
//      what that made ready, and so on up to a limit (the only user code that runs); who yielded
//      waits for the next turn
//   3. slots freed in the previous turn may be taken again
//   4. one submit-and-wait: everything queued goes to the kernel, which waits for the first
//      completion or the next timer; it does not wait while the ready queue holds something
//   5. every completion is matched to its operation, whose waiter goes to the ready queue
//
// Nothing is resumed inside step 5, inside a release or inside a libpq callback.
//
// The reactor owns its backend and uses the backend's clock. It must outlive every RingOperation,
// TimerNode and coroutine that waits on it; its destructor drains what abandoned operations are
// still in flight and checks that nothing else is left. Not thread-safe.
#ifndef PGRING_URING_REACTOR_H_
#define PGRING_URING_REACTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "pgring/uring/backend.h"
#include "pgring/uring/ready_queue.h"
#include "pgring/uring/ring_operation.h"
#include "pgring/uring/timer_queue.h"

namespace pgring {

// The failure code of what fails with the ring.
inline constexpr std::string_view kCauseRing = "io_uring";

// Where the loop's own time went; shows whether the client was the bottleneck.
struct ReactorStats {
  int64_t turns = 0;
  int64_t stale_completions = 0;  // of a generation that is gone: must stay 0
};

class Reactor {
 public:
  explicit Reactor(std::unique_ptr<Backend> backend);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // One turn, as above. Gives failure().
  absl::Status Turn();

  // Why the backend has become unusable, with kCauseRing; OK while it has not. From then on every
  // operation, also those in flight, ends at once with -EIO; timers and all else go on, so that
  // coroutines come to their ends.
  const absl::Status& failure() const { return failure_; }
  bool has_failed() const { return !failure_.ok(); }

  // Whether anything could ever end a wait: something ready, a timer, or an operation in flight.
  bool HasWork() const;

  // Connections that wait for an answer: who is alone may send without the others.
  void BeginExchange() { ++exchanges_; }
  void EndExchange() { --exchanges_; }
  size_t exchanges() const { return exchanges_; }

  ReadyQueue* ready() { return &ready_; }
  TimerQueue* timers() { return &timers_; }
  const Clock& clock() const { return backend_->clock(); }
  Backend& backend() { return *backend_; }
  const ReactorStats& stats() const { return stats_; }
  // Operations and cancels whose completion has not been seen.
  size_t in_flight() const { return slots_.in_use() + cancels_in_flight_; }

 private:
  friend class RingOperation;

  void Cancel(RingOperation* operation);
  void Abandon(RingOperation* operation);
  void QueueCancelOf(RingOperationId id);

  int64_t WaitDeadlineNs() const;
  void SubmitAndWait(int64_t deadline_ns);
  void CollectCompletions();
  void Deliver(const Completion& completion);

  // What a batch makes ready runs in the same turn, without a system call in between, so often: a
  // permit handed on starts its operation at once, and a chain of them cannot starve the kernel.
  static constexpr int kMaxBatchesPerTurn = 16;
  static constexpr size_t kCompletionBatch = 256;
  // A drain that takes more turns than this is a bug in the backend.
  static constexpr int kMaxDrainTurns = 1'000'000;

  std::unique_ptr<Backend> backend_;
  absl::Status failure_;
  ReadyQueue ready_;
  TimerQueue timers_;
  SlotTable slots_;
  size_t cancels_in_flight_ = 0;
  size_t exchanges_ = 0;
  ReactorStats stats_;
  std::array<Completion, kCompletionBatch> batch_;
};

}  // namespace pgring

#endif  // PGRING_URING_REACTOR_H_
