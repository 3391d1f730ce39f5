// When the operations of an open loop are due: a schedule that the seed fixes, whatever becomes of
// the operations. Cannot fail.
#ifndef PGRING_RUN_ARRIVALS_H_
#define PGRING_RUN_ARRIVALS_H_

#include <cstdint>

#include "pgring/base/random.h"
#include "run/load_plan.h"

namespace pgring {

class Arrivals {
 public:
  // `plan` has a rate.
  Arrivals(const LoadPlan& plan, int64_t start_ns);

  // When the next operation is due. Poisson: gaps are exponential with mean 1 / rate, as pgbench's
  // -R makes them, but in nanoseconds. Constant: every 1 / rate seconds, without accumulated
  // rounding.
  int64_t NextNs();

 private:
  const ArrivalKind kind_;
  const double mean_gap_ns_;
  const int64_t start_ns_;
  double passed_ns_ = 0;  // of the schedule, from start_ns_
  int64_t count_ = 0;
  Random random_;
};

}  // namespace pgring

#endif  // PGRING_RUN_ARRIVALS_H_
