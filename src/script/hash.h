// The hash functions and the permutation of pgbench 15, bit for bit. Pure; cannot fail.
#ifndef PGRING_SCRIPT_HASH_H_
#define PGRING_SCRIPT_HASH_H_

#include <cstdint>

namespace pgring {

// FNV-1a over the eight bytes of `value`, lowest first, the seed mixed into the offset basis.
int64_t HashFnv1a(int64_t value, int64_t seed);

// The 64-bit MurmurHash2 of Austin Appleby for one eight-byte block; also hash() without a name.
int64_t HashMurmur2(int64_t value, int64_t seed);

// Where a pseudo-random permutation of [0, size) that `seed` chooses puts `value` modulo size (as
// unsigned numbers). `size` is positive.
int64_t Permute(int64_t value, int64_t size, int64_t seed);

}  // namespace pgring

#endif  // PGRING_SCRIPT_HASH_H_
