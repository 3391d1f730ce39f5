// Wilcoxon's signed-rank test: whether paired measurements differ, exactly also for few pairs and
// for equal differences.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_SIGNED_RANK_H_
#define PGRING_STATISTICS_SIGNED_RANK_H_

#include <vector>

namespace pgring {

struct SignedRankResult {
  double positive_rank_sum;
  double negative_rank_sum;
  int count;       // of the differences that are not zero
  double p_value;  // two-sided, in (0, 1]
};

// The distribution is computed in full, which takes count^3 / 2 additions at most.
inline constexpr int kMostForSignedRank = 1'000;

// Tests that the differences of pairs are symmetric around zero. Zeros are dropped, as Wilcoxon
// does; equal magnitudes get the mean of their ranks. The p-value is twice the probability that the
// smaller of the two rank sums is as small as it is or smaller, over all 2^count signs of the ranks
// at hand, at most 1. So it is never below 2 / 2^count: six pairs of one sign give 0.03125. Without
// a difference that is not zero it is 1.
// Source: F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1, 1945;
// scipy.stats.wilcoxon computes the same where no magnitudes are equal.
//
// Up to kMostForSignedRank finite differences. Equal means equal to the last bit: round differences
// that rounding errors could tell apart.
SignedRankResult SignedRankTest(const std::vector<double>& differences);

}  // namespace pgring

#endif  // PGRING_STATISTICS_SIGNED_RANK_H_
