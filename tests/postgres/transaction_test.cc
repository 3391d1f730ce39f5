// When the statements of a transaction leave: what comes back, in how many exchanges, and what an
// error in the middle does. On a real server, in both I/O modes.
#include "pgring/postgres/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pgring/base/status.h"
#include "session_sides.h"
#include "support/execute_task.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

class TransactionTest : public ::testing::TestWithParam<IoMode> {
 protected:
  TransactionTest() : side_(GetParam()) {
    const auto add = [this](const std::string& name, const std::string& sql, int parameters = 0,
                            StatementProtocol protocol = StatementProtocol::kPrepared) {
      statements_.push_back({name, sql, parameters, protocol, statements_.size()});
    };
    add("begin", "BEGIN");
    add("commit", "COMMIT");
    add("rollback", "ROLLBACK");
    add("echo", "SELECT $1::text", 1);
    add("divide", "SELECT 1 / $1::int", 1);
    add("unprepared", "SELECT 'x' || $1::text", 1, StatementProtocol::kExtended);
    add("prepared_on_use", "SELECT 'late'", 0, StatementProtocol::kPreparedOnUse);
    add("simple", "SELECT 'one'; SELECT 'two'", 0, StatementProtocol::kSimple);
  }
  ~TransactionTest() override {
    if (session_ != nullptr) side_.Run(session_->Close());
    EXPECT_EQ(side_.in_flight(), 0u);
  }

  void Connect(Pipelining pipelining = Pipelining::kOn) {
    session_ = std::make_unique<Connection>(side_.reactor(), &parameters_, &statements_,
                                            &canceller_, GetParam(), pipelining);
    const absl::Status connected = side_.Run(session_->Connect());
    ASSERT_TRUE(connected.ok()) << connected;
    prepared_trips_ = session_->round_trips();
  }

  const Statement& Named(const std::string& name) const {
    for (const Statement& statement : statements_) {
      if (statement.name == name) return statement;
    }
    ADD_FAILURE() << "no statement " << name;
    return statements_[0];
  }
  // Whether it has been answered.
  bool Send(const std::string& name, const std::vector<const char*>& values = {}) {
    const Parameters parameters(values.data(), static_cast<int>(values.size()));
    side_.Run(SendTask(session_.get(), &Named(name), parameters, &pending_[name]));
    return session_->is_answered();
  }
  static Task<void> SendTask(Session* session, const Statement* statement, Parameters parameters,
                             Pending<Result>* pending) {
    Transaction transaction(session);
    Pending<Result> sent = co_await transaction.Send(statement, parameters);
    *pending = sent;
  }
  absl::Status Settle() { return side_.Run(SettleTask(session_.get())); }
  static Task<absl::Status> SettleTask(Session* session) {
    Transaction transaction(session);
    absl::Status settled = co_await transaction.Settle();
    co_return settled;
  }
  absl::Status Commit() { return side_.Run(CommitTask(session_.get(), &Named("commit"))); }
  static Task<absl::Status> CommitTask(Session* session, const Statement* commit) {
    Transaction transaction(session);
    absl::Status committed = co_await transaction.Commit(commit);
    co_return committed;
  }
  static std::string ValueOf(const Result& result) {
    return std::string(result.rows() > 0 ? result.Text(0, 0) : result.CommandTag());
  }
  // The first value or command tag, else the failure's code.
  std::string Execute(const std::string& name, const std::vector<const char*>& values = {}) {
    const Parameters parameters(values.data(), static_cast<int>(values.size()));
    const absl::StatusOr<Result> result =
        side_.Run(ExecuteTask(session_.get(), &Named(name), parameters));
    return result.ok() ? ValueOf(*result) : FailureCode(result.status());
  }
  // But for what Execute has given.
  std::vector<std::string> Results() const {
    std::vector<std::string> values;
    for (const Result& result : session_->results()) values.push_back(ValueOf(result));
    return values;
  }
  int64_t RoundTrips() const { return session_->round_trips() - prepared_trips_; }

  ReactorSide side_;
  const ConnectionParameters parameters_ = ServerParameters();
  std::vector<Statement> statements_;
  Canceller canceller_;
  std::unique_ptr<Connection> session_;
  std::map<std::string, Pending<Result>> pending_;  // by statement, of the last one
  int64_t prepared_trips_ = 0;
};

TEST_P(TransactionTest, WholeTransactionIsOneExchange) {
  Connect();
  EXPECT_FALSE(Send("begin"));
  EXPECT_FALSE(Send("echo", {"first"}));
  EXPECT_FALSE(Send("unprepared", {"second"}));
  EXPECT_FALSE(session_->in_pipeline()) << "that is the script's own pipeline";
  EXPECT_FALSE(session_->at_rest());
  EXPECT_FALSE(pending_["echo"].is_there());
  EXPECT_TRUE(Commit().ok());
  EXPECT_THAT(Results(), ElementsAre("BEGIN", "first", "xsecond", "COMMIT"));
  EXPECT_EQ(ValueOf(pending_["echo"].Take()), "first");
  EXPECT_EQ(ValueOf(pending_["unprepared"].Take()), "xsecond");
  EXPECT_EQ(RoundTrips(), 1);
  EXPECT_TRUE(session_->at_rest());
}

// The same calls, and the same results, in an exchange for each statement.
TEST_P(TransactionTest, WithoutPipeliningEachStatementIsAnExchange) {
  Connect(Pipelining::kOff);
  EXPECT_TRUE(Send("begin"));
  EXPECT_TRUE(Send("echo", {"first"}));
  EXPECT_EQ(RoundTrips(), 2);
  EXPECT_TRUE(Send("unprepared", {"second"}));
  EXPECT_TRUE(pending_["echo"].is_there());
  EXPECT_TRUE(Commit().ok());
  EXPECT_THAT(Results(), ElementsAre("BEGIN", "first", "xsecond", "COMMIT"));
  EXPECT_EQ(ValueOf(pending_["echo"].Take()), "first");
  EXPECT_EQ(ValueOf(pending_["unprepared"].Take()), "xsecond");
  EXPECT_EQ(RoundTrips(), 4);
}

// An error between them would not undo the first.
TEST_P(TransactionTest, OutsideOfATransactionNothingWaits) {
  Connect();
  EXPECT_TRUE(Send("echo", {"alone"}));
  EXPECT_TRUE(Send("echo", {"alone too"}));
  EXPECT_EQ(RoundTrips(), 2);
  EXPECT_FALSE(Send("begin"));
  EXPECT_TRUE(Send("rollback")) << "it ends the transaction";
  EXPECT_EQ(RoundTrips(), 3);
  EXPECT_TRUE(Send("echo", {"alone again"}));
  EXPECT_TRUE(Settle().ok());
  EXPECT_EQ(RoundTrips(), 4);
}

TEST_P(TransactionTest, ParametersAreTakenAtOnce) {
  Connect();
  Send("begin");
  std::string value = "as it was";
  Send("echo", {value.c_str()});
  value.assign("something else, and longer than it was before");
  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(ValueOf(pending_["echo"].Take()), "as it was");
}

TEST_P(TransactionTest, ErrorSkipsTheRestAndIsToldOnce) {
  for (const Pipelining pipelining : {Pipelining::kOff, Pipelining::kOn}) {
    Connect(pipelining);
    Send("begin");
    Send("echo", {"before"});
    Send("divide", {"0"});
    Send("unprepared", {"after"});
    const absl::Status failed = Commit();
    EXPECT_EQ(FailureCode(failed), "22012");
    EXPECT_FALSE(Transaction(session_.get()).MayBeCommitted(failed));
    EXPECT_THAT(Results(), ElementsAre("BEGIN", "before"));
    EXPECT_FALSE(pending_["unprepared"].is_there());
    EXPECT_EQ(RoundTrips(), pipelining == Pipelining::kOn ? 1 : 3);
    EXPECT_TRUE(session_->usable());
    EXPECT_TRUE(session_->in_transaction()) << "the COMMIT was skipped with the rest";
    EXPECT_TRUE(Settle().ok());
    side_.Run(BringToRest(session_.get()));
    EXPECT_TRUE(session_->at_rest());
    EXPECT_EQ(Execute("echo", {"goes on"}), "goes on");
    side_.Run(session_->Close());
    session_.reset();
  }
}

// The server says COMMIT's success, and ROLLBACK.
TEST_P(TransactionTest, TheCommitOfAFailedTransactionIsAnError) {
  Connect(Pipelining::kOff);
  Send("begin");
  EXPECT_EQ(Execute("divide", {"0"}), "22012");
  const absl::Status committed = Commit();
  EXPECT_EQ(FailureCode(committed), kCauseUnexpectedResult);
  EXPECT_FALSE(Transaction(session_.get()).MayBeCommitted(committed));
  EXPECT_TRUE(session_->at_rest());
}

TEST_P(TransactionTest, SettleSendsWithoutAStatement) {
  Connect();
  Send("begin");
  Send("echo", {"alone"});
  EXPECT_TRUE(Settle().ok());
  EXPECT_THAT(Results(), ElementsAre("BEGIN", "alone"));
  EXPECT_TRUE(session_->in_transaction());
  EXPECT_EQ(RoundTrips(), 1);
  EXPECT_TRUE(Settle().ok());
  EXPECT_EQ(RoundTrips(), 1) << "nothing was left to send";
  EXPECT_FALSE(Send("echo", {"in the transaction"}));
  EXPECT_EQ(Execute("echo", {"needed now"}), "needed now");
  EXPECT_THAT(Results(), ElementsAre("in the transaction"));
  EXPECT_EQ(RoundTrips(), 2);
  EXPECT_EQ(Execute("rollback"), "ROLLBACK");
}

// What is not prepared yet would have its own error in the middle of the others' exchange, and
// several statements in one text are not for a pipeline.
TEST_P(TransactionTest, SomeStatementsGoAfterTheOthers) {
  Connect();
  EXPECT_FALSE(session_->takes_text());
  Send("begin");
  EXPECT_TRUE(Send("prepared_on_use"));
  EXPECT_EQ(RoundTrips(), 3) << "BEGIN, preparing, executing";
  EXPECT_FALSE(Send("prepared_on_use"));
  EXPECT_EQ(Execute("simple"), "two");
  EXPECT_THAT(Results(), ElementsAre("BEGIN", "late", "late", "one"));
  EXPECT_EQ(RoundTrips(), 5);
  EXPECT_EQ(Execute("rollback"), "ROLLBACK");
}

TEST_P(TransactionTest, WhatGoesBeforeAnotherMayFail) {
  Connect();
  Send("begin");
  Send("divide", {"0"});
  EXPECT_EQ(Execute("simple"), "22012");
  EXPECT_THAT(Results(), ElementsAre("BEGIN"));
  EXPECT_EQ(RoundTrips(), 1) << "the other was not sent";
  EXPECT_EQ(Execute("rollback"), "ROLLBACK");
}

TEST_P(TransactionTest, LostConnectionBreaksTheSession) {
  for (const Pipelining pipelining : {Pipelining::kOff, Pipelining::kOn}) {
    Connect(pipelining);
    const std::string pid = std::to_string(session_->backend_pid());
    statements_.push_back({"terminate", "SELECT pg_terminate_backend(" + pid + ")", 0,
                           StatementProtocol::kExtended, statements_.size()});
    Send("begin");
    Send("terminate");
    const absl::Status lost = Commit();
    EXPECT_EQ(FailureCode(lost), "57P01");
    // One by one the COMMIT was not sent any more.
    EXPECT_EQ(Transaction(session_.get()).MayBeCommitted(lost), pipelining == Pipelining::kOn);
    EXPECT_FALSE(session_->usable());
    EXPECT_TRUE(session_->is_answered());
    statements_.pop_back();
    side_.Run(session_->Close());
    session_.reset();
  }
}

// libpq keeps what is queued and sends a part of it whenever there is more than fits its buffer.
TEST_P(TransactionTest, MuchCanWait) {
  Connect();
  constexpr int kStatements = 2'000;
  const std::string text(4'000, 't');
  Send("begin");
  for (int i = 0; i < kStatements; ++i) Send("echo", {text.c_str()});
  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(session_->results().size(), kStatements + 2u);
  EXPECT_EQ(ValueOf(pending_["echo"].Take()), text);
  EXPECT_EQ(RoundTrips(), 1);
}

INSTANTIATE_TEST_SUITE_P(Modes, TransactionTest,
                         ::testing::Values(IoMode::kReadiness, IoMode::kCompletion),
                         [](const ::testing::TestParamInfo<IoMode>& mode) {
                           return mode.param == IoMode::kReadiness ? "Readiness" : "Completion";
                         });

}  // namespace
}  // namespace pgring
