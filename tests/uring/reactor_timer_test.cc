#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <map>
#include <memory>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/base/random.h"
#include "pgring/uring/reactor.h"
#include "support/property_seeds.h"
#include "support/reactor_fixture.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kHourNs = 3'600 * kNanosecondsPerSecond;

// A timer that writes its number and its time into a log.
class LoggedTimer {
 public:
  LoggedTimer(Reactor* reactor, int number, std::vector<int>* log)
      : reactor_(reactor), probe_([this, number, log] {
          log->push_back(number);
          expired_at_ns_ = reactor_->clock().NowNs();
        }) {
    node_.handle = probe_.handle();
  }

  void Arm(int64_t deadline_ns) { reactor_->timers()->Arm(&node_, deadline_ns); }
  void Disarm() { reactor_->timers()->Disarm(&node_); }
  bool armed() const { return node_.armed(); }
  int64_t expired_at_ns() const { return expired_at_ns_; }

 private:
  Reactor* const reactor_;
  ResumeProbe probe_;
  TimerNode node_;
  int64_t expired_at_ns_ = 0;
};

template <typename World>
class ReactorTimerTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(ReactorTimerTest, ReactorWorlds, ReactorWorldNames);

TYPED_TEST(ReactorTimerTest, ExpireInTheOrderOfTheirDeadlines) {
  std::vector<int> log;
  LoggedTimer first(this->reactor(), 1, &log);
  LoggedTimer second(this->reactor(), 2, &log);
  LoggedTimer third(this->reactor(), 3, &log);
  const int64_t start_ns = this->NowNs();
  third.Arm(start_ns + 3 * kNanosecondsPerMillisecond);
  first.Arm(start_ns + 1 * kNanosecondsPerMillisecond);
  second.Arm(start_ns + 2 * kNanosecondsPerMillisecond);
  this->TurnUntilIdle();
  EXPECT_THAT(log, ElementsAre(1, 2, 3));
  EXPECT_GE(first.expired_at_ns(), start_ns + 1 * kNanosecondsPerMillisecond);
  EXPECT_GE(second.expired_at_ns(), start_ns + 2 * kNanosecondsPerMillisecond);
  EXPECT_GE(third.expired_at_ns(), start_ns + 3 * kNanosecondsPerMillisecond);
  if (TypeParam::kSimulated) {
    EXPECT_EQ(third.expired_at_ns(), start_ns + 3 * kNanosecondsPerMillisecond);
  }
}

TYPED_TEST(ReactorTimerTest, EqualDeadlinesExpireInTheOrderOfArming) {
  std::vector<int> log;
  LoggedTimer first(this->reactor(), 1, &log);
  LoggedTimer second(this->reactor(), 2, &log);
  LoggedTimer third(this->reactor(), 3, &log);
  const int64_t deadline_ns = this->NowNs() + kNanosecondsPerMillisecond;
  second.Arm(deadline_ns);
  third.Arm(deadline_ns);
  first.Arm(deadline_ns);
  this->TurnUntilIdle();
  EXPECT_THAT(log, ElementsAre(2, 3, 1));
}

TYPED_TEST(ReactorTimerTest, PastDeadlineExpiresInTheNextTurn) {
  std::vector<int> log;
  LoggedTimer past(this->reactor(), 1, &log);
  past.Arm(this->NowNs() - 1);
  EXPECT_THAT(log, ElementsAre());
  EXPECT_TRUE(this->reactor()->Turn().ok());
  EXPECT_THAT(log, ElementsAre(1));
}

TYPED_TEST(ReactorTimerTest, NeverBeforeItsTime) {
  std::vector<int> log;
  LoggedTimer timer(this->reactor(), 1, &log);
  timer.Arm(this->NowNs() + kHourNs);
  for (int look = 0; look < 5; ++look) this->Look();
  EXPECT_THAT(log, ElementsAre());
  EXPECT_TRUE(timer.armed());
}

TYPED_TEST(ReactorTimerTest, DisarmedOneDoesNotExpire) {
  std::vector<int> log;
  LoggedTimer one(this->reactor(), 1, &log);
  LoggedTimer two(this->reactor(), 2, &log);
  LoggedTimer three(this->reactor(), 3, &log);
  const int64_t start_ns = this->NowNs();
  one.Arm(start_ns + 1);
  two.Arm(start_ns + 2);
  three.Arm(start_ns + 3);
  one.Disarm();
  three.Disarm();
  three.Disarm();
  this->TurnUntilIdle();
  EXPECT_THAT(log, ElementsAre(2));
}

TYPED_TEST(ReactorTimerTest, DestroyedOneLeaves) {
  std::vector<int> log;
  {
    LoggedTimer timer(this->reactor(), 1, &log);
    timer.Arm(this->NowNs() + kHourNs);
    EXPECT_TRUE(this->reactor()->HasWork());
  }
  EXPECT_FALSE(this->reactor()->HasWork());
}

TYPED_TEST(ReactorTimerTest, CompletionEndsTheWaitForALaterTimer) {
  std::vector<int> log;
  LoggedTimer later(this->reactor(), 1, &log);
  const int64_t start_ns = this->NowNs();
  later.Arm(start_ns + kHourNs);
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  this->TurnUntil([&poll] { return !poll.in_flight(); });
  EXPECT_EQ(poll.result(), POLLIN);
  EXPECT_LT(this->NowNs(), start_ns + kHourNs);
  EXPECT_THAT(log, ElementsAre());
}

TYPED_TEST(ReactorTimerTest, TimerEndsTheWaitForADescriptor) {
  std::vector<int> log;
  LoggedTimer timer(this->reactor(), 1, &log);
  const int descriptor = this->world()->NewDescriptor();
  RingOperation poll(this->reactor());
  poll.StartPoll(descriptor, POLLIN);
  const int64_t deadline_ns = this->NowNs() + kNanosecondsPerMillisecond;
  timer.Arm(deadline_ns);
  while (this->NowNs() < deadline_ns) ASSERT_TRUE(this->reactor()->Turn().ok());
  this->Look();
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_TRUE(poll.in_flight());
}

TYPED_TEST(ReactorTimerTest, ReactorWithoutWorkDoesNotWait) {
  EXPECT_FALSE(this->reactor()->HasWork());
  EXPECT_TRUE(this->reactor()->Turn().ok());
  EXPECT_FALSE(this->reactor()->HasWork());
}

template <typename World>
class SimulatedReactorTimerTest : public ReactorTest<World> {};
TYPED_TEST_SUITE(SimulatedReactorTimerTest, SimulatedWorldOnly, ReactorWorldNames);

// Against a multimap: every timer that was not taken off expires, in exact order, at its very time.
TYPED_TEST(SimulatedReactorTimerTest, AreExactHoweverManyComeAndGo) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    this->Open({.simulated = {.seed = seed, .early_return = 0.1}});
    Random random(seed);
    std::vector<int> log;
    std::vector<std::unique_ptr<LoggedTimer>> timers;
    std::multimap<int64_t, int> model;
    const int count = static_cast<int>(random.Between(1, 300));
    const int64_t start_ns = this->NowNs();
    for (int number = 0; number < count; ++number) {
      // Few different deadlines, so that many are equal.
      const int64_t deadline_ns = start_ns + random.Between(1, 100) * kHourNs;
      timers.push_back(std::make_unique<LoggedTimer>(this->reactor(), number, &log));
      timers.back()->Arm(deadline_ns);
      model.emplace(deadline_ns, number);
    }
    for (auto entry = model.begin(); entry != model.end();) {
      if (random.Chance(0.3)) {
        timers[static_cast<size_t>(entry->second)]->Disarm();
        entry = model.erase(entry);
      } else {
        ++entry;
      }
    }
    this->TurnUntilIdle();
    std::vector<int> expected;
    for (const auto& [deadline_ns, number] : model) {
      expected.push_back(number);
      EXPECT_EQ(timers[static_cast<size_t>(number)]->expired_at_ns(), deadline_ns);
    }
    ASSERT_EQ(log, expected);
  }
}

}  // namespace
}  // namespace pgring
