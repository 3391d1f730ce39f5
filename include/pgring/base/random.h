// Seeded random numbers that are the same on every machine and compiler. The generator is the
// standard's mt19937_64, whose output the standard fixes; the standard's distributions are not
// fixed, so the two that we need are here.
//
// Not thread-safe. Cannot fail.
#ifndef PGRING_BASE_RANDOM_H_
#define PGRING_BASE_RANDOM_H_

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "pgring/base/check.h"

namespace pgring {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Next() { return engine_(); }

  // Uniform in [0, bound); `bound` > 0. Rejection keeps it exactly uniform.
  uint64_t Below(uint64_t bound) {
    PGRING_CHECK(bound > 0, "Random::Below needs a positive bound");
    const uint64_t threshold = (0 - bound) % bound;
    uint64_t value = Next();
    while (value < threshold) value = Next();
    return value % bound;
  }

  // Uniform in [low, high], both included; the full range of int64_t is one too many.
  int64_t Between(int64_t low, int64_t high) {
    const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    return static_cast<int64_t>(static_cast<uint64_t>(low) + Below(span + 1));
  }

  // Uniform in [0, 1), 53 bits.
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  // True with the given probability; never for 0, always for 1.
  bool Chance(double probability) { return Unit() < probability; }

  // Fisher-Yates.
  template <typename T>
  void Shuffle(std::vector<T>* values) {
    for (size_t left = values->size(); left > 1; --left) {
      std::swap((*values)[left - 1], (*values)[Below(left)]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace pgring

#endif  // PGRING_BASE_RANDOM_H_
