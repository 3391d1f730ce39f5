#include "run/arrivals.h"

#include <cmath>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {

std::string_view ArrivalKindName(ArrivalKind kind) {
  return kind == ArrivalKind::kPoisson ? "poisson" : "constant";
}

Arrivals::Arrivals(const LoadPlan& plan, int64_t start_ns)
    : kind_(plan.arrivals),
      mean_gap_ns_(kNanosecondsPerSecond / plan.rate_per_s.value_or(0)),
      start_ns_(start_ns),
      random_(plan.arrival_seed) {
  PGRING_CHECK(plan.rate_per_s.value_or(0) > 0, "a schedule needs a rate");
}

int64_t Arrivals::NextNs() {
  if (kind_ == ArrivalKind::kConstant) {
    passed_ns_ = static_cast<double>(count_++) * mean_gap_ns_;
  } else {
    // 1 - Unit() lies in (0, 1]: its logarithm is finite.
    passed_ns_ += -std::log(1.0 - random_.Unit()) * mean_gap_ns_;
  }
  return start_ns_ + static_cast<int64_t>(passed_ns_);
}

}  // namespace pgring
