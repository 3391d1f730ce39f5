#include "pgring/coro/frame_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "support/sanitizers.h"

namespace pgring {
namespace {

TEST(FramePoolTest, CountsWhatIsAlive) {
  const int64_t before = GetFramePoolStats().live_frames;
  void* one = AllocateFrame(100);
  void* two = AllocateFrame(100'000);
  EXPECT_EQ(GetFramePoolStats().live_frames, before + 2);
  FreeFrame(one, 100);
  FreeFrame(two, 100'000);
  EXPECT_EQ(GetFramePoolStats().live_frames, before);
}

TEST(FramePoolTest, FramesAreApartAndWritable) {
  std::vector<std::pair<unsigned char*, size_t>> frames;
  std::set<void*> different;
  for (size_t size_bytes = 1; size_bytes <= 5'000; size_bytes += 13) {
    auto* frame = static_cast<unsigned char*>(AllocateFrame(size_bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(frame) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
    std::memset(frame, static_cast<int>(frames.size() % 251), size_bytes);
    frames.emplace_back(frame, size_bytes);
    different.insert(frame);
  }
  EXPECT_EQ(different.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    for (size_t byte = 0; byte < frames[i].second; ++byte) {
      ASSERT_EQ(frames[i].first[byte], i % 251) << "frame " << i;
    }
    FreeFrame(frames[i].first, frames[i].second);
  }
}

void UseFramesOfOneClass() {
  // 64-byte classes: the sizes below share one, the next size does not.
  void* first = AllocateFrame(1'985);
  FreeFrame(first, 1'985);
  const int64_t reserved_bytes = GetFramePoolStats().reserved_bytes;
  for (const size_t size_bytes : {size_t{1'985}, size_t{2'000}, size_t{2'048}}) {
    void* again = AllocateFrame(size_bytes);
    EXPECT_EQ(again, first) << size_bytes;
    FreeFrame(again, size_bytes);
  }
  EXPECT_EQ(GetFramePoolStats().reserved_bytes, reserved_bytes);
  void* larger = AllocateFrame(2'049);
  EXPECT_NE(larger, first);
  FreeFrame(larger, 2'049);
  EXPECT_GT(GetFramePoolStats().reserved_bytes, reserved_bytes);
}

TEST(FramePoolTest, FreedFramesServeTheirSizeAgain) {
  if (kAddressSanitizer) GTEST_SKIP() << "frames come from the heap under AddressSanitizer";
  // On a thread of its own, whose pool is empty.
  std::thread(UseFramesOfOneClass).join();
}

TEST(FramePoolTest, EachThreadHasItsOwn) {
  void* frame = AllocateFrame(64);
  int64_t live_frames_there = -1;
  std::thread([&live_frames_there] {
    void* frame_there = AllocateFrame(64);
    live_frames_there = GetFramePoolStats().live_frames;
    FreeFrame(frame_there, 64);
  }).join();
  EXPECT_EQ(live_frames_there, 1);
  FreeFrame(frame, 64);
}

}  // namespace
}  // namespace pgring
