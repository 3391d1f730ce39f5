#include "pgring/statistics/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "pgring/base/check.h"
#include "statistics/ranks.h"

namespace pgring {
namespace {

// For each sum: how many choices of `chosen` of the ranks add up to it. Doubles hold the up to
// C(100, 50) choices, which are about 1e29, with a relative error far below what a p-value shows.
std::vector<double> ChoicesBySum(const std::vector<int>& ranks, size_t chosen) {
  std::vector<int> sorted = ranks;
  std::sort(sorted.begin(), sorted.end());
  const int highest_sum =
      std::accumulate(sorted.end() - static_cast<ptrdiff_t>(chosen), sorted.end(), 0);
  const size_t sums = static_cast<size_t>(highest_sum) + 1;
  // choices[k][sum]: with k ranks.
  std::vector<std::vector<double>> choices(chosen + 1, std::vector<double>(sums, 0.0));
  choices[0][0] = 1;
  for (const int rank : sorted) {
    const auto step = static_cast<size_t>(rank);
    // From above, so that no rank is chosen twice.
    for (size_t taken = chosen; taken > 0; --taken) {
      const std::vector<double>& without_rank = choices[taken - 1];
      std::vector<double>& with_rank = choices[taken];
      for (size_t sum = step; sum < sums; ++sum) with_rank[sum] += without_rank[sum - step];
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
                                  const std::vector<double>& second) {
  PGRING_CHECK(AreRankable(first) && AreRankable(second),
               "the Mann-Whitney test takes 1 to 50 values a sample, and no NaN");
  std::vector<double> values = first;
  values.insert(values.end(), second.begin(), second.end());
  const std::vector<int> ranks = DoubledRanks(values);
  const auto size = static_cast<ptrdiff_t>(first.size());
  const int rank_sum = std::accumulate(ranks.begin(), ranks.begin() + size, 0);

  const std::vector<double> choices = ChoicesBySum(ranks, first.size());
  const auto at = choices.begin() + rank_sum;
  const double total = std::accumulate(choices.begin(), choices.end(), 0.0);
  const double up_to = std::accumulate(choices.begin(), at + 1, 0.0);
  const double from = std::accumulate(at, choices.end(), 0.0);
  // The ranks are doubled; the first sample's own pairs take size * (size + 1) / 2 of its rank sum.
  return {.u = static_cast<double>(rank_sum - size * (size + 1)) / 2,
          .p_value = std::min(1.0, 2 * std::min(up_to, from) / total)};
}

}  // namespace pgring
