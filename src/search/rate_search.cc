#include "search/rate_search.h"

#include <algorithm>

#include "pgring/base/check.h"

namespace pgring {
namespace {

constexpr double kFirstShare = 0.5;
constexpr double kStep = 1.25;

}  // namespace

RateSearch::RateSearch(double closed_loop_per_s)
    : ceiling_(closed_loop_per_s),
      next_(closed_loop_per_s * kFirstShare),
      failed_(closed_loop_per_s) {
  PGRING_CHECK(closed_loop_per_s > 0, "a search for a rate needs a throughput");
}

void RateSearch::Record(bool holds, double achieved_per_s) {
  PGRING_CHECK(!done_, "the search is done");
  if (holds) {
    Hold();
  } else {
    Fail(achieved_per_s);
  }
}

void RateSearch::Hold() {
  held_twice_ = next_ == held_;
  held_ = std::max(held_, next_);
  failed_once_ = false;
  Choose();
}

void RateSearch::Fail(double achieved_per_s) {
  if (next_ == held_) {
    // It held by chance: the rates below it are open again.
    held_ = 0;
    failed_once_ = true;
  }
  if (!failed_once_) {
    failed_once_ = true;
    return;
  }
  failed_once_ = false;
  has_failed_ = true;
  failed_ = next_;
  // What the server did not achieve it will not keep.
  if (achieved_per_s > held_ && achieved_per_s < failed_) failed_ = achieved_per_s;
  Choose();
}

void RateSearch::Choose() {
  if (failed_ < kLowestRateShare * ceiling_) {
    done_ = true;
    return;
  }
  const bool is_precise = held_ > 0 && failed_ - held_ <= kRatePrecision * held_;
  if (is_precise) {
    done_ = held_twice_;
    next_ = held_;
  } else if (!has_failed_) {
    next_ = std::min(next_ * kStep, (next_ + ceiling_) / 2);
  } else {
    next_ = (std::max(held_, failed_ / 4) + failed_) / 2;
    if (held_ == 0) next_ = failed_ / 2;
  }
}

std::optional<double> RateSearch::answer() const {
  if (held_ <= 0) return std::nullopt;
  return held_;
}

}  // namespace pgring
