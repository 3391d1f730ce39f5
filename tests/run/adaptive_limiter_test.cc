// A scenario type that pgring does not have, in a file of its own: a limiter that looks for its
// limit while it runs (one more after each window of operations that were fast enough, half as many
// after a slow one) and the row of the table that names it. Nothing else knows of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "run/limiter.h"
#include "run/runner_fixture.h"

namespace pgring {
namespace {

constexpr int64_t kSlowNs = 12 * kMs;

class AdaptiveLimiter final : public Limiter {
 public:
  explicit AdaptiveLimiter(const LimiterOptions& options)
      : most_(options.limit),
        window_(MakeWindowLimiter({.reactor = options.reactor, .limit = 1})) {}

  Task<Permit> Admit() override { return window_->Admit(); }
  void OnEnd(Permit permit, const OperationSample& sample) override {
    // What was admitted under an earlier limit says nothing about this one.
    if (sample.stamps.admitted_ns >= changed_ns_) {
      sum_ns_ += sample.stamps.finished_ns - sample.stamps.leased_ns;
      if (++count_ >= limit()) Adapt(sample.stamps.finished_ns);
    }
    window_->OnEnd(std::move(permit), sample);
  }
  void set_limit(int limit) override {
    most_ = limit;
    window_->set_limit(std::min(limit, window_->limit()));
  }
  int limit() const override { return window_->limit(); }
  void Close() override { window_->Close(); }

  static std::vector<int>& history() {
    static auto* const history = new std::vector<int>;
    return *history;
  }

 private:
  void Adapt(int64_t now_ns) {
    changed_ns_ = now_ns;
    const bool slow = sum_ns_ / count_ > kSlowNs;
    window_->set_limit(slow ? std::max(1, limit() / 2) : std::min(most_, limit() + 1));
    history().push_back(limit());
    sum_ns_ = count_ = 0;
  }

  int most_;
  std::unique_ptr<Limiter> window_;
  int64_t sum_ns_ = 0;
  int64_t count_ = 0;
  int64_t changed_ns_ = 0;
};

constexpr ScenarioType kAdaptive = {
    .name = "adaptive",
    .limiter = "adaptive",
    .make_limiter = [](const LimiterOptions& options) -> std::unique_ptr<Limiter> {
      return std::make_unique<AdaptiveLimiter>(options);
    },
    .default_limit = 64,
    .highest_limit = 64,
};

class AdaptiveLimiterTest : public RunnerTest {};

// A server that serves eight at once, and each the slower the more there are beyond that.
TEST_F(AdaptiveLimiterTest, FindsWhereTheServerBecomesSlow) {
  AdaptiveLimiter::history().clear();
  server_->Answer([this](const Statement&, Parameters) {
    SimulatedAnswer answer;
    answer.service_ns = 10 * kMs * std::max(8, server_->executing()) / 8;
    return answer;
  });
  const auto measured = Measure(Scenario(&kAdaptive, 64), std::vector<int32_t>(3'000, 0));
  EXPECT_EQ(measured->recorder.succeeded(), 3'000);
  const std::vector<int>& history = AdaptiveLimiter::history();
  ASSERT_GT(history.size(), 100U);
  // One more at a time up to the first slow window; from then on between half of it and it.
  const auto first_slow = std::is_sorted_until(history.begin(), history.end());
  EXPECT_EQ(first_slow - history.begin(), *std::prev(first_slow) - 1);
  const auto [least, most] = std::minmax_element(first_slow, history.end());
  EXPECT_GE(*least, 5);
  EXPECT_LE(*most, 12);
  EXPECT_LE(server_->peak_executing(), 12);
}

// A ramp is a ceiling to it, as to every other limiter.
TEST_F(AdaptiveLimiterTest, StaysBelowTheRamp) {
  load_.ramp_s = 1;
  const auto measured = Measure(Scenario(&kAdaptive, 5), std::vector<int32_t>(40, 10));
  EXPECT_EQ(measured->recorder.succeeded(), 40);
  EXPECT_EQ(server_->peak_executing(), 2);
}

}  // namespace
}  // namespace pgring
