// What blocks of fresh runs say of an answer: confirmed, contradicted, or not to be told apart.
#include "tune/testing_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "support/made_up_comparison.h"
#include "tune/scenario_at.h"

namespace pgring {
namespace {

using ::testing::Optional;

constexpr double kGain = 0.1;

// Six blocks in which the answer, 8, takes 10 s, half of it and twice as much so long.
TestingStage Stage(const std::vector<double>& half_s, const std::vector<double>& twice_s) {
  TestingStage stage;
  stage.answer = 8;
  stage.half = "window:4";
  stage.twice = "window:16";
  stage.limits = MadeUpBlocks({{"window:8", std::vector<double>(half_s.size(), 10.0)},
                               {"window:4", half_s},
                               {"window:16", twice_s}});
  return stage;
}

Confirmation Judge(const TestingStage& stage, std::optional<int>* better) {
  const ScenarioPlan* plan = nullptr;
  const Confirmation confirmation = JudgeAnswer(stage, kGain, &plan);
  if (plan != nullptr) *better = plan->limit;
  return confirmation;
}

TEST(TestingStageTest, NeitherNeighbourIsBetter) {
  std::optional<int> better;
  const TestingStage stage = Stage({13, 13.1, 12.9, 13, 13.2, 13}, {9.9, 10.1, 10, 10.1, 9.9, 10});
  EXPECT_EQ(Judge(stage, &better), Confirmation::kConfirmed);
  EXPECT_EQ(better, std::nullopt);
}

// A fifth more for twice as many in flight is more than the gain asks for, 7 %.
TEST(TestingStageTest, TwiceAsMuchIsBetter) {
  std::optional<int> better;
  const TestingStage stage = Stage({13, 13.1, 12.9, 13, 13.2, 13}, {8, 8.1, 8.2, 8.1, 8, 8.1});
  EXPECT_EQ(Judge(stage, &better), Confirmation::kContradicted);
  EXPECT_THAT(better, Optional(16));
}

// As fast with half of it: the other half is for nothing.
TEST(TestingStageTest, HalfOfItIsAsGood) {
  std::optional<int> better;
  const TestingStage stage = Stage({10, 10.1, 9.9, 10, 10.1, 10}, {9.9, 10.1, 10, 10.1, 9.9, 10});
  EXPECT_EQ(Judge(stage, &better), Confirmation::kContradicted);
  EXPECT_THAT(better, Optional(4));
}

TEST(TestingStageTest, OfTwoBetterNeighboursTheOneThatIsBetterByMore) {
  std::optional<int> better;
  const TestingStage stage = Stage({10, 10, 10, 10, 10, 10}, {6, 6, 6, 6, 6, 6});
  EXPECT_EQ(Judge(stage, &better), Confirmation::kContradicted);
  EXPECT_THAT(better, Optional(16));
}

TEST(TestingStageTest, NoiseDecidesNothing) {
  std::optional<int> better;
  const TestingStage stage = Stage({13, 13.1, 12.9, 13, 13.2, 13}, {8, 12, 9, 11, 7, 10});
  EXPECT_EQ(Judge(stage, &better), Confirmation::kUndecided);
}

// One block in eight in which twice as much was better by 12 %, all others below what it costs.
TEST(TestingStageTest, BlocksThatLeanOneWayDecide) {
  std::optional<int> better;
  const TestingStage stage =
      Stage({13, 13, 13, 13, 13, 13, 13, 13}, {11.1, 10.9, 10.5, 10.3, 10.1, 9.8, 9.5, 8.9});
  EXPECT_EQ(Judge(stage, &better), Confirmation::kConfirmed);
}

TEST(TestingStageTest, FewBlocksDecideNothing) {
  std::optional<int> better;
  EXPECT_EQ(Judge(Stage({13, 13, 13}, {10, 10, 10}), &better), Confirmation::kUndecided);
}

TEST(TestingStageTest, WithoutNeighboursNothingIsConfirmed) {
  TestingStage stage = Stage({13, 13, 13, 13, 13, 13}, {10, 10, 10, 10, 10, 10});
  stage.half.clear();
  stage.twice.clear();
  std::optional<int> better;
  EXPECT_EQ(Judge(stage, &better), Confirmation::kUndecided);
}

TEST(TestingStageTest, ANeighbourThatFailedDecidesNothing) {
  TestingStage stage = Stage({13, 13.1, 12.9, 13, 13.2, 13}, {9.9, 10.1, 10, 10.1, 9.9, 10});
  for (Block& block : stage.limits.blocks) {
    for (pgring::Run& run : block.runs) {
      if (run.scenario.label == stage.half) run.verdict.reasons = {"made up"};
    }
  }
  stage.limits.ChooseRuns();
  std::optional<int> better;
  EXPECT_EQ(Judge(stage, &better), Confirmation::kUndecided);
}

// Serialization failures with two in flight and more: one is best.
TEST(TestingStageTest, ANeighbourInWhichOperationsFailHasLost) {
  TestingStage stage = Stage({13, 13.1, 12.9, 13, 13.2, 13}, {9.9, 10.1, 10, 10.1, 9.9, 10});
  for (Block& block : stage.limits.blocks) {
    for (pgring::Run& run : block.runs) {
      if (run.scenario.label != stage.twice) continue;
      run.recorder.Scheduled(0, 0);
      run.recorder.Failed(0, OperationStamps(), "40001");
      run.verdict.reasons = {"1 of 1 operations failed"};
    }
  }
  stage.limits.ChooseRuns();
  std::optional<int> better;
  EXPECT_EQ(Judge(stage, &better), Confirmation::kConfirmed);
}

// As many operations over twice as many connections, where they are shared.
TEST(TestingStageTest, MoreConnectionsAreBetter) {
  TestingStage stage;
  stage.answer = 8;
  stage.connections = 2;
  stage.half = "multiplexed:4:pool=2";
  stage.more_connections = "multiplexed:8:pool=4";
  for (const double more_s : {8.0, 9.8}) {
    stage.limits = MadeUpBlocks({{"multiplexed:8:pool=2", {10, 10.1, 9.9, 10, 10.1, 10}},
                                 {stage.half, {13, 13.1, 12.9, 13, 13.2, 13}},
                                 {stage.more_connections, std::vector<double>(6, more_s)}});
    const ScenarioPlan* better = nullptr;
    const Confirmation judged = JudgeAnswer(stage, kGain, &better);
    // A fiftieth more is less than the gain asks for.
    EXPECT_EQ(judged, more_s < 9 ? Confirmation::kContradicted : Confirmation::kConfirmed);
    ASSERT_EQ(better != nullptr, more_s < 9);
    if (better != nullptr) {
      EXPECT_EQ(better->label, stage.more_connections);
    }
  }
}

TEST(ScenarioAtTest, AsTheOptionWritesIt) {
  const ScenarioPlan window = ScenarioAt(*FindScenarioType("window"), 12);
  EXPECT_EQ(window.label, "window:12");
  EXPECT_EQ(window.limit, 12);
  EXPECT_EQ(window.pool.size, 12);
  EXPECT_FALSE(window.pipeline);
  EXPECT_TRUE(ScenarioAt(*FindScenarioType("pipelined"), 12).pipeline);
  const ScenarioPlan multiplexed = ScenarioAt(*FindScenarioType("multiplexed"), 12);
  EXPECT_EQ(multiplexed.label, "multiplexed:12:pool=2");
  EXPECT_EQ(multiplexed.pool.size, 2);
  const ScenarioPlan over_five = ScenarioAt(*FindScenarioType("multiplexed"), 12, 5);
  EXPECT_EQ(over_five.label, "multiplexed:12:pool=5");
  EXPECT_EQ(over_five.pool.size, 5);
  EXPECT_EQ(ScenarioAt(*FindScenarioType("window"), 12, 5).pool.size, 12);
  const ScenarioPlan sync = ScenarioAt(*FindScenarioType("sync"), 12);
  EXPECT_EQ(sync.label, "sync");
  EXPECT_EQ(sync.limit, 1);
  EXPECT_EQ(sync.pool.size, 1);
}

}  // namespace
}  // namespace pgring
