#include "pgring/metrics/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <tuple>
#include <vector>

#include "pgring/base/random.h"
#include "support/allocation_count.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr size_t kCreate = 0;
constexpr size_t kRead = 1;
constexpr size_t kKindCount = 2;

OperationStamps Stamps(int64_t scheduled, int64_t admitted, int64_t leased, int64_t finished) {
  return OperationStamps{scheduled, admitted, leased, finished};
}

TEST(RecorderTest, SplitsALatencyIntoItsParts) {
  Recorder recorder(kKindCount);
  recorder.Scheduled(kCreate, 100);
  recorder.Succeeded(kCreate, Stamps(100, 110, 130, 170));
  const OperationSummary& summary = recorder.kind(kCreate);
  EXPECT_EQ(summary.part(LatencyPart::kResponse).Max(), 70);
  EXPECT_EQ(summary.part(LatencyPart::kAdmissionWait).Max(), 10);
  EXPECT_EQ(summary.part(LatencyPart::kPoolWait).Max(), 20);
  EXPECT_EQ(summary.part(LatencyPart::kService).Max(), 40);
  EXPECT_EQ(summary.part(LatencyPart::kQueued).Max(), 0);
  for (const Histogram& histogram : summary.latency) EXPECT_EQ(histogram.count(), 1);
  for (const Histogram& histogram : recorder.kind(kRead).latency) EXPECT_EQ(histogram.count(), 0);
}

TEST(RecorderTest, LatencyPartsHaveTheNamesOfTheResultFile) {
  EXPECT_EQ(LatencyPartName(LatencyPart::kResponse), "response");
  EXPECT_EQ(LatencyPartName(LatencyPart::kAdmissionWait), "admission_wait");
  EXPECT_EQ(LatencyPartName(LatencyPart::kPoolWait), "pool_wait");
  EXPECT_EQ(LatencyPartName(LatencyPart::kService), "service");
  EXPECT_EQ(LatencyPartName(LatencyPart::kQueued), "queued");
}

TEST(RecorderTest, QueuedIsADurationWithinService) {
  Recorder recorder(kKindCount);
  recorder.Scheduled(kCreate, 100);
  OperationStamps stamps = Stamps(100, 100, 100, 170);
  stamps.queued_ns = 30;
  recorder.Succeeded(kCreate, stamps);
  const OperationSummary& summary = recorder.kind(kCreate);
  EXPECT_EQ(summary.part(LatencyPart::kQueued).Max(), 30);
  EXPECT_EQ(summary.part(LatencyPart::kService).Max(), 70);
}

TEST(RecorderTest, CountsEveryEndByKind) {
  Recorder recorder(kKindCount);
  for (int index = 0; index < 3; ++index) recorder.Scheduled(kCreate, 0);
  for (int index = 0; index < 3; ++index) recorder.Scheduled(kRead, 0);
  recorder.Succeeded(kCreate, Stamps(0, 1, 2, 3));
  recorder.Failed(kCreate, Stamps(0, 1, 2, 4), "40001");
  EXPECT_FALSE(recorder.kind(kCreate).Balanced());
  recorder.Failed(kCreate, Stamps(0, 1, 2, 5), "40001");
  recorder.Failed(kRead, Stamps(0, 1, 0, 6), "pool_timeout");
  recorder.Failed(kRead, Stamps(0, 1, 2, 6), "40001");
  recorder.Skipped(kRead, 0, 7);

  EXPECT_TRUE(recorder.kind(kCreate).Balanced());
  EXPECT_TRUE(recorder.kind(kRead).Balanced());
  EXPECT_EQ(recorder.succeeded(), 1);
  EXPECT_EQ(recorder.failed(), 4);
  EXPECT_THAT(recorder.kind(kCreate).failures, ElementsAre(Pair("40001", 2)));
  EXPECT_THAT(recorder.kind(kRead).failures,
              ElementsAre(Pair("40001", 1), Pair("pool_timeout", 1)));

  const OperationSummary total = recorder.Total();
  EXPECT_EQ(total.scheduled, 6);
  EXPECT_EQ(total.succeeded, 1);
  EXPECT_EQ(total.failed, 4);
  EXPECT_EQ(total.skipped, 1);
  EXPECT_TRUE(total.Balanced());
  EXPECT_THAT(total.failures, ElementsAre(Pair("40001", 3), Pair("pool_timeout", 1)));
  // Latencies are of successes alone.
  EXPECT_EQ(total.part(LatencyPart::kResponse).count(), 1);
}

TEST(RecorderTest, NothingRecordedIsBalanced) {
  const Recorder recorder(kKindCount);
  const OperationSummary total = recorder.Total();
  EXPECT_TRUE(total.Balanced());
  EXPECT_THAT(total.failures, IsEmpty());
  EXPECT_EQ(recorder.MeanInSystem(0, 100), 0.0);
  EXPECT_EQ(recorder.SumTimeInSystemNs(), 0.0);
}

TEST(RecorderTest, MeanInSystemIsTheAreaOverTheSpan) {
  Recorder recorder(1);
  recorder.Scheduled(0, 1'000);
  recorder.Scheduled(0, 1'010);
  recorder.Succeeded(0, Stamps(1'000, 1'000, 1'000, 1'030));
  recorder.Failed(0, Stamps(1'010, 1'010, 1'010, 1'060), "57014");
  recorder.Scheduled(0, 1'060);
  recorder.Skipped(0, 1'060, 1'080);
  // One for 10 ns, two for 20, one for 30, one for 20, none for 20.
  EXPECT_DOUBLE_EQ(recorder.MeanInSystem(1'000, 1'100), 1.0);
  EXPECT_DOUBLE_EQ(recorder.SumTimeInSystemNs(), 100.0);
  EXPECT_EQ(recorder.MeanInSystem(1'100, 1'100), 0.0);
}

TEST(RecorderTest, MeanInSystemCountsWhatIsStillRunning) {
  Recorder recorder(1);
  recorder.Scheduled(0, 1'000);
  EXPECT_DOUBLE_EQ(recorder.MeanInSystem(1'000, 1'050), 1.0);
  EXPECT_DOUBLE_EQ(recorder.MeanInSystem(950, 1'050), 0.5);
}

TEST(RecorderTest, SkippedWhenScheduledSpendsNoTime) {
  Recorder recorder(1);
  recorder.Scheduled(0, 1'000);
  recorder.Skipped(0, 1'000);
  EXPECT_TRUE(recorder.kind(0).Balanced());
  EXPECT_EQ(recorder.MeanInSystem(1'000, 1'100), 0.0);
  EXPECT_EQ(recorder.SumTimeInSystemNs(), 0.0);
}

TEST(RecorderTest, StampsOutOfOrderKeepTheAreaExact) {
  // Two threads stamp, and the later one reports first.
  Recorder recorder(1);
  recorder.Scheduled(0, 1'010);
  recorder.Scheduled(0, 1'000);
  recorder.Succeeded(0, Stamps(1'010, 1'010, 1'010, 1'090));
  recorder.Succeeded(0, Stamps(1'000, 1'000, 1'000, 1'080));
  EXPECT_DOUBLE_EQ(recorder.MeanInSystem(1'000, 1'100), 1.6);
  EXPECT_DOUBLE_EQ(recorder.SumTimeInSystemNs(), 160.0);
}

// One operation that is to end: when, when scheduled, which kind.
using Running = std::tuple<int64_t, int64_t, size_t>;

// Starts and ends operations at random times, in the order of time, until none is left.
void RunRandomOperations(Random* random, int64_t start_ns, Recorder* recorder, int64_t* end_ns) {
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running;
  int64_t now_ns = start_ns;
  const auto end_one = [&] {
    const auto [finished_ns, scheduled_ns, kind] = running.top();
    running.pop();
    now_ns = finished_ns;
    const OperationStamps stamps = Stamps(scheduled_ns, scheduled_ns, scheduled_ns, finished_ns);
    const uint64_t outcome = random->Below(10);
    if (outcome == 0) recorder->Failed(kind, stamps, "40P01");
    if (outcome == 1) recorder->Skipped(kind, scheduled_ns, finished_ns);
    if (outcome > 1) recorder->Succeeded(kind, stamps);
  };
  for (int64_t left = random->Between(1, 500); left > 0; --left) {
    const int64_t next_ns = now_ns + random->Between(0, 1'000);
    while (!running.empty() && std::get<0>(running.top()) <= next_ns) end_one();
    now_ns = next_ns;
    const size_t kind = random->Below(kKindCount);
    recorder->Scheduled(kind, now_ns);
    running.emplace(now_ns + random->Between(0, 20'000), now_ns, kind);
  }
  while (!running.empty()) end_one();
  *end_ns = now_ns;
}

TEST(RecorderPropertyTest, LittlesLawHolds) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Recorder recorder(kKindCount);
    const int64_t start_ns = random.Between(0, int64_t{1} << 50);
    int64_t end_ns = 0;
    RunRandomOperations(&random, start_ns, &recorder, &end_ns);
    end_ns += random.Between(1, 1'000);
    EXPECT_TRUE(recorder.Total().Balanced());
    const double span_ns = static_cast<double>(end_ns - start_ns);
    const double in_system_time_ns = recorder.MeanInSystem(start_ns, end_ns) * span_ns;
    EXPECT_NEAR(in_system_time_ns, recorder.SumTimeInSystemNs(), 1e-9 * in_system_time_ns);
  }
}

// One operation of a run, and the part that is to record it.
struct PlannedOperation {
  size_t part = 0;
  size_t kind = 0;
  OperationStamps stamps;
  uint64_t outcome = 0;
};

// Tells `recorder` of the beginnings and ends of `operations` in the order of time.
void Replay(const std::vector<PlannedOperation>& operations, Recorder* recorder) {
  // Time, whether it is the end, which operation.
  std::vector<std::tuple<int64_t, bool, size_t>> events;
  for (size_t index = 0; index < operations.size(); ++index) {
    events.emplace_back(operations[index].stamps.scheduled_ns, false, index);
    events.emplace_back(operations[index].stamps.finished_ns, true, index);
  }
  std::sort(events.begin(), events.end());
  for (const auto& [time_ns, ended, index] : events) {
    const PlannedOperation& operation = operations[index];
    const OperationStamps& stamps = operation.stamps;
    if (!ended) {
      recorder->Scheduled(operation.kind, time_ns);
    } else if (operation.outcome == 0) {
      recorder->Skipped(operation.kind, stamps.scheduled_ns, time_ns);
    } else if (operation.outcome <= 3) {
      recorder->Failed(operation.kind, stamps, operation.outcome == 1 ? "40001" : "40P01");
    } else {
      recorder->Succeeded(operation.kind, stamps);
    }
  }
}

std::vector<PlannedOperation> PlanOperations(Random* random, size_t part_count) {
  std::vector<PlannedOperation> operations;
  int64_t now_ns = random->Between(0, int64_t{1} << 50);
  const int64_t longest_ns = int64_t{1} << random->Between(0, 37);
  for (int64_t left = random->Between(1, 1'000); left > 0; --left) {
    PlannedOperation operation{random->Below(part_count), random->Below(kKindCount), {}, 0};
    now_ns += random->Between(0, longest_ns / 4);
    operation.stamps.scheduled_ns = now_ns;
    operation.stamps.admitted_ns = now_ns + random->Between(0, longest_ns);
    operation.stamps.leased_ns = operation.stamps.admitted_ns + random->Between(0, longest_ns);
    operation.stamps.finished_ns = operation.stamps.leased_ns + random->Between(0, longest_ns);
    operation.outcome = random->Below(20);
    operations.push_back(operation);
  }
  return operations;
}

void ExpectSameHistogram(const Histogram& left, const Histogram& right) {
  EXPECT_EQ(left.counts(), right.counts());
  EXPECT_EQ(left.count(), right.count());
  EXPECT_EQ(left.overflow_count(), right.overflow_count());
  EXPECT_EQ(left.Min(), right.Min());
  EXPECT_EQ(left.Max(), right.Max());
  EXPECT_EQ(left.Sum(), right.Sum());
}

// Everything that a recorder tells, to the bit.
void ExpectSameRecord(const Recorder& left, const Recorder& right, int64_t start_ns,
                      int64_t end_ns) {
  EXPECT_EQ(left.succeeded(), right.succeeded());
  EXPECT_EQ(left.failed(), right.failed());
  EXPECT_EQ(left.SumTimeInSystemNs(), right.SumTimeInSystemNs());
  EXPECT_EQ(left.MeanInSystem(start_ns, end_ns), right.MeanInSystem(start_ns, end_ns));
  for (size_t kind = 0; kind < kKindCount; ++kind) {
    EXPECT_EQ(left.kind(kind).scheduled, right.kind(kind).scheduled);
    EXPECT_EQ(left.kind(kind).succeeded, right.kind(kind).succeeded);
    EXPECT_EQ(left.kind(kind).failed, right.kind(kind).failed);
    EXPECT_EQ(left.kind(kind).skipped, right.kind(kind).skipped);
    EXPECT_EQ(left.kind(kind).failures, right.kind(kind).failures);
    for (size_t part = 0; part < kLatencyPartCount; ++part) {
      ExpectSameHistogram(left.kind(kind).latency[part], right.kind(kind).latency[part]);
    }
  }
}

TEST(RecorderPropertyTest, PartsAddUpToTheWhole) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const size_t part_count = static_cast<size_t>(random.Between(2, 8));
    const std::vector<PlannedOperation> operations = PlanOperations(&random, part_count);
    std::vector<std::vector<PlannedOperation>> shares(part_count);
    int64_t end_ns = 0;
    for (const PlannedOperation& operation : operations) {
      shares[operation.part].push_back(operation);
      end_ns = std::max(end_ns, operation.stamps.finished_ns);
    }
    Recorder whole(kKindCount);
    Replay(operations, &whole);
    random.Shuffle(&shares);
    Recorder sum(kKindCount);
    for (const std::vector<PlannedOperation>& share : shares) {
      Recorder part(kKindCount);
      Replay(share, &part);
      sum.Add(part);
    }
    const int64_t start_ns = operations.front().stamps.scheduled_ns;
    ExpectSameRecord(sum, whole, start_ns, end_ns + 1);
  }
}

TEST(RecorderTest, AddedRecordersGoOnAsOne) {
  Recorder early(1);
  early.Scheduled(0, 1'000);
  Recorder late(1);
  late.Scheduled(0, 1'040);
  early.Add(late);
  EXPECT_DOUBLE_EQ(early.MeanInSystem(1'000, 1'100), 1.6);
  early.Succeeded(0, Stamps(1'000, 1'000, 1'000, 1'060));
  early.Succeeded(0, Stamps(1'040, 1'040, 1'040, 1'080));
  EXPECT_TRUE(early.Total().Balanced());
  EXPECT_DOUBLE_EQ(early.MeanInSystem(1'000, 1'100), 1.0);
  EXPECT_DOUBLE_EQ(early.SumTimeInSystemNs(), 100.0);
}

TEST(RecorderTest, LittlesLawShowsALostOperation) {
  Recorder recorder(1);
  recorder.Scheduled(0, 0);
  recorder.Scheduled(0, 0);
  recorder.Succeeded(0, Stamps(0, 0, 0, 100));
  EXPECT_FALSE(recorder.Total().Balanced());
  EXPECT_DOUBLE_EQ(recorder.MeanInSystem(0, 100) * 100, 200.0);
  EXPECT_DOUBLE_EQ(recorder.SumTimeInSystemNs(), 100.0);
}

TEST(RecorderTest, RecordingASuccessAllocatesNothing) {
  Recorder recorder(kKindCount);
  const int64_t before = AllocationCount();
  for (int64_t time = 0; time < 1'000; ++time) {
    recorder.Scheduled(kRead, time);
    recorder.Succeeded(kRead, Stamps(time, time + 1, time + 2, time + 1'000'000));
  }
  EXPECT_EQ(AllocationCount(), before);
}

TEST(AllocationCountTest, CountsWhatTheLibrariesAllocate) {
  // Otherwise the tests above prove nothing.
  const int64_t before = AllocationCount();
  const Recorder recorder(1);
  EXPECT_GE(AllocationCount(), before + 5);
}

TEST(RecorderDeathTest, RefusesWhatCannotBe) {
  Recorder recorder(kKindCount);
  EXPECT_DEATH(recorder.Scheduled(kKindCount, 0), "unknown kind");
  EXPECT_DEATH(recorder.Succeeded(kRead, Stamps(0, 1, 2, 3)), "than were scheduled");
  recorder.Scheduled(kRead, 10);
  EXPECT_DEATH(recorder.Succeeded(kRead, Stamps(10, 9, 12, 13)), "out of order");
  EXPECT_DEATH(recorder.Add(Recorder(kKindCount + 1)), "same kinds");
}

TEST(RecorderTest, ASavedOneHasItsKindsAndTheirSum) {
  std::vector<OperationSummary> kinds(2);
  kinds[1].succeeded = 3;
  OperationSummary total;
  total.succeeded = 3;
  total.failed = 1;
  const Recorder recorder = Recorder::Restored(std::move(kinds), std::move(total), {}, false);
  EXPECT_EQ(recorder.kind(1).succeeded, 3);
  EXPECT_EQ(recorder.Total().failed, 1);
  EXPECT_EQ(recorder.succeeded(), 3);
  EXPECT_FALSE(recorder.keeps_distributions());
}

}  // namespace
}  // namespace pgring
