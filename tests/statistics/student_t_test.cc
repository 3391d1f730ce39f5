#include "pgring/statistics/student_t.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pgring {
namespace {

struct Quantile {
  double probability;
  int degrees_of_freedom;
  double t;
};

TEST(StudentTTest, PublishedQuantiles) {
  // Of the table in every textbook (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
  const Quantile table[] = {
      {0.975, 1, 12.706}, {0.975, 2, 4.303},  {0.975, 3, 3.182},   {0.975, 4, 2.776},
      {0.975, 5, 2.571},  {0.975, 6, 2.447},  {0.975, 7, 2.365},   {0.975, 8, 2.306},
      {0.975, 9, 2.262},  {0.975, 10, 2.228}, {0.975, 15, 2.131},  {0.975, 20, 2.086},
      {0.975, 30, 2.042}, {0.975, 60, 2.000}, {0.975, 100, 1.984}, {0.90, 1, 3.078},
      {0.95, 1, 6.314},   {0.95, 5, 2.015},   {0.95, 10, 1.812},   {0.99, 4, 3.747},
      {0.99, 7, 2.998},   {0.999, 3, 10.215}, {0.999, 10, 4.144}};
  for (const Quantile& expected : table) {
    EXPECT_NEAR(StudentTQuantile(expected.probability, expected.degrees_of_freedom), expected.t,
                0.0005)
        << expected.probability << " with " << expected.degrees_of_freedom;
  }
}

TEST(StudentTTest, ClosedForms) {
  for (const double probability : {0.001, 0.1, 0.5, 0.8, 0.999}) {
    const double odds = 2 * probability - 1;
    EXPECT_NEAR(StudentTQuantile(probability, 1), std::tan(std::acos(-1.0) * odds / 2), 1e-9);
    EXPECT_NEAR(StudentTQuantile(probability, 2), odds * std::sqrt(2 / (1 - odds * odds)), 1e-11);
  }
  // The normal distribution's, with the first terms of its expansion (Abramowitz and
  // Stegun 26.7.5).
  const double normal = 1.9599639845400545;
  EXPECT_NEAR(StudentTQuantile(0.975, 5'000), normal + (std::pow(normal, 3) + normal) / (4 * 5'000),
              1e-6);
}

TEST(StudentTDeathTest, RefusesWhatHasNoQuantile) {
  EXPECT_DEATH(StudentTQuantile(0, 3), "between 0 and 1");
  EXPECT_DEATH(StudentTQuantile(1, 3), "between 0 and 1");
  EXPECT_DEATH(StudentTQuantile(0.975, 0), "degree of freedom");
}

}  // namespace
}  // namespace pgring
