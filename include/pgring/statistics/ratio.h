// How many times as fast one scenario is as another, from repeats in blocks. A block is one run of
// every scenario; it gives one ratio, and only the blocks are independent of each other. So the
// block is what is counted here, not the operation and not the second.
//
// All is done in logarithms of the ratios: twice as fast and half as fast are equally far from the
// same, and to exchange the two scenarios turns the result upside down and changes nothing else.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_RATIO_H_
#define PGRING_STATISTICS_RATIO_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "pgring/statistics/median_interval.h"

namespace pgring {

struct RatioEstimate {
  double ratio;                      // > 1: the values are larger than the base's
  std::optional<Interval> interval;  // of 95 % or more; nothing below kFewestForInterval blocks
  int count;                         // of blocks
  double p_value;                    // that the ratio is 1; two-sided, in (0, 1]
};

// The ratio is exp of the median of ln(values[b] / base[b]) over the blocks b, and its interval exp
// of that median's (see EstimateMedian); the p-value is that of the signed-rank test of the logs
// (see SignedRankTest).
//
// values[b] and base[b] are of the same block: as many of both, 1 to kMostForSignedRank, all finite
// and > 0.
RatioEstimate EstimateRatio(const std::vector<double>& values, const std::vector<double>& base);

enum class RatioVerdict : uint8_t {
  kFaster,
  kSlower,
  kNoDifference,  // shown to be within the margin, which is more than not to be shown to differ
  kNotDecided,
};

// Scenarios whose speeds differ by no more than this count as equally fast.
inline constexpr double kEquivalenceMargin = 0.02;

// What the interval of a ratio of speeds (throughputs; for times, the base's divided by the
// scenario's) says, which is decided by the interval alone and not by the p-value:
//
//   kNoDifference  all of it lies within 1 / (1 + margin) .. 1 + margin, ends included (symmetric
//                  in logarithms, so that the order of the two scenarios does not matter); so even
//                  where it excludes 1: a difference that small is real, but none that matters
//   kFaster        all of it is above 1
//   kSlower        all of it is below 1
//   kNotDecided    otherwise, and without an interval
//
// margin >= 0. The rule for kNoDifference is an equivalence test (two one-sided tests,
// D. J. Schuirmann 1987).
RatioVerdict JudgeRatio(const RatioEstimate& estimate, double margin = kEquivalenceMargin);

}  // namespace pgring

#endif  // PGRING_STATISTICS_RATIO_H_
