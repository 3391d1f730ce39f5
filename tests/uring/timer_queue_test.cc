#include "pgring/uring/timer_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "pgring/base/random.h"
#include "support/property_seeds.h"
#include "support/resume_probe.h"

namespace pgring {
namespace {

TEST(TimerQueueTest, IsEmptyAtFirst) {
  TimerQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.NextDeadlineNs(), kNoDeadlineNs);
  ReadyQueue ready;
  queue.Expire(kNoDeadlineNs, &ready);
  EXPECT_TRUE(ready.empty());
}

TEST(TimerQueueTest, ExpiresAtItsDeadlineAndNotBefore) {
  TimerQueue queue;
  ReadyQueue ready;
  TimerNode timer;
  queue.Arm(&timer, 100);
  EXPECT_TRUE(timer.armed());
  EXPECT_EQ(queue.NextDeadlineNs(), 100);
  queue.Expire(99, &ready);
  EXPECT_TRUE(ready.empty());
  queue.Expire(100, &ready);
  EXPECT_FALSE(timer.armed());
  EXPECT_TRUE(timer.linked());
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueueTest, ExpiredOneCanBeTakenBackByItsEnd) {
  TimerQueue queue;
  ReadyQueue ready;
  {
    TimerNode timer;
    queue.Arm(&timer, 1);
    queue.Expire(1, &ready);
    EXPECT_FALSE(ready.empty());
  }
  EXPECT_TRUE(ready.empty());
}

// A stop had posted the sleeper, and its timer came due before the ready queue was run: the timer
// posted it a second time and the list's check ended the program.
TEST(TimerQueueTest, OneThatIsReadyAlreadyIsNotPostedAgain) {
  TimerQueue queue;
  ReadyQueue ready;
  ResumeProbe probe;
  TimerNode timer;
  timer.handle = probe.handle();
  queue.Arm(&timer, 1);
  ready.Post(&timer);
  queue.Expire(1, &ready);
  EXPECT_FALSE(timer.armed());
  ready.RunBatch();
  EXPECT_EQ(probe.resumed(), 1);
  EXPECT_TRUE(ready.empty());
}

struct NumberedTimer {
  NumberedTimer(int number, std::vector<int>* log)
      : probe([number, log] { log->push_back(number); }) {
    node.handle = probe.handle();
  }
  ResumeProbe probe;
  TimerNode node;
};

// Random arming, taking off, destroying and expiring against a multimap, which keeps the order of
// equal keys as the queue must.
class TimerQueueModel {
 public:
  explicit TimerQueueModel(uint64_t seed) : random_(seed) {}

  void Step() {
    const int64_t action = random_.Between(0, 9);
    if (action < 5 || armed_.empty()) {
      Arm();
    } else if (action < 7) {
      TakeOff();
    } else {
      Expire();
    }
    ASSERT_EQ(queue_.empty(), model_.empty());
    ASSERT_EQ(queue_.NextDeadlineNs(), model_.empty() ? kNoDeadlineNs : model_.begin()->first);
  }

  void ExpireAll() {
    now_ns_ += kSpanNs;
    Expire();
    ASSERT_TRUE(queue_.empty());
  }

 private:
  static constexpr int64_t kSpanNs = 50;
  using Model = std::multimap<int64_t, int>;

  void Arm() {
    const int number = next_number_++;
    timers_[number] = std::make_unique<NumberedTimer>(number, &log_);
    const int64_t deadline_ns = now_ns_ + random_.Between(0, kSpanNs);
    queue_.Arm(&timers_[number]->node, deadline_ns);
    armed_[number] = model_.emplace(deadline_ns, number);
  }

  void TakeOff() {
    auto chosen = armed_.begin();
    std::advance(chosen, random_.Between(0, static_cast<int64_t>(armed_.size()) - 1));
    const int number = chosen->first;
    if (random_.Chance(0.5)) queue_.Disarm(&timers_[number]->node);
    timers_.erase(number);
    model_.erase(chosen->second);
    armed_.erase(chosen);
  }

  void Expire() {
    now_ns_ += random_.Between(0, kSpanNs / 2);
    std::vector<int> expected;
    while (!model_.empty() && model_.begin()->first <= now_ns_) {
      expected.push_back(model_.begin()->second);
      armed_.erase(model_.begin()->second);
      model_.erase(model_.begin());
    }
    log_.clear();
    queue_.Expire(now_ns_, &ready_);
    ready_.RunBatch();
    ASSERT_EQ(log_, expected);
  }

  Random random_;
  int64_t now_ns_ = 0;
  int next_number_ = 0;
  std::vector<int> log_;
  ReadyQueue ready_;
  TimerQueue queue_;
  std::map<int, std::unique_ptr<NumberedTimer>> timers_;
  Model model_;
  std::map<int, Model::iterator> armed_;
};

TEST(TimerQueueTest, BehavesAsAMultimap) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    TimerQueueModel model(seed);
    for (int step = 0; step < 500 && !::testing::Test::HasFatalFailure(); ++step) model.Step();
    model.ExpireAll();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(TimerQueueDeathTest, ATimerCanBeArmedOnceAtATime) {
  TimerQueue queue;
  TimerNode timer;
  queue.Arm(&timer, 1);
  EXPECT_DEATH(queue.Arm(&timer, 2), "armed once");
  ReadyQueue ready;
  queue.Expire(1, &ready);
  EXPECT_DEATH(queue.Arm(&timer, 2), "armed once");
}

TEST(TimerQueueDeathTest, MustOutliveItsTimers) {
  const auto outlive = [] {
    std::optional<TimerQueue> queue(std::in_place);
    TimerNode timer;
    queue->Arm(&timer, 1);
    queue.reset();
  };
  EXPECT_DEATH(outlive(), "outlived its queue");
}

}  // namespace
}  // namespace pgring
