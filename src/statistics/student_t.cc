#include "pgring/statistics/student_t.h"

#include <cmath>
#include <numbers>

#include "pgring/base/check.h"

namespace pgring {
namespace {

// The probability of |t| <= sqrt(degrees_of_freedom) * tan(angle).
double ProbabilityWithin(double angle, int degrees_of_freedom) {
  const bool is_odd = degrees_of_freedom % 2 != 0;
  const double cosine_squared = std::cos(angle) * std::cos(angle);
  // The terms are c^0, (1/2) c^2, (1*3)/(2*4) c^4, ... for even degrees of freedom and
  // c, (2/3) c^3, (2*4)/(3*5) c^5, ... for odd ones, up to the power degrees_of_freedom - 2.
  double term = is_odd ? std::cos(angle) : 1.0;
  double sum = 0;
  for (int power = is_odd ? 1 : 0; power <= degrees_of_freedom - 2; power += 2) {
    sum += term;
    term *= cosine_squared * (power + 1) / (power + 2);
  }
  sum *= std::sin(angle);
  return is_odd ? 2 / std::numbers::pi * (angle + sum) : sum;
}

}  // namespace

double StudentTQuantile(double probability, int degrees_of_freedom) {
  PGRING_CHECK(probability > 0.0 && probability < 1.0, "a probability lies between 0 and 1");
  PGRING_CHECK(degrees_of_freedom >= 1, "a t distribution has a degree of freedom or more");
  if (probability < 0.5) return -StudentTQuantile(1 - probability, degrees_of_freedom);
  const double within = 2 * probability - 1;
  double low = 0;
  double high = std::numbers::pi / 2;
  constexpr int kHalvings = 60;  // more than a double has digits
  for (int halving = 0; halving < kHalvings; ++halving) {
    const double middle = (low + high) / 2;
    (ProbabilityWithin(middle, degrees_of_freedom) < within ? low : high) = middle;
  }
  return std::sqrt(degrees_of_freedom) * std::tan((low + high) / 2);
}

}  // namespace pgring
