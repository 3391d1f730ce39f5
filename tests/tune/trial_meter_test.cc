// Trials cut out of a run that goes on, over a simulated server with an exact clock: what each
// trial measures is known beforehand.
#include "tune/trial_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "run/limiter.h"
#include "run/runner_fixture.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

constexpr double kServiceS = 0.010;

class TrialMeterTest : public RunnerTest {
 protected:
  TrialMeterTest() {
    load_.duration_s = 120;
    extent_.enough_completions = 200;
  }

  // Serves `at_once` operations in kServiceS each; more of them share what it can do.
  void ServeAtOnce(int at_once) {
    server_->Answer([this, at_once](const Statement&, Parameters) {
      SimulatedAnswer answer;
      // This one is not among them yet.
      const int executing = server_->executing() + 1;
      answer.service_ns = SecondsInNs(kServiceS) * std::max(at_once, executing) / at_once;
      return answer;
    });
  }

  std::unique_ptr<pgring::Run> Search(const char* type, int highest) {
    search_ = std::make_unique<LimitSearch>(LimitSearchOptions{.max_limit = highest, .seed = 1});
    TrialMeter meter(
        search_.get(), extent_, highest, [this] { return CpuNs(); },
        [this](const Trial& trial) { trials_.push_back(trial); });
    limits_ = &meter;
    auto run = Measure(Scenario(FindScenarioType(type), highest), {0});
    limits_ = nullptr;
    return run;
  }

  int64_t CpuNs() const {
    const auto passed_ns = static_cast<double>(reactor_->clock().NowNs());
    return static_cast<int64_t>(client_share_ * passed_ns);
  }

  TrialExtent extent_;
  std::unique_ptr<LimitSearch> search_;
  std::vector<Trial> trials_;
  double client_share_ = 0.1;
};

TEST_F(TrialMeterTest, EachTrialMeasuresWhatItsLimitGives) {
  ServeAtOnce(8);
  Search("window", 64);
  ASSERT_GT(trials_.size(), 10U);
  for (const Trial& trial : trials_) {
    const double expected_per_s = std::min(trial.limit, 8) / kServiceS;
    EXPECT_NEAR(trial.throughput_per_s, expected_per_s, 0.01 * expected_per_s) << trial.limit;
    EXPECT_EQ(trial.failed, 0);
    EXPECT_GE(trial.completed, 200);
    EXPECT_GE(trial.seconds, 0.25);
    EXPECT_FALSE(trial.client_limited);
    const double expected_p99_ns = std::max(trial.limit, 8) / 8.0 * kServiceS * 1e9;
    EXPECT_NEAR(static_cast<double>(trial.p99_ns.value_or(0)), expected_p99_ns,
                0.01 * expected_p99_ns)
        << trial.limit;
  }
}

TEST_F(TrialMeterTest, TheRunEndsWhenTheSearchDoes) {
  ServeAtOnce(8);
  const auto run = Search("window", 64);
  EXPECT_TRUE(search_->done());
  EXPECT_LT(run->duration_s(), 119);
  EXPECT_EQ(search_->answer().limit, 8);
  EXPECT_EQ(run->total().skipped, 0);
  // No more connections than the highest limit that was tried.
  const int highest = std::max_element(trials_.begin(), trials_.end(), [](auto& a, auto& b) {
                        return a.limit < b.limit;
                      })->limit;
  EXPECT_EQ(server_->peak_executing(), highest);
  EXPECT_EQ(run->connections.opened, highest);
}

TEST_F(TrialMeterTest, ChunksAreMeasuredToo) {
  ServeAtOnce(8);
  Search("chunked", 32);
  EXPECT_THAT(search_->answer().limit.value_or(0), AllOf(Ge(8), Le(9)));
}

TEST_F(TrialMeterTest, TheTimeOfTheRunEndsTheSearch) {
  ServeAtOnce(8);
  load_.duration_s = 8;
  const auto run = Search("window", 64);
  EXPECT_FALSE(search_->done());
  EXPECT_GE(trials_.size(), 3U);
  EXPECT_NEAR(run->duration_s(), 8, 0.1);
  EXPECT_TRUE(search_->answer().limit.has_value());
}

// A trial with few operations goes on for longer, and one with almost none ends nevertheless.
TEST_F(TrialMeterTest, SlowOperationsHaveLongerTrials) {
  extent_.longest_ns = kNanosecondsPerSecond;
  extent_.fewest_completions = 30;
  extent_.at_most_ns = 20 * kNanosecondsPerSecond;
  server_->Answer([](const Statement&, Parameters) {
    SimulatedAnswer answer;
    answer.service_ns = 500 * kMs;
    return answer;
  });
  Search("window", 2);
  ASSERT_FALSE(trials_.empty());
  EXPECT_EQ(trials_.front().limit, 1);
  EXPECT_GE(trials_.front().completed, 30);
  EXPECT_NEAR(trials_.front().throughput_per_s, 2, 0.01);
}

TEST_F(TrialMeterTest, FailedOperationsAreInTheirTrial) {
  int count = 0;
  server_->Answer([&count](const Statement&, Parameters) {
    SimulatedAnswer answer;
    answer.service_ns = 10 * kMs;
    if (++count % 50 == 0) answer.status = ServerError("40001");
    return answer;
  });
  Search("window", 4);
  ASSERT_FALSE(trials_.empty());
  EXPECT_TRUE(std::all_of(trials_.begin(), trials_.end(),
                          [](const Trial& trial) { return trial.failed > 0; }));
  EXPECT_FALSE(search_->answer().limit.has_value());
}

TEST_F(TrialMeterTest, ABusyClientIsSaid) {
  ServeAtOnce(8);
  client_share_ = 0.95;
  Search("window", 16);
  ASSERT_FALSE(trials_.empty());
  EXPECT_TRUE(std::all_of(trials_.begin(), trials_.end(),
                          [](const Trial& trial) { return trial.client_limited; }));
}

}  // namespace
}  // namespace pgring
