#include "uring/receive_buffers.h"

#include <errno.h>
#include <sys/mman.h>

#include "pgring/base/status.h"
#include "pgring/uring/backend.h"

namespace pgring {
namespace {

// The only group.
constexpr uint16_t kBufferGroup = 0;
constexpr size_t kPageBytes = 4096;

}  // namespace

ReceiveBuffers::~ReceiveBuffers() {
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
}

absl::Status ReceiveBuffers::Register(io_uring* ring, uint32_t count) {
  const size_t ring_bytes =
      (count * sizeof(io_uring_buf) + kPageBytes - 1) / kPageBytes * kPageBytes;
  const size_t bytes = ring_bytes + count * kStride + kLargeBytes;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ErrnoStatus(errno, "memory for receive buffers");
  memory_ = static_cast<char*>(memory);
  memory_bytes_ = bytes;
  first_ = memory_ + ring_bytes;
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = count;
  registration.bgid = kBufferGroup;
  const int error = -io_uring_register_buf_ring(ring, &registration, 0);
  if (error != 0) return ErrnoStatus(error, "registering a ring of receive buffers");
  free_ = static_cast<io_uring_buf_ring*>(memory);
  mask_ = static_cast<int>(count) - 1;
  io_uring_buf_ring_init(free_);
  for (int buffer = 0; buffer <= mask_; ++buffer) Return(buffer);
  return absl::OkStatus();
}

void ReceiveBuffers::UseIn(io_uring_sqe* entry) {
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = kBufferGroup;
}

int ReceiveBuffers::BufferOf(const io_uring_cqe& entry) {
  if ((entry.flags & IORING_CQE_F_BUFFER) == 0) return kNoBuffer;
  return static_cast<int>(entry.flags >> IORING_CQE_BUFFER_SHIFT);
}

void ReceiveBuffers::Return(int buffer) {
  if (buffer == large_buffer()) {
    is_large_taken_ = false;
    return;
  }
  io_uring_buf_ring_add(free_, Start(buffer), kReceiveBufferBytes, static_cast<uint16_t>(buffer),
                        mask_, 0);
  io_uring_buf_ring_advance(free_, 1);
}

}  // namespace pgring
