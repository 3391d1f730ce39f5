#include "support/allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace pgring {
namespace {

std::atomic<int64_t> allocation_count{0};

void* Allocate(size_t size, size_t alignment) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  const size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  // Exceptions have no place in these tests, and there is nothing to do without memory.
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

int64_t AllocationCount() { return allocation_count.load(std::memory_order_relaxed); }

}  // namespace pgring

// The array and nothrow forms of the standard library call these.
void* operator new(size_t size) { return pgring::Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(size_t size, std::align_val_t alignment) {
  return pgring::Allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
