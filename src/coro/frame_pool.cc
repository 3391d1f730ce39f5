#include "pgring/coro/frame_pool.h"

#include <array>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define PGRING_FRAMES_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PGRING_FRAMES_FROM_HEAP 1
#endif
#endif

namespace pgring {
namespace {

#ifdef PGRING_FRAMES_FROM_HEAP
constexpr bool kFramesFromHeap = true;
#else
constexpr bool kFramesFromHeap = false;
#endif

constexpr size_t kClassBytes = 64;
constexpr size_t kLargestPooledBytes = 4096;
constexpr size_t kClassCount = kLargestPooledBytes / kClassBytes;

struct FreeFrameNode {
  FreeFrameNode* next;
};

// Plain data: the compiler then reads it without asking each time whether the thread has made it.
struct FramePool {
  std::array<FreeFrameNode*, kClassCount> free;
  FramePoolStats stats;
};

constinit thread_local FramePool frame_pool = {};

// Gives the free frames back when the thread ends.
class FreeFramesOwner {
 public:
  FreeFramesOwner() = default;
  ~FreeFramesOwner() {
    for (FreeFrameNode*& head : frame_pool.free) {
      while (head != nullptr) ::operator delete(std::exchange(head, head->next));
    }
  }
  FreeFramesOwner(const FreeFramesOwner&) = delete;
  FreeFramesOwner& operator=(const FreeFramesOwner&) = delete;

  // The first use makes it.
  void Begin() {}
};

thread_local FreeFramesOwner free_frames_owner;

size_t ClassOf(size_t size_bytes) { return (size_bytes - 1) / kClassBytes; }

void* AllocateFromHeap(size_t index) {
  free_frames_owner.Begin();
  const size_t class_bytes = (index + 1) * kClassBytes;
  frame_pool.stats.reserved_bytes += static_cast<int64_t>(class_bytes);
  return ::operator new(class_bytes);
}

}  // namespace

void* AllocateFrame(size_t size_bytes) {
  ++frame_pool.stats.live_frames;
  const size_t index = ClassOf(size_bytes);
  if (kFramesFromHeap || index >= kClassCount) return ::operator new(size_bytes);
  FreeFrameNode* head = frame_pool.free[index];
  if (head == nullptr) return AllocateFromHeap(index);
  frame_pool.free[index] = head->next;
  return head;
}

void FreeFrame(void* frame, size_t size_bytes) {
  --frame_pool.stats.live_frames;
  const size_t index = ClassOf(size_bytes);
  if (kFramesFromHeap || index >= kClassCount) {
    ::operator delete(frame);
    return;
  }
  auto* node = static_cast<FreeFrameNode*>(frame);
  node->next = frame_pool.free[index];
  frame_pool.free[index] = node;
}

FramePoolStats GetFramePoolStats() { return frame_pool.stats; }

}  // namespace pgring
