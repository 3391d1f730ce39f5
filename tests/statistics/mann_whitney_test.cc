#include "pgring/statistics/mann_whitney.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pgring/base/random.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

double PairsWon(const std::vector<double>& first, const std::vector<double>& second) {
  double u = 0;
  for (const double mine : first) {
    for (const double other : second) u += mine > other ? 1 : mine == other ? 0.5 : 0;
  }
  return u;
}

// The definition itself: tries all ways to divide the values.
double EnumeratedMannWhitney(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<double> values = first;
  values.insert(values.end(), second.begin(), second.end());
  const double observed = PairsWon(first, second);
  int total = 0;
  int as_small = 0;
  int as_large = 0;
  for (uint64_t chosen = 0; chosen < uint64_t{1} << values.size(); ++chosen) {
    if (std::popcount(chosen) != static_cast<int>(first.size())) continue;
    std::vector<double> mine;
    std::vector<double> others;
    for (size_t index = 0; index < values.size(); ++index) {
      ((chosen >> index & 1) != 0 ? mine : others).push_back(values[index]);
    }
    const double u = PairsWon(mine, others);
    ++total;
    if (u <= observed) ++as_small;
    if (u >= observed) ++as_large;
  }
  return std::min(1.0, 2.0 * std::min(as_small, as_large) / total);
}

TEST(MannWhitneyTest, BenchstatsVectors) {
  // The two benchmarks of benchstat's documentation, which says 0.000 and 0.446.
  const MannWhitneyResult json =
      MannWhitneyTest({1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774},
                      {1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425});
  EXPECT_EQ(json.u, 100);
  EXPECT_NEAR(json.p_value, 1.0825e-5, 5e-10);
  const MannWhitneyResult gob =
      MannWhitneyTest({3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062},
                      {3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062});
  EXPECT_EQ(gob.u, 39.5);
  EXPECT_NEAR(gob.p_value, 0.4461, 5e-5);
}

TEST(MannWhitneyTest, VectorsOfGoMoremath) {
  // The tests of the library behind benchstat.
  const std::vector<double> sample = {2, 1, 3, 5};
  const MannWhitneyResult apart = MannWhitneyTest(sample, {12, 11, 13, 15});
  EXPECT_EQ(apart.u, 0);
  EXPECT_DOUBLE_EQ(apart.p_value, 2.0 / 70);
  const MannWhitneyResult interleaved = MannWhitneyTest(sample, {0, 4, 6, 7});
  EXPECT_EQ(interleaved.u, 5);
  EXPECT_DOUBLE_EQ(interleaved.p_value, 34.0 / 70);
  const MannWhitneyResult same = MannWhitneyTest(sample, sample);
  EXPECT_EQ(same.u, 8);
  EXPECT_EQ(same.p_value, 1);
  const MannWhitneyResult equal = MannWhitneyTest(sample, {2, 2, 2, 2});
  EXPECT_EQ(equal.u, 10);
  EXPECT_DOUBLE_EQ(equal.p_value, 50.0 / 70);
  // Its one-sided value is 6 / 126.
  const MannWhitneyResult lopsided = MannWhitneyTest(sample, {1, 1, 1, 1, 1});
  EXPECT_EQ(lopsided.u, 17.5);
  EXPECT_DOUBLE_EQ(lopsided.p_value, 12.0 / 126);
}

TEST(MannWhitneyTest, SamplesApartGiveTheSmallestPossibleValue) {
  // 2 / C(2n, n), as benchstat's warning about small samples has it.
  const double smallest[] = {1, 0.333, 0.1, 0.0286, 0.00794, 0.00216, 5.8e-4, 1.55e-4, 4.1e-5};
  std::vector<double> low;
  std::vector<double> high;
  for (const double expected : smallest) {
    low.push_back(static_cast<double>(low.size()));
    high.push_back(static_cast<double>(high.size()) + 100);
    const MannWhitneyResult result = MannWhitneyTest(low, high);
    EXPECT_NEAR(result.p_value, expected, expected * 0.01) << low.size();
    EXPECT_EQ(result.u, 0);
  }
}

TEST(MannWhitneyTest, AgreesWithEnumerationOfAllDivisions) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> first(random.Below(5) + 1);
    std::vector<double> second(random.Below(5) + 1);
    // Few different values, so that many are equal; or many.
    const int64_t highest = random.Chance(0.5) ? 3 : 1'000'000;
    for (double& value : first) value = static_cast<double>(random.Between(0, highest));
    for (double& value : second) value = static_cast<double>(random.Between(0, highest));
    const MannWhitneyResult result = MannWhitneyTest(first, second);
    EXPECT_EQ(result.u, PairsWon(first, second));
    EXPECT_DOUBLE_EQ(result.p_value, EnumeratedMannWhitney(first, second));
    const MannWhitneyResult exchanged = MannWhitneyTest(second, first);
    EXPECT_EQ(exchanged.u, static_cast<double>(first.size() * second.size()) - result.u);
    EXPECT_DOUBLE_EQ(exchanged.p_value, result.p_value);
  }
}

TEST(MannWhitneyTest, LargestSamplesApproachTheNormalDistribution) {
  Random random(1);
  std::vector<double> first(kMostForMannWhitney);
  std::vector<double> second(kMostForMannWhitney);
  for (double& value : first) value = random.Unit();
  for (double& value : second) value = random.Unit() + 0.1;
  const MannWhitneyResult result = MannWhitneyTest(first, second);
  const double deviation = std::sqrt(50.0 * 50 * 101 / 12);
  const double z = (std::abs(result.u - 1'250) - 0.5) / deviation;
  EXPECT_NEAR(result.p_value, std::erfc(z / std::sqrt(2.0)), 1e-3);
  for (double& value : second) value += 1;
  // 2 / C(100, 50).
  const double smallest = 2 / 1.0089134454556419e29;
  EXPECT_NEAR(MannWhitneyTest(first, second).p_value, smallest, smallest * 1e-12);
}

TEST(MannWhitneyDeathTest, RefusesWhatItCannotRank) {
  EXPECT_DEATH(MannWhitneyTest({}, {1}), "1 to 50");
  EXPECT_DEATH(MannWhitneyTest({1}, {}), "1 to 50");
  EXPECT_DEATH(MannWhitneyTest(std::vector<double>(51, 1.0), {1}), "1 to 50");
  EXPECT_DEATH(MannWhitneyTest({1}, {std::nan("")}), "NaN");
}

}  // namespace
}  // namespace pgring
