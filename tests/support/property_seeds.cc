#include "support/property_seeds.h"

#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "support/sanitizers.h"

namespace pgring {

std::vector<uint64_t> PropertySeeds() {
  // With sanitizers each takes ten times as long, and finds nothing about memory that ten do not.
  constexpr uint64_t kDefaultSeedCount = kAddressSanitizer ? 10 : 40;
  std::vector<uint64_t> seeds;
  uint64_t chosen = 0;
  const char* text = std::getenv("PGRING_TEST_SEED");
  if (text != nullptr && absl::SimpleAtoi(text, &chosen)) {
    seeds.push_back(chosen);
  } else {
    for (uint64_t seed = 1; seed <= kDefaultSeedCount; ++seed) seeds.push_back(seed);
  }
  std::cout << "seeds (PGRING_TEST_SEED=<seed> repeats one): " << absl::StrJoin(seeds, " ")
            << std::endl;
  return seeds;
}

}  // namespace pgring
