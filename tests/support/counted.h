// A value that knows how many of its kind are alive, to prove that coroutine frames build and free
// their arguments and results exactly once. It also notices when it was copied as mere bytes, which
// is how g++ 12 breaks some forms of co_await: such an object is not where it was constructed.
//
// Not thread-safe.
#ifndef PGRING_TESTS_SUPPORT_COUNTED_H_
#define PGRING_TESTS_SUPPORT_COUNTED_H_

#include <gtest/gtest.h>

#include <cstdint>

namespace pgring {

class Counted {
 public:
  explicit Counted(int value) : value_(value), self_(this) { ++live_count; }
  Counted(const Counted& other) : value_(other.value_), self_(this) { ++live_count; }
  Counted(Counted&& other) noexcept : value_(other.value_), self_(this) {
    other.value_ = kMovedFrom;
    ++live_count;
  }
  Counted& operator=(const Counted& other) = delete;
  ~Counted() {
    EXPECT_EQ(self_, this) << "destroyed elsewhere than constructed, or twice";
    self_ = nullptr;
    --live_count;
  }

  static constexpr int kMovedFrom = -1;
  int value() const { return value_; }
  static int64_t live() { return live_count; }

 private:
  static inline int64_t live_count = 0;

  int value_;
  const Counted* self_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_COUNTED_H_
