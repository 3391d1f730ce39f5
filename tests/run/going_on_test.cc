// Clients that go on with the permit and the connection that they have, and when they must not.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "runner_fixture.h"

namespace pgring {
namespace {

class GoingOnTest : public RunnerTest {
 protected:
  static std::vector<int32_t> OfTenMs(size_t count) { return std::vector<int32_t>(count, 10); }
};

// A connection that goes back to its pool between two operations is two steps of the timeline.
TEST_F(GoingOnTest, NeitherPermitNorConnectionChangesHandsWhereNothingWaitsForThem) {
  const auto run = Measure(Scenario(FindScenarioType("window"), 4), OfTenMs(400));
  EXPECT_EQ(WallMs(*run), 1'000);
  EXPECT_EQ(run->recorder.succeeded(), 400);
  EXPECT_EQ(run->timeline.Peak(ConnectionGauge::kInUse), 4);
  EXPECT_LT(run->timeline.steps().size(), 20U);
}

// Six clients share two connections. One that went on would keep the others waiting for ever.
TEST_F(GoingOnTest, WhoWaitsForAConnectionGetsTheNext) {
  ScenarioPlan scenario = Scenario(FindScenarioType("window"), 6);
  scenario.pool.size = 2;
  const auto run = Measure(scenario, OfTenMs(60));
  EXPECT_EQ(WallMs(*run), 300);
  EXPECT_EQ(run->connections.opened, 2);
  const int64_t longest_wait_ns = run->total().part(LatencyPart::kPoolWait).Max();
  EXPECT_EQ(longest_wait_ns, 20 * kMs);
}

// Connections beyond the pool's size are closed when they come back, which they must do then.
TEST_F(GoingOnTest, OverflowConnectionsAreClosedAfterEveryOperation) {
  ScenarioPlan scenario = Scenario(FindScenarioType("window"), 3);
  scenario.pool.size = 2;
  scenario.pool.max_overflow = 1;
  const auto run = Measure(scenario, OfTenMs(30));
  EXPECT_EQ(run->recorder.succeeded(), 30);
  EXPECT_GT(run->connections.opened, 3);
}

TEST_F(GoingOnTest, EachClientRunsItsNumberOfOperationsAndNoMore) {
  load_.operations_per_client = 7;
  const auto run = Measure(Scenario(FindScenarioType("window"), 4), OfTenMs(28));
  EXPECT_EQ(run->recorder.succeeded(), 28);
  EXPECT_EQ(WallMs(*run), 70);
}

// A broken connection is not kept for the next operation, which would fail as well.
TEST_F(GoingOnTest, AfterALostConnectionTheNextOperationHasAnother) {
  std::vector<int32_t> values = OfTenMs(20);
  values[5] = OneStatementWorkload::kLostConnection;
  const auto run = Measure(Scenario(FindScenarioType("window"), 2), values);
  EXPECT_EQ(run->recorder.succeeded(), 19);
  EXPECT_EQ(run->recorder.failed(), 1);
  EXPECT_EQ(run->connections.opened, 3);
}

}  // namespace
}  // namespace pgring
