// Whether the database agrees with what the client believes to have done. Plain data.
#ifndef PGRING_WORKLOAD_VERIFICATION_H_
#define PGRING_WORKLOAD_VERIFICATION_H_

#include <cstdint>
#include <string>

namespace pgring {

struct RowCounts {
  int64_t a = 0;
  int64_t b = 0;
};

struct Verification {
  RowCounts expected;
  RowCounts found;
  bool ok = false;
  // What disagrees, or what a reader should know of an agreement; empty otherwise.
  std::string remark;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_VERIFICATION_H_
