#include "pgring/statistics/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "pgring/base/check.h"
#include "statistics/ranks.h"

namespace pgring {
namespace {

// For each sum: how many choices of `chosen` of the ascending ranks add up to it. Doubles hold the
// up to C(100, 50) choices, which are about 1e29, with a relative error far below what a p-value
// shows.
std::vector<double> ChoicesBySum(const std::vector<int>& sorted, size_t chosen) {
  const int highest_sum =
      std::accumulate(sorted.end() - static_cast<ptrdiff_t>(chosen), sorted.end(), 0);
  const size_t sums = static_cast<size_t>(highest_sum) + 1;
  // choices[k][sum]: with k ranks.
  std::vector<std::vector<double>> choices(chosen + 1, std::vector<double>(sums, 0.0));
  choices[0][0] = 1;
  // sum_of_lowest[k]: the lowest sum of k ranks.
  std::vector<size_t> sum_of_lowest(sorted.size() + 1, 0);
  for (size_t k = 0; k < sorted.size(); ++k) {
    sum_of_lowest[k + 1] = sum_of_lowest[k] + static_cast<size_t>(sorted[k]);
  }
  for (size_t seen = 0; seen < sorted.size(); ++seen) {
    const auto step = static_cast<size_t>(sorted[seen]);
    // From above, so that no rank is chosen twice.
    for (size_t taken = std::min(chosen, seen + 1); taken > 0; --taken) {
      const std::vector<double>& without_rank = choices[taken - 1];
      std::vector<double>& with_rank = choices[taken];
      // No other sums of so many of the ranks so far are possible.
      const size_t lowest = sum_of_lowest[taken - 1];
      const size_t highest = sum_of_lowest[seen] - sum_of_lowest[seen + 1 - taken];
      const size_t end = std::min(highest + step + 1, sums);
      for (size_t sum = lowest + step; sum < end; ++sum) {
        with_rank[sum] += without_rank[sum - step];
      }
    }
  }
  return choices[chosen];
}

bool AreRankable(const std::vector<double>& values) {
  return !values.empty() && values.size() <= kMostForMannWhitney &&
         std::none_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

}  // namespace

MannWhitneyResult MannWhitneyTest(const std::vector<double>& first,
                                  const std::vector<double>& second,
                                  RankSumDistribution* distribution) {
  PGRING_CHECK(AreRankable(first) && AreRankable(second),
               "the Mann-Whitney test takes 1 to 50 values a sample, and no NaN");
  std::vector<double> values = first;
  values.insert(values.end(), second.begin(), second.end());
  const std::vector<int> ranks = DoubledRanks(values);
  const auto size = static_cast<ptrdiff_t>(first.size());
  const int rank_sum = std::accumulate(ranks.begin(), ranks.begin() + size, 0);

  RankSumDistribution own;
  if (distribution == nullptr) distribution = &own;
  std::vector<int> sorted = ranks;
  std::sort(sorted.begin(), sorted.end());
  if (distribution->ranks != sorted || distribution->chosen != first.size()) {
    *distribution = {
        .ranks = sorted, .chosen = first.size(), .choices = ChoicesBySum(sorted, first.size())};
  }
  const std::vector<double>& choices = distribution->choices;
  const auto at = choices.begin() + rank_sum;
  const double total = std::accumulate(choices.begin(), choices.end(), 0.0);
  const double up_to = std::accumulate(choices.begin(), at + 1, 0.0);
  const double from = std::accumulate(at, choices.end(), 0.0);
  // The ranks are doubled; the first sample's own pairs take size * (size + 1) / 2 of its rank sum.
  return {.u = static_cast<double>(rank_sum - size * (size + 1)) / 2,
          .p_value = std::min(1.0, 2 * std::min(up_to, from) / total)};
}

}  // namespace pgring
