#include "search/utility.h"

#include <cmath>
#include <limits>

namespace pgring {

double Utility(double limit, double log_throughput, double gain) {
  return log_throughput - gain * std::log(limit);
}

std::optional<int> BestTriedLimit(const std::vector<Trial>& trials, double gain) {
  std::optional<int> best;
  double highest = -std::numeric_limits<double>::infinity();
  for (const auto& [limit, log_throughput] : LogThroughputs(trials)) {
    const double utility = Utility(limit, log_throughput, gain);
    if (utility <= highest) continue;
    best = limit;
    highest = utility;
  }
  return best;
}

}  // namespace pgring
