#include "pgring/statistics/proportion.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "pgring/base/archive.h"
#include "pgring/base/check.h"

namespace pgring {
namespace {

constexpr double kPi = 3.14159265358979323846;

// For degrees above 2; `tails` is the probability of both.
double HillQuantile(double degrees, double tails, double normal) {
  const double a = 1 / (degrees - 0.5);
  const double b = 48 / (a * a);
  double c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
  const double d = ((94.5 / (b + c) - 3) / b + 1) * std::sqrt(a * kPi / 2) * degrees;
  double y = std::pow(d * tails, 2 / degrees);
  if (y > 0.05 + a) {
    // The lower one: below 0.
    const double x = -normal;
    y = x * x;
    if (degrees < 5) c += 0.3 * (degrees - 4.5) * (x + 0.6);
    c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
    y = std::expm1(a * y * y);
  } else {
    y = ((1 / (((degrees + 6) / (degrees * y) - 0.089 * d - 0.822) * (degrees + 2) * 3) +
          0.5 / (degrees + 4)) *
             y -
         1) *
            (degrees + 1) / (degrees + 2) +
        1 / y;
  }
  return std::sqrt(degrees * y);
}

// Halves the interval until the doubles end.
double NormalQuantile(double tails) {
  double low = 0;
  double high = 40;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (std::erfc(middle / std::sqrt(2.0)) > tails ? low : high) = middle;
  }
}

auto AsTuple(const RatioSums& sums) {
  return std::tie(sums.blocks, sums.numerator, sums.denominator, sums.numerator_squares,
                  sums.products, sums.denominator_squares);
}

}  // namespace

double StudentQuantile(double degrees, double confidence) {
  PGRING_CHECK(degrees >= 1 && confidence > 0 && confidence < 1, "no such quantile");
  const double tails = 1 - confidence;
  if (degrees < 2) {
    return degrees == 1 ? 1 / std::tan(tails * kPi / 2) : StudentQuantile(1, confidence);
  }
  if (degrees == 2) return std::sqrt(2 / (tails * (2 - tails)) - 2);
  return HillQuantile(degrees, tails, NormalQuantile(tails));
}

Interval WilsonInterval(double share, double count, double quantile) {
  PGRING_CHECK(share >= 0 && share <= 1 && count > 0 && quantile > 0, "no such proportion");
  const double z2 = quantile * quantile;
  const double centre = (share + z2 / (2 * count)) / (1 + z2 / count);
  const double half = quantile / (1 + z2 / count) *
                      std::sqrt(share * (1 - share) / count + z2 / (4 * count * count));
  return {std::clamp(centre - half, 0.0, share), std::clamp(centre + half, share, 1.0)};
}

void RatioSums::AddBlock(int64_t block_numerator, int64_t block_denominator) {
  ++blocks;
  numerator += block_numerator;
  denominator += block_denominator;
  numerator_squares += block_numerator * block_numerator;
  products += block_numerator * block_denominator;
  denominator_squares += block_denominator * block_denominator;
}

void RatioSums::Add(const RatioSums& other) {
  blocks += other.blocks;
  numerator += other.numerator;
  denominator += other.denominator;
  numerator_squares += other.numerator_squares;
  products += other.products;
  denominator_squares += other.denominator_squares;
}

double RatioSums::ratio() const {
  PGRING_CHECK(denominator > 0, "a ratio to nothing");
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

double RatioSums::variance() const {
  PGRING_CHECK(blocks > 1, "one block shows no variance");
  const double share = ratio();
  const double residuals = static_cast<double>(numerator_squares) -
                           2 * share * static_cast<double>(products) +
                           share * share * static_cast<double>(denominator_squares);
  const auto total = static_cast<double>(denominator);
  const auto count = static_cast<double>(blocks);
  // Rounding may leave less than nothing.
  return std::max(residuals, 0.0) * count / (count - 1) / (total * total);
}

bool operator==(const RatioSums& left, const RatioSums& right) {
  return AsTuple(left) == AsTuple(right);
}

void Archived(Archive* archive, RatioSums* sums) {
  archive->Fields(&sums->blocks, &sums->numerator, &sums->denominator, &sums->numerator_squares,
                  &sums->products, &sums->denominator_squares);
}

}  // namespace pgring
