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

namespace pgring {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class LimiterTest : public ::testing::Test {
 protected:
  LimiterTest()
      : reactor_(std::make_unique<SimulatedBackend>(SimulatedBackendOptions())),
        operations_(reactor_.ready()) {}

  // Admits operations that last so long, one after the other; when each was admitted, from 0.
  std::vector<int64_t> Admissions(LimiterKind kind, std::optional<int> limit,
                                  const std::vector<int64_t>& durations) {
    limiter_.emplace(reactor_.ready(), kind, limit);
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
    const int64_t full_ns = reactor_.clock().NowNs() + ramp_ns;
    operations_.Spawn(limiter_->Ramp(&reactor_, full_ns, StopToken()));
    co_await AdmitAll(std::move(durations));
  }

  Task<void> Operate(int64_t duration, Permit permit) {
    const int64_t end_ns = reactor_.clock().NowNs() + duration;
    co_await SleepUntil(&reactor_, end_ns);
    --running_;
    if (--retire_after_ == 0) {
      limiter_->Retire(std::move(permit));
    } else {
      permit.Release();
    }
  }

  Task<void> CloseAt(int64_t time_ns) {
    const int64_t close_ns = reactor_.clock().NowNs() + time_ns;
    co_await SleepUntil(&reactor_, close_ns);
    limiter_->Close();
  }

  Reactor reactor_;
  TaskGroup operations_;
  std::optional<Limiter> limiter_;
  std::vector<int64_t> admitted_;
  std::vector<int64_t> units_;
  int running_ = 0;
  int most_running_ = 0;
  int retire_after_ = 0;  // operations
};

TEST_F(LimiterTest, UnboundedAdmitsEverythingAtOnce) {
  EXPECT_THAT(Admissions(LimiterKind::kUnbounded, std::nullopt, std::vector<int64_t>(50, 10)),
              Each(0));
  EXPECT_EQ(most_running_, 50);
  EXPECT_THAT(units_, Each(0));
  EXPECT_FALSE(Limiter(reactor_.ready(), LimiterKind::kUnbounded, std::nullopt).bounded());
}

TEST_F(LimiterTest, WindowAdmitsTheNextWhenOneEnds) {
  EXPECT_THAT(Admissions(LimiterKind::kWindow, 2, {10, 30, 10, 10, 10}),
              ElementsAre(0, 0, 10, 20, 30));
  EXPECT_EQ(most_running_, 2);
}

TEST_F(LimiterTest, ChunkAdmitsTheNextChunkWhenAllHaveEnded) {
  EXPECT_THAT(Admissions(LimiterKind::kChunk, 2, {10, 30, 10, 10, 10}),
              ElementsAre(0, 0, 30, 30, 40));
  EXPECT_EQ(most_running_, 2);
  EXPECT_THAT(units_, Each(1));
}

// The last chunk stays incomplete; what is left of it must not be missed by the semaphore.
TEST_F(LimiterTest, PartialLastChunk) {
  EXPECT_THAT(Admissions(LimiterKind::kChunk, 40, {10, 20, 30}), ElementsAre(0, 0, 0));
}

TEST_F(LimiterTest, LimitOfOneIsOneAtATimeInBothForms) {
  for (const LimiterKind kind : {LimiterKind::kWindow, LimiterKind::kChunk}) {
    EXPECT_THAT(Admissions(kind, 1, {10, 20, 30}), ElementsAre(0, 10, 30));
    EXPECT_EQ(most_running_, 1);
  }
}

TEST_F(LimiterTest, OperationsThatTakeNoTime) {
  for (const LimiterKind kind : {LimiterKind::kWindow, LimiterKind::kChunk}) {
    EXPECT_THAT(Admissions(kind, 3, std::vector<int64_t>(100, 0)), Each(0));
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
    EXPECT_EQ(Admissions(LimiterKind::kWindow, static_cast<int>(limit), durations), window);
    EXPECT_LE(most_running_, static_cast<int>(limit));
    EXPECT_EQ(Admissions(LimiterKind::kChunk, static_cast<int>(limit), durations), chunk);
    EXPECT_LE(most_running_, static_cast<int>(limit));
  }
}

// A chunk of four was asked for while the one before it was in flight; then a client of that one
// was aborted and kept its place, so the four never came together again and the run hung.
TEST_F(LimiterTest, PlaceRetiredWhileTheNextChunkWaitsIsLeftOut) {
  limiter_.emplace(reactor_.ready(), LimiterKind::kChunk, 4);
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
  limiter_.emplace(reactor_.ready(), LimiterKind::kWindow, 4);
  admitted_.clear();
  RunUntilDone(&reactor_, AdmitAllInRamp(std::vector<int64_t>(10, 12), 30));
  EXPECT_THAT(admitted_, ElementsAre(0, 10, 12, 20, 22, 24, 30, 32, 34, 36));
  limiter_.reset();
}

// The ramp's steps came free in the semaphore, so that a chunk began while the one before it was
// still in flight.
TEST_F(LimiterTest, ChunksStayWholeInTheRamp) {
  limiter_.emplace(reactor_.ready(), LimiterKind::kChunk, 4);
  admitted_.clear();
  RunUntilDone(&reactor_, AdmitAllInRamp(std::vector<int64_t>(14, 12), 30));
  EXPECT_THAT(admitted_, ElementsAre(0, 12, 12, 24, 24, 24, 36, 36, 36, 36, 48, 48, 48, 48));
  limiter_.reset();
}

TEST_F(LimiterTest, RampOfNothing) {
  for (const auto& [kind, limit] : std::vector<std::pair<LimiterKind, std::optional<int>>>{
           {LimiterKind::kUnbounded, std::nullopt},
           {LimiterKind::kWindow, 1},
           {LimiterKind::kChunk, 1}}) {
    limiter_.emplace(reactor_.ready(), kind, limit);
    admitted_.clear();
    RunUntilDone(&reactor_, AdmitAllInRamp({0, 0, 0}, 30));
    EXPECT_THAT(admitted_, ElementsAre(0, 0, 0));
    limiter_.reset();
  }
}

TEST_F(LimiterTest, CloseLetsEverybodyThrough) {
  for (const LimiterKind kind : {LimiterKind::kWindow, LimiterKind::kChunk}) {
    limiter_.emplace(reactor_.ready(), kind, 2);
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
