#include "search/bent_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace pgring {
namespace {

// Sum of squares of a straight line through (0, at_knee) on each side of the knee; solved for
// at_knee and both slopes by the normal equations.
BentLine FitAtKnee(const std::map<int, double>& log_throughputs, double log_knee) {
  constexpr size_t kUnknowns = 3;
  // Keeps a side without points from making the equations singular; changes nothing else.
  constexpr double kRidge = 1e-9;
  std::array<std::array<double, kUnknowns + 1>, kUnknowns> equations = {};
  for (const auto& [limit, log_throughput] : log_throughputs) {
    const double distance = std::log(limit) - log_knee;
    const std::array<double, kUnknowns> row = {1, std::min(distance, 0.0), std::max(distance, 0.0)};
    for (size_t one = 0; one < kUnknowns; ++one) {
      for (size_t other = 0; other < kUnknowns; ++other) {
        equations[one][other] += row[one] * row[other];
      }
      equations[one][kUnknowns] += row[one] * log_throughput;
    }
  }
  for (size_t pivot = 0; pivot < kUnknowns; ++pivot) {
    equations[pivot][pivot] += kRidge;
    for (size_t row = 0; row < kUnknowns; ++row) {
      if (row == pivot) continue;
      const double factor = equations[row][pivot] / equations[pivot][pivot];
      for (size_t column = pivot; column <= kUnknowns; ++column) {
        equations[row][column] -= factor * equations[pivot][column];
      }
    }
  }
  BentLine line = {.knee = std::exp(log_knee),
                   .log_throughput_at_knee = equations[0][kUnknowns] / equations[0][0],
                   .slope_below = equations[1][kUnknowns] / equations[1][1],
                   .slope_above = equations[2][kUnknowns] / equations[2][2],
                   .squares = 0};
  for (const auto& [limit, log_throughput] : log_throughputs) {
    line.squares += std::pow(log_throughput - line.LogThroughput(limit), 2);
  }
  return line;
}

}  // namespace

double BentLine::LogThroughput(double limit) const {
  const double distance = std::log(limit / knee);
  return log_throughput_at_knee + (distance < 0 ? slope_below : slope_above) * distance;
}

std::optional<BentLine> FitBentLine(const std::map<int, double>& log_throughputs) {
  constexpr size_t kFewestLimits = 5;
  // The sum of squares is not convex in the knee, so all are tried, 1 % and less apart.
  constexpr int kKnees = 400;
  if (log_throughputs.size() < kFewestLimits) return std::nullopt;
  const double lowest = std::log(log_throughputs.begin()->first);
  const double highest = std::log(log_throughputs.rbegin()->first);
  std::optional<BentLine> best;
  for (int step = 0; step <= kKnees; ++step) {
    const double log_knee = lowest + (highest - lowest) * step / kKnees;
    const BentLine line = FitAtKnee(log_throughputs, log_knee);
    if (!best || line.squares < best->squares) best = line;
  }
  return best;
}

}  // namespace pgring
