#include "pgring/coro/frame_pool.h"

#include <array>
#include <new>

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

class FramePool {
 public:
  FramePool() = default;
  ~FramePool() {
    for (FreeFrameNode* head : free_) {
      while (head != nullptr) {
        FreeFrameNode* next = head->next;
        ::operator delete(head);
        head = next;
      }
    }
  }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  void* Allocate(size_t size_bytes) {
    ++stats_.live_frames;
    const size_t index = ClassOf(size_bytes);
    if (kFramesFromHeap || index >= kClassCount) return ::operator new(size_bytes);
    FreeFrameNode* head = free_[index];
    if (head != nullptr) {
      free_[index] = head->next;
      return head;
    }
    const size_t class_bytes = (index + 1) * kClassBytes;
    stats_.reserved_bytes += static_cast<int64_t>(class_bytes);
    return ::operator new(class_bytes);
  }

  void Free(void* frame, size_t size_bytes) {
    --stats_.live_frames;
    const size_t index = ClassOf(size_bytes);
    if (kFramesFromHeap || index >= kClassCount) {
      ::operator delete(frame);
      return;
    }
    auto* node = static_cast<FreeFrameNode*>(frame);
    node->next = free_[index];
    free_[index] = node;
  }

  const FramePoolStats& stats() const { return stats_; }

 private:
  static size_t ClassOf(size_t size_bytes) { return (size_bytes - 1) / kClassBytes; }

  std::array<FreeFrameNode*, kClassCount> free_{};
  FramePoolStats stats_;
};

thread_local FramePool frame_pool;

}  // namespace

void* AllocateFrame(size_t size_bytes) { return frame_pool.Allocate(size_bytes); }
void FreeFrame(void* frame, size_t size_bytes) { frame_pool.Free(frame, size_bytes); }
FramePoolStats GetFramePoolStats() { return frame_pool.stats(); }

}  // namespace pgring
