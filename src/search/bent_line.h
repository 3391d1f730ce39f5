// Two straight lines in logarithms of limit and throughput, which meet at a knee: a system whose
// throughput grows in proportion until something is busy all the time (the asymptotic bounds of
// operational analysis, P. J. Denning and J. P. Buzen 1978).
//
// Pure.
#ifndef PGRING_SEARCH_BENT_LINE_H_
#define PGRING_SEARCH_BENT_LINE_H_

#include <map>
#include <optional>

namespace pgring {

struct BentLine {
  double knee = 1;  // limit
  double log_throughput_at_knee = 0;
  double slope_below = 0;  // the elasticities
  double slope_above = 0;
  double squares = 0;  // the sum of squared differences from the points

  double LogThroughput(double limit) const;
};

// The best fit by least squares to log_throughputs (by limit), with the knee within their limits.
// Nothing for fewer than five limits, of which it would explain everything.
std::optional<BentLine> FitBentLine(const std::map<int, double>& log_throughputs);

}  // namespace pgring

#endif  // PGRING_SEARCH_BENT_LINE_H_
