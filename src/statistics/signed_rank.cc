#include "pgring/statistics/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "pgring/base/check.h"
#include "statistics/ranks.h"

namespace pgring {
namespace {

// The probability that the ranks whose sign is positive add up to `limit` or less, when every sign
// is as likely as the other. As probabilities instead of counts, because 2^count would overflow;
// halving is exact, and up to 50 or so ranks the sums are too.
double ProbabilityUpTo(size_t limit, const std::vector<int>& ranks) {
  std::vector<double> probability(limit + 1, 0.0);
  probability[0] = 1;
  for (const int rank : ranks) {
    const auto step = static_cast<size_t>(rank);
    // From above, so that no rank counts twice.
    for (size_t sum = limit + 1; sum-- > 0;) {
      const double with_rank = sum >= step ? probability[sum - step] : 0.0;
      probability[sum] = (probability[sum] + with_rank) / 2;
    }
  }
  return std::accumulate(probability.begin(), probability.end(), 0.0);
}

}  // namespace

SignedRankResult SignedRankTest(const std::vector<double>& differences) {
  PGRING_CHECK(differences.size() <= kMostForSignedRank,
               "the signed-rank test takes 1,000 differences at most");
  std::vector<double> magnitudes;
  std::vector<bool> positive;
  for (const double difference : differences) {
    PGRING_CHECK(std::isfinite(difference), "the signed-rank test takes finite differences");
    if (difference == 0.0) continue;
    magnitudes.push_back(std::abs(difference));
    positive.push_back(difference > 0.0);
  }
  const std::vector<int> ranks = DoubledRanks(magnitudes);
  size_t positive_sum = 0;
  size_t negative_sum = 0;
  for (size_t index = 0; index < ranks.size(); ++index) {
    (positive[index] ? positive_sum : negative_sum) += static_cast<size_t>(ranks[index]);
  }
  // Turning every sign changes one sum into the other, so both tails are the same.
  const double tail = ProbabilityUpTo(std::min(positive_sum, negative_sum), ranks);
  return {.positive_rank_sum = static_cast<double>(positive_sum) / 2,
          .negative_rank_sum = static_cast<double>(negative_sum) / 2,
          .count = static_cast<int>(ranks.size()),
          .p_value = std::min(1.0, 2 * tail)};
}

}  // namespace pgring
