// When each limiter lets the next operation start, to the nanosecond of a fake clock.
#include "run/limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <queue>

#include "pgring/base/random.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task_group.h"
#include "pgring/uring/simulated_backend.h"
#include "run/ramp.h"

namespace pgring {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class LimiterTest : public ::testing::Test {
 protected:
  using Factory = std::unique_ptr<Limiter> (*)(const LimiterOptions& options);

  LimiterTest()
      : reactor_(std::make_unique<SimulatedBackend>(SimulatedBackendOptions())),
        operations_(reactor_.ready()) {}

  void Make(Factory make, int limit) { limiter_ = make({.reactor = &reactor_, .limit = limit}); }

  // Admits operations that last so long, one after the other; when each was admitted, from 0.
  std::vector<int64_t> Admissions(Factory make, int limit, const std::vector<int64_t>& durations) {
    Make(make, limit);
    admitted_.clear();
    most_running_ = 0;
    RunUntilDone(&reactor_, AdmitAll(durations));
    limiter_.reset();
    return admitted_;
  }

  Task<void> AdmitAll(std::vector<int64_t> durations) {
    const int64_t start_ns = reactor_.clock().NowNs();
    for (const int64_t duration : durations) {
      Permit permit = co_await limiter_->Admit();
      units_.push_back(permit.units());
      admitted_.push_back(reactor_.clock().NowNs() - start_ns);
      ++running_;
      most_running_ = std::max(most_running_, running_);
      operations_.Spawn(Operate(duration, std::move(permit)));
    }
    co_await operations_.Join();
  }

  // As a run does it: the ramp's task is started when the first operations have been.
  Task<void> AdmitAllInRamp(std::vector<int64_t> durations, int64_t ramp_ns) {
    const int64_t start_ns = reactor_.clock().NowNs();
    const Ramp ramp = {limiter_->limit(), start_ns, start_ns + ramp_ns};
    limiter_->set_limit(1);
    operations_.Spawn(FollowRamp(&reactor_, ramp, StopToken(),
                                 [this](int limit) { limiter_->set_limit(limit); }));
    co_await AdmitAll(std::move(durations));
  }

  Task<void> Operate(int64_t duration, Permit permit) {
    const int64_t end_ns = reactor_.clock().NowNs() + duration;
    co_await SleepUntil(&reactor_, end_ns);
    --running_;
    if (--retire_after_ == 0) limiter_->set_limit(limiter_->limit() - 1);
    limiter_->OnEnd(std::move(permit), {});
  }

  Task<void> SetLimitAt(int64_t time_ns, int limit) {
    const int64_t then_ns = reactor_.clock().NowNs() + time_ns;
    co_await SleepUntil(&reactor_, then_ns);
    limiter_->set_limit(limit);
  }

  Task<void> CloseAt(int64_t time_ns) {
    const int64_t close_ns = reactor_.clock().NowNs() + time_ns;
    co_await SleepUntil(&reactor_, close_ns);
    limiter_->Close();
  }

  Reactor reactor_;
  TaskGroup operations_;
  std::unique_ptr<Limiter> limiter_;
  std::vector<int64_t> admitted_;
  std::vector<int64_t> units_;
  int running_ = 0;
  int most_running_ = 0;
  int retire_after_ = 0;  // operations
};

TEST_F(LimiterTest, UnboundedAdmitsEverythingAtOnce) {
  EXPECT_THAT(Admissions(MakeUnboundedLimiter, 1, std::vector<int64_t>(50, 10)), Each(0));
  EXPECT_EQ(most_running_, 50);
  EXPECT_THAT(units_, Each(0));
}

TEST_F(LimiterTest, WindowAdmitsTheNextWhenOneEnds) {
  EXPECT_THAT(Admissions(MakeWindowLimiter, 2, {10, 30, 10, 10, 10}),
              ElementsAre(0, 0, 10, 20, 30));
  EXPECT_EQ(most_running_, 2);
}

TEST_F(LimiterTest, ChunkAdmitsTheNextChunkWhenAllHaveEnded) {
  EXPECT_THAT(Admissions(MakeChunkLimiter, 2, {10, 30, 10, 10, 10}), ElementsAre(0, 0, 30, 30, 40));
  EXPECT_EQ(most_running_, 2);
  EXPECT_THAT(units_, Each(1));
}

// The last chunk stays incomplete; what is left of it must not be missed by the semaphore.
TEST_F(LimiterTest, PartialLastChunk) {
  EXPECT_THAT(Admissions(MakeChunkLimiter, 40, {10, 20, 30}), ElementsAre(0, 0, 0));
}

TEST_F(LimiterTest, LimitOfOneIsOneAtATimeInBothForms) {
  for (const Factory make : {MakeWindowLimiter, MakeChunkLimiter}) {
    EXPECT_THAT(Admissions(make, 1, {10, 20, 30}), ElementsAre(0, 10, 30));
    EXPECT_EQ(most_running_, 1);
  }
}

TEST_F(LimiterTest, OperationsThatTakeNoTime) {
  for (const Factory make : {MakeWindowLimiter, MakeChunkLimiter}) {
    EXPECT_THAT(Admissions(make, 3, std::vector<int64_t>(100, 0)), Each(0));
    EXPECT_LE(most_running_, 3);
  }
}

TEST_F(LimiterTest, RandomDurationsFollowTheDefinition) {
  constexpr uint64_t kSeeds = 40;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto limit = static_cast<size_t>(random.Between(1, 12));
    std::vector<int64_t> durations;
    for (int i = 0; i < 100; ++i) durations.push_back(random.Between(1, 1'000));

    std::vector<int64_t> window, chunk;
    std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> ends;
    int64_t chunk_start = 0;
    int64_t chunk_end = 0;
    for (size_t i = 0; i < durations.size(); ++i) {
      window.push_back(i < limit ? 0 : ends.top());
      if (i >= limit) ends.pop();
      ends.push(window.back() + durations[i]);
      if (i % limit == 0) chunk_start = chunk_end;
      chunk.push_back(chunk_start);
      chunk_end = std::max(chunk_end, chunk_start + durations[i]);
    }
    EXPECT_EQ(Admissions(MakeWindowLimiter, static_cast<int>(limit), durations), window);
    EXPECT_LE(most_running_, static_cast<int>(limit));
    EXPECT_EQ(Admissions(MakeChunkLimiter, static_cast<int>(limit), durations), chunk);
    EXPECT_LE(most_running_, static_cast<int>(limit));
  }
}

// A chunk of four was asked for while the one before it was in flight; then a client of that one
// was aborted and kept its place, so the four never came together again and the run hung.
TEST_F(LimiterTest, PlaceRetiredWhileTheNextChunkWaitsIsLeftOut) {
  Make(MakeChunkLimiter, 4);
  retire_after_ = 2;
  admitted_.clear();
  most_running_ = 0;
  RunUntilDone(&reactor_, AdmitAll({10, 10, 10, 10, 10, 10, 10, 10}));
  EXPECT_THAT(admitted_, ElementsAre(0, 0, 0, 0, 10, 10, 10, 20));
  limiter_.reset();
}

// The limit was at its full size until the ramp's task had run, which is after the first turn.
TEST_F(LimiterTest, RampHoldsBackFromTheFirstOperationOn) {
  // One place more at 10, 20 and 30; operations take 12.
  Make(MakeWindowLimiter, 4);
  admitted_.clear();
  RunUntilDone(&reactor_, AdmitAllInRamp(std::vector<int64_t>(10, 12), 30));
  EXPECT_THAT(admitted_, ElementsAre(0, 10, 12, 20, 22, 24, 30, 32, 34, 36));
  limiter_.reset();
}

// The ramp's steps came free in the semaphore, so that a chunk began while the one before it was
// still in flight.
TEST_F(LimiterTest, ChunksStayWholeInTheRamp) {
  Make(MakeChunkLimiter, 4);
  admitted_.clear();
  RunUntilDone(&reactor_, AdmitAllInRamp(std::vector<int64_t>(14, 12), 30));
  EXPECT_THAT(admitted_, ElementsAre(0, 12, 12, 24, 24, 24, 36, 36, 36, 36, 48, 48, 48, 48));
  limiter_.reset();
}

TEST_F(LimiterTest, RampOfNothing) {
  for (const Factory make : {MakeWindowLimiter, MakeChunkLimiter}) {
    Make(make, 1);
    admitted_.clear();
    RunUntilDone(&reactor_, AdmitAllInRamp({0, 0, 0}, 30));
    EXPECT_THAT(admitted_, ElementsAre(0, 0, 0));
    limiter_.reset();
  }
}

TEST_F(LimiterTest, LimitThatIsLoweredLetsThoseGoOnThatWereAdmitted) {
  Make(MakeWindowLimiter, 3);
  admitted_.clear();
  operations_.Spawn(SetLimitAt(5, 1));
  operations_.Spawn(SetLimitAt(42, 2));
  RunUntilDone(&reactor_, AdmitAll({10, 20, 30, 10, 10, 10}));
  EXPECT_THAT(admitted_, ElementsAre(0, 0, 0, 30, 40, 42));
  limiter_.reset();
}

// Until it was so, a chunk could not be larger than the first one.
TEST_F(LimiterTest, LimitMayBecomeLargerThanItWasToBeginWith) {
  for (const Factory make : {MakeWindowLimiter, MakeChunkLimiter}) {
    Make(make, 1);
    admitted_.clear();
    operations_.Spawn(SetLimitAt(5, 3));
    RunUntilDone(&reactor_, AdmitAll({10, 10, 10, 10}));
    if (make == MakeWindowLimiter) {
      EXPECT_THAT(admitted_, ElementsAre(0, 5, 5, 10));
    } else {
      EXPECT_THAT(admitted_, ElementsAre(0, 10, 10, 10));
    }
    limiter_.reset();
  }
}

TEST_F(LimiterTest, CloseLetsEverybodyThrough) {
  for (const Factory make : {MakeWindowLimiter, MakeChunkLimiter}) {
    Make(make, 2);
    admitted_.clear();
    units_.clear();
    operations_.Spawn(CloseAt(25));
    RunUntilDone(&reactor_, AdmitAll(std::vector<int64_t>(6, 100)));
    EXPECT_THAT(admitted_, ElementsAre(0, 0, 25, 25, 25, 25));
    EXPECT_THAT(units_, ElementsAre(1, 1, 0, 0, 0, 0));
    limiter_.reset();
  }
}

}  // namespace
}  // namespace pgring
