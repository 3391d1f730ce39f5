#include "pgring/statistics/holm.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "pgring/base/check.h"

namespace pgring {

std::vector<double> HolmAdjusted(const std::vector<double>& p_values) {
  PGRING_CHECK(std::all_of(p_values.begin(), p_values.end(),
                           [](double p_value) { return p_value >= 0.0 && p_value <= 1.0; }),
               "a p-value lies in 0 .. 1");
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&p_values](size_t left, size_t right) { return p_values[left] < p_values[right]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  size_t left = p_values.size();
  for (const size_t index : order) {
    largest = std::max(largest, static_cast<double>(left) * p_values[index]);
    adjusted[index] = std::min(1.0, largest);
    --left;
  }
  return adjusted;
}

}  // namespace pgring
