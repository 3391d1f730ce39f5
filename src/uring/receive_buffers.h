// The memory that receives on one ring bring their bytes to: a ring of buffers that the kernel
// takes from (a group of provided buffers, kernel 5.19), and one larger buffer behind them for the
// receive that does not go through the ring. Pages that are never used are never there.
//
// Owned by the backend, which must end its ring first. Not thread-safe.
#ifndef PGRING_URING_RECEIVE_BUFFERS_H_
#define PGRING_URING_RECEIVE_BUFFERS_H_

#include <liburing.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "pgring/uring/kernel_backend.h"

namespace pgring {

class ReceiveBuffers {
 public:
  ReceiveBuffers() = default;
  ~ReceiveBuffers();
  ReceiveBuffers(const ReceiveBuffers&) = delete;
  ReceiveBuffers& operator=(const ReceiveBuffers&) = delete;

  // `count`: a power of two. Fails without memory, or where the kernel has no such rings.
  absl::Status Register(io_uring* ring, uint32_t count);

  bool is_registered() const { return free_ != nullptr; }
  // Makes a receive take its buffers here.
  static void UseIn(io_uring_sqe* entry);
  // kNoBuffer: it brought none.
  static int BufferOf(const io_uring_cqe& entry);

  const char* Bytes(int buffer) const { return Start(buffer); }
  void Return(int buffer);

  // The larger one: for one receive at a time.
  absl::Span<char> large() const { return {Start(large_buffer()), kLargeBytes}; }
  int large_buffer() const { return mask_ + 1; }
  bool is_large_taken() const { return is_large_taken_; }
  void TakeLarge() { is_large_taken_ = true; }

 private:
  // From one buffer's start to the next one's. Most answers are short: were it a power of two,
  // their bytes would all compete for the same few lines of the cache.
  static constexpr size_t kStride = kReceiveBufferBytes + 192;
  static constexpr size_t kLargeBytes = 64 * 1024;

  char* Start(int buffer) const { return first_ + static_cast<size_t>(buffer) * kStride; }

  char* memory_ = nullptr;
  size_t memory_bytes_ = 0;
  io_uring_buf_ring* free_ = nullptr;
  int mask_ = 0;
  char* first_ = nullptr;
  bool is_large_taken_ = false;
};

}  // namespace pgring

#endif  // PGRING_URING_RECEIVE_BUFFERS_H_
