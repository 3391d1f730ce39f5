// The backend on the kernel's io_uring. Its .cc file and receive_buffers.h are the
// only users of <liburing.h>.
//
// The ring is set up by a ladder of flags, best first, one step down each time that the kernel
// answers EINVAL; setup() tells which step was taken. The thread that creates the backend owns it.
#ifndef PGRING_URING_KERNEL_BACKEND_H_
#define PGRING_URING_KERNEL_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "pgring/uring/backend.h"

namespace pgring {

struct KernelBackendOptions {
  // Room for that many submissions between two SubmitAndWait; more are submitted in between. A
  // power of two, 1..kMaxSubmissionEntries.
  uint32_t submission_entries = 1024;
  // 0: four times the submissions.
  uint32_t completion_entries = 0;
  // Buffers of kReceiveBufferBytes for what is received; without any, no receive can be queued. 0,
  // or a power of two up to kMaxReceiveBuffers.
  uint32_t receive_buffers = 0;
  // On a socket that PrepareSocket() has seen, SendNow() sends, and a receive waits in recv(2)
  // while nothing but background polls is in flight beside it (BackendStats::blocking_receives).
  bool may_leave_ring = false;
};
inline constexpr uint32_t kMaxSubmissionEntries = 32'768;
inline constexpr uint32_t kMaxReceiveBuffers = 1'024;
// As much as a server sends at once.
inline constexpr size_t kReceiveBufferBytes = 8 * 1024;

// Fails where io_uring cannot be used: the message names the cause (the kernel has none, seccomp or
// the kernel.io_uring_disabled setting forbids it, too old, locked memory) and the remedy.
absl::StatusOr<std::unique_ptr<Backend>> CreateKernelBackend(const KernelBackendOptions& options);

}  // namespace pgring

#endif  // PGRING_URING_KERNEL_BACKEND_H_
