// Where the comparison of limits begins: from the few trials of a ramp, the limit that two simple
// models of a system call best. A good start is worth more than any other part of a search: what it
// gets wrong costs dozens of trials to correct.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_SEARCH_STARTING_LIMIT_H_
#define PGRING_SEARCH_STARTING_LIMIT_H_

#include <map>
#include <optional>
#include <vector>

#include "search/trial.h"

namespace pgring {

// What a limit is worth: ln X - gain * ln N. With all N in flight all the time, response time is
// N / X, so that this weighs throughput against response time: 0 asks for the highest throughput,
// 1/2 for the most throughput per response time (Kleinrock's power). Its maximum is where the
// elasticity of throughput is `gain`: with 0.1, doubling the limit must win 7.2 %.
double Utility(double limit, double log_throughput, double gain);

// The limit with the highest utility, by LogThroughputs. Nothing where no trial succeeded.
std::optional<int> BestTriedLimit(const std::vector<Trial>& trials, double gain);

// Two straight lines in logarithms of limit and throughput, which meet at a knee: a system whose
// throughput grows in proportion until something is busy all the time (the asymptotic bounds of
// operational analysis, P. J. Denning and J. P. Buzen 1978).
struct BentLine {
  double knee = 1;  // limit
  double log_throughput_at_knee = 0;
  double slope_below = 0;  // the elasticities
  double slope_above = 0;
  double squares = 0;  // the sum of squared differences from the points

  double LogThroughput(double limit) const;
  // Where the utility is largest: the knee, unless both slopes are on one side of `gain`.
  double Best(double gain, double max_limit) const;
};

// The best fit by least squares to log_throughputs (by limit), with the knee within their limits.
// Nothing for fewer than five limits, of which it would explain everything.
std::optional<BentLine> FitBentLine(const std::map<int, double>& log_throughputs);

// The limit to begin with, 1 .. max_limit: that of the scalability law or of a bent line, whichever
// describes the trials around the best one; the best tried limit where neither does. One trial at
// least has succeeded. 0 <= gain < 1.
int StartingLimit(const std::vector<Trial>& trials, double gain, int max_limit);

}  // namespace pgring

#endif  // PGRING_SEARCH_STARTING_LIMIT_H_
