// How a run is split between workers: everything of it once, and the parts added again are it.
#include "run/worker_share.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "run/runner_fixture.h"
#include "run/same_run.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using testing::Each;
using testing::HasSubstr;

ScenarioPlan SharedWindow(int limit, int pool, int workers) {
  ScenarioPlan scenario;
  scenario.type = FindScenarioType("window");
  scenario.label = "window";
  scenario.limit = limit;
  scenario.pool.size = pool;
  scenario.workers = workers;
  return scenario;
}

TEST(WorkerShareTest, EachOperationAndClientBelongsToOneWorker) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int workers = static_cast<int>(random.Between(1, 9));
    const int limit = static_cast<int>(random.Between(workers, 40));
    const ScenarioPlan whole = SharedWindow(limit, limit, workers);
    LoadPlan load;
    int64_t operations = random.Between(0, 500);
    if (random.Chance(0.5)) {
      load.operations_per_client = random.Between(1, 9);
      operations = *load.operations_per_client * limit;
    }
    std::vector<int> owners(static_cast<size_t>(operations));
    std::vector<int> clients(static_cast<size_t>(limit));
    for (int rank = 0; rank < workers; ++rank) {
      const WorkerShare share = ShareOf(whole, load, rank);
      const ScenarioPlan part = ScenarioShare(whole, rank);
      const int64_t count = share.CountOf(operations);
      for (int64_t number = 0; number < count; ++number) {
        ++owners.at(static_cast<size_t>(share.IndexOf(number)));
      }
      // The next one would be beyond the list.
      EXPECT_GE(share.IndexOf(count), operations);
      for (int number = 0; number < part.ClientCount(); ++number) {
        ++clients.at(static_cast<size_t>(share.ClientOf(number)));
      }
      if (!load.operations_per_client.has_value()) continue;
      EXPECT_EQ(count, *load.operations_per_client * part.ClientCount());
    }
    EXPECT_THAT(owners, Each(1));
    EXPECT_THAT(clients, Each(1));
  }
}

TEST(WorkerShareTest, RemaindersGoToLowRanks) {
  ScenarioPlan whole = SharedWindow(42, 10, 4);
  whole.pool.max_overflow = 1;
  EXPECT_EQ(ScenarioShare(whole, 0).limit, 11);
  EXPECT_EQ(ScenarioShare(whole, 1).limit, 11);
  EXPECT_EQ(ScenarioShare(whole, 2).limit, 10);
  EXPECT_EQ(ScenarioShare(whole, 1).pool.size, 3);
  EXPECT_EQ(ScenarioShare(whole, 3).pool.size, 2);
  EXPECT_EQ(ScenarioShare(whole, 0).pool.max_overflow, 1);
  EXPECT_EQ(ScenarioShare(whole, 1).pool.max_overflow, 0);
}

TEST(WorkerShareTest, EachWorkerNeedsAPlaceAndAConnection) {
  ScenarioPlan narrow = SharedWindow(3, 3, 1);
  EXPECT_THAT(std::string(ShareScenario(4, &narrow).message()),
              HasSubstr("4 workers cannot share the 3 operations in flight"));
  ScenarioPlan few = SharedWindow(8, 3, 1);
  EXPECT_THAT(std::string(ShareScenario(4, &few).message()),
              HasSubstr("4 workers cannot share the 3 connections"));
  ScenarioPlan sync;
  sync.type = FindScenarioType("sync");
  sync.limit = 1;
  sync.pool.size = 1;
  EXPECT_TRUE(ShareScenario(4, &sync).ok());
  EXPECT_EQ(sync.workers, 1);
}

class SharedRunTest : public RunnerTest {};

// Workers follow one schedule: with room for every operation that is due, each of them is begun and
// answered at the same time whoever runs it. So the sum is the run of one worker, to the bit.
TEST_F(SharedRunTest, WorkersTogetherAreOneWorker) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int workers = static_cast<int>(random.Between(2, 8));
    std::vector<int32_t> values;
    const int64_t count = random.Between(100, 600);
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(random.Chance(0.02) ? OneStatementWorkload::kSerializationFailure
                                           : static_cast<int32_t>(random.Between(1, 20)));
    }
    load_ = LoadPlan();
    load_.connect_before = true;
    load_.rate_per_s = 1'000;
    load_.arrivals = random.Chance(0.5) ? ArrivalKind::kPoisson : ArrivalKind::kConstant;
    load_.arrival_seed = seed;
    load_.warmup_s = random.Chance(0.5) ? 0.05 : 0;
    ScenarioPlan whole_scenario = Scenario(FindScenarioType("window"), 400);
    share_ = WorkerShare();
    NewServer();
    const std::unique_ptr<pgring::Run> whole = Measure(whole_scenario, values);
    whole_scenario.workers = workers;
    std::optional<pgring::Run> sum;
    for (int rank = 0; rank < workers; ++rank) {
      share_ = ShareOf(whole_scenario, load_, rank);
      NewServer();
      const std::unique_ptr<pgring::Run> part =
          Measure(ScenarioShare(whole_scenario, rank), values);
      if (sum.has_value()) {
        sum->Add(ThroughBytes(*part));
      } else {
        sum = ThroughBytes(*part);
      }
    }
    EXPECT_TRUE(sum->total().Balanced());
    EXPECT_EQ(sum->total().scheduled, count);
    ExpectSameRun(*sum, *whole);
  }
}

}  // namespace
}  // namespace pgring
