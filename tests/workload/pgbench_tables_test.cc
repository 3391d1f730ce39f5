// The scale of pgbench's tables as the server has them. Making the tables is tested with the
// program (tests/cli/init_test.cc), beside the real pgbench.
#include "workload/pgbench_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pgring/base/status.h"
#include "support/server_environment.h"
#include "workload/pgbench_balances.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class SilentObserver final : public PgbenchTablesObserver {
 public:
  void OnActivity(std::string_view activity) override { activities.emplace_back(activity); }
  void OnRows(const char*, int64_t rows, int64_t, int64_t) override { last_rows = rows; }

  std::vector<std::string> activities;
  int64_t last_rows = 0;
};

class PgbenchTablesTest : public testing::Test {
 protected:
  PgbenchTablesTest() {
    AskServer("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench");
    const absl::Status connected = session_.ConnectNow();
    EXPECT_TRUE(connected.ok()) << connected;
  }
  ~PgbenchTablesTest() override { AskServer("DROP SCHEMA bench CASCADE"); }

  absl::Status Initialize(int scale, const char* steps) {
    PgbenchTablesOptions options;
    options.scale = scale;
    options.steps = steps;
    return InitializePgbenchTables(&session_, options, &interrupt_, &observer_).status();
  }

  Interrupt interrupt_;
  const ConnectionParameters parameters_ = ServerParameters("options=-csearch_path=bench");
  BlockingSession session_{&parameters_, nullptr, &interrupt_};
  SilentObserver observer_;
};

TEST_F(PgbenchTablesTest, ScaleIsTheNumberOfBranches) {
  const absl::Status missing = DetectPgbenchScale(&session_).status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_THAT(missing.message(), AllOf(HasSubstr("pgbench_branches"), HasSubstr("pgring init")));

  ASSERT_TRUE(Initialize(1, "t").ok());
  const absl::Status empty = DetectPgbenchScale(&session_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(empty)) << empty;
  EXPECT_THAT(empty.message(), AllOf(HasSubstr("empty"), HasSubstr("pgring init")));

  ASSERT_TRUE(Initialize(3, "g").ok());
  EXPECT_EQ(observer_.last_rows, 300'000);
  const auto scale = DetectPgbenchScale(&session_);
  ASSERT_TRUE(scale.ok()) << scale.status();
  EXPECT_EQ(*scale, 3);
}

// At a scale of 1000 the accounts have 13 GB, and they were summed up before and after every run.
TEST_F(PgbenchTablesTest, LargeAndMissingTablesAreNotSummedUpAndTheOthersAreVerified) {
  ASSERT_TRUE(Initialize(1, "tg").ok());
  ASSERT_TRUE(session_.ExecuteSql("DROP TABLE pgbench_branches").ok());
  constexpr int64_t kMebibyte = 1 << 20;
  std::vector<std::string> left_out;
  const auto before = ReadPgbenchBalances(&session_, kMebibyte, &left_out);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_THAT(left_out,
              ElementsAre(MatchesRegex("pgbench_accounts \\(1[0-9] MB, more than 1 MB\\)"),
                          "pgbench_branches (there is none)"));
  EXPECT_EQ((*before)[kAccounts], std::nullopt);
  EXPECT_EQ((*before)[kTellers]->rows, 10);

  ASSERT_TRUE(session_
                  .ExecuteSql("INSERT INTO pgbench_history (tid, bid, aid, delta)"
                              " VALUES (1, 1, 1, 5), (2, 1, 2, 2);"
                              "UPDATE pgbench_tellers SET tbalance = 7 WHERE tid = 1")
                  .ok());
  PgbenchTransactions committed;
  committed.tpcb_like = 2;
  auto after = ReadPgbenchBalancesAgain(&session_, *before);
  ASSERT_TRUE(after.ok()) << after.status();
  auto verified = VerifyPgbenchBalances(*before, *after, committed);
  ASSERT_TRUE(verified.has_value());
  EXPECT_TRUE(verified->ok) << verified->remark;
  EXPECT_EQ(verified->found, (VerifiedFigures{{"history", 2}, {"tellers", 7}}));

  ASSERT_TRUE(session_.ExecuteSql("UPDATE pgbench_tellers SET tbalance = 1").ok());
  after = ReadPgbenchBalancesAgain(&session_, *before);
  verified = VerifyPgbenchBalances(*before, *after, committed);
  EXPECT_FALSE(verified->ok);
  EXPECT_THAT(verified->remark, HasSubstr("10 (tellers)"));

  ASSERT_TRUE(session_.ExecuteSql("DROP TABLE pgbench_history").ok());
  left_out.clear();
  const auto without = ReadPgbenchBalances(&session_, kMostSummedBytes, &left_out);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_FALSE(VerifyPgbenchBalances(*without, *without, committed).has_value());
}

TEST_F(PgbenchTablesTest, FailedGenerationLeavesTheSessionOutsideATransaction) {
  ASSERT_TRUE(Initialize(1, "t").ok());
  ASSERT_TRUE(session_.ExecuteSql("ALTER TABLE pgbench_tellers ADD CHECK (tid < 10)").ok());
  const absl::Status failed = Initialize(1, "g");
  EXPECT_EQ(FailureCode(failed), "23514") << failed;
  EXPECT_THAT(failed.message(), HasSubstr("filling pgbench_tellers"));
  EXPECT_EQ(session_.ExecuteSql("SELECT count(*) FROM pgbench_branches")->Integer(0, 0), 0);
}

TEST_F(PgbenchTablesTest, NothingIsBegunAfterAnInterrupt) {
  interrupt_.Raise(2);
  EXPECT_EQ(FailureCode(Initialize(1, "dt")), kCauseInterrupted);
  EXPECT_EQ(AskServer("SELECT count(*) FROM pg_tables WHERE schemaname = 'bench'"), "0");
}

TEST(PgbenchStepsTest, AreLettersOfPgbench) {
  EXPECT_TRUE(CheckPgbenchSteps(kAllPgbenchSteps).ok());
  EXPECT_TRUE(CheckPgbenchSteps(" d t ").ok());
  EXPECT_THAT(CheckPgbenchSteps("dT").message(), HasSubstr("\"T\" is no step"));
  EXPECT_FALSE(CheckPgbenchSteps("").ok());
  for (const char step : std::string(kAllPgbenchSteps)) {
    EXPECT_NE(PgbenchStepName(step), nullptr) << step;
  }
}

}  // namespace
}  // namespace pgring
