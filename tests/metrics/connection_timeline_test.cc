#include "pgring/metrics/connection_timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "pgring/base/random.h"
#include "support/allocation_count.h"
#include "support/property_seeds.h"

namespace pgring {

void PrintTo(const TimelineStep& step, std::ostream* out) {
  *out << step.time_ns << " ns" << ::testing::PrintToString(step.values);
}

namespace {

using ::testing::ElementsAre;

constexpr ConnectionGauge kOpen = ConnectionGauge::kOpen;
constexpr ConnectionGauge kConnecting = ConnectionGauge::kConnecting;
constexpr ConnectionGauge kInUse = ConnectionGauge::kInUse;
constexpr ConnectionGauge kWaiting = ConnectionGauge::kWaiting;
constexpr ConnectionGauge kAllGauges[] = {kOpen, kConnecting, kInUse, kWaiting};

TimelineStep Step(int64_t time_ns, int32_t open, int32_t connecting, int32_t in_use,
                  int32_t waiting) {
  return TimelineStep{time_ns, {open, connecting, in_use, waiting}};
}

TEST(ConnectionTimelineTest, KeepsExactSteps) {
  ConnectionTimeline timeline;
  timeline.Start(1'000, 10);
  timeline.Change(1'000, kWaiting, 1);
  timeline.Change(1'005, kConnecting, 1);
  timeline.Change(1'020, kConnecting, -1);
  timeline.Change(1'020, kOpen, 1);
  timeline.Change(1'021, kInUse, 1);
  timeline.Change(1'022, kWaiting, -1);
  timeline.Change(1'050, kInUse, -1);
  timeline.Finish(1'100);
  EXPECT_THAT(timeline.Steps(64),
              ElementsAre(Step(0, 0, 0, 0, 1), Step(5, 0, 1, 0, 1), Step(20, 1, 0, 0, 1),
                          Step(21, 1, 0, 1, 1), Step(22, 1, 0, 1, 0), Step(50, 1, 0, 0, 0)));
  EXPECT_FALSE(timeline.thinned());
  EXPECT_EQ(timeline.DurationNs(), 100);
  EXPECT_DOUBLE_EQ(timeline.Mean(kOpen), 0.80);
  EXPECT_DOUBLE_EQ(timeline.Mean(kConnecting), 0.15);
  EXPECT_DOUBLE_EQ(timeline.Mean(kInUse), 0.29);
  EXPECT_DOUBLE_EQ(timeline.Mean(kWaiting), 0.22);
  EXPECT_EQ(timeline.Steps(64).back().idle(), 1);
}

TEST(ConnectionTimelineTest, StartsWithOneStepOfZeros) {
  ConnectionTimeline timeline;
  timeline.Start(77, 0);
  EXPECT_THAT(timeline.Steps(64), ElementsAre(Step(0, 0, 0, 0, 0)));
  timeline.Finish(77);
  EXPECT_EQ(timeline.DurationNs(), 0);
  EXPECT_EQ(timeline.Mean(kOpen), 0.0);
}

TEST(ConnectionTimelineTest, PeakIsWhatWasReachedWithinOneNanosecond) {
  ConnectionTimeline timeline;
  timeline.Start(0, 10);
  timeline.Change(5, kInUse, 3);
  timeline.Change(5, kInUse, -2);
  EXPECT_EQ(timeline.Peak(kInUse), 3);
  EXPECT_EQ(timeline.Current(kInUse), 1);
  EXPECT_THAT(timeline.Steps(64), ElementsAre(Step(0, 0, 0, 0, 0), Step(5, 0, 0, 1, 0)));
}

TEST(ConnectionTimelineTest, EarlierTimesCountAsThePreviousOne) {
  ConnectionTimeline timeline;
  timeline.Start(100, 10);
  timeline.Change(50, kOpen, 1);
  timeline.Change(110, kOpen, 1);
  timeline.Change(105, kOpen, 1);
  timeline.Finish(90);
  EXPECT_THAT(timeline.Steps(64), ElementsAre(Step(0, 1, 0, 0, 0), Step(10, 3, 0, 0, 0)));
  EXPECT_EQ(timeline.DurationNs(), 10);
  EXPECT_DOUBLE_EQ(timeline.Mean(kOpen), 1.0);
}

TEST(ConnectionTimelineTest, ChangesAfterFinishAreNotPartOfTheRecord) {
  ConnectionTimeline timeline;
  timeline.Start(0, 10);
  timeline.Change(0, kOpen, 2);
  timeline.Finish(10);
  timeline.Change(15, kOpen, -2);
  timeline.Change(20, kOpen, -2);
  timeline.Finish(30);
  EXPECT_EQ(timeline.DurationNs(), 10);
  EXPECT_DOUBLE_EQ(timeline.Mean(kOpen), 2.0);
  EXPECT_EQ(timeline.Current(kOpen), 2);
  EXPECT_EQ(timeline.Steps(64).size(), 1u);
}

TEST(ConnectionTimelineTest, StartBeginsAnew) {
  ConnectionTimeline timeline(64);
  timeline.Start(0, 10);
  for (int64_t time = 1; time <= 1'000; ++time) timeline.Change(time, kOpen, 1);
  EXPECT_TRUE(timeline.thinned());
  timeline.Finish(2'000);
  timeline.Start(5'000, 10);
  EXPECT_FALSE(timeline.thinned());
  EXPECT_EQ(timeline.Peak(kOpen), 0);
  timeline.Change(5'005, kOpen, 1);
  timeline.Finish(5'010);
  EXPECT_DOUBLE_EQ(timeline.Mean(kOpen), 0.5);
  EXPECT_THAT(timeline.Steps(64), ElementsAre(Step(0, 0, 0, 0, 0), Step(5, 1, 0, 0, 0)));
}

TEST(ConnectionTimelineTest, StepsAreExactUpToTheLimitAskedFor) {
  ConnectionTimeline timeline;
  timeline.Start(0, 64);
  for (int64_t time = 1; time < 64; ++time) timeline.Change(time, kWaiting, 1);
  EXPECT_EQ(timeline.Steps(64).size(), 64u);
  timeline.Change(64, kWaiting, 1);
  EXPECT_LT(timeline.Steps(64).size(), 64u);
  EXPECT_EQ(timeline.Steps(65).size(), 65u);
  // Only the copy is thinned.
  EXPECT_FALSE(timeline.thinned());
}

TEST(ConnectionTimelineTest, FullStorageIsThinnedToAQuarterAndGoesOn) {
  constexpr size_t kLimit = 400;
  ConnectionTimeline timeline(kLimit);
  timeline.Start(0, 10);
  Random random(42);
  // All gauges in motion, so that every slice has as many extremes as it can.
  const auto change = [&](int64_t time_ns) {
    const ConnectionGauge gauge = kAllGauges[random.Below(kConnectionGaugeCount)];
    const int32_t value = static_cast<int32_t>(random.Below(100));
    timeline.Change(time_ns, gauge, value - timeline.Current(gauge));
  };
  for (int64_t time = 1; time < int64_t{kLimit}; ++time) change(time);
  EXPECT_FALSE(timeline.thinned());
  const std::vector<TimelineStep> full = timeline.Steps(kLimit);
  ASSERT_EQ(full.size(), kLimit);

  change(int64_t{kLimit});
  EXPECT_TRUE(timeline.thinned());
  const std::vector<TimelineStep> thinned = timeline.Steps(kLimit);
  EXPECT_LE(thinned.size(), kLimit / 4 + 1);
  EXPECT_GE(thinned.size(), kLimit / 8);
  EXPECT_EQ(thinned.front(), full.front());
  EXPECT_EQ(thinned[thinned.size() - 2], full.back());
  EXPECT_EQ(thinned.back().time_ns, int64_t{kLimit});

  // What follows is exact again.
  change(int64_t{kLimit} + 1);
  change(int64_t{kLimit} + 1);
  const std::vector<TimelineStep> after = timeline.Steps(kLimit);
  ASSERT_EQ(after.size(), thinned.size() + 1);
  EXPECT_EQ(after.back().time_ns, int64_t{kLimit} + 1);
  for (const ConnectionGauge gauge : kAllGauges) {
    EXPECT_EQ(after.back().value(gauge), timeline.Current(gauge));
  }
}

TEST(ConnectionTimelineTest, ThinningKeepsASpikeOfEveryGauge) {
  ConnectionTimeline timeline;
  timeline.Start(0, 100'000);
  for (const ConnectionGauge gauge : kAllGauges) timeline.Change(0, gauge, 1'000);
  Random random(42);
  for (int64_t time = 1; time < 50'000; ++time) {
    const ConnectionGauge gauge = kAllGauges[random.Below(kConnectionGaugeCount)];
    timeline.Change(2 * time, gauge, timeline.Current(gauge) > 1'000 ? -1 : 1);
    // One spike up and one down for each gauge, a nanosecond wide, at moments of its own.
    if (time % 10'000 == 5'000) {
      const ConnectionGauge spiked = kAllGauges[static_cast<size_t>(time / 10'000) % 4];
      timeline.Change(2 * time + 1, spiked, 500);
      timeline.Change(2 * time + 2, spiked, -1'000);
      timeline.Change(2 * time + 3, spiked, 500);
    }
  }
  timeline.Finish(100'001);
  const std::vector<TimelineStep> steps = timeline.Steps(64);
  EXPECT_LE(steps.size(), 64u);
  for (const ConnectionGauge gauge : kAllGauges) {
    int32_t lowest = std::numeric_limits<int32_t>::max();
    int32_t highest = 0;
    for (const TimelineStep& step : steps) {
      lowest = std::min(lowest, step.value(gauge));
      highest = std::max(highest, step.value(gauge));
    }
    EXPECT_EQ(highest, timeline.Peak(gauge));
    EXPECT_GE(highest, 1'500);
    EXPECT_LE(lowest, 502);
  }
}

TEST(ConnectionTimelineTest, RecordingAllocatesNothing) {
  ConnectionTimeline small(64);
  small.Start(0, 1'000);
  ConnectionTimeline timeline;
  timeline.Start(0, 1'000);
  const int64_t before = AllocationCount();
  for (int64_t time = 1; time <= 1'000; ++time) {
    small.Change(time, kOpen, 1);
    timeline.Change(time, kOpen, 1);
  }
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_TRUE(small.thinned());
}

// The plain truth about a sequence of changes: every step, and whole-number areas.
struct Model {
  std::vector<TimelineStep> steps = {TimelineStep{}};
  std::array<int32_t, kConnectionGaugeCount> current{};
  std::array<int32_t, kConnectionGaugeCount> peak{};

  void Change(int64_t time_ns, size_t gauge, int32_t delta) {
    current[gauge] += delta;
    peak[gauge] = std::max(peak[gauge], current[gauge]);
    if (steps.back().time_ns != time_ns) steps.push_back(TimelineStep{time_ns, current});
    steps.back().values = current;
  }

  double Mean(size_t gauge, int64_t duration_ns) const {
    int64_t area = 0;
    for (size_t index = 0; index < steps.size(); ++index) {
      const int64_t end_ns = index + 1 < steps.size() ? steps[index + 1].time_ns : duration_ns;
      area += int64_t{steps[index].values[gauge]} * (end_ns - steps[index].time_ns);
    }
    return duration_ns == 0 ? 0 : static_cast<double>(area) / static_cast<double>(duration_ns);
  }
};

// The steps in [begin_ns, end_ns).
std::vector<TimelineStep> Slice(const std::vector<TimelineStep>& steps, int64_t begin_ns,
                                int64_t end_ns) {
  std::vector<TimelineStep> slice;
  for (const TimelineStep& step : steps) {
    if (step.time_ns >= begin_ns && step.time_ns < end_ns) slice.push_back(step);
  }
  return slice;
}

using Range = std::pair<int32_t, int32_t>;

// Lowest and highest value of `gauge`.
Range RangeOf(const std::vector<TimelineStep>& steps, size_t gauge) {
  Range range(std::numeric_limits<int32_t>::max(), -1);
  for (const TimelineStep& step : steps) {
    range.first = std::min(range.first, step.values[gauge]);
    range.second = std::max(range.second, step.values[gauge]);
  }
  return range;
}

// That `thinned` is in order, made of true steps, with the first, the last and every extreme.
void ExpectFaithful(const std::vector<TimelineStep>& thinned, const Model& model) {
  EXPECT_EQ(thinned.front(), model.steps.front());
  EXPECT_EQ(thinned.back(), model.steps.back());
  size_t found = 0;
  for (const TimelineStep& step : thinned) {
    while (found < model.steps.size() && !(model.steps[found] == step)) ++found;
    ASSERT_LT(found, model.steps.size()) << "not a true step, or out of order: " << step.time_ns;
    ++found;
  }
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    EXPECT_EQ(RangeOf(thinned, gauge), RangeOf(model.steps, gauge));
  }
}

struct Sequence {
  Model model;
  int64_t duration_ns = 0;
};

// Drives `timeline` and the model with the same random changes, several at one moment and long
// pauses among them.
Sequence RunRandomSequence(Random* random, ConnectionTimeline* timeline) {
  Sequence sequence;
  const int64_t start_ns = random->Between(0, int64_t{1} << 50);
  const int64_t longest_pause_ns = int64_t{1} << random->Between(0, 30);
  timeline->Start(start_ns, random->Below(100));
  int64_t time_ns = 0;
  for (int64_t left = random->Between(0, 3'000); left > 0; --left) {
    if (random->Chance(0.7)) time_ns += random->Between(0, longest_pause_ns);
    const size_t gauge = random->Below(kConnectionGaugeCount);
    const int32_t delta =
        static_cast<int32_t>(random->Between(-std::min(sequence.model.current[gauge], 5), 5));
    sequence.model.Change(time_ns, gauge, delta);
    timeline->Change(start_ns + time_ns, static_cast<ConnectionGauge>(gauge), delta);
  }
  sequence.duration_ns = time_ns + random->Between(0, longest_pause_ns);
  timeline->Finish(start_ns + sequence.duration_ns);
  return sequence;
}

TEST(ConnectionTimelinePropertyTest, MatchesTheModel) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ConnectionTimeline timeline;
    const Sequence sequence = RunRandomSequence(&random, &timeline);
    const Model& model = sequence.model;
    EXPECT_EQ(timeline.DurationNs(), sequence.duration_ns);
    EXPECT_EQ(timeline.Steps(10'000), model.steps);
    for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
      EXPECT_EQ(timeline.Peak(kAllGauges[gauge]), model.peak[gauge]);
      EXPECT_EQ(timeline.Current(kAllGauges[gauge]), model.current[gauge]);
      const double mean = model.Mean(gauge, sequence.duration_ns);
      EXPECT_NEAR(timeline.Mean(kAllGauges[gauge]), mean, mean * 1e-12);
    }
    const size_t limit = static_cast<size_t>(random.Between(64, 500));
    const std::vector<TimelineStep> thinned = timeline.Steps(limit);
    EXPECT_LE(thinned.size(), limit);
    ExpectFaithful(thinned, model);
  }
}

TEST(ConnectionTimelinePropertyTest, EverySliceKeepsItsEndsAndExtremes) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    ConnectionTimeline timeline;
    const Model model = RunRandomSequence(&random, &timeline).model;
    const size_t limit = static_cast<size_t>(random.Between(64, 500));
    const std::vector<TimelineStep> thinned = timeline.Steps(limit);
    // Ten steps of a slice can be kept: first, last, and two extremes of four gauges.
    const int64_t slices = static_cast<int64_t>(limit / 10);
    const int64_t slice_ns = model.steps.back().time_ns / slices + 1;
    for (int64_t begin_ns = 0; begin_ns < slices * slice_ns; begin_ns += slice_ns) {
      const auto kept = Slice(thinned, begin_ns, begin_ns + slice_ns);
      const auto all = Slice(model.steps, begin_ns, begin_ns + slice_ns);
      ASSERT_EQ(kept.empty(), all.empty());
      if (all.empty()) continue;
      ASSERT_EQ(kept.front(), all.front());
      ASSERT_EQ(kept.back(), all.back());
      for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
        ASSERT_EQ(RangeOf(kept, gauge), RangeOf(all, gauge));
      }
    }
  }
}

TEST(ConnectionTimelinePropertyTest, BoundedStorageStaysFaithful) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const size_t limit = static_cast<size_t>(random.Between(64, 300));
    ConnectionTimeline timeline(limit);
    const Sequence sequence = RunRandomSequence(&random, &timeline);
    const std::vector<TimelineStep> stored = timeline.Steps(10'000);
    EXPECT_LE(stored.size(), limit);
    EXPECT_EQ(timeline.thinned(), sequence.model.steps.size() > limit);
    ExpectFaithful(stored, sequence.model);
    ExpectFaithful(timeline.Steps(64), sequence.model);
    for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
      const double mean = sequence.model.Mean(gauge, sequence.duration_ns);
      EXPECT_NEAR(timeline.Mean(kAllGauges[gauge]), mean, mean * 1e-12);
      EXPECT_EQ(timeline.Peak(kAllGauges[gauge]), sequence.model.peak[gauge]);
    }
  }
}

TEST(ConnectionTimelineDeathTest, RefusesWhatCannotBe) {
  EXPECT_DEATH(ConnectionTimeline(63), "at least 64");
  ConnectionTimeline timeline;
  EXPECT_DEATH(timeline.Change(0, kOpen, 1), "Start comes before");
  timeline.Start(0, 10);
  timeline.Change(0, kOpen, 1);
  EXPECT_DEATH(timeline.Change(0, kOpen, -2), "below zero");
  EXPECT_DEATH(timeline.Change(0, kOpen, std::numeric_limits<int32_t>::max()), "overflowed");
  EXPECT_DEATH(timeline.Steps(63), "64 or more");
}

TEST(ConnectionTimelineTest, ASavedOneHasItsPeaksAndMeans) {
  const ConnectionTimeline timeline = ConnectionTimeline::Restored(
      {{0, {1, 0, 1, 0}}, {50, {2, 0, 1, 0}}}, 100, {3, 0, 2, 0}, {1.5, 0, 0.25, 0});
  EXPECT_EQ(timeline.Peak(ConnectionGauge::kOpen), 3);
  EXPECT_EQ(timeline.Current(ConnectionGauge::kOpen), 2);
  EXPECT_NEAR(timeline.Mean(ConnectionGauge::kInUse), 0.25, 0.01);
  EXPECT_EQ(timeline.DurationNs(), 100);
  EXPECT_EQ(timeline.steps().size(), 2U);
}

}  // namespace
}  // namespace pgring
