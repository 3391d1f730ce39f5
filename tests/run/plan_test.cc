#include "run/plan.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(PlanTest, ScenariosInTheContractsOrderAndWords) {
  std::vector<std::string_view> names, drivers, limiters;
  for (const ScenarioType& type : ScenarioTypes()) {
    names.push_back(type.name);
    drivers.push_back(type.driver->name);
    limiters.push_back(type.limiter);
  }
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(names,
            (Names{"sync", "threads", "async", "chunked", "window", "pipelined", "multiplexed"}));
  EXPECT_EQ(drivers,
            (Names{"blocking", "blocking", "reactor", "reactor", "reactor", "reactor", "reactor"}));
  EXPECT_EQ(limiters,
            (Names{"one", "threads", "unbounded", "chunk", "window", "window", "window"}));
  EXPECT_EQ(IoModeName(IoMode::kReadiness), "readiness");
  EXPECT_EQ(IoModeName(IoMode::kCompletion), "completion");
  EXPECT_EQ(IoModeName(IoMode::kRing), "ring");
}

struct NeededCase {
  int pool_size;
  int max_overflow;
  std::optional<int> limit;
  int64_t operations;
  int64_t needed;
};

TEST(PlanTest, ConnectionsNeeded) {
  const NeededCase cases[] = {
      {100, 0, std::nullopt, 35'000, 100},  // async by default
      {5, 10, std::nullopt, 35'000, 15},    // overflow counts
      {40, 0, 40, 35'000, 40},              // window by default
      {100, 0, 40, 35'000, 40},             // more connections than can be in flight
      {10, 0, 40, 35'000, 10},              // fewer
      {40, 0, 40, 7, 7},                    // no more than there are operations
      {1, 0, 1, 35'000, 1},                 // sync
      {40, 0, 40, 0, 1},                    // never none
  };
  for (const NeededCase& c : cases) {
    ScenarioPlan plan;
    plan.pool.size = c.pool_size;
    plan.pool.max_overflow = c.max_overflow;
    plan.limit = c.limit;
    EXPECT_EQ(plan.ConnectionsNeeded(c.operations), c.needed)
        << c.pool_size << "+" << c.max_overflow << ", limit " << c.limit.value_or(-1) << ", "
        << c.operations << " operations";
  }
}

TEST(PlanTest, WorkloadDefaultsAreTheContracts) {
  const WorkloadPlan plan;
  EXPECT_EQ(plan.name, "family");
  EXPECT_EQ(plan.operations, 35'000);
  EXPECT_EQ(plan.write_ratio, 0.5);
  EXPECT_EQ(plan.seed, 42u);
  EXPECT_EQ(plan.statements, StatementStyle::kBatched);
  EXPECT_FALSE(plan.family_options().fk_index);
}

}  // namespace
}  // namespace pgring
