#include "pgring/statistics/signed_rank.h"

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

// The definition itself: tries all signs of the mean ranks, which it counts pair by pair.
double EnumeratedSignedRank(const std::vector<double>& differences) {
  std::vector<double> nonzero;
  for (const double value : differences) {
    if (value != 0) nonzero.push_back(value);
  }
  std::vector<double> ranks;
  double observed = 0;
  double total = 0;
  for (const double value : nonzero) {
    double rank = 0.5;
    for (const double other : nonzero) {
      if (std::abs(other) < std::abs(value)) rank += 1;
      if (std::abs(other) == std::abs(value)) rank += 0.5;
    }
    ranks.push_back(rank);
    total += rank;
    if (value > 0) observed += rank;
  }
  observed = std::min(observed, total - observed);
  const uint64_t assignments = uint64_t{1} << ranks.size();
  uint64_t as_small = 0;
  for (uint64_t signs = 0; signs < assignments; ++signs) {
    double sum = 0;
    for (size_t index = 0; index < ranks.size(); ++index) {
      if ((signs >> index & 1) != 0) sum += ranks[index];
    }
    if (sum <= observed) ++as_small;
  }
  const double tail = static_cast<double>(as_small) / static_cast<double>(assignments);
  return std::min(1.0, 2 * tail);
}

TEST(SignedRankTest, OneSignGivesTheSmallestPossibleValue) {
  EXPECT_EQ(SignedRankTest({1, 2, 3, 4, 5, 6}).p_value, 0.03125);
  EXPECT_EQ(SignedRankTest({-1, -1, -1, -1, -1, -1}).p_value, 0.03125);
  std::vector<double> differences;
  for (int count = 1; count <= kMostForSignedRank; ++count) {
    differences.push_back(count);
    ASSERT_EQ(SignedRankTest(differences).p_value, std::ldexp(2.0, -count)) << count;
  }
}

TEST(SignedRankTest, PublishedVectors) {
  // Darwin's plants, the example of scipy.stats.wilcoxon's documentation.
  const SignedRankResult plants =
      SignedRankTest({6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75});
  EXPECT_EQ(plants.negative_rank_sum, 24);
  EXPECT_EQ(plants.positive_rank_sum, 96);
  EXPECT_EQ(plants.count, 15);
  EXPECT_EQ(plants.p_value, 0.041259765625);

  // These two are of scipy's own tests, which have them from R 3.4.1.
  const std::vector<double> differences = {1.10, 0.17,  1.76, -1.33, 1.91,
                                           1.73, -0.20, 0.47, -0.07, 0.90};
  EXPECT_NEAR(SignedRankTest(differences).p_value, 0.1054688, 6e-8);
  std::vector<double> descending;
  for (int index = 0; index < 20; ++index) descending.push_back(index + 0.5 - (20 - index));
  EXPECT_NEAR(SignedRankTest(descending).p_value, 0.8694878, 6e-8);
}

TEST(SignedRankTest, ZerosAreDropped) {
  const SignedRankResult result = SignedRankTest({0, 3, -1, 0, 2, -0.0});
  EXPECT_EQ(result.count, 3);
  EXPECT_EQ(result.positive_rank_sum, 5);
  EXPECT_EQ(result.negative_rank_sum, 1);
  EXPECT_EQ(result.p_value, SignedRankTest({3, -1, 2}).p_value);
}

TEST(SignedRankTest, NothingThatDiffersIsNoEvidence) {
  EXPECT_EQ(SignedRankTest({}).p_value, 1);
  EXPECT_EQ(SignedRankTest({0, 0, 0}).p_value, 1);
  EXPECT_EQ(SignedRankTest({0, 0, 0}).count, 0);
  EXPECT_EQ(SignedRankTest({5}).p_value, 1);
  EXPECT_EQ(SignedRankTest({5, -5}).p_value, 1);
}

TEST(SignedRankTest, EqualMagnitudesShareTheMeanOfTheirRanks) {
  // Ranks 1.5, 1.5, 3, 4. Of the 16 sums 0, 1.5 and 1.5 are not above 1.5.
  const SignedRankResult result = SignedRankTest({-1, 1, 2, 3});
  EXPECT_EQ(result.negative_rank_sum, 1.5);
  EXPECT_EQ(result.positive_rank_sum, 8.5);
  EXPECT_EQ(result.p_value, 6.0 / 16);
}

TEST(SignedRankTest, AgreesWithEnumerationOfAllSigns) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int64_t count = random.Between(1, 12);
    std::vector<double> distinct;
    std::vector<double> equal;
    for (int64_t index = 0; index < count; ++index) {
      distinct.push_back(random.Unit() - 0.3);
      equal.push_back(static_cast<double>(random.Between(-2, 4)));
    }
    EXPECT_DOUBLE_EQ(SignedRankTest(distinct).p_value, EnumeratedSignedRank(distinct));
    EXPECT_DOUBLE_EQ(SignedRankTest(equal).p_value, EnumeratedSignedRank(equal));
  }
}

TEST(SignedRankTest, OppositeSignsAndScaleChangeNothing) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<double> differences;
    std::vector<double> opposite;
    for (int index = 0; index < 30; ++index) {
      differences.push_back(random.Unit() - 0.4);
      opposite.push_back(-8 * differences.back());
    }
    const SignedRankResult result = SignedRankTest(differences);
    const SignedRankResult turned = SignedRankTest(opposite);
    EXPECT_EQ(result.p_value, turned.p_value);
    EXPECT_EQ(result.positive_rank_sum, turned.negative_rank_sum);
    EXPECT_EQ(result.positive_rank_sum + result.negative_rank_sum, 465);
  }
}

TEST(SignedRankTest, ManyDifferencesApproachTheNormalDistribution) {
  // With 200 the normal approximation with its correction for continuity is good to 1e-3.
  Random random(1);
  for (const double shift : {0.5, 0.47, 0.44}) {
    SCOPED_TRACE(shift);
    std::vector<double> differences;
    for (int index = 0; index < 200; ++index) differences.push_back(random.Unit() - shift);
    const SignedRankResult result = SignedRankTest(differences);
    const double smaller = std::min(result.positive_rank_sum, result.negative_rank_sum);
    const double mean = 200.0 * 201 / 4;
    const double deviation = std::sqrt(200.0 * 201 * 401 / 24);
    const double z = (mean - smaller - 0.5) / deviation;
    EXPECT_NEAR(result.p_value, std::min(1.0, std::erfc(z / std::sqrt(2.0))), 1e-3);
  }
}

TEST(SignedRankDeathTest, RefusesWhatItCannotRank) {
  EXPECT_DEATH(SignedRankTest({1, std::nan("")}), "finite");
  EXPECT_DEATH(SignedRankTest(std::vector<double>(kMostForSignedRank + 1, 1.0)), "1,000");
}

}  // namespace
}  // namespace pgring
