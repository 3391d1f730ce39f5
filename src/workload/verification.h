// Whether the database agrees with what the client believes to have done. Plain data.
#ifndef PGRING_WORKLOAD_VERIFICATION_H_
#define PGRING_WORKLOAD_VERIFICATION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pgring {

// What was counted or summed, by name: the tables a and b of `family`.
using VerifiedFigures = std::vector<std::pair<std::string, int64_t>>;

struct Verification {
  VerifiedFigures expected;
  VerifiedFigures found;  // the same names in the same order
  bool ok = false;
  // What disagrees, or what a reader should know of an agreement; empty otherwise.
  std::string remark;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_VERIFICATION_H_
