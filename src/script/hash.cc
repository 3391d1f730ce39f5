#include "script/hash.h"

#include <bit>

#include "script/random_source.h"

namespace pgring {
namespace {

constexpr uint64_t kFnvOffsetBasis = 0xcbf29ce484222325u;
constexpr uint64_t kFnvPrime = 0x100000001b3u;

constexpr uint64_t kMurmurMultiplier = 0xc6a4a7935bd1e995u;
constexpr int kMurmurShift = 47;

constexpr int kPermuteRounds = 6;

}  // namespace

int64_t HashFnv1a(int64_t value, int64_t seed) {
  uint64_t rest = static_cast<uint64_t>(value);
  uint64_t hash = kFnvOffsetBasis ^ static_cast<uint64_t>(seed);
  for (size_t i = 0; i < sizeof(value); ++i) {
    hash = (hash ^ (rest & 0xff)) * kFnvPrime;
    rest >>= 8;
  }
  return static_cast<int64_t>(hash);
}

int64_t HashMurmur2(int64_t value, int64_t seed) {
  uint64_t hash = static_cast<uint64_t>(seed) ^ (sizeof(value) * kMurmurMultiplier);
  uint64_t block = static_cast<uint64_t>(value) * kMurmurMultiplier;
  block ^= block >> kMurmurShift;
  block *= kMurmurMultiplier;
  hash = (hash ^ block) * kMurmurMultiplier;
  hash = (hash ^ (hash >> kMurmurShift)) * kMurmurMultiplier;
  return static_cast<int64_t>(hash ^ (hash >> kMurmurShift));
}

int64_t Permute(int64_t value, int64_t size, int64_t seed) {
  if (size < 2) return 0;
  RandomSource source(static_cast<uint64_t>(seed));
  const uint64_t count = static_cast<uint64_t>(size);
  // Every step is a bijection of [0, count). Multiplying, xoring and rotating are bijections of a
  // power of two only, so they work on the lower `half` of the numbers, then on the upper one.
  const int bits = 63 - std::countl_zero(count);
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  const auto scatter = [&source, mask, bits](uint64_t number) {
    const uint64_t odd = (source.Next() & mask) | 1;
    const uint64_t flip = source.Next() & mask;
    if (number > mask) return number;
    const uint64_t mixed = ((number * odd) ^ flip) & mask;
    return ((mixed << 1) & mask) | (mixed >> (bits - 1));
  };

  uint64_t number = static_cast<uint64_t>(value) % count;
  for (int round = 0; round < kPermuteRounds; ++round) {
    number = scatter(number);
    number = count - 1 - scatter(count - 1 - number);
    // Below 2^63 each, so the sum does not overflow.
    number = (number + source.UpTo(count - 1)) % count;
  }
  return static_cast<int64_t>(number);
}

}  // namespace pgring
