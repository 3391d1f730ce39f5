#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "pgring/uring/ring_operation.h"
#include "support/sanitizers.h"

namespace pgring {
namespace {

constexpr uint32_t kLastGeneration = 0xffffff;

TEST(RingOperationIdTest, SurvivesTheKernel) {
  const RingOperationId ids[] = {{0, 1, RingOperationKind::kPoll},
                                 {7, 42, RingOperationKind::kCancel},
                                 {0xffffffff, kLastGeneration, RingOperationKind::kCancel}};
  std::set<uint64_t> encoded;
  for (const RingOperationId& id : ids) {
    const RingOperationId decoded = RingOperationId::Decode(id.Encode());
    EXPECT_EQ(decoded.index, id.index);
    EXPECT_EQ(decoded.generation, id.generation);
    EXPECT_EQ(decoded.kind, id.kind);
    encoded.insert(id.Encode());
  }
  EXPECT_EQ(encoded.size(), 3u);
}

TEST(SlotTableTest, FindsWhatWasTaken) {
  SlotTable table;
  RingOperation one(nullptr);
  RingOperation two(nullptr);
  const RingOperationId first = table.Take(&one, RingOperationKind::kPoll);
  const RingOperationId second = table.Take(&two, RingOperationKind::kPoll);
  EXPECT_EQ(table.in_use(), 2u);
  EXPECT_NE(first.index, second.index);
  ASSERT_NE(table.Find(first), nullptr);
  EXPECT_EQ(table.Find(first)->owner, &one);
  EXPECT_EQ(table.Find(second)->owner, &two);
  EXPECT_TRUE(table.HasOwners());
}

TEST(SlotTableTest, FreedIdIsStaleForEver) {
  SlotTable table;
  RingOperation operation(nullptr);
  std::vector<RingOperationId> old;
  for (int round = 0; round < 100; ++round) {
    const RingOperationId id = table.Take(&operation, RingOperationKind::kPoll);
    for (const RingOperationId& stale : old) ASSERT_EQ(table.Find(stale), nullptr);
    table.Free(id);
    EXPECT_EQ(table.Find(id), nullptr);
    EXPECT_FALSE(table.HasOwners());
    table.RecycleFreed();
    old.push_back(id);
  }
  EXPECT_EQ(table.in_use(), 0u);
  EXPECT_EQ(old.front().index, old.back().index);
}

TEST(SlotTableTest, FreedSlotIsTakenAgainOnlyAfterRecycling) {
  SlotTable table;
  RingOperation operation(nullptr);
  const RingOperationId first = table.Take(&operation, RingOperationKind::kPoll);
  table.Free(first);
  EXPECT_NE(table.Take(&operation, RingOperationKind::kPoll).index, first.index);
  table.RecycleFreed();
  EXPECT_EQ(table.Take(&operation, RingOperationKind::kPoll).index, first.index);
}

TEST(SlotTableTest, IdsThatWereNeverGivenAreNotFound) {
  SlotTable table;
  RingOperation operation(nullptr);
  EXPECT_EQ(table.Find({0, 1, RingOperationKind::kPoll}), nullptr);
  const RingOperationId id = table.Take(&operation, RingOperationKind::kPoll);
  EXPECT_EQ(table.Find({id.index, id.generation + 1, id.kind}), nullptr);
  EXPECT_EQ(table.Find({id.index + 1, id.generation, id.kind}), nullptr);
}

TEST(SlotTableTest, GenerationsWrapAroundAndSkipZero) {
  if (kAddressSanitizer) GTEST_SKIP() << "16 million rounds take a minute in this build";
  SlotTable table;
  RingOperation operation(nullptr);
  for (uint32_t round = 1; round <= kLastGeneration; ++round) {
    const RingOperationId id = table.Take(&operation, RingOperationKind::kPoll);
    ASSERT_EQ(id.generation, round);
    table.Free(id);
    table.RecycleFreed();
  }
  EXPECT_EQ(table.Take(&operation, RingOperationKind::kPoll).generation, 1u);
}

TEST(SlotTableDeathTest, SlotCannotBeFreedTwice) {
  SlotTable table;
  RingOperation operation(nullptr);
  const RingOperationId id = table.Take(&operation, RingOperationKind::kPoll);
  table.Free(id);
  EXPECT_DEATH(table.Free(id), "freed twice");
}

TEST(SlotTableDeathTest, HasALimit) {
  const auto take_too_many = [] {
    SlotTable table;
    RingOperation operation(nullptr);
    for (size_t i = 0; i <= SlotTable::kMaxSlots; ++i) {
      table.Take(&operation, RingOperationKind::kPoll);
    }
  };
  EXPECT_DEATH(take_too_many(), "kMaxSlots");
}

}  // namespace
}  // namespace pgring
