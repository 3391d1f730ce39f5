#include "pgring/statistics/holm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pgring/base/random.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pointwise;

TEST(HolmTest, PublishedVector) {
  // Of statsmodels' tests, which have it from R's multtest (mt.rawp2adjp).
  const std::vector<double> p_values = {
      0.838541367553, 0.642193923795,    0.680845947633,  0.967833824309,   0.71626938238,
      0.177096952723, 5.23656777208e-05, 0.0202732688798, 0.00028140506198, 0.0149877310796};
  const std::vector<double> expected = {
      1, 1, 1, 1, 1, 1, 5.23656777208e-04, 0.1419128821586, 0.00253264555782, 0.1199018486368};
  EXPECT_THAT(HolmAdjusted(p_values), Pointwise(DoubleNear(1e-15), expected));
}

TEST(HolmTest, NeverFallsWithARisingValue) {
  // 2 * 0.03 and 1 * 0.04 would fall: the second takes the value of the first.
  EXPECT_THAT(HolmAdjusted({0.01, 0.04, 0.03, 0.20}),
              Pointwise(DoubleNear(1e-15), {0.04, 0.09, 0.09, 0.20}));
  EXPECT_THAT(HolmAdjusted({0.04, 0.03}), Pointwise(DoubleNear(1e-15), {0.06, 0.06}));
}

TEST(HolmTest, NoneAndOne) {
  EXPECT_THAT(HolmAdjusted({}), IsEmpty());
  EXPECT_THAT(HolmAdjusted({0.03}), ElementsAre(0.03));
  EXPECT_THAT(HolmAdjusted({0, 1}), ElementsAre(0, 1));
}

TEST(HolmTest, FollowsTheProcedureStepByStep) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> p_values(random.Below(12) + 1);
    // Cubed, so that many are small; rounded, so that some are equal.
    for (double& p_value : p_values) p_value = std::round(std::pow(random.Unit(), 3) * 200) / 200;
    const std::vector<double> adjusted = HolmAdjusted(p_values);
    ASSERT_EQ(adjusted.size(), p_values.size());
    for (size_t one = 0; one < p_values.size(); ++one) {
      EXPECT_GE(adjusted[one], p_values[one]);
      EXPECT_LE(adjusted[one], std::min(1.0, static_cast<double>(p_values.size()) * p_values[one]));
      for (size_t other = 0; other < p_values.size(); ++other) {
        if (p_values[one] > p_values[other]) continue;
        EXPECT_LE(adjusted[one], adjusted[other]);
      }
    }
    // Holm's own procedure: reject from the smallest on, until one is above alpha / (those left).
    // The alpha is not one of the products, so that rounding does not decide.
    const double alpha = 0.0503;
    std::vector<double> sorted = p_values;
    std::sort(sorted.begin(), sorted.end());
    int rejected = 0;
    for (size_t left = sorted.size(); const double p_value : sorted) {
      if (p_value > alpha / static_cast<double>(left--)) break;
      ++rejected;
    }
    EXPECT_EQ(std::count_if(adjusted.begin(), adjusted.end(),
                            [alpha](double p_value) { return p_value <= alpha; }),
              rejected);
  }
}

TEST(HolmDeathTest, RefusesWhatIsNoProbability) {
  EXPECT_DEATH(HolmAdjusted({1.01}), "0 .. 1");
  EXPECT_DEATH(HolmAdjusted({-0.01}), "0 .. 1");
  EXPECT_DEATH(HolmAdjusted({std::nan("")}), "0 .. 1");
}

}  // namespace
}  // namespace pgring
