// A proportion and how far it can be trusted, when what is counted comes in groups that are not
// independent within: sessions seen in one sample, samples taken one after the other.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_PROPORTION_H_
#define PGRING_STATISTICS_PROPORTION_H_

#include <cstdint>

#include "pgring/statistics/median_interval.h"

namespace pgring {

class Archive;

// The quantile of Student's t distribution whose two tails outside of +-t hold 1 - confidence.
// degrees >= 1, 0 < confidence < 1. Exact for 1 and 2 degrees of freedom; from 3 up by the
// expansion of Hill (G. W. Hill, Algorithm 396, Communications of the ACM 13, 1970), good to six
// digits.
double StudentQuantile(double degrees, double confidence);

// Wilson's interval of a proportion (E. B. Wilson 1927) that was found to be `share` in `count`
// independent trials, for the given quantile of the distribution (1.96 for 95 %). 0 <= share <= 1,
// count > 0 and need not be whole, quantile > 0. Within 0 and 1.
Interval WilsonInterval(double share, double count, double quantile);

// Sums over blocks of a numerator and a denominator, from which the ratio of their totals follows
// and its variance between blocks (W. G. Cochran, Sampling Techniques, on cluster sampling). Sums
// of integers: what is added in parts is exactly what is added at once.
struct RatioSums {
  int64_t blocks = 0;
  int64_t numerator = 0;
  int64_t denominator = 0;
  int64_t numerator_squares = 0;
  int64_t products = 0;
  int64_t denominator_squares = 0;

  void AddBlock(int64_t block_numerator, int64_t block_denominator);
  void Add(const RatioSums& other);
  // Needs a denominator above 0.
  double ratio() const;
  // Of the ratio; needs two blocks.
  double variance() const;
};

bool operator==(const RatioSums& left, const RatioSums& right);
void Archived(Archive* archive, RatioSums* sums);

}  // namespace pgring

#endif  // PGRING_STATISTICS_PROPORTION_H_
