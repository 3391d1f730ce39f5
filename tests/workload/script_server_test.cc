// Scripts on a real server: what each command does to the variables, the session and the database,
// in every query mode.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"
#include "run/blocking_pauses.h"
#include "support/server_environment.h"
#include "workload/script_workload.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ScriptServerTest : public ::testing::TestWithParam<QueryMode> {
 protected:
  ScriptServerTest() : parameters_(ServerParameters()) {
    AskServer("DROP TABLE IF EXISTS said; CREATE TABLE said (id serial, what text)");
    Connect();
  }
  void Connect() {
    session_ = std::make_unique<BlockingSession>(&parameters_, nullptr, nullptr);
    const absl::Status connected = session_->ConnectNow();
    EXPECT_TRUE(connected.ok()) << connected;
  }
  ~ScriptServerTest() override {
    session_->CloseNow();
    AskServer("DROP TABLE IF EXISTS said");
  }

  void Load(const std::string& text,
            const std::vector<std::pair<std::string, std::string>>& variables = {}) {
    ScriptOptions options;
    options.scripts.push_back({"test.sql", text});
    options.mode = mode_;
    options.variables = variables;
    options.seed = 42;
    auto workload = ScriptWorkload::Make(options);
    ASSERT_TRUE(workload.ok()) << workload.status();
    // A session knows the statements of one workload.
    if (workload_ != nullptr) Connect();
    workload_ = *std::move(workload);
    client_ = workload_->MakeClient(3, &pauses_);
  }
  absl::Status RunAgain(int64_t index) {
    return RunInline(workload_->Run(session_.get(), client_.get(), {0, 0, index}, &tally_));
  }
  absl::Status Run(const std::string& text,
                   const std::vector<std::pair<std::string, std::string>>& variables = {}) {
    Load(text, variables);
    return RunAgain(0);
  }
  // What the script wrote into `said`, in order.
  static std::string Said() {
    return AskServer("SELECT coalesce(string_agg(what, ' ' ORDER BY id), '') FROM said");
  }

  QueryMode mode_ = QueryMode::kPrepared;
  ConnectionParameters parameters_;
  BlockingPauses pauses_{nullptr};
  std::unique_ptr<BlockingSession> session_;
  std::unique_ptr<ScriptWorkload> workload_;
  std::unique_ptr<ClientState> client_;
  OperationTally tally_;
};

class ScriptModeTest : public ScriptServerTest {
 protected:
  ScriptModeTest() { mode_ = GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(AllModes, ScriptModeTest,
                         ::testing::Values(QueryMode::kSimple, QueryMode::kExtended,
                                           QueryMode::kPrepared),
                         [](const auto& test) { return std::string(QueryModeName(test.param)); });

TEST_P(ScriptModeTest, VariablesGoIntoSqlAndComeBack) {
  const absl::Status status =
      Run("\\set x 6 * 7\n"
          "SELECT :x + 1 AS y, 'it''s' AS text \\gset\n"
          "SELECT :y + 1 AS z \\gset p_\n"
          "INSERT INTO said (what) VALUES (:x), (:y), (:p_z), (:client_id), (:given);\n",
          {{"given", "9"}});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Said(), "42 43 44 3 9");
}

TEST_P(ScriptModeTest, ConditionsChoose) {
  Load(
      "\\set n :n + 1\n"
      "\\if :n = 1\n"
      "INSERT INTO said (what) VALUES ('one');\n"
      "\\elif :n = 2\n"
      "INSERT INTO said (what) VALUES ('two');\n"
      "\\else\n"
      "INSERT INTO said (what) VALUES ('many');\n"
      "\\endif\n",
      {{"n", "0"}});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(RunAgain(i).ok());
  EXPECT_EQ(Said(), "one two many many");
}

TEST_P(ScriptModeTest, ErrorAbortsTheClientAndRollsBack) {
  const absl::Status status =
      Run("BEGIN;\n"
          "INSERT INTO said (what) VALUES ('lost');\n"
          "SELECT 1 / 0;\n"
          "COMMIT;\n");
  EXPECT_EQ(FailureCode(status), "22012");
  EXPECT_THAT(status.message(), AllOf(HasSubstr("test.sql, line 3"), HasSubstr("by zero")));
  EXPECT_TRUE(client_->aborted());
  EXPECT_TRUE(session_->usable());
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(Said(), "");
}

TEST_P(ScriptModeTest, SerializationFailureMayBeTriedAgainWithTheSameNumbers) {
  Load(
      "\\set x random(1, 1000000000)\n"
      "\\set n :n + 1\n"
      "INSERT INTO said (what) VALUES (:x), (:n);\n"
      "BEGIN;\n"
      "DO $$ BEGIN IF (SELECT count(*) FROM said) < 4 THEN\n"
      "  RAISE EXCEPTION SQLSTATE '40001'; END IF; END $$;\n"
      "COMMIT;\n",
      {{"n", "0"}});
  EXPECT_EQ(FailureCode(RunAgain(5)), "40001");
  EXPECT_FALSE(client_->aborted());
  EXPECT_FALSE(session_->in_transaction());
  client_->PrepareRetry();
  const absl::Status status = RunAgain(5);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(AskServer("SELECT count(DISTINCT what) FROM said"), "2") << Said();
}

TEST_P(ScriptModeTest, GsetWantsOneRow) {
  EXPECT_THAT(Run("SELECT 1 AS x WHERE false \\gset\n").message(),
              HasSubstr("expected one row, got 0"));
  EXPECT_TRUE(client_->aborted());
  EXPECT_THAT(Run("SELECT generate_series(1, 3) AS x \\gset\n").message(),
              HasSubstr("expected one row, got 3"));
}

TEST_P(ScriptModeTest, AsetTakesTheLastRowIfAny) {
  const absl::Status status =
      Run("\\set x 7\n"
          "SELECT 1 AS x WHERE false \\aset\n"
          "SELECT g AS y FROM generate_series(1, 3) g \\aset\n"
          "INSERT INTO said (what) VALUES (:x), (:y);\n");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Said(), "7 3");
}

TEST_P(ScriptModeTest, OpenTransactionAtTheEndIsAnError) {
  const absl::Status status = Run("BEGIN;\nINSERT INTO said (what) VALUES ('lost');\n");
  EXPECT_THAT(status.message(), HasSubstr("without completing its last transaction"));
  EXPECT_TRUE(client_->aborted());
  EXPECT_FALSE(session_->in_transaction());
  EXPECT_EQ(Said(), "");
}

// Prepared when the connection was opened, it would have failed there.
TEST_P(ScriptModeTest, TablesMayBeMadeByTheScript) {
  Load(
      "CREATE TEMPORARY TABLE IF NOT EXISTS mine (x int);\n"
      "INSERT INTO mine VALUES (1);\n"
      "SELECT count(*) AS n FROM mine \\gset\n"
      "INSERT INTO said (what) VALUES (:n);\n");
  EXPECT_TRUE(RunAgain(0).ok());
  EXPECT_TRUE(RunAgain(1).ok());
  EXPECT_EQ(Said(), "1 2");
}

TEST_F(ScriptServerTest, CombinedStatementsGiveAllTheirResultsToAset) {
  mode_ = QueryMode::kSimple;
  const absl::Status status =
      Run("SELECT 1 AS x \\; SELECT 2 AS y \\; SELECT 3 AS z \\aset\n"
          "INSERT INTO said (what) VALUES (:x), (:y), (:z);\n");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Said(), "1 2 3");
}

TEST_F(ScriptServerTest, PipelineIsOneRoundTrip) {
  Load(
      "\\startpipeline\n"
      "BEGIN;\n"
      "INSERT INTO said (what) VALUES ('a');\n"
      "INSERT INTO said (what) VALUES ('b');\n"
      "COMMIT;\n"
      "\\endpipeline\n");
  ASSERT_TRUE(RunAgain(0).ok());
  const int64_t before = session_->round_trips();
  const absl::Status status = RunAgain(1);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(session_->round_trips() - before, 1);
  EXPECT_EQ(Said(), "a b a b");
}

TEST_F(ScriptServerTest, ErrorInAPipelineFailsIt) {
  const absl::Status status =
      Run("\\startpipeline\n"
          "INSERT INTO said (what) VALUES ('a');\n"
          "SELECT 1 / 0;\n"
          "INSERT INTO said (what) VALUES ('b');\n"
          "\\endpipeline\n");
  EXPECT_EQ(FailureCode(status), "22012");
  EXPECT_FALSE(session_->in_pipeline());
  EXPECT_TRUE(session_->usable());
  EXPECT_EQ(Said(), "");
  EXPECT_TRUE(Run("INSERT INTO said (what) VALUES ('next');\n").ok());
}

TEST_F(ScriptServerTest, SyncpipelineBoundsAnError) {
  const absl::Status status =
      Run("\\startpipeline\n"
          "INSERT INTO said (what) VALUES ('a');\n"
          "\\syncpipeline\n"
          "SELECT 1 / 0;\n"
          "INSERT INTO said (what) VALUES ('b');\n"
          "\\endpipeline\n");
  EXPECT_EQ(FailureCode(status), "22012");
  EXPECT_EQ(Said(), "a");
}

TEST_F(ScriptServerTest, MisusedPipelinesAreErrors) {
  EXPECT_THAT(Run("\\endpipeline\n").message(), HasSubstr("not in pipeline mode"));
  EXPECT_THAT(Run("\\startpipeline\n\\startpipeline\n\\endpipeline\n").message(),
              HasSubstr("already in pipeline mode"));
  EXPECT_THAT(Run("\\startpipeline\nSELECT 1 AS x \\gset\n\\endpipeline\n").message(),
              HasSubstr("not allowed in pipeline mode"));
  EXPECT_THAT(Run("\\startpipeline\nSELECT 1;\n").message(), HasSubstr("pipeline open"));
  EXPECT_FALSE(session_->in_pipeline());
  mode_ = QueryMode::kSimple;
  EXPECT_THAT(Run("\\startpipeline\nSELECT 1;\n\\endpipeline\n").message(),
              HasSubstr("simple query protocol"));
}

TEST_F(ScriptServerTest, ShellCommands) {
  const absl::Status status =
      Run("\\setshell x printf '%d\\n' 41\n"
          "\\shell true\n"
          "\\set y :x + 1\n"
          "INSERT INTO said (what) VALUES (:y);\n");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Said(), "42");
  EXPECT_THAT(Run("\\shell exit 3\n").message(), HasSubstr("exited with status 3"));
  EXPECT_TRUE(client_->aborted());
  EXPECT_THAT(Run("\\setshell x echo nothing\n").message(), HasSubstr("must return an integer"));
}

TEST_F(ScriptServerTest, RunTimeErrorsAbortTheClient) {
  for (const char* script :
       {"\\set x 1 / 0\n", "\\set x CASE WHEN :client_id >= 0 THEN :nothing END\n",
        "\\set x 9223372036854775807 + 1\n", "\\set x random(2, 1)\n"}) {
    SCOPED_TRACE(script);
    const absl::Status status = Run(script);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(FailureCode(status), "script") << status;
    EXPECT_TRUE(client_->aborted());
  }
}

// Errors of statements with parameters that their text with the values in it would not have.
TEST_F(ScriptServerTest, ErrorsOfParametersHintAtTheSimpleProtocol) {
  const std::string sets = "\\set x 1\n";
  for (const std::string script : {"SELECT 'g:x';\n",               // 08P01
                                   "SELECT format('%s', :x);\n",    // 42P18
                                   "SET work_mem = :x;\n",          // 42601 at or near "$1"
                                   "INSERT INTO :x VALUES (1);\n",  // the same
                                   "SELECT 1 \\; SELECT 2;\n",      // 42601, multiple commands
                                   "SELECT * FROM t_:x;\n",         // 42P01 "t_$1"
                                   "SELECT ARRAY[1, 2] + :x;\n",    // 42883
                                   "SELECT :x - :x;\n",             // 42725
                                   "SELECT CASE :x WHEN 1 THEN 2 END;\n",  // 42883 or 42804
                                   "SELECT interval ':x days';\n",         // 22007 "$1 days"
                                   "SELECT '{\"a\": :x}'::jsonb;\n",       // 22P02, Token "$"
                                   "CREATE TABLE t_:x (n int);\n"}) {      // 08P01
    for (const QueryMode mode : {QueryMode::kExtended, QueryMode::kPrepared}) {
      mode_ = mode;
      SCOPED_TRACE(absl::StrCat(script, std::string(QueryModeName(mode))));
      EXPECT_THAT(std::string(Run(sets + script).message()), HasSubstr("; hint: use -M simple"));
    }
  }
  for (const std::string script : {"SELECT 1 / 0;\n", "SELECT no_such_column + :x;\n",
                                   "SELECT no_such_function('a');\n", "\\set y 1 / 0\n"}) {
    SCOPED_TRACE(script);
    const absl::Status status = Run(sets + script);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hint: use -M simple")));
  }
}

TEST_F(ScriptServerTest, ErrorsOfPreparedStatementsHintAtTheSimpleProtocol) {
  Load("SELECT 1;\nDEALLOCATE ALL;\n");
  EXPECT_TRUE(RunAgain(0).ok());
  const absl::Status gone = RunAgain(1);
  EXPECT_EQ(FailureCode(gone), "26000");
  EXPECT_THAT(std::string(gone.message()), HasSubstr("; hint: use -M simple"));
  Load("SELECT * FROM said;\n");
  EXPECT_TRUE(RunAgain(0).ok());
  AskServer("ALTER TABLE said ADD COLUMN more int");
  const absl::Status changed = RunAgain(1);
  EXPECT_EQ(FailureCode(changed), "0A000");
  EXPECT_THAT(std::string(changed.message()), HasSubstr("; hint: use -M simple"));
}

TEST_F(ScriptServerTest, TablesThatAreMissingAreNamedWithTheRemedy) {
  AskServer("DROP TABLE IF EXISTS pgbench_branches CASCADE");
  ScriptOptions options;
  options.scripts.push_back({"select-only", "SELECT 1;", 1, true, true});
  auto workload = ScriptWorkload::Make(options);
  ASSERT_TRUE(workload.ok());
  std::vector<std::string> notes;
  EXPECT_THAT((*workload)->Prepare(session_.get(), &notes).message(), HasSubstr("pgring init"));
}

}  // namespace
}  // namespace pgring
