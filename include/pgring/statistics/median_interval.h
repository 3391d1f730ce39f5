// The median of few measurements, and how far it can be trusted: the exact interval between two of
// the sorted values, which assumes nothing about how the values are distributed.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_MEDIAN_INTERVAL_H_
#define PGRING_STATISTICS_MEDIAN_INTERVAL_H_

#include <optional>
#include <vector>

namespace pgring {

// Both ends belong to it; low <= high.
struct Interval {
  double low;
  double high;
};

struct MedianEstimate {
  double median;
  std::optional<Interval> interval;
  // The probability with which such an interval contains the true median: at least the confidence
  // that was asked for, and mostly more, because only whole ranks can be chosen. If values can be
  // equal it is a lower bound. 0 without an interval.
  double coverage;
  int count;  // of the values
};

// With five values even the interval from the smallest to the largest covers only 93.75 %. Fewer
// values than this have no interval at any confidence.
inline constexpr int kFewestForInterval = 6;

inline constexpr double kDefaultConfidence = 0.95;

// The sample's median (the mean of the two middle values for an even count) and the interval
// [x_(k+1), x_(n-k)] of the sorted values x_(1) .. x_(n), with the largest k whose coverage
// 1 - 2 * sum_{i<=k} C(n, i) / 2^n is at least `confidence`. No interval where none reaches that.
// Source: H. A. David and H. N. Nagaraja, Order Statistics, on intervals for quantiles; benchstat
// reports the same one.
//
// One or more finite values, in any order; 0 < confidence < 1.
MedianEstimate EstimateMedian(std::vector<double> values, double confidence = kDefaultConfidence);

// Half the interval's width relative to the estimate within it, (high - low) / (2 * estimate): 0.01
// is what people write as "± 1 %". estimate > 0.
double RelativeHalfWidth(const Interval& interval, double estimate);

}  // namespace pgring

#endif  // PGRING_STATISTICS_MEDIAN_INTERVAL_H_
