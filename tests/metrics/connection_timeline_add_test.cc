#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "pgring/base/random.h"
#include "pgring/metrics/connection_timeline.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

constexpr ConnectionGauge kGauges[] = {ConnectionGauge::kOpen, ConnectionGauge::kConnecting,
                                       ConnectionGauge::kInUse, ConnectionGauge::kWaiting};

struct GaugeChange {
  int64_t time_ns = 0;
  ConnectionGauge gauge = ConnectionGauge::kOpen;
  int32_t delta = 0;
};

ConnectionTimeline Recorded(int64_t start_ns, int64_t end_ns,
                            const std::vector<GaugeChange>& changes,
                            size_t max_steps = ConnectionTimeline::kMaxSteps) {
  ConnectionTimeline timeline(max_steps);
  timeline.Start(start_ns, changes.size());
  for (const GaugeChange& change : changes) {
    timeline.Change(change.time_ns, change.gauge, change.delta);
  }
  timeline.Finish(end_ns);
  return timeline;
}

TimelineStep OpenStep(int64_t time_ns, int32_t open) { return TimelineStep{time_ns, {open}}; }

// What one part records of kOpen alone, as {time, change}.
ConnectionTimeline OpenOnly(int64_t start_ns, int64_t end_ns,
                            const std::vector<std::pair<int64_t, int32_t>>& changes) {
  std::vector<GaugeChange> all;
  for (const auto& [time_ns, delta] : changes) {
    all.push_back({time_ns, ConnectionGauge::kOpen, delta});
  }
  return Recorded(start_ns, end_ns, all);
}

TEST(ConnectionTimelineAddTest, PutsBothOnOneClock) {
  ConnectionTimeline sum = OpenOnly(1'020, 1'080, {{1'030, 2}, {1'050, -1}});
  const ConnectionTimeline early = OpenOnly(1'000, 1'060, {{1'010, 4}, {1'050, -3}});
  sum.Add(early);
  EXPECT_THAT(sum.Steps(64),
              ElementsAre(OpenStep(0, 0), OpenStep(10, 4), OpenStep(30, 6), OpenStep(50, 2)));
  EXPECT_EQ(sum.DurationNs(), 80);
  EXPECT_EQ(sum.Peak(ConnectionGauge::kOpen), 6);
  EXPECT_EQ(sum.Current(ConnectionGauge::kOpen), 2);
  // Four for 20 ns, six for 20, two for 30: the part that ended early keeps its last value.
  EXPECT_EQ(sum.Mean(ConnectionGauge::kOpen), (4 * 20 + 6 * 20 + 2 * 30) / 80.0);
}

TEST(ConnectionTimelineAddTest, APartThatBeginsLaterWithConnectionsBringsThemThen) {
  ConnectionTimeline warm;
  warm.Start(500, 10);
  warm.Change(510, ConnectionGauge::kOpen, 3);
  warm.StartAgain(1'010);
  warm.Finish(1'040);
  ConnectionTimeline sum = OpenOnly(1'000, 1'040, {{1'000, 1}});
  sum.Add(warm);
  EXPECT_THAT(sum.Steps(64), ElementsAre(OpenStep(0, 1), OpenStep(10, 4)));
  EXPECT_EQ(sum.Mean(ConnectionGauge::kOpen), (1 * 10 + 4 * 30) / 40.0);
  EXPECT_EQ(sum.Peak(ConnectionGauge::kOpen), 4);
}

TEST(ConnectionTimelineAddTest, PartsWhoseSpansDoNotTouch) {
  ConnectionTimeline sum = OpenOnly(2'000, 2'010, {{2'000, 1}});
  sum.Add(OpenOnly(1'000, 1'010, {{1'005, 2}, {1'010, -2}}));
  EXPECT_THAT(sum.Steps(64),
              ElementsAre(OpenStep(0, 0), OpenStep(5, 2), OpenStep(10, 0), OpenStep(1'000, 1)));
  EXPECT_EQ(sum.Peak(ConnectionGauge::kOpen), 2);
  EXPECT_EQ(sum.Mean(ConnectionGauge::kOpen), (2 * 5 + 1 * 10) / 1'010.0);
}

TEST(ConnectionTimelineAddTest, PeaksWithinOneNanosecond) {
  // Each part's own is kept; what both reached together within it cannot be known from the steps.
  const ConnectionTimeline higher = OpenOnly(0, 10, {{5, 7}, {5, -7}});
  ConnectionTimeline sum = OpenOnly(0, 10, {{5, 6}, {5, -5}});
  ConnectionTimeline other_way_round = higher;
  other_way_round.Add(sum);
  sum.Add(higher);
  EXPECT_EQ(sum.Peak(ConnectionGauge::kOpen), 7);
  EXPECT_EQ(other_way_round.Peak(ConnectionGauge::kOpen), 7);
  EXPECT_THAT(sum.Steps(64), ElementsAre(OpenStep(0, 0), OpenStep(5, 1)));
  // A connection that goes from one part to the other at one moment is one connection.
  ConnectionTimeline moved = OpenOnly(0, 10, {{1, 1}, {5, -1}});
  moved.Add(OpenOnly(0, 10, {{5, 1}}));
  EXPECT_EQ(moved.Peak(ConnectionGauge::kOpen), 1);
  EXPECT_THAT(moved.Steps(64), ElementsAre(OpenStep(0, 0), OpenStep(1, 1), OpenStep(5, 1)));
}

TEST(ConnectionTimelineAddTest, ATimelineCanBeAddedToItself) {
  ConnectionTimeline sum = OpenOnly(0, 10, {{5, 3}});
  sum.Add(sum);
  EXPECT_THAT(sum.Steps(64), ElementsAre(OpenStep(0, 0), OpenStep(5, 6)));
  EXPECT_EQ(sum.Peak(ConnectionGauge::kOpen), 6);
  EXPECT_EQ(sum.Mean(ConnectionGauge::kOpen), 3.0);
}

TEST(ConnectionTimelineAddTest, ASumIsFinished) {
  ConnectionTimeline sum = OpenOnly(0, 10, {{5, 3}});
  sum.Add(OpenOnly(0, 20, {}));
  sum.Change(15, ConnectionGauge::kOpen, 1);
  sum.Finish(30);
  EXPECT_EQ(sum.DurationNs(), 20);
  EXPECT_EQ(sum.Current(ConnectionGauge::kOpen), 3);
}

// A run of several parts: each part's changes, and all of them in the order of time.
struct SplitRun {
  std::vector<std::vector<GaugeChange>> parts;
  std::vector<GaugeChange> all;
  int64_t start_ns = 0;
  int64_t end_ns = 0;
};

// No gauge both rises and falls within one nanosecond unless `spikes`.
SplitRun RandomSplitRun(Random* random, bool spikes) {
  SplitRun run;
  run.parts.resize(static_cast<size_t>(random->Between(2, 8)));
  run.start_ns = random->Between(0, int64_t{1} << 50);
  std::vector<std::array<int32_t, kConnectionGaugeCount>> current(run.parts.size());
  std::array<bool, kConnectionGaugeCount> rises = {};
  const int64_t longest_pause_ns = int64_t{1} << random->Between(1, 30);
  int64_t now_ns = run.start_ns;
  for (int64_t left = random->Between(1, 2'000); left > 0; --left) {
    if (random->Chance(0.6)) {
      now_ns += random->Between(1, longest_pause_ns);
      for (bool& gauge_rises : rises) gauge_rises = random->Chance(0.5);
    }
    const size_t part = random->Below(run.parts.size());
    const size_t gauge = random->Below(kConnectionGaugeCount);
    int32_t& value = current[part][gauge];
    const bool rise = spikes ? random->Chance(0.5) : rises[gauge];
    const int32_t delta = rise ? static_cast<int32_t>(random->Between(1, 20))
                               : -static_cast<int32_t>(random->Between(0, value));
    value += delta;
    run.parts[part].push_back({now_ns, kGauges[gauge], delta});
    run.all.push_back(run.parts[part].back());
  }
  run.end_ns = now_ns + random->Between(0, longest_pause_ns);
  return run;
}

// The parts of `run`, added in a random order. Some span only their own changes.
ConnectionTimeline SumOfParts(Random* random, const SplitRun& run) {
  std::vector<ConnectionTimeline> timelines;
  for (size_t part = 0; part < run.parts.size(); ++part) {
    const std::vector<GaugeChange>& changes = run.parts[part];
    int64_t start_ns = run.start_ns;
    int64_t end_ns = run.end_ns;
    if (part > 0 && !changes.empty() && random->Chance(0.5)) {
      start_ns = random->Between(run.start_ns, std::max(run.start_ns, changes.front().time_ns - 1));
      end_ns = random->Between(changes.back().time_ns, run.end_ns);
    }
    timelines.push_back(Recorded(start_ns, end_ns, changes));
  }
  random->Shuffle(&timelines);
  ConnectionTimeline sum = timelines.back();
  timelines.pop_back();
  for (const ConnectionTimeline& timeline : timelines) sum.Add(timeline);
  return sum;
}

TEST(ConnectionTimelineAddPropertyTest, PartsAddUpToTheWhole) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const SplitRun run = RandomSplitRun(&random, /*spikes=*/false);
    const ConnectionTimeline whole = Recorded(run.start_ns, run.end_ns, run.all);
    const ConnectionTimeline sum = SumOfParts(&random, run);
    EXPECT_EQ(sum.Steps(10'000), whole.Steps(10'000));
    EXPECT_EQ(sum.Steps(64), whole.Steps(64));
    EXPECT_EQ(sum.DurationNs(), whole.DurationNs());
    EXPECT_FALSE(sum.thinned());
    for (const ConnectionGauge gauge : kGauges) {
      EXPECT_EQ(sum.Peak(gauge), whole.Peak(gauge));
      EXPECT_EQ(sum.Mean(gauge), whole.Mean(gauge));
      EXPECT_EQ(sum.Current(gauge), whole.Current(gauge));
    }
  }
}

// Highest value of `gauge` at any step, and how much it rose at most within one nanosecond.
std::pair<int32_t, int32_t> HighestStepAndRise(const SplitRun& run, ConnectionGauge gauge) {
  const ConnectionTimeline whole = Recorded(run.start_ns, run.end_ns, run.all);
  int32_t highest = 0;
  for (const TimelineStep& step : whole.Steps(10'000)) {
    highest = std::max(highest, step.value(gauge));
  }
  int32_t most = 0;
  int32_t rise = 0;
  int64_t time_ns = -1;
  for (const GaugeChange& change : run.all) {
    if (change.time_ns != time_ns) rise = 0;
    time_ns = change.time_ns;
    if (change.gauge == gauge && change.delta > 0) rise += change.delta;
    most = std::max(most, rise);
  }
  return {highest, most};
}

TEST(ConnectionTimelineAddPropertyTest, PeaksWithinOneNanosecondAreBounded) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const SplitRun run = RandomSplitRun(&random, /*spikes=*/true);
    const ConnectionTimeline whole = Recorded(run.start_ns, run.end_ns, run.all);
    const ConnectionTimeline sum = SumOfParts(&random, run);
    for (const ConnectionGauge gauge : kGauges) {
      const auto [highest_step, most_rise] = HighestStepAndRise(run, gauge);
      EXPECT_EQ(sum.Mean(gauge), whole.Mean(gauge));
      EXPECT_GE(sum.Peak(gauge), highest_step);
      EXPECT_LE(sum.Peak(gauge), whole.Peak(gauge));
      EXPECT_GE(sum.Peak(gauge), whole.Peak(gauge) - most_rise);
    }
  }
}

TEST(ConnectionTimelineAddPropertyTest, ASumBeyondTheLimitIsThinnedAsRecordingDoes) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const size_t limit = static_cast<size_t>(random.Between(64, 300));
    SplitRun run = RandomSplitRun(&random, /*spikes=*/false);
    const ConnectionTimeline whole = Recorded(run.start_ns, run.end_ns, run.all, limit);
    ConnectionTimeline rest;
    rest.Start(run.start_ns, 0);
    rest.Finish(run.start_ns);
    for (const std::vector<GaugeChange>& changes : run.parts) {
      rest.Add(Recorded(run.start_ns, run.end_ns, changes));
    }
    ConnectionTimeline sum(limit);
    sum.Start(run.start_ns, 0);
    sum.Finish(run.start_ns);
    sum.Add(rest);
    EXPECT_EQ(sum.thinned(), whole.thinned());
    EXPECT_EQ(sum.Steps(10'000), whole.Steps(10'000));
    for (const ConnectionGauge gauge : kGauges) {
      EXPECT_EQ(sum.Peak(gauge), whole.Peak(gauge));
      EXPECT_EQ(sum.Mean(gauge), whole.Mean(gauge));
    }
  }
}

TEST(ConnectionTimelineAddPropertyTest, OfThinnedPartsMeansStayExact) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const SplitRun run = RandomSplitRun(&random, /*spikes=*/false);
    const ConnectionTimeline whole = Recorded(run.start_ns, run.end_ns, run.all);
    ConnectionTimeline sum(64);
    sum.Start(run.start_ns, 0);
    sum.Finish(run.start_ns);
    bool any_thinned = false;
    for (const std::vector<GaugeChange>& changes : run.parts) {
      const ConnectionTimeline part = Recorded(run.start_ns, run.end_ns, changes, 64);
      any_thinned = any_thinned || part.thinned();
      sum.Add(part);
    }
    EXPECT_LE(sum.Steps(10'000).size(), 64u);
    EXPECT_TRUE(sum.thinned() || !any_thinned);
    for (const ConnectionGauge gauge : kGauges) {
      EXPECT_EQ(sum.Mean(gauge), whole.Mean(gauge));
      EXPECT_EQ(sum.Current(gauge), whole.Current(gauge));
    }
  }
}

TEST(ConnectionTimelineAddDeathTest, RefusesWhatCannotBeAdded) {
  ConnectionTimeline finished = OpenOnly(0, 10, {});
  ConnectionTimeline recording;
  recording.Start(0, 10);
  EXPECT_DEATH(finished.Add(recording), "are finished");
  EXPECT_DEATH(recording.Add(finished), "are finished");
  ConnectionTimeline most = OpenOnly(0, 10, {{0, std::numeric_limits<int32_t>::max()}});
  EXPECT_DEATH(most.Add(OpenOnly(0, 10, {{0, 1}})), "overflowed");
}

}  // namespace
}  // namespace pgring
