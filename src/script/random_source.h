// pgbench 15's random numbers, bit for bit: with the same --random-seed, a script draws the same
// values from us as from pgbench.
//
// The generator is xoroshiro128** (https://prng.di.unimi.it/), its state filled from a 64-bit seed
// by splitmix64, as in PostgreSQL's src/common/pg_prng.c. Where pgbench goes out of the asked range
// for lack of precision (tiny parameters of random_exponential), we stay at its end.
//
// A RandomSource is 16 bytes of state, copied freely (to repeat a transaction with the same
// numbers, keep a copy). Only the Check functions can fail; nothing allocates unless they do.
#ifndef PGRING_SCRIPT_RANDOM_SOURCE_H_
#define PGRING_SCRIPT_RANDOM_SOURCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace pgring {

inline constexpr double kMinGaussianParameter = 2.0;
inline constexpr double kMinZipfianParameter = 1.001;
inline constexpr double kMaxZipfianParameter = 1000.0;

class RandomSource {
 public:
  explicit RandomSource(uint64_t seed);

  // All 64 bits.
  uint64_t Next() {
    const uint64_t first = state_[0];
    const uint64_t mixed = state_[1] ^ first;
    state_[0] = RotateLeft(first, 24) ^ mixed ^ (mixed << 16);
    state_[1] = RotateLeft(mixed, 37);
    return RotateLeft(first * 5, 7) * 9;
  }

  // Uniform in [0, bound], by rejection of whole masked draws; 0 draws nothing.
  uint64_t UpTo(uint64_t bound);

  // Uniform in [0, 1), 52 bits.
  double Unit() { return static_cast<double>(Next() >> 12) * 0x1p-52; }

  // random(), random_exponential(), random_gaussian() and random_zipfian(): both ends included.
  // The range and the parameter must have passed the checks below.
  int64_t Uniform(int64_t low, int64_t high);
  int64_t Exponential(int64_t low, int64_t high, double parameter);
  int64_t Gaussian(int64_t low, int64_t high, double parameter);
  int64_t Zipfian(int64_t low, int64_t high, double parameter);

  friend bool operator==(const RandomSource&, const RandomSource&) = default;

 private:
  static constexpr uint64_t RotateLeft(uint64_t value, int bits) {
    return (value << bits) | (value >> (64 - bits));
  }

  uint64_t state_[2];
};

// InvalidArgument, in pgbench's words: "empty range given to random", "random range is too large"
// (2^63 values or more), "gaussian parameter must be at least 2.000000 (not 1.000000)" and so on.
// NaN and, where no number would come of it, infinity are refused as well.
absl::Status CheckRandomRange(int64_t low, int64_t high);
absl::Status CheckExponentialParameter(double parameter);
absl::Status CheckGaussianParameter(double parameter);
absl::Status CheckZipfianParameter(double parameter);

// The generators of a whole run.
struct RunGenerators {
  struct Thread {
    RandomSource choose_script;
    RandomSource throttle;
    RandomSource sample_log;
  };

  std::vector<RandomSource> clients;  // what a script's random functions draw from
  int64_t default_seed = 0;           // of the hash functions: the variable default_seed
  std::vector<Thread> threads;
};

// As pgbench 15 derives them from --random-seed. The seed makes a base generator. From it are
// drawn, in this order, one number each: a seed for every client; default_seed, unless the user
// gave it with -D; and for every thread the seeds of script choice, throttling and log sampling.
RunGenerators MakeRunGenerators(uint64_t random_seed, int client_count, int thread_count,
                                bool default_seed_given);

}  // namespace pgring

#endif  // PGRING_SCRIPT_RANDOM_SOURCE_H_
