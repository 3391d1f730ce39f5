// Statements that leave with the next one: what comes back, in how many exchanges, and what an
// error in the middle does. On a real server, in both I/O modes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pgring/base/status.h"
#include "session_sides.h"
#include "support/execute_task.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

class DeferredStatementsTest : public ::testing::TestWithParam<IoMode> {
 protected:
  DeferredStatementsTest() : side_(GetParam()) {
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
  ~DeferredStatementsTest() override {
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
  void Defer(const std::string& name, const std::vector<const char*>& values = {}) {
    const Parameters parameters(values.data(), static_cast<int>(values.size()));
    ASSERT_TRUE(session_->MayDefer(Named(name))) << name;
    const absl::Status deferred = session_->Defer(Named(name), parameters);
    EXPECT_TRUE(deferred.ok()) << deferred;
  }
  // The first value or command tag, else the failure's code.
  std::string Execute(const std::string& name, const std::vector<const char*>& values = {}) {
    const Parameters parameters(values.data(), static_cast<int>(values.size()));
    const absl::StatusOr<Result> result =
        side_.Run(ExecuteTask(session_.get(), &Named(name), parameters));
    if (!result.ok()) return FailureCode(result.status());
    return std::string(result->rows() > 0 ? result->Text(0, 0) : result->CommandTag());
  }
  std::vector<std::string> Earlier() const {
    std::vector<std::string> values;
    for (const Result& result : session_->earlier_results()) {
      values.emplace_back(result.rows() > 0 ? result.Text(0, 0) : result.CommandTag());
    }
    return values;
  }
  int64_t RoundTrips() const { return session_->round_trips() - prepared_trips_; }

  ReactorSide side_;
  const ConnectionParameters parameters_ = ServerParameters();
  std::vector<Statement> statements_;
  Canceller canceller_;
  std::unique_ptr<Connection> session_;
  int64_t prepared_trips_ = 0;
};

TEST_P(DeferredStatementsTest, WholeTransactionIsOneExchange) {
  Connect();
  Defer("begin");
  Defer("echo", {"first"});
  Defer("unprepared", {"second"});
  EXPECT_TRUE(session_->has_deferred());
  EXPECT_FALSE(session_->in_pipeline()) << "that is the script's own pipeline";
  EXPECT_EQ(Execute("commit"), "COMMIT");
  EXPECT_THAT(Earlier(), ::testing::ElementsAre("BEGIN", "first", "xsecond"));
  EXPECT_EQ(RoundTrips(), 1);
  EXPECT_FALSE(session_->has_deferred());
  EXPECT_FALSE(session_->in_transaction());
}

TEST_P(DeferredStatementsTest, ParametersAreTakenAtOnce) {
  Connect();
  Defer("begin");
  std::string value = "as it was";
  Defer("echo", {value.c_str()});
  value.assign("something else, and longer than it was before");
  EXPECT_EQ(Execute("commit"), "COMMIT");
  EXPECT_THAT(Earlier(), ::testing::ElementsAre("BEGIN", "as it was"));
}

TEST_P(DeferredStatementsTest, ErrorSkipsTheRestAndIsToldOnce) {
  Connect();
  Defer("begin");
  Defer("echo", {"before"});
  Defer("divide", {"0"});
  Defer("echo", {"after"});
  EXPECT_EQ(Execute("commit"), "22012");
  EXPECT_THAT(Earlier(), ::testing::ElementsAre("BEGIN", "before"));
  EXPECT_TRUE(session_->usable());
  EXPECT_TRUE(session_->in_transaction()) << "the COMMIT was skipped with the rest";
  EXPECT_EQ(Execute("rollback"), "ROLLBACK");
  EXPECT_EQ(Execute("echo", {"goes on"}), "goes on");
}

TEST_P(DeferredStatementsTest, FlushSendsWithoutAStatement) {
  Connect();
  Defer("begin");
  Defer("echo", {"alone"});
  const absl::Status flushed = side_.Run(session_->Flush());
  EXPECT_TRUE(flushed.ok()) << flushed;
  EXPECT_THAT(Earlier(), ::testing::ElementsAre("BEGIN", "alone"));
  EXPECT_TRUE(session_->in_transaction());
  EXPECT_EQ(RoundTrips(), 1);
  EXPECT_TRUE(side_.Run(session_->Flush()).ok());
  EXPECT_EQ(RoundTrips(), 1) << "nothing was left to send";
  EXPECT_EQ(Execute("rollback"), "ROLLBACK");
}

// What is not prepared yet would have its own error in the middle of the others' exchange, and
// several statements in one text are not for a pipeline.
TEST_P(DeferredStatementsTest, SomeStatementsGoAfterTheDeferredOnes) {
  Connect();
  EXPECT_FALSE(session_->MayDefer(Named("prepared_on_use")));
  EXPECT_FALSE(session_->MayDefer(Named("simple")));
  Defer("begin");
  EXPECT_EQ(Execute("prepared_on_use"), "late");
  EXPECT_EQ(RoundTrips(), 3) << "BEGIN, preparing, executing";
  EXPECT_TRUE(session_->MayDefer(Named("prepared_on_use")));
  Defer("prepared_on_use");
  EXPECT_EQ(Execute("simple"), "two");
  EXPECT_EQ(RoundTrips(), 5);
  EXPECT_EQ(Execute("rollback"), "ROLLBACK");
}

TEST_P(DeferredStatementsTest, WithoutPipeliningNothingIsDeferred) {
  Connect(Pipelining::kOff);
  for (const Statement& statement : statements_) EXPECT_FALSE(session_->MayDefer(statement));
  EXPECT_FALSE(session_->has_deferred());
}

TEST_P(DeferredStatementsTest, LostConnectionBreaksTheSession) {
  Connect();
  const std::string pid = std::to_string(session_->backend_pid());
  statements_.push_back({"terminate", "SELECT pg_terminate_backend(" + pid + ")", 0,
                         StatementProtocol::kExtended, statements_.size()});
  Defer("begin");
  Defer("terminate");
  EXPECT_EQ(Execute("commit"), "57P01");
  EXPECT_FALSE(session_->usable());
  EXPECT_FALSE(session_->has_deferred());
}

// libpq keeps what is queued and sends a part of it whenever there is more than fits its buffer.
TEST_P(DeferredStatementsTest, MuchCanBeDeferred) {
  Connect();
  constexpr int kStatements = 2'000;
  const std::string text(4'000, 't');
  Defer("begin");
  for (int i = 0; i < kStatements; ++i) Defer("echo", {text.c_str()});
  EXPECT_EQ(Execute("commit"), "COMMIT");
  EXPECT_EQ(session_->earlier_results().size(), kStatements + 1u);
  EXPECT_THAT(Earlier().back(), HasSubstr(text));
  EXPECT_EQ(RoundTrips(), 1);
}

INSTANTIATE_TEST_SUITE_P(Modes, DeferredStatementsTest,
                         ::testing::Values(IoMode::kReadiness, IoMode::kCompletion),
                         [](const ::testing::TestParamInfo<IoMode>& mode) {
                           return mode.param == IoMode::kReadiness ? "Readiness" : "Completion";
                         });

}  // namespace
}  // namespace pgring
