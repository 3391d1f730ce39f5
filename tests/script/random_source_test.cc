#include "script/random_source.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "script/hash.h"

namespace pgring {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kWidestHigh = kMax - 1;  // with 0 as the low end

TEST(RandomSource, DrawsTheSameForTheSameSeed) {
  RandomSource one(42);
  RandomSource two(42);
  EXPECT_EQ(one.Next(), two.Next());
  RandomSource copy = one;
  EXPECT_EQ(copy, one);
  EXPECT_EQ(copy.Next(), one.Next());
  EXPECT_NE(RandomSource(43).Next(), RandomSource(42).Next());
}

// The state after seeding with 0 is the first two outputs of splitmix64 from 0, which are published
// with the generator: e220a8397b1dcdaf and 6e789e6aa1b965f4.
TEST(RandomSource, SeedsAndDrawsAsPublished) {
  const uint64_t first = 0xe220a8397b1dcdafu;
  const uint64_t product = first * 5;
  EXPECT_EQ(RandomSource(0).Next(), ((product << 7) | (product >> 57)) * 9);
}

TEST(RandomSource, StaysInRange) {
  RandomSource random(1);
  for (int i = 0; i < 2000; ++i) {
    for (const int64_t number :
         {random.Uniform(-3, 5), random.Exponential(-3, 5, 1e-16), random.Exponential(-3, 5, 20),
          random.Gaussian(-3, 5, 2), random.Gaussian(-3, 5, 1e308), random.Zipfian(-3, 5, 1.5)}) {
      ASSERT_GE(number, -3);
      ASSERT_LE(number, 5);
    }
    ASSERT_GE(random.Unit(), 0.0);
    ASSERT_LT(random.Unit(), 1.0);
  }
}

// Where doubles no longer hold every integer.
TEST(RandomSource, StaysInTheWidestRange) {
  RandomSource random(2);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_GE(random.Exponential(0, kWidestHigh, 1e-17), 0);
    ASSERT_GE(random.Exponential(0, kWidestHigh, 0.1), 0);
    ASSERT_GE(random.Gaussian(0, kWidestHigh, 2.0), 0);
    ASSERT_LE(random.Gaussian(kMin, -2, 2.0), -2);
    ASSERT_LE(random.Zipfian(kMin, -2, 1.001), -2);
  }
}

TEST(RandomSource, ReachesBothEnds) {
  RandomSource random(3);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const int64_t number = random.Uniform(7, 9);
    low |= number == 7;
    high |= number == 9;
  }
  EXPECT_TRUE(low && high);
}

TEST(RandomSource, OneValueDrawsNothing) {
  RandomSource random(4);
  const RandomSource before = random;
  EXPECT_EQ(random.Uniform(5, 5), 5);
  EXPECT_EQ(random.Zipfian(5, 5, 2), 5);
  EXPECT_EQ(random, before);
}

TEST(RandomSource, Checks) {
  EXPECT_TRUE(CheckRandomRange(0, kWidestHigh).ok());
  EXPECT_EQ(CheckRandomRange(0, kMax).message(), "random range is too large");
  EXPECT_EQ(CheckRandomRange(kMin, kMax).message(), "random range is too large");
  EXPECT_EQ(CheckRandomRange(2, 1).message(), "empty range given to random");
  EXPECT_TRUE(CheckExponentialParameter(1e-300).ok());
  EXPECT_EQ(CheckExponentialParameter(0).message(),
            "exponential parameter must be greater than zero (not 0.000000)");
  EXPECT_TRUE(CheckGaussianParameter(2).ok());
  EXPECT_EQ(CheckGaussianParameter(1.5).message(),
            "gaussian parameter must be at least 2.000000 (not 1.500000)");
  EXPECT_EQ(CheckGaussianParameter(std::numeric_limits<double>::quiet_NaN()).message(),
            "gaussian parameter must be at least 2.000000 (not NaN)");
  EXPECT_TRUE(CheckZipfianParameter(1000).ok());
  EXPECT_EQ(CheckZipfianParameter(1).message(),
            "zipfian parameter must be in range [1.001, 1000] (not 1.000000)");
}

TEST(RunGenerators, ComeFromOneSequence) {
  RandomSource base(9);
  RunGenerators generators = MakeRunGenerators(9, 2, 2, false);
  EXPECT_EQ(generators.clients[0], RandomSource(base.Next()));
  EXPECT_EQ(generators.clients[1], RandomSource(base.Next()));
  EXPECT_EQ(generators.default_seed, static_cast<int64_t>(base.Next()));
  for (const RunGenerators::Thread& thread : generators.threads) {
    EXPECT_EQ(thread.choose_script, RandomSource(base.Next()));
    EXPECT_EQ(thread.throttle, RandomSource(base.Next()));
    EXPECT_EQ(thread.sample_log, RandomSource(base.Next()));
  }
  EXPECT_EQ(generators.threads.size(), 2u);
}

TEST(RunGenerators, AGivenDefaultSeedDrawsNothing) {
  RandomSource base(9);
  base.Next();
  const RunGenerators generators = MakeRunGenerators(9, 1, 1, true);
  EXPECT_EQ(generators.threads[0].choose_script, RandomSource(base.Next()));
}

// Values that pgbench 15.20 prints.
TEST(Hash, AsPgbench) {
  EXPECT_EQ(HashMurmur2(42, 0), -3251795447530343920);
  EXPECT_EQ(HashFnv1a(42, 0), -55488592825689361);
  EXPECT_EQ(Permute(7, 100, 5432), 23);
  EXPECT_EQ(Permute(4'611'686'018'427'387'904, kMax, 1), 3360097906607863992);
}

TEST(Hash, PermuteIsAPermutation) {
  for (const int64_t size : {1, 2, 3, 4, 5, 8, 100, 257}) {
    for (const int64_t seed : {0, 1, -1}) {
      std::vector<bool> hit(static_cast<size_t>(size));
      for (int64_t i = 0; i < size; ++i) {
        const int64_t place = Permute(i, size, seed);
        ASSERT_TRUE(place >= 0 && place < size);
        ASSERT_FALSE(hit[static_cast<size_t>(place)]) << i << " of " << size;
        hit[static_cast<size_t>(place)] = true;
      }
    }
  }
}

}  // namespace
}  // namespace pgring
