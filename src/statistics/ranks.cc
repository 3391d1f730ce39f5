#include "statistics/ranks.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace pgring {

std::vector<int> DoubledRanks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&values](size_t left, size_t right) { return values[left] < values[right]; });
  std::vector<int> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    // They take the ranks begin + 1 .. end.
    for (size_t place = begin; place < end; ++place) {
      ranks[order[place]] = static_cast<int>(begin + 1 + end);
    }
    begin = end;
  }
  return ranks;
}

}  // namespace pgring
