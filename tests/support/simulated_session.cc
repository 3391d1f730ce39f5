#include "support/simulated_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"

namespace pgring {
namespace {

absl::Status AbortedStatus() {
  return WithFailureCode(absl::CancelledError("simulated: aborted"), kCauseInterrupted);
}

bool BreaksSession(const absl::Status& status) {
  const std::string code = FailureCode(status);
  return code == kCauseConnectionLost || code.rfind("57P", 0) == 0 || code.rfind("08", 0) == 0;
}

}  // namespace

Result MakeRows(const SimulatedRows& rows) {
  PGresult* result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  if (!rows.empty()) {
    // libpq copies the descriptions; more columns than this no simulated statement has.
    constexpr size_t kMaxColumns = 16;
    char name[] = "column";
    PGresAttDesc descriptions[kMaxColumns] = {};
    PGRING_CHECK(rows[0].size() <= kMaxColumns, "a simulated result with too many columns");
    for (PGresAttDesc& description : descriptions) description.name = name;
    PQsetResultAttrs(result, static_cast<int>(rows[0].size()), descriptions);
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t column = 0; column < rows[row].size(); ++column) {
      const std::string& value = rows[row][column];
      const int set = PQsetvalue(result, static_cast<int>(row), static_cast<int>(column),
                                 const_cast<char*>(value.c_str()), static_cast<int>(value.size()));
      PGRING_CHECK(set == 1, "libpq refused a simulated value");
    }
  }
  return Result(result);
}

Result MakeCommandResult(std::string_view command_tag) {
  PGresult* result = PQmakeEmptyPGresult(nullptr, PGRES_COMMAND_OK);
  // libpq keeps the tag in an array of 64 bytes inside the result and hands out its address.
  constexpr size_t kLongestTag = 63;
  PGRING_CHECK(command_tag.size() <= kLongestTag, "a simulated command tag is too long");
  std::memcpy(PQcmdStatus(result), command_tag.data(), command_tag.size());
  PQcmdStatus(result)[command_tag.size()] = '\0';
  return Result(result);
}

absl::Status ServerError(std::string_view sqlstate) {
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  if (sqlstate == "40001") code = absl::StatusCode::kAborted;
  if (sqlstate == "57014") code = absl::StatusCode::kCancelled;
  return WithFailureCode(
      absl::Status(code, absl::StrCat("simulated error (SQLSTATE ", std::string(sqlstate), ")")),
      sqlstate);
}

absl::Status ConnectionLost() {
  return WithFailureCode(absl::UnavailableError("simulated: the server closed the connection"),
                         kCauseConnectionLost);
}

absl::Status TooManyClients() {
  return WithFailureCode(absl::ResourceExhaustedError("simulated: sorry, too many clients already"),
                         "53300");
}

absl::Status NobodyListens() {
  return WithFailureCode(absl::ResourceExhaustedError("simulated: Connection refused"),
                         kCauseConnectionRefused);
}

absl::Status WrongPassword() {
  return WithFailureCode(
      absl::UnauthenticatedError("simulated: password authentication failed for user \"u\""),
      "28P01");
}

SimulatedServer::~SimulatedServer() {
  PGRING_CHECK(sessions_ == 0, "a simulated session outlived its server");
}

void SimulatedServer::ScriptConnects(const std::vector<absl::Status>& outcomes) {
  scripted_outcomes_.insert(scripted_outcomes_.end(), outcomes.begin(), outcomes.end());
}

std::unique_ptr<PooledConnection> SimulatedServer::Create() {
  return std::make_unique<SimulatedSession>(this, reactor_);
}

absl::Status SimulatedServer::TakeConnectOutcome() {
  if (!scripted_outcomes_.empty()) {
    absl::Status outcome = scripted_outcomes_.front();
    scripted_outcomes_.pop_front();
    if (!outcome.ok()) return outcome;
  }
  if (!connect_outcome_.ok()) return connect_outcome_;
  return open_ >= max_connections_ ? TooManyClients() : absl::OkStatus();
}

int SimulatedServer::executing() const {
  const auto first = std::upper_bound(ends_ns_.begin(), ends_ns_.end(), reactor_->clock().NowNs());
  return static_cast<int>(ends_ns_.end() - first);
}

void SimulatedServer::BeginExecution(int64_t end_ns) {
  ends_ns_.insert(std::upper_bound(ends_ns_.begin(), ends_ns_.end(), end_ns), end_ns);
  peak_executing_ = std::max(peak_executing_, executing());
}

void SimulatedServer::EndExecution(int64_t end_ns) {
  ends_ns_.erase(std::lower_bound(ends_ns_.begin(), ends_ns_.end(), end_ns));
}

SimulatedSession::SimulatedSession(SimulatedServer* server, Reactor* reactor)
    : server_(server), reactor_(reactor) {
  ++server_->sessions_;
}

SimulatedSession::~SimulatedSession() {
  PGRING_CHECK(state_ == State::kNew || state_ == State::kClosed,
               "a simulated session was destroyed before it was closed");
  --server_->sessions_;
}

Task<absl::Status> SimulatedSession::Connect() {
  PGRING_CHECK(state_ == State::kNew, "a session can be connected once");
  state_ = State::kBroken;
  const int64_t now_ns = reactor_->clock().NowNs();
  server_->connect_times_ns_.push_back(now_ns);
  ++server_->connecting_;
  server_->peak_connecting_ = std::max(server_->peak_connecting_, server_->connecting_);
  if (server_->connect_ns_ > 0) {
    const int64_t done_ns = now_ns + server_->connect_ns_;
    wake_.emplace(reactor_->ready());
    const StopToken aborted(&*wake_);
    co_await SleepUntil(reactor_, done_ns, aborted);
  }
  --server_->connecting_;
  if (aborted_) {
    co_return AbortedStatus();
  }
  absl::Status outcome = server_->TakeConnectOutcome();
  if (!outcome.ok()) {
    co_return outcome;
  }
  buffers_ = std::vector<char>(server_->session_bytes_);
  ++server_->open_;
  server_->peak_open_ = std::max(server_->peak_open_, server_->open_);
  is_open_ = true;
  state_ = State::kUsable;
  co_return absl::OkStatus();
}

Session::Begun SimulatedSession::BeginSend(const Statement& statement, Parameters parameters,
                                           AnswerNeeded /*needed*/) {
  PGRING_CHECK(!is_executing_, "a session executes one statement at a time");
  PGRING_CHECK(state_ == State::kUsable, "a statement on a session that is not usable");
  ++round_trips_;
  ++server_->executions_;
  statement_ = &statement;
  answer_ = SimulatedAnswer();
  answer_.service_ns = server_->service_ns_;
  if (server_->script_ != nullptr) answer_ = server_->script_(statement, parameters);
  never_answers_ = answer_.never;
  if (aborted_ || (!answer_.never && answer_.service_ns <= 0)) return Begun::kEnded;
  is_executing_ = true;
  end_ns_ = answer_.never ? kNoDeadlineNs : reactor_->clock().NowNs() + answer_.service_ns;
  server_->BeginExecution(end_ns_);
  return Begun::kWaiting;
}

void SimulatedSession::SuspendExchange(std::coroutine_handle<> waiter) {
  wake_.emplace(reactor_->ready());
  service_.emplace(reactor_, end_ns_, StopToken(&*wake_));
  service_->await_suspend(waiter);
}

void SimulatedSession::EndExchange() {
  bool answered = !aborted_;
  if (is_executing_) {
    answered = service_->await_resume();
    service_.reset();
    server_->EndExecution(end_ns_);
    is_executing_ = false;
  }
  if (aborted_) {
    state_ = State::kBroken;
    status_ = AbortedStatus();
    return;
  }
  status_ = answered ? answer_.status : ServerError("57014");
  if (!answered) return;
  if (statement_->sql == "BEGIN" && answer_.status.ok()) in_transaction_ = true;
  if (statement_->sql == "COMMIT" || statement_->sql == "ROLLBACK") in_transaction_ = false;
  if (!status_.ok()) {
    if (BreaksSession(status_)) state_ = State::kBroken;
    return;
  }
  results_.push_back(answer_.rows != nullptr ? MakeRows(*answer_.rows)
                                             : MakeCommandResult(answer_.command_tag));
}

Task<absl::Status> SimulatedSession::PrepareNow(const Statement*) { co_return absl::OkStatus(); }

Task<absl::Status> SimulatedSession::SyncPipeline() { co_return NoPipeline(); }

Task<void> SimulatedSession::Close() {
  PGRING_CHECK(state_ != State::kClosed && !is_executing_, "a session is closed once, when idle");
  if (is_open_) --server_->open_;
  state_ = State::kClosed;
  co_return;
}

void SimulatedSession::RequestCancel() {
  if (!is_executing_) return;
  ++server_->cancel_requests_;
  server_->last_cancel_ns_ = reactor_->clock().NowNs();
  if (never_answers_) return;
  wake_->RequestStop();
}

void SimulatedSession::Abort() {
  aborted_ = true;
  ++server_->aborts_;
  server_->last_abort_ns_ = reactor_->clock().NowNs();
  if (wake_.has_value()) wake_->RequestStop();
}

}  // namespace pgring
