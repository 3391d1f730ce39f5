// A run that several workers share: whatever the events are and however they are split, the parts
// added again are the run that one worker would have recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/base/random.h"
#include "run/run.h"
#include "run/same_run.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

constexpr int64_t kBeginNs = 3 * kNanosecondsPerSecond;
constexpr int64_t kFinishNs = kBeginNs + 4 * kNanosecondsPerSecond;

struct Event {
  enum class Kind : uint8_t { kScheduled, kSucceeded, kFailed, kSkipped, kGauge };
  int64_t time_ns = 0;
  size_t number = 0;
  Kind kind = Kind::kScheduled;
  size_t part = 0;
  OperationStamps stamps;
  ConnectionGauge gauge = ConnectionGauge::kOpen;
  int delta = 0;
};

pgring::Run EmptyPart() {
  ScenarioPlan scenario;
  scenario.type = FindScenarioType("window");
  pgring::Run part(scenario, LoadPlan(), {"operation"});
  part.started_ns = kBeginNs;
  part.ended_ns = kFinishNs;
  part.timeline.Start(kBeginNs, 0);
  part.recorder.StartSeconds(kBeginNs);
  return part;
}

void Apply(const Event& event, pgring::Run* run) {
  switch (event.kind) {
    case Event::Kind::kScheduled:
      run->recorder.Scheduled(0, event.time_ns);
      break;
    case Event::Kind::kSucceeded:
      run->recorder.Succeeded(0, event.stamps);
      ++run->succeeded_by_kind[0];
      ++run->tally.rows_read;
      run->tally.rows_checksum += static_cast<uint64_t>(event.time_ns) * 31;
      break;
    case Event::Kind::kFailed:
      run->recorder.Failed(0, event.stamps, event.time_ns % 2 == 0 ? "40001" : "57014");
      ++run->retries;
      break;
    case Event::Kind::kSkipped:
      run->recorder.Skipped(0, event.stamps.scheduled_ns, event.time_ns);
      ++run->cut_at_end;
      break;
    case Event::Kind::kGauge:
      run->timeline.Change(event.time_ns, event.gauge, event.delta);
      ++run->connections.requested;
      break;
  }
}

// Operations and connections, each of them with one of the workers; no two events at one time.
std::vector<Event> RandomEvents(size_t parts, Random* random) {
  std::vector<Event> events;
  for (int i = 0; i < 400; ++i) {
    int64_t times[4];
    for (int64_t& time : times) time = random->Between(kBeginNs, kFinishNs - 1);
    std::sort(std::begin(times), std::end(times));
    const size_t part = random->Below(parts);
    Event begin, end;
    begin.part = end.part = part;
    begin.time_ns = times[0];
    end.time_ns = times[3];
    if (random->Chance(0.3)) {
      begin.kind = end.kind = Event::Kind::kGauge;
      begin.gauge = end.gauge = static_cast<ConnectionGauge>(random->Below(kConnectionGaugeCount));
      begin.delta = 1;
      end.delta = -1;
    } else {
      end.stamps = {times[0], times[1], times[2], times[3]};
      end.kind = random->Chance(0.8)   ? Event::Kind::kSucceeded
                 : random->Chance(0.5) ? Event::Kind::kFailed
                                       : Event::Kind::kSkipped;
    }
    events.push_back(begin);
    events.push_back(end);
  }
  // What belongs to one operation stays in its order.
  for (size_t i = 0; i < events.size(); ++i) events[i].number = i;
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.time_ns, a.number) < std::tie(b.time_ns, b.number);
  });
  return events;
}

void Finish(pgring::Run* run) { run->timeline.Finish(kFinishNs); }

TEST(RunAddTest, PartsOfARunAddedAgainAreTheRun) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto count = static_cast<size_t>(random.Between(2, 8));
    pgring::Run whole = EmptyPart();
    std::vector<pgring::Run> parts(count, EmptyPart());
    for (const Event& event : RandomEvents(count, &random)) {
      Apply(event, &whole);
      Apply(event, &parts[event.part]);
    }
    Finish(&whole);
    for (pgring::Run& part : parts) Finish(&part);
    random.Shuffle(&parts);
    pgring::Run sum = ThroughBytes(parts.front());
    for (size_t i = 1; i < count; ++i) sum.Add(ThroughBytes(parts[i]));
    ExpectSameRun(sum, whole);
  }
}

// What only some of the parts have.
TEST(RunAddTest, WhatOnePartDoesNotKnowIsTheOthers) {
  pgring::Run one = EmptyPart();
  pgring::Run other = EmptyPart();
  Finish(&one);
  Finish(&other);
  one.connections.opened = 3;
  one.bytes_per_connection = 100;
  other.connections.opened = 1;
  other.bytes_per_connection = 500;
  other.ring = BackendStats{1, 2, 3, 0};
  other.gave_up = "the second one";
  one.client.user_s = 1;
  other.client.user_s = 2;
  one.Add(other);
  EXPECT_EQ(one.bytes_per_connection, 200);
  EXPECT_EQ(one.ring->enters, 1);
  EXPECT_EQ(one.gave_up, "the second one");
  EXPECT_EQ(one.client.user_s, 3);
  EXPECT_EQ(one.peak_memory_bytes, std::nullopt);
}

}  // namespace
}  // namespace pgring
