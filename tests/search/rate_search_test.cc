// The search for the highest rate, against servers that keep every rate up to one, more or less
// reliably.
#include "search/rate_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pgring/base/random.h"

namespace pgring {
namespace {

using ::testing::Eq;
using ::testing::Optional;

// Up to `kept_per_s` a trial holds, but for a share of them that fails by chance.
int Search(RateSearch* search, double kept_per_s, double failing_share, Random* random) {
  int trials = 0;
  while (!search->done() && trials < 200) {
    const double rate_per_s = search->NextRate();
    const bool holds = rate_per_s <= kept_per_s && random->Unit() >= failing_share;
    search->Record(holds, std::min(rate_per_s, 1.1 * kept_per_s));
    ++trials;
  }
  return trials;
}

TEST(RateSearchTest, FindsTheHighestRateThatHolds) {
  for (const double kept_per_s : {30.0, 120.0, 499.0, 501.0, 700.0, 930.0, 999.0}) {
    RateSearch search(1'000);
    Random random(1);
    const int trials = Search(&search, kept_per_s, 0, &random);
    ASSERT_TRUE(search.done()) << kept_per_s;
    ASSERT_TRUE(search.answer().has_value()) << kept_per_s;
    EXPECT_LE(*search.answer(), kept_per_s);
    EXPECT_GE(*search.answer(), 0.93 * kept_per_s) << kept_per_s;
    EXPECT_LE(trials, 25) << kept_per_s;
  }
}

TEST(RateSearchTest, NeverOffersMoreThanAClosedLoopAchieved) {
  RateSearch search(1'000);
  while (!search.done()) {
    EXPECT_LE(search.NextRate(), 1'000);
    search.Record(true, search.NextRate());
  }
  EXPECT_GT(search.answer().value_or(0), 940);
}

TEST(RateSearchTest, OneFailureByChanceDoesNotEndIt) {
  int close = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RateSearch search(1'000);
    Random random(seed);
    Search(&search, 800, 0.1, &random);
    close += search.answer().value_or(0) > 0.85 * 800 ? 1 : 0;
  }
  EXPECT_GE(close, 85);
}

TEST(RateSearchTest, NoRateHolds) {
  RateSearch search(1'000);
  int trials = 0;
  while (!search.done() && trials < 100) {
    search.Record(false, search.NextRate());
    ++trials;
  }
  EXPECT_TRUE(search.done());
  EXPECT_EQ(search.answer(), std::nullopt);
  EXPECT_LE(trials, 30);
}

TEST(RateSearchTest, WhatHeldSoFarIsTheAnswerAtAnyTime) {
  RateSearch search(1'000);
  EXPECT_EQ(search.answer(), std::nullopt);
  const double first_per_s = search.NextRate();
  search.Record(true, first_per_s);
  EXPECT_THAT(search.answer(), Optional(Eq(first_per_s)));
  EXPECT_GT(search.NextRate(), first_per_s);
}

// After a failure the search does not go on above what the server achieved.
TEST(RateSearchTest, GoesOnBelowWhatWasAchieved) {
  RateSearch search(1'000);
  search.Record(false, 200);
  EXPECT_EQ(search.NextRate(), 500);  // once more
  search.Record(false, 200);
  EXPECT_LT(search.NextRate(), 200);
}

}  // namespace
}  // namespace pgring
