#include "pgring/metrics/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  for (const Histogram& histogram : summary.latency) EXPECT_EQ(histogram.count(), 1);
  for (const Histogram& histogram : recorder.kind(kRead).latency) EXPECT_EQ(histogram.count(), 0);
}

TEST(RecorderTest, LatencyPartsHaveTheNamesOfTheResultFile) {
  EXPECT_EQ(LatencyPartName(LatencyPart::kResponse), "response");
  EXPECT_EQ(LatencyPartName(LatencyPart::kAdmissionWait), "admission_wait");
  EXPECT_EQ(LatencyPartName(LatencyPart::kPoolWait), "pool_wait");
  EXPECT_EQ(LatencyPartName(LatencyPart::kService), "service");
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
}

}  // namespace
}  // namespace pgring
