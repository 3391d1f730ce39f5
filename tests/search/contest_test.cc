#include "search/contest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "pgring/base/random.h"

namespace pgring {
namespace {

constexpr double kNoGain = 0;

Trial TrialAt(int limit, double throughput_per_s, int64_t failed = 0) {
  return {.limit = limit, .throughput_per_s = throughput_per_s, .completed = 100, .failed = failed};
}

// One challenger at 12 against an incumbent at 8 whose trials all have a throughput of 100.
ComparedLimit Against100(const std::vector<double>& throughputs,
                         const std::optional<Noise>& noise = std::nullopt, double gain = kNoGain) {
  Contest contest(8, gain);
  for (const double throughput : throughputs) {
    contest.AddBlock({TrialAt(12, throughput), TrialAt(8, 100)});
  }
  const std::vector<ComparedLimit> compared = contest.Compare(noise);
  EXPECT_EQ(compared.size(), 1U);
  EXPECT_EQ(compared[0].limit, 12);
  return compared[0];
}

TEST(ContestTest, NoVerdictBeforeFourBlocks) {
  EXPECT_EQ(Against100({200, 200, 201}).verdict, ContestVerdict::kUndecided);
  EXPECT_EQ(Against100({200, 200, 201}).blocks, 3);
  EXPECT_EQ(Against100({200, 200, 201, 202}).verdict, ContestVerdict::kBetter);
}

TEST(ContestTest, BetterWorseAndNeither) {
  EXPECT_EQ(Against100({108, 110, 111, 109}).verdict, ContestVerdict::kBetter);
  EXPECT_EQ(Against100({92, 90, 89, 91}).verdict, ContestVerdict::kWorse);
  EXPECT_EQ(Against100({108, 95, 104, 91}).verdict, ContestVerdict::kNoDifference);
}

TEST(ContestTest, MedianAndItsErrorAsComputedByHand) {
  const ComparedLimit compared = Against100(
      {100 * std::exp(0.02), 100 * std::exp(0.04), 100 * std::exp(0.06), 100 * std::exp(0.10)});
  EXPECT_NEAR(compared.utility_difference, 0.05, 1e-12);
  // Distances from 0.05 are 0.03, 0.01, 0.01, 0.05; their median is 0.02.
  EXPECT_NEAR(compared.standard_error, 1.2533 * 1.4826 * 0.02 / 2, 1e-12);
  EXPECT_NEAR(compared.throughput_ratio, std::exp(0.05), 1e-12);
  // 0.05 is less than t = 3.182 times that.
  EXPECT_EQ(compared.verdict, ContestVerdict::kNoDifference);
}

TEST(ContestTest, NoiseOfAllTrialsCountsBesideTheBlocks) {
  const std::vector<double> throughputs = {102.0, 102.1, 102.0, 102.1};
  EXPECT_EQ(Against100(throughputs).verdict, ContestVerdict::kBetter);  // alike, perhaps by chance
  EXPECT_EQ(Against100(throughputs, Noise{.relative = 0.05, .differences = 20}).verdict,
            ContestVerdict::kNoDifference);
}

TEST(ContestTest, SmallDifferencesDoNotMatterHoweverSure) {
  EXPECT_EQ(Against100({100.40, 100.41, 100.40, 100.41}).verdict, ContestVerdict::kNoDifference);
  EXPECT_EQ(Against100({100.60, 100.61, 100.60, 100.61}).verdict, ContestVerdict::kBetter);
}

TEST(ContestTest, AHigherLimitMustWinItsGain) {
  // ln(12 / 8) * 0.1 = 0.0405.
  EXPECT_EQ(Against100({103, 103.1, 103, 103.1}, std::nullopt, 0.1).verdict,
            ContestVerdict::kWorse);
  const ComparedLimit wins = Against100({106, 106.1, 106, 106.1}, std::nullopt, 0.1);
  EXPECT_EQ(wins.verdict, ContestVerdict::kBetter);
  EXPECT_NEAR(wins.throughput_ratio, 1.0605, 1e-6);
}

TEST(ContestTest, OnePauseDoesNotDecide) {
  EXPECT_EQ(Against100({109, 110, 111, 70, 110}).verdict, ContestVerdict::kBetter);
}

TEST(ContestTest, DriftCancelsWithinBlocks) {
  Contest contest(8, kNoGain);
  for (const double speed : {1.0, 0.8, 0.6, 0.4}) {
    contest.AddBlock({TrialAt(8, 100 * speed), TrialAt(12, 103 * speed)});
  }
  EXPECT_EQ(contest.Compare(std::nullopt)[0].verdict, ContestVerdict::kBetter);
}

TEST(ContestTest, FailuresLoseAndTwoOfThemDoNotDiffer) {
  Contest contest(8, kNoGain);
  for (int block = 0; block < 4; ++block) {
    contest.AddBlock({TrialAt(8, 100), TrialAt(6, 400, 1), TrialAt(12, 0)});
  }
  for (const ComparedLimit& compared : contest.Compare(std::nullopt)) {
    EXPECT_EQ(compared.verdict, ContestVerdict::kWorse);
  }
  Contest failing(8, kNoGain);
  for (int block = 0; block < 4; ++block) {
    failing.AddBlock({TrialAt(8, 100, 3), TrialAt(6, 1), TrialAt(12, 400, 1)});
  }
  EXPECT_EQ(failing.Compare(std::nullopt)[0].verdict, ContestVerdict::kBetter);
  EXPECT_EQ(failing.Compare(std::nullopt)[1].verdict, ContestVerdict::kNoDifference);
}

TEST(ContestTest, EachChallengerHasItsOwnBlocks) {
  Contest contest(8, kNoGain);
  contest.AddBlock({TrialAt(6, 90), TrialAt(8, 100), TrialAt(12, 110)});
  contest.AddBlock({TrialAt(12, 110), TrialAt(8, 100)});
  const std::vector<ComparedLimit> compared = contest.Compare(std::nullopt);
  ASSERT_EQ(compared.size(), 2U);
  EXPECT_EQ(compared[0].limit, 6);
  EXPECT_EQ(compared[0].blocks, 1);
  EXPECT_EQ(compared[1].limit, 12);
  EXPECT_EQ(compared[1].blocks, 2);
}

TEST(ContestTest, EqualLimitsSeldomGetAVerdictAndRealDifferencesAlmostAlways) {
  // With 2 % of noise, 3 % of trials in a pause, and a look after every block.
  Random random(5);
  const auto trial = [&random](int limit, double throughput) {
    double deviate = 0;
    for (int part = 0; part < 12; ++part) deviate += random.Unit();
    throughput *= std::exp(0.02 * (deviate - 6));
    return TrialAt(limit, random.Chance(0.03) ? 0.7 * throughput : throughput);
  };
  const auto share_of_verdicts = [&](double throughput, ContestVerdict verdict) {
    constexpr int kContests = 2'000;
    int found = 0;
    for (int count = 0; count < kContests; ++count) {
      Contest contest(8, kNoGain);
      for (int block = 0; block < Contest::kMostBlocks; ++block) {
        contest.AddBlock({trial(8, 100), trial(12, throughput)});
        const ContestVerdict now =
            contest.Compare(Noise{.relative = 0.02, .differences = 16})[0].verdict;
        if (now == ContestVerdict::kUndecided || now == ContestVerdict::kNoDifference) continue;
        if (now == verdict) ++found;
        break;
      }
    }
    return static_cast<double>(found) / kContests;
  };
  EXPECT_LT(share_of_verdicts(100, ContestVerdict::kBetter), 0.07);
  EXPECT_LT(share_of_verdicts(100, ContestVerdict::kWorse), 0.07);
  EXPECT_GT(share_of_verdicts(105, ContestVerdict::kBetter), 0.95);
  EXPECT_GT(share_of_verdicts(95, ContestVerdict::kWorse), 0.95);
  EXPECT_LT(share_of_verdicts(105, ContestVerdict::kWorse), 0.002);
}

TEST(ContestDeathTest, ABlockHasTheIncumbent) {
  Contest contest(8, kNoGain);
  EXPECT_DEATH(contest.AddBlock({TrialAt(12, 100)}), "incumbent");
}

}  // namespace
}  // namespace pgring
