// The family's operations on a simulated server: which statements they send, with which parameters,
// and what they make of every answer. The same on a real server is in family_server_test.cc.
#include "workload/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "pgring/base/status.h"
#include "pgring/coro/run.h"
#include "pgring/uring/simulated_backend.h"
#include "support/simulated_family.h"
#include "support/simulated_session.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FamilyOptions OptionsOf(StatementStyle style) {
  FamilyOptions options;
  options.statements = style;
  return options;
}

class FamilyTest : public ::testing::Test {
 protected:
  FamilyTest()
      : reactor_(std::make_unique<SimulatedBackend>(SimulatedBackendOptions())),
        server_(&reactor_),
        connection_(server_.Create()) {
    UseFamily(SimulatedFamily());
    server_.Answer([this](const Statement& statement, Parameters parameters) {
      return family_.Answer(statement, parameters);
    });
    const absl::Status connected = RunUntilDone(&reactor_, connection_->Connect());
    EXPECT_TRUE(connected.ok()) << connected;
  }
  ~FamilyTest() override { RunUntilDone(&reactor_, connection_->Close()); }

  void UseFamily(const SimulatedFamily& family) {
    family_ = family;
    family_.set_log(&log_);
    // A wait in every statement: the coroutines suspend where they would with a real server.
    family_.set_service_ns(1'000'000);
  }

  absl::Status Run(StatementStyle style, Operation operation) {
    FamilyWorkload workload(OptionsOf(style));
    log_.clear();
    Session* const session = connection_->session();
    const int64_t before = session->round_trips();
    const absl::Status status =
        RunUntilDone(&reactor_, workload.Run(session, nullptr, operation, &tally_));
    round_trips_ = session->round_trips() - before;
    return status;
  }
  absl::Status Create(StatementStyle style, int32_t value) {
    return Run(style, {kFamilyCreate, value});
  }
  absl::Status Read() { return Run(StatementStyle::kBatched, {kFamilyRead, 0}); }

  Reactor reactor_;
  SimulatedServer server_;
  std::unique_ptr<PooledConnection> connection_;
  SimulatedFamily family_;
  std::vector<std::string> log_;
  OperationTally tally_;
  int64_t round_trips_ = 0;
};

TEST_F(FamilyTest, BatchedCreate) {
  EXPECT_TRUE(Create(StatementStyle::kBatched, 7).ok());
  // The first parent has two children, the second one, the third two.
  EXPECT_THAT(log_, ElementsAre("begin", "insert_a(8,9,10)", "insert_b(1,1,2,3,3)", "commit"));
  EXPECT_EQ(round_trips_, 4);
}

TEST_F(FamilyTest, PerRowCreate) {
  EXPECT_TRUE(Create(StatementStyle::kPerRow, 100'000).ok());
  EXPECT_THAT(log_, ElementsAre("begin", "insert_a(100001)", "insert_a(100002)", "insert_a(100003)",
                                "insert_b(1)", "insert_b(1)", "insert_b(1)", "insert_b(1)",
                                "insert_b(1)", "commit"));
  EXPECT_EQ(round_trips_, 10);
}

TEST_F(FamilyTest, ReadFoldsEveryRow) {
  EXPECT_TRUE(Read().ok());
  EXPECT_THAT(log_, ElementsAre("begin", "select_a", "select_b(1,2,3,4,5,6,7,8,9,10)", "rollback"));
  EXPECT_EQ(round_trips_, 4);
  EXPECT_EQ(tally_.rows_read, 10 + 20);
  EXPECT_NE(tally_.rows_checksum, 0u);
}

TEST_F(FamilyTest, ReadOfAnEmptyTableSkipsTheSecondSelect) {
  UseFamily(SimulatedFamily(0));
  EXPECT_TRUE(Read().ok());
  EXPECT_THAT(log_, ElementsAre("begin", "select_a", "rollback"));
  EXPECT_EQ(round_trips_, 3);
  EXPECT_EQ(tally_.rows_read, 0);
}

TEST_F(FamilyTest, ReadOfFewerThanTenParentsRepeatsTheLast) {
  UseFamily(SimulatedFamily(3));
  EXPECT_TRUE(Read().ok());
  EXPECT_THAT(log_, ElementsAre("begin", "select_a", "select_b(1,2,3,3,3,3,3,3,3,3)", "rollback"));
}

TEST_F(FamilyTest, ChecksumIsTheSumOverRowsAndSeesEveryValue) {
  const auto checksum_of = [this](const SimulatedRows& a, const SimulatedRows& b) {
    family_.SetRows("select_a", a);
    family_.SetRows("select_b", b);
    tally_ = OperationTally();
    EXPECT_TRUE(Read().ok());
    return tally_.rows_checksum;
  };
  const std::vector<std::string> one = {"1", "x", "2026-11-22 13:57:26"};
  const std::vector<std::string> two = {"2", "y", "2026-11-22 13:57:27"};
  const std::vector<std::string> child = {"1", "9", "z"};
  const uint64_t checksum = checksum_of({one, two}, {child});
  EXPECT_EQ(checksum_of({two, one}, {child}), checksum) << "the order of rows does not count";
  EXPECT_NE(checksum_of({one}, {child}), checksum);
  EXPECT_NE(checksum_of({one, {"2", "Y", two[2]}}, {child}), checksum);
  EXPECT_NE(checksum_of({one, {"2", "y", one[2]}}, {child}), checksum);
  EXPECT_NE(checksum_of({one, two}, {{"1", "8", "z"}}), checksum);
  EXPECT_NE(checksum_of({one, two}, {{"2", "9", "z"}}), checksum);
  EXPECT_NE(checksum_of({one, two}, {{"1", "9", "Z"}}), checksum);
}

TEST_F(FamilyTest, PrintRowsPrintsTheRowsOfB) {
  family_.SetRows("select_b", {{"1", "9", "text"}, {"2", "10", ""}});
  FamilyOptions options;
  options.print_rows = true;
  FamilyWorkload workload(options);
  ::testing::internal::CaptureStdout();
  const Operation read = {kFamilyRead, 0};
  const absl::Status status =
      RunUntilDone(&reactor_, workload.Run(connection_->session(), nullptr, read, &tally_));
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "1|9|text\n2|10|\n");
  EXPECT_TRUE(status.ok());
}

TEST_F(FamilyTest, FailedStatementIsRolledBackAndIsTheOperationsFailure) {
  for (const char* statement : {"insert_a", "insert_b"}) {
    SCOPED_TRACE(statement);
    UseFamily(SimulatedFamily());
    family_.Fail(statement, ServerError("40001"));
    const absl::Status status = Create(StatementStyle::kBatched, 1);
    EXPECT_EQ(FailureCode(status), "40001");
    EXPECT_EQ(log_.back(), "rollback");
    EXPECT_TRUE(connection_->usable());
  }
  EXPECT_EQ(tally_.unconfirmed_commits, 0);
}

TEST_F(FamilyTest, FailedReadIsRolledBack) {
  for (const char* statement : {"select_a", "select_b"}) {
    UseFamily(SimulatedFamily());
    family_.Fail(statement, ServerError("57014"));
    EXPECT_EQ(FailureCode(Read()), "57014") << statement;
    EXPECT_EQ(log_.back(), "rollback");
  }
}

TEST_F(FamilyTest, FailedBeginSendsNothingMore) {
  family_.Fail("begin", ServerError("57014"));
  EXPECT_EQ(FailureCode(Create(StatementStyle::kBatched, 1)), "57014");
  EXPECT_THAT(log_, ElementsAre("begin"));
  EXPECT_EQ(FailureCode(Read()), "57014");
  EXPECT_THAT(log_, ElementsAre("begin"));
}

TEST_F(FamilyTest, LostConnectionIsNotRolledBack) {
  family_.Fail("insert_b", ConnectionLost());
  EXPECT_EQ(FailureCode(Create(StatementStyle::kPerRow, 1)), kCauseConnectionLost);
  EXPECT_THAT(log_.back(), HasSubstr("insert_b"));
  EXPECT_EQ(tally_.unconfirmed_commits, 0) << "the COMMIT was not sent";
}

// After these it is unknown whether the transaction is in the database.
TEST_F(FamilyTest, LostCommitIsUnconfirmed) {
  for (const absl::Status& end : {ConnectionLost(), ServerError("57P01"), ServerError("08006")}) {
    tally_ = OperationTally();
    UseFamily(SimulatedFamily());
    family_.Fail("commit", end);
    EXPECT_EQ(FailureCode(Create(StatementStyle::kBatched, 1)), FailureCode(end));
    EXPECT_EQ(tally_.unconfirmed_commits, 1) << end;
    // A new session for the next one.
    RunUntilDone(&reactor_, connection_->Close());
    connection_ = server_.Create();
    EXPECT_TRUE(RunUntilDone(&reactor_, connection_->Connect()).ok());
  }
}

TEST_F(FamilyTest, RefusedCommitIsNotUnconfirmed) {
  family_.Fail("commit", ServerError("40001"));
  EXPECT_EQ(FailureCode(Create(StatementStyle::kBatched, 1)), "40001");
  EXPECT_EQ(tally_.unconfirmed_commits, 0);
}

// The server answers the COMMIT of a failed transaction with success and the tag ROLLBACK.
TEST_F(FamilyTest, CommitThatRolledBackIsAFailure) {
  family_.set_commit_tag("ROLLBACK");
  const absl::Status status = Create(StatementStyle::kBatched, 1);
  EXPECT_EQ(FailureCode(status), kCauseUnexpectedResult);
  EXPECT_EQ(tally_.unconfirmed_commits, 0);
}

TEST_F(FamilyTest, WrongNumberOfRowsIsAFailure) {
  family_.SetRows("insert_a", {{"1"}, {"2"}});
  EXPECT_EQ(FailureCode(Create(StatementStyle::kBatched, 1)), kCauseUnexpectedResult);
  EXPECT_EQ(FailureCode(Create(StatementStyle::kPerRow, 1)), kCauseUnexpectedResult);
  EXPECT_EQ(log_.back(), "rollback");
  UseFamily(SimulatedFamily());
  family_.SetRows("insert_b", {{"1"}, {"2"}});
  EXPECT_EQ(FailureCode(Create(StatementStyle::kBatched, 1)), kCauseUnexpectedResult);
  EXPECT_EQ(FailureCode(Create(StatementStyle::kPerRow, 1)), kCauseUnexpectedResult);
  UseFamily(SimulatedFamily(11));
  EXPECT_EQ(FailureCode(Read()), kCauseUnexpectedResult) << "LIMIT 10 gave eleven";
  EXPECT_EQ(log_.back(), "rollback");
}

TEST_F(FamilyTest, IdThatIsNoNumberIsAFailure) {
  family_.SetRows("select_a", {{"one", "x", "2026-11-22 13:57:26"}});
  EXPECT_EQ(FailureCode(Read()), kCauseUnexpectedResult);
  UseFamily(SimulatedFamily());
  family_.SetRows("select_b", {{"1", "", "x"}});
  EXPECT_EQ(FailureCode(Read()), kCauseUnexpectedResult);
}

TEST(FamilyStatementsTest, NamesAreUniqueAndKindsInOrder) {
  for (const StatementStyle style : {StatementStyle::kBatched, StatementStyle::kPerRow}) {
    const FamilyWorkload workload(OptionsOf(style));
    std::set<std::string> names;
    for (const Statement& statement : workload.statements()) names.insert(statement.name);
    EXPECT_EQ(names.size(), workload.statements().size());
    ASSERT_THAT(workload.kinds(), ElementsAre("create", "read"));
    EXPECT_EQ(workload.kinds()[kFamilyCreate], "create");
  }
}

}  // namespace
}  // namespace pgring
