// Memory for coroutine frames: per-thread free lists by size, so that the steady state of a run
// allocates nothing. Under AddressSanitizer every frame comes from the heap instead, so that a use
// after its end is found.
//
// A frame is returned on the thread that took it. Memory goes back to the system when the thread
// ends. Out of memory ends the program, as everywhere.
#ifndef PGRING_CORO_FRAME_POOL_H_
#define PGRING_CORO_FRAME_POOL_H_

#include <cstddef>
#include <cstdint>

namespace pgring {

void* AllocateFrame(size_t size_bytes);
void FreeFrame(void* frame, size_t size_bytes);

struct FramePoolStats {
  int64_t live_frames = 0;
  int64_t reserved_bytes = 0;  // taken from the heap so far, in use or free
};
// Of the calling thread.
FramePoolStats GetFramePoolStats();

}  // namespace pgring

#endif  // PGRING_CORO_FRAME_POOL_H_
