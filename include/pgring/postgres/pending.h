// A value that is not there yet: what a statement gives, until it has been answered.
#ifndef PGRING_POSTGRES_PENDING_H_
#define PGRING_POSTGRES_PENDING_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "pgring/base/check.h"

namespace pgring {

// The value that will be at a place of a list; see Transaction::Send. Refers to the list, which
// must outlive it. Copies are of the same value.
template <typename T>
class Pending {
 public:
  Pending() = default;
  Pending(std::vector<T>* values, size_t place) : values_(values), place_(place) {}

  bool is_there() const { return values_ != nullptr && place_ < values_->size(); }
  // Once; only what is there.
  T Take() {
    PGRING_CHECK(is_there(), "a result was taken before it was there");
    return std::move((*values_)[place_]);
  }

 private:
  std::vector<T>* values_ = nullptr;
  size_t place_ = 0;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_PENDING_H_
