// Seeds for property tests: a fixed handful, or the one in PGRING_TEST_SEED to repeat a failure.
#ifndef PGRING_TESTS_SUPPORT_PROPERTY_SEEDS_H_
#define PGRING_TESTS_SUPPORT_PROPERTY_SEEDS_H_

#include <cstdint>
#include <vector>

namespace pgring {

// Prints what it returns.
std::vector<uint64_t> PropertySeeds();

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_PROPERTY_SEEDS_H_
