// The seam between the reactor and what carries out its operations: the kernel's io_uring, or the
// simulator with a fake clock. Small on purpose: queue a poll, a receive, a send or a cancel,
// submit and wait, collect completions.
//
// A backend queues; nothing reaches the kernel before SubmitAndWait. Everything queued yields
// exactly one completion, in any order (a cancel's own completion may come before or after
// its target's); only a receive yields any number, in order, of which the last says so. Not
// thread-safe: one thread owns a backend and its reactor.
#ifndef PGRING_URING_BACKEND_H_
#define PGRING_URING_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "pgring/base/clock.h"

namespace pgring {

inline constexpr int kNoBuffer = -1;
inline constexpr int64_t kBackgroundDelayNs = 10 * kNanosecondsPerMillisecond;

// `result` is the operation's: for a poll the mask of ready events, for a receive and a send the
// number of bytes (0 received: the end of the stream), or a negative errno.
struct Completion {
  uint64_t user_data = 0;
  int32_t result = 0;
  bool goes_on = false;    // a receive's: it is still in flight
  int buffer = kNoBuffer;  // a receive's: where its bytes are, until ReturnBuffer
};

// What transfers are on.
struct BackendFile {
  // NOLINTNEXTLINE(google-explicit-constructor): a descriptor and nothing else
  BackendFile(int plain_descriptor = -1) : descriptor(plain_descriptor) {}

  int descriptor;
  // Transfers on it may be system calls of their own where nothing else is in flight: a send that
  // leaves at once, a receive that blocks.
  bool may_leave_ring = false;
};

struct BackendStats {
  int64_t enters = 0;       // calls that entered the kernel
  int64_t submissions = 0;  // SQEs
  int64_t completions = 0;  // CQEs
  int64_t overflows = 0;    // waits after which completions did not fit the completion queue
  // Receives that waited in recv(2), outside of the ring, because nothing else was in flight.
  int64_t blocking_receives = 0;

  BackendStats& operator+=(const BackendStats& other) {
    enters += other.enters;
    submissions += other.submissions;
    completions += other.completions;
    overflows += other.overflows;
    blocking_receives += other.blocking_receives;
    return *this;
  }
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Waits once until `descriptor` shows one of the poll(2) events in `events`. Level-triggered at
  // the moment of submission, so nothing that happened before is missed.
  virtual void QueuePoll(uint64_t user_data, int descriptor, uint32_t events) = 0;
  // The same for what may be told of a few milliseconds late (kBackgroundDelayNs), so that it does
  // not count where an operation is treated differently for being alone in flight.
  virtual void QueueBackgroundPoll(uint64_t user_data, int descriptor, uint32_t events) {
    QueuePoll(user_data, descriptor, events);
  }

  // Receives what comes on `file`, whenever it comes, into the backend's own buffers. It ends with
  // the end of the stream (0), an error, a cancel, when no buffer is free (-ENOBUFS), and at times
  // for no reason, with bytes or without; nothing on `file` is lost by that.
  virtual void QueueReceive(uint64_t user_data, BackendFile file) = 0;
  // The memory of a completion's buffer.
  virtual const char* BufferBytes(int buffer) const = 0;
  // Makes it free again. Every buffer that a completion has named must be returned, soon.
  virtual void ReturnBuffer(int buffer) = 0;

  // Sends `bytes`, all of them unless an error ends it, waiting for room where there is none. They
  // must stay as they are until the completion. A peer that is gone is an error, not a signal.
  virtual void QueueSend(uint64_t user_data, BackendFile file, absl::Span<const char> bytes) = 0;

  // Makes a nonblocking socket ready for transfers, once. It may get a limit for how long a receive
  // on it blocks.
  virtual BackendFile PrepareSocket(int descriptor) { return {descriptor}; }

  // Asks for the operation `target` to end early. Both complete: the target with -ECANCELED or with
  // its normal result if that won the race, the cancel with 0, -ENOENT or -EALREADY. A target that
  // was not submitted yet never happens: its descriptor may be another file's by now.
  virtual void QueueCancel(uint64_t user_data, uint64_t target) = 0;

  // Sends what can leave at once, by a system call of its own, and returns how much that was. 0
  // where the file must not leave the ring, and where an error stands in the way, which QueueSend
  // will meet. By descriptor: it must still be the file's own.
  virtual size_t SendNow(BackendFile /*file*/, absl::Span<const char> /*bytes*/) { return 0; }

  // Submits what is queued and waits until a completion is there or `deadline_ns` (by clock())
  // passed; a deadline in the past only looks. May return early without a completion. An error
  // means that the backend is unusable.
  virtual absl::Status SubmitAndWait(int64_t deadline_ns) = 0;

  // Waits until `deadline_ns` without submitting or completing anything; also when unusable.
  virtual void SleepUntil(int64_t deadline_ns) = 0;

  // Moves at most completions.size() completions out and returns their number.
  virtual size_t TakeCompletions(absl::Span<Completion> completions) = 0;

  virtual const Clock& clock() const = 0;
  virtual BackendStats stats() const = 0;
  // How the backend was set up, for reports.
  virtual const std::string& setup() const = 0;
};

}  // namespace pgring

#endif  // PGRING_URING_BACKEND_H_
