// The family workload and the ownership of its schema, on a real server. Statement by statement it
// is tested in family_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "pgring/base/status.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"
#include "postgres/session_sides.h"
#include "support/server_environment.h"
#include "workload/family.h"
#include "workload/schema_ownership.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FamilyServerTest : public ::testing::Test {
 protected:
  FamilyServerTest() { AskServer("DROP SCHEMA IF EXISTS pgring CASCADE"); }
  ~FamilyServerTest() override { AskServer("DROP SCHEMA IF EXISTS pgring CASCADE"); }

  std::unique_ptr<BlockingSession> Connect(const std::string& more = "",
                                           const std::vector<Statement>* statements = nullptr) {
    // Every session needs its parameters for as long as it lives.
    parameters_.push_back(std::make_unique<ConnectionParameters>(ServerParameters(more)));
    auto session = std::make_unique<BlockingSession>(parameters_.back().get(), statements, nullptr);
    const absl::Status connected = session->ConnectNow();
    EXPECT_TRUE(connected.ok()) << connected;
    return session;
  }

  // Claims and prepares as a run does; notes of the preparation.
  std::vector<std::string> Prepare(FamilyWorkload* workload, BlockingSession* session) {
    const absl::StatusOr<bool> claimed = ClaimSchema(session);
    EXPECT_TRUE(claimed.ok()) << claimed.status();
    std::vector<std::string> notes;
    const absl::Status prepared = workload->Prepare(session, &notes);
    EXPECT_TRUE(prepared.ok()) << prepared;
    return notes;
  }

  std::vector<std::unique_ptr<ConnectionParameters>> parameters_;
};

TEST_F(FamilyServerTest, ClaimCreatesAndMarksTheSchema) {
  auto session = Connect();
  const absl::StatusOr<bool> first = ClaimSchema(session.get());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(*first) << "it was made now";
  EXPECT_THAT(AskServer("SELECT obj_description('pgring'::regnamespace, 'pg_namespace')"),
              HasSubstr("created by pgring"));

  // The next pgring may come before the server has noticed that this one is gone.
  session->CloseNow();
  auto later = Connect();
  const absl::StatusOr<bool> second = ClaimSchema(later.get());
  ASSERT_TRUE(second.ok()) << "our mark is accepted: " << second.status();
  EXPECT_FALSE(*second);
  EXPECT_TRUE(DropSchema(later.get()).ok());
  EXPECT_EQ(AskServer("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgring'"), "0");
}

TEST_F(FamilyServerTest, ForeignSchemaIsLeftAlone) {
  for (const char* comment : {"", "COMMENT ON SCHEMA pgring IS 'our accounting';"}) {
    AskServer(std::string("DROP SCHEMA IF EXISTS pgring CASCADE; CREATE SCHEMA pgring; ") +
              comment +
              "CREATE TABLE pgring.a (precious text); INSERT INTO pgring.a VALUES ('data')");
    auto session = Connect();
    const absl::Status refused = ClaimSchema(session.get()).status();
    EXPECT_TRUE(absl::IsAlreadyExists(refused)) << refused;
    EXPECT_THAT(refused.message(),
                AllOf(HasSubstr("was not created by pgring"), HasSubstr("left alone")));
    EXPECT_EQ(AskServer("SELECT precious FROM pgring.a"), "data");
  }
}

// Tried for two seconds.
TEST_F(FamilyServerTest, TwoAtOnceAreRefused) {
  auto first = Connect();
  ASSERT_TRUE(ClaimSchema(first.get()).ok());
  auto second = Connect();
  const absl::Status refused = ClaimSchema(second.get()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(refused));
  EXPECT_THAT(refused.message(), HasSubstr("another pgring is running"));
  // Another database is free.
  AskServer("CREATE DATABASE elsewhere");
  auto elsewhere = Connect("dbname=elsewhere");
  EXPECT_TRUE(ClaimSchema(elsewhere.get()).ok());
  elsewhere->CloseNow();
  EXPECT_TRUE(
      WaitForAnswer("SELECT count(*) FROM pg_stat_activity WHERE datname = 'elsewhere'", "0"));
  AskServer("DROP DATABASE elsewhere");
}

// The connection of a pgring that has just ended may linger at the server for a moment.
TEST_F(FamilyServerTest, LockThatIsGivenBackSoonIsWaitedFor) {
  auto ending = Connect();
  ASSERT_TRUE(ClaimSchema(ending.get()).ok());
  std::thread end_it([&ending] {
    EXPECT_TRUE(WaitForAnswer(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", "1"));
    ending->CloseNow();
  });
  auto next = Connect();
  const absl::StatusOr<bool> claimed = ClaimSchema(next.get());
  end_it.join();
  EXPECT_TRUE(claimed.ok()) << claimed.status();
}

TEST_F(FamilyServerTest, RoleThatMayNotCreateIsToldWhatToGrant) {
  AskServer("CREATE ROLE powerless LOGIN");
  auto session = Connect("user=powerless");
  const absl::Status refused = ClaimSchema(session.get()).status();
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_EQ(FailureCode(refused), "42501");
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("creating the schema pgring"),
                                       HasSubstr("GRANT CREATE ON DATABASE")));
}

TEST_F(FamilyServerTest, RoleThatMayNotCheckpointIsPreparedWithANote) {
  AskServer("CREATE ROLE creator LOGIN");
  AskServer("GRANT CREATE ON DATABASE postgres TO creator");
  FamilyWorkload workload{FamilyOptions()};
  auto session = Connect("user=creator");
  EXPECT_THAT(Prepare(&workload, session.get()),
              ElementsAre(AllOf(HasSubstr("no CHECKPOINT"), HasSubstr("pg_checkpoint"))));
  EXPECT_EQ(AskServer("SELECT count(*) FROM pgring.a"), "0");
}

TEST_F(FamilyServerTest, PrepareMakesTheTablesAnew) {
  FamilyWorkload workload{FamilyOptions()};
  auto session = Connect();
  EXPECT_THAT(Prepare(&workload, session.get()), IsEmpty());
  AskServer("INSERT INTO pgring.a (data) VALUES ('old')");
  std::vector<std::string> notes;
  EXPECT_TRUE(workload.Prepare(session.get(), &notes).ok());
  EXPECT_EQ(AskServer("SELECT count(*) FROM pgring.a"), "0");
  EXPECT_EQ(AskServer("INSERT INTO pgring.a (data) VALUES ('new') RETURNING id"), "1");
  EXPECT_EQ(AskServer("SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY "
                      "table_name, ordinal_position) FROM information_schema.columns "
                      "WHERE table_schema = 'pgring'"),
            "id integer, data character varying, create_date timestamp without time zone, "
            "id integer, a_id integer, data character varying");
  EXPECT_EQ(AskServer("SELECT confrelid::regclass FROM pg_constraint WHERE contype = 'f' AND "
                      "conrelid = 'pgring.b'::regclass"),
            "pgring.a");
}

TEST_F(FamilyServerTest, IndexOnTheForeignKeyOnlyWhenAsked) {
  const std::string indexes =
      "SELECT count(*) FROM pg_indexes WHERE schemaname = 'pgring' AND indexdef LIKE '%(a_id)'";
  FamilyOptions options;
  FamilyWorkload plain(options);
  options.fk_index = true;
  FamilyWorkload indexed(options);
  auto session = Connect();
  Prepare(&plain, session.get());
  EXPECT_EQ(AskServer(indexes), "0");
  std::vector<std::string> notes;
  EXPECT_TRUE(indexed.Prepare(session.get(), &notes).ok());
  EXPECT_EQ(AskServer(indexes), "1");
}

TEST_F(FamilyServerTest, CreateAndReadInBothStyles) {
  for (const StatementStyle style : {StatementStyle::kBatched, StatementStyle::kPerRow}) {
    SCOPED_TRACE(StatementStyleName(style));
    FamilyOptions options;
    options.statements = style;
    FamilyWorkload workload(options);
    auto control = Connect();
    Prepare(&workload, control.get());
    auto session = Connect("", &workload.statements());
    OperationTally tally;
    const auto round_trips_of = [&](Operation operation) {
      const int64_t before = session->round_trips();
      const absl::Status status =
          RunInline(workload.Run(session.get(), nullptr, operation, &tally));
      EXPECT_TRUE(status.ok()) << status;
      return session->round_trips() - before;
    };
    EXPECT_EQ(round_trips_of({kFamilyRead, 1}), 3) << "of empty tables";
    EXPECT_EQ(tally.rows_read, 0);
    EXPECT_EQ(round_trips_of({kFamilyCreate, 500}), style == StatementStyle::kBatched ? 4 : 10);
    EXPECT_EQ(AskServer("SELECT string_agg(data, ',' ORDER BY id) FROM pgring.a"), "501,502,503");
    EXPECT_EQ(AskServer("SELECT string_agg(a_id::text, ',' ORDER BY id) FROM pgring.b"),
              "1,1,2,3,3");
    EXPECT_EQ(AskServer("SELECT count(*) FROM pgring.a WHERE create_date IS NULL"), "0");
    EXPECT_EQ(round_trips_of({kFamilyRead, 1}), 4);
    EXPECT_EQ(tally.rows_read, 3 + 5);
    EXPECT_NE(tally.rows_checksum, 0u);
    EXPECT_EQ(tally.unconfirmed_commits, 0);
    // Reads leave no transaction open.
    EXPECT_EQ(AskServer("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"), "0");
    session->CloseNow();
    control->CloseNow();
  }
}

// `families` of them, without pgring.
void InsertFamilies(int families) {
  AskServer("INSERT INTO pgring.a (data) SELECT 'x' FROM generate_series(1, 3 * " +
            std::to_string(families) + ")");
  AskServer("INSERT INTO pgring.b (a_id) SELECT 1 FROM generate_series(1, 5 * " +
            std::to_string(families) + ")");
}

// With --pipeline the last INSERT leaves together with the COMMIT and the second SELECT with the
// ROLLBACK, so that their errors skip the transaction's end too. The operation once ended there,
// and the next one that leased the connection failed with 25P02.
TEST_F(FamilyServerTest, ErrorOfWhatLeavesWithTheTransactionsEndRollsBack) {
  for (const StatementStyle style : {StatementStyle::kBatched, StatementStyle::kPerRow}) {
    SCOPED_TRACE(StatementStyleName(style));
    FamilyOptions options;
    options.statements = style;
    FamilyWorkload workload(options);
    auto control = Connect();
    Prepare(&workload, control.get());
    InsertFamilies(4);
    ReactorSide side;
    const ConnectionParameters parameters = ServerParameters();
    Canceller canceller;
    Connection session(side.reactor(), &parameters, &workload.statements(), &canceller,
                       IoMode::kReadiness, Pipelining::kOn);
    ASSERT_TRUE(side.Run(session.Connect()).ok());
    AskServer("ALTER TABLE pgring.b RENAME TO elsewhere");
    OperationTally tally;
    for (const uint8_t kind : {kFamilyCreate, kFamilyRead}) {
      const absl::Status status =
          side.Run(workload.Run(&session, nullptr, Operation{kind, 1}, &tally));
      EXPECT_EQ(FailureCode(status), "42P01") << status;
      EXPECT_TRUE(session.at_rest());
    }
    EXPECT_EQ(tally.unconfirmed_commits, 0);
    side.Run(session.Close());
    control->CloseNow();
    AskServer("DROP SCHEMA pgring CASCADE");
  }
}

CommittedWork Work(int64_t confirmed, int64_t unconfirmed = 0) {
  CommittedWork work;
  work.succeeded = {confirmed, 0};
  work.unconfirmed_commits = unconfirmed;
  return work;
}

class VerificationTest : public FamilyServerTest {
 protected:
  VerificationTest() : workload_(FamilyOptions()), session_(Connect()) {
    Prepare(&workload_, session_.get());
  }

  Verification Verify(const CommittedWork& work) {
    const auto verification = workload_.Verify(session_.get(), work);
    EXPECT_TRUE(verification.ok()) << verification.status();
    return verification.ok() ? verification->value_or(Verification()) : Verification();
  }

  FamilyWorkload workload_;
  std::unique_ptr<BlockingSession> session_;
};

TEST_F(VerificationTest, AgreesWithWhatWasDone) {
  EXPECT_TRUE(Verify(Work(0)).ok);
  InsertFamilies(4);
  const Verification verification = Verify(Work(4));
  EXPECT_TRUE(verification.ok);
  EXPECT_EQ(verification.remark, "");
  const VerifiedFigures rows = {{"a", 12}, {"b", 20}};
  EXPECT_EQ(verification.expected, rows);
  EXPECT_EQ(verification.found, rows);
  EXPECT_FALSE(Verify(Work(3)).ok) << "one too many";
  EXPECT_FALSE(Verify(Work(5)).ok) << "one is missing";
}

TEST_F(VerificationTest, SeesRowsThatWereTamperedWith) {
  for (const char* tampering :
       {"DELETE FROM pgring.b WHERE id = 1", "INSERT INTO pgring.a (data) VALUES ('more')",
        "DELETE FROM pgring.a WHERE id = 12",
        // The counts agree, but one child has no parent.
        "UPDATE pgring.b SET a_id = NULL WHERE id = 3"}) {
    std::vector<std::string> notes;
    ASSERT_TRUE(workload_.Prepare(session_.get(), &notes).ok());
    InsertFamilies(4);
    AskServer(tampering);
    const Verification verification = Verify(Work(4));
    EXPECT_FALSE(verification.ok) << tampering;
    EXPECT_THAT(verification.remark, HasSubstr("expected 12 rows in a and 20 in b"));
  }
}

// A create whose COMMIT was not confirmed is in the database as a whole or not at all.
TEST_F(VerificationTest, UnconfirmedCreatesMayBeThereOrNot) {
  InsertFamilies(4);
  const Verification none = Verify(Work(4, 2));
  EXPECT_TRUE(none.ok);
  EXPECT_THAT(none.remark, HasSubstr("2 creates ended before their COMMIT was confirmed"));
  EXPECT_THAT(none.remark, HasSubstr("0 of them are in the database"));
  const Verification one = Verify(Work(3, 2));
  EXPECT_TRUE(one.ok);
  EXPECT_THAT(one.remark, HasSubstr("1 of them are in the database"));
  EXPECT_TRUE(Verify(Work(2, 2)).ok);
  EXPECT_FALSE(Verify(Work(1, 2)).ok) << "three extra, two unconfirmed";
  AskServer("DELETE FROM pgring.b WHERE id = 20");
  EXPECT_FALSE(Verify(Work(3, 2)).ok) << "half a family";
}

TEST_F(VerificationTest, TablesThatAreGoneAreAnError) {
  AskServer("DROP TABLE pgring.b");
  EXPECT_THAT(workload_.Verify(session_.get(), Work(0)).status().message(),
              HasSubstr("counting the rows afterwards"));
}

// Reads `reads` times over a session of its own, which hands in its statistics when it ends.
void ReadOften(FamilyWorkload* workload, std::unique_ptr<BlockingSession> session, int reads) {
  OperationTally tally;
  const Operation read = {kFamilyRead, 0};
  for (int i = 0; i < reads; ++i) {
    const absl::Status status = RunInline(workload->Run(session.get(), nullptr, read, &tally));
    ASSERT_TRUE(status.ok()) << status;
  }
  const std::string pid = std::to_string(session->libpq().backend_pid());
  session->CloseNow();
  ASSERT_TRUE(WaitForAnswer("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid, "0"));
}

TEST_F(FamilyServerTest, SequentialScansAreObservedWithoutTheIndexOnly) {
  constexpr int kReads = 40;
  CommittedWork work;
  work.succeeded = {0, kReads};
  for (const bool fk_index : {false, true}) {
    SCOPED_TRACE(fk_index);
    FamilyOptions options;
    options.fk_index = fk_index;
    FamilyWorkload workload(options);
    auto control = Connect();
    Prepare(&workload, control.get());
    InsertFamilies(1'000);
    ReadOften(&workload, Connect("", &workload.statements()), kReads);
    const std::vector<std::string> observations = workload.Observations(control.get(), work);
    if (fk_index) {
      EXPECT_THAT(observations, IsEmpty());
    } else {
      EXPECT_THAT(observations, ElementsAre(AllOf(HasSubstr("sequential scans of b dominate"),
                                                  HasSubstr("--fk-index"))));
    }
    control->CloseNow();
  }
}

TEST_F(FamilyServerTest, ScansOfASmallTableAreNotWorthARemark) {
  CommittedWork work;
  work.succeeded = {0, 20};
  FamilyWorkload workload{FamilyOptions()};
  auto control = Connect();
  Prepare(&workload, control.get());
  InsertFamilies(10);
  ReadOften(&workload, Connect("", &workload.statements()), 20);
  EXPECT_THAT(workload.Observations(control.get(), work), IsEmpty());
}

}  // namespace
}  // namespace pgring
