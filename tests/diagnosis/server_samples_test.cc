// Samples that add up: in blocks, in parts, by class.
#include "diagnosis/server_samples.h"

#include <gtest/gtest.h>

#include "pgring/base/random.h"

namespace pgring {
namespace {

const WaitKey kAtWork = {"active", "", "", 7};
const WaitKey kAtFlush = {"active", "IO", "WALSync", std::nullopt};
const WaitKey kAtRest = {"idle in transaction", "Client", "ClientRead", std::nullopt};

TEST(SampleTallyTest, CountsSessionsByClassAndState) {
  SampleTally tally;
  tally.Add({{kAtWork, 3}, {kAtFlush, 1}});
  tally.Add(SampledSessions());
  tally.Add({{kAtWork, 1}, {kAtRest, 5}});
  tally.Finish();
  EXPECT_EQ(tally.samples(), 3);
  EXPECT_EQ(tally.samples_with_sessions(), 2);
  EXPECT_EQ(tally.sessions(), 10);
  EXPECT_EQ(tally.Class(WaitClass::kCpu).numerator, 4);
  EXPECT_EQ(tally.Class(WaitClass::kCommitFlush).numerator, 1);
  EXPECT_EQ(tally.Class(WaitClass::kClientInTransaction).numerator, 5);
  EXPECT_EQ(tally.Class(WaitClass::kClientInTransaction).denominator, 10);
  EXPECT_EQ(tally.Active().numerator, 5);
  EXPECT_EQ(tally.IdleInTransaction().numerator, 5);
  EXPECT_EQ(tally.Active().denominator, 3);
  EXPECT_EQ(tally.counts().at(kAtWork), 4);
}

// The wait event is read later than the state.
TEST(SampleTallyTest, AStatementThatEndedMeanwhileIsActiveAndOfNoClass) {
  SampleTally tally;
  tally.Add({{{"active", "Client", "ClientRead", std::nullopt}, 3}});
  tally.Add({{kAtWork, 1}});
  tally.Finish();
  EXPECT_EQ(tally.Active().numerator, 4);
  EXPECT_EQ(tally.Total().numerator, 4);
  EXPECT_EQ(tally.sessions(), 1);
  EXPECT_EQ(tally.samples_with_sessions(), 1);
  EXPECT_EQ(tally.Class(WaitClass::kClientInTransaction).numerator, 0);
}

TEST(SampleTallyTest, ClosesABlockAfterTenSamples) {
  SampleTally tally;
  for (int sample = 0; sample < 25; ++sample) tally.Add({{kAtWork, 1}});
  EXPECT_EQ(tally.Active().blocks, 2);
  tally.Finish();
  EXPECT_EQ(tally.Active().blocks, 3);
  EXPECT_EQ(tally.Active().denominator, 25);
  EXPECT_EQ(tally.Active().denominator_squares, 100 + 100 + 25);
}

TEST(SampleTallyTest, PartsAddUpToTheWhole) {
  Random random(3);
  SampleTally parts[2];
  SampleTally whole;
  for (int block = 0; block < 30; ++block) {
    for (int sample = 0; sample < kSamplesInBlock; ++sample) {
      SampledSessions seen;
      if (random.Chance(0.7)) seen[kAtWork] = random.Between(1, 9);
      if (random.Chance(0.5)) seen[kAtFlush] = random.Between(1, 9);
      parts[block % 2].Add(seen);
      whole.Add(seen);
    }
  }
  parts[0].Add(parts[1]);
  EXPECT_TRUE(parts[0] == whole);
}

TEST(ServerSamplesTest, RepeatsAddUp) {
  ServerSamples first;
  first.measured.Add({{kAtWork, 2}});
  first.measured.Finish();
  first.counters = {{"pg_stat_database.xact_commit", 10}};
  first.tables["t"] = {1, 100, 0, 0};
  first.locks[{"tuple", "t"}] = 3;
  first.hidden_rows = 1;
  first.cost = {4, 0.5, 0.25, 0.125, 2};
  ServerSamples second = first;
  second.tables["u"] = {0, 0, 5, 6};
  second.scans.emplace_back();
  second.behind_pooler = true;
  first.Add(second);
  EXPECT_EQ(first.measured.sessions(), 4);
  EXPECT_EQ(first.Counter("pg_stat_database.xact_commit"), 20);
  EXPECT_EQ(first.Counter("pg_stat_wal.wal_sync"), std::nullopt);
  EXPECT_EQ(first.tables["t"].sequential_tuples, 200);
  EXPECT_EQ(first.tables["u"].index_tuples, 6);
  EXPECT_EQ((first.locks[{"tuple", "t"}]), 6);
  EXPECT_EQ(first.hidden_rows, 2);
  EXPECT_EQ(first.cost.queries, 8);
  EXPECT_DOUBLE_EQ(first.cost.server_s, 1);
  EXPECT_DOUBLE_EQ(first.cost.user_s, 0.5);
  EXPECT_DOUBLE_EQ(first.cost.system_s, 0.25);
  EXPECT_DOUBLE_EQ(first.cost.span_s, 4);
  EXPECT_EQ(first.scans.size(), 1);
  EXPECT_TRUE(first.behind_pooler);
}

}  // namespace
}  // namespace pgring
