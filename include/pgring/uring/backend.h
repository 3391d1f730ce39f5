// The seam between the reactor and what carries out its operations: the kernel's io_uring, or the
// simulator with a fake clock. Small on purpose: queue a poll, a receive, a send or a cancel,
// submit and wait, collect completions.
//
// A backend queues; nothing reaches the kernel before SubmitAndWait. Everything queued yields
// exactly one completion, in any order (a cancel's own completion may come before or after
// its target's). Not thread-safe: one thread owns a backend and its reactor.
#ifndef PGRING_URING_BACKEND_H_
#define PGRING_URING_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "pgring/base/clock.h"

namespace pgring {

// `result` is the operation's: for a poll the mask of ready events, for a receive and a send the
// number of bytes (0 received: the end of the stream), or a negative errno.
struct Completion {
  uint64_t user_data = 0;
  int32_t result = 0;
  uint32_t flags = 0;
};

// What transfers are on: a descriptor and, where the backend registered the file behind it, its
// place there. A transfer on a registered file reaches that file, whatever has become of the
// number.
struct BackendFile {
  // NOLINTNEXTLINE(google-explicit-constructor): a plain descriptor is an unregistered file
  BackendFile(int plain_descriptor = -1) : descriptor(plain_descriptor) {}

  int descriptor;
  int slot = -1;  // -1: not registered
};

struct BackendStats {
  int64_t enters = 0;       // calls that entered the kernel
  int64_t submissions = 0;  // SQEs
  int64_t completions = 0;  // CQEs
  int64_t overflows = 0;    // waits after which completions did not fit the completion queue
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Waits once until `descriptor` shows one of the poll(2) events in `events`. Level-triggered at
  // the moment of submission, so nothing that happened before is missed.
  virtual void QueuePoll(uint64_t user_data, int descriptor, uint32_t events) = 0;

  // Waits once until `file` has bytes, and moves what is there, at most as much as fits, into
  // `buffer`, which belongs to the kernel until the completion.
  virtual void QueueReceive(uint64_t user_data, BackendFile file, absl::Span<char> buffer) = 0;

  // Sends `bytes`, all of them unless an error ends it, waiting for room where there is none. They
  // must stay as they are until the completion. A peer that is gone is an error, not a signal.
  virtual void QueueSend(uint64_t user_data, BackendFile file, absl::Span<const char> bytes) = 0;

  // Registers the file that `descriptor` is now; where that cannot be, gives it back unregistered.
  virtual BackendFile Register(int descriptor) { return {descriptor}; }
  // When no transfer on it is in flight any more. Until this the file stays open, also after its
  // descriptor was closed.
  virtual void Unregister(BackendFile /*file*/) {}

  // Asks for the operation `target` to end early. Both complete: the target with -ECANCELED or with
  // its normal result if that won the race, the cancel with 0, -ENOENT or -EALREADY.
  virtual void QueueCancel(uint64_t user_data, uint64_t target) = 0;

  // A hint: the transfers in flight are one connection's, if any. What is queued to send then may
  // leave at once.
  virtual void ExpectOneExchange(bool /*only_one*/) {}

  // Submits what is queued and waits until a completion is there or `deadline_ns` (by clock())
  // passed; a deadline in the past only looks. May return early without a completion. An error
  // means that the backend is unusable.
  virtual absl::Status SubmitAndWait(int64_t deadline_ns) = 0;

  // Moves at most completions.size() completions out and returns their number.
  virtual size_t TakeCompletions(absl::Span<Completion> completions) = 0;

  virtual const Clock& clock() const = 0;
  virtual BackendStats stats() const = 0;
  // How the backend was set up, for reports.
  virtual const std::string& setup() const = 0;
};

}  // namespace pgring

#endif  // PGRING_URING_BACKEND_H_
