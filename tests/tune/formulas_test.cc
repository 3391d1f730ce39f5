// Rules of thumb on what was measured: interpolated between trials, never beyond them.
#include "tune/formulas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgring {
namespace {

Trial At(int limit, double throughput_per_s, int64_t p99_ns) {
  Trial trial;
  trial.limit = limit;
  trial.throughput_per_s = throughput_per_s;
  trial.completed = 1'000;
  trial.seconds = 1;
  trial.p99_ns = p99_ns;
  return trial;
}

const std::vector<Trial> kTrials = {At(1, 100, 1'000'000), At(4, 400, 1'000'000),
                                    At(16, 800, 4'000'000)};

TEST(FormulasTest, EachIsSetAgainstTheAnswer) {
  const std::vector<Formula> formulas =
      CompareFormulas({.server_cores = 2, .allowed_connections = 97, .answer = 16}, kTrials);
  ASSERT_EQ(formulas.size(), 3U);
  EXPECT_EQ(formulas[0].name, "2 x cores + 1");
  EXPECT_EQ(formulas[0].limit, 5);
  // Between 4 and 16 throughput grows with the root of the limit.
  EXPECT_NEAR(*formulas[0].throughput_ratio, 0.559, 0.001);
  EXPECT_NEAR(*formulas[0].p99_ns, 1.25e6, 1e3);
  EXPECT_EQ(formulas[1].name, "4 x cores");
  EXPECT_EQ(formulas[1].limit, 8);
  EXPECT_NEAR(*formulas[1].throughput_ratio, 0.707, 0.001);
}

TEST(FormulasTest, NothingIsSaidBeyondWhatWasMeasured) {
  const std::vector<Formula> formulas =
      CompareFormulas({.allowed_connections = 97, .answer = 16}, kTrials);
  ASSERT_EQ(formulas.size(), 1U);
  EXPECT_EQ(formulas[0].limit, 97);
  EXPECT_FALSE(formulas[0].throughput_ratio.has_value());
  EXPECT_FALSE(formulas[0].p99_ns.has_value());
}

TEST(FormulasTest, WithoutCoresOrConnectionsThereAreNone) {
  EXPECT_TRUE(CompareFormulas({.answer = 4}, kTrials).empty());
}

TEST(InterpolateP99Test, MedianOfTheTrialsAtTheLimit) {
  std::vector<Trial> trials = kTrials;
  trials.push_back(At(4, 400, 3'000'000));
  trials.push_back(At(4, 400, 2'000'000));
  EXPECT_EQ(InterpolateP99Ns(trials, 4), 2e6);
  EXPECT_EQ(InterpolateP99Ns(trials, 17), std::nullopt);
  EXPECT_EQ(InterpolateP99Ns({}, 1), std::nullopt);
}

}  // namespace
}  // namespace pgring
