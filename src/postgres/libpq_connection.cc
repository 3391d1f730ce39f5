#include "pgring/postgres/libpq_connection.h"

#include <poll.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/base/trace_points.h"
#include "pgring/postgres/connect_failure.h"
#include "pgring/postgres/server_messages.h"

namespace pgring {
namespace {

// Without a receiver of ours libpq would print them from inside its parser.
void ReceiveNotice(void* messages, const PGresult* notice) {
  if (messages != nullptr) static_cast<ServerMessages*>(messages)->OnNotice(notice);
}

std::string ConnectionMessage(const PGconn* connection) {
  return OneLine(PQerrorMessage(connection));
}

absl::Status ConnectStatus(const PGconn* connection) {
  return ClassifyConnectFailure(PQerrorMessage(connection));
}

bool StartsCopy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

absl::Status CopyRefused() {
  return WithFailureCode(
      absl::UnimplementedError("the statement started a COPY, which is not supported"),
      kCauseUnexpectedResult);
}

}  // namespace

short PollEvents(Want want) {
  switch (want) {
    case Want::kRead:
      return POLLIN;
    case Want::kWrite:
      return POLLOUT;
    case Want::kReadOrWrite:
      return POLLIN | POLLOUT;
    case Want::kDone:
      break;
  }
  PGRING_CHECK(false, "a step that is done wants nothing");
}

std::string LibpqVersion() {
  const int version = PQlibVersion();
  return absl::StrCat(version / 10'000, ".", version % 10'000);
}

absl::StatusOr<Want> LibpqConnection::StartConnect(const ConnectionParameters& parameters) {
  PGRING_CHECK(connection_ == nullptr, "the connection has been started already");
  connection_.reset(PQconnectStartParams(parameters.keywords(), parameters.values(), 0));
  if (connection_ == nullptr) return absl::ResourceExhaustedError("out of memory in libpq");
  messages_ = parameters.server_messages();
  PQsetNoticeReceiver(connection_.get(), &ReceiveNotice, messages_);
  // For the SQLSTATE of a failure: the text is all that libpq keeps of it.
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return ConnectStatus(connection_.get());
  // "behave as if it last returned PGRES_POLLING_WRITING" (libpq documentation).
  return Want::kWrite;
}

absl::StatusOr<Want> LibpqConnection::ContinueConnect() {
  switch (PQconnectPoll(connection_.get())) {
    case PGRES_POLLING_READING:
      return Want::kRead;
    case PGRES_POLLING_WRITING:
      return Want::kWrite;
    case PGRES_POLLING_OK:
      break;
    default:
      return ConnectStatus(connection_.get());
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection_.get(), 1) != 0) return BrokenStatus();
  return Want::kDone;
}

ConnectionHost LibpqConnection::host() const {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  return {text(PQhost(connection_.get())), text(PQhostaddr(connection_.get())),
          text(PQport(connection_.get()))};
}

absl::Status LibpqConnection::SendPrepare(const Statement& statement) {
  return AfterSend(PQsendPrepare(connection_.get(), statement.name.c_str(), statement.sql.c_str(),
                                 statement.parameter_count, nullptr));
}

absl::Status LibpqConnection::SendExecute(const Statement& statement, Parameters parameters) {
  const int accepted = Send(statement, parameters);
  TraceOperationSent(backend_pid(), statement.name.c_str(), statement.sql.c_str());
  return AfterSend(accepted);
}

int LibpqConnection::Send(const Statement& statement, Parameters parameters) {
  switch (statement.protocol) {
    case StatementProtocol::kSimple:
      return PQsendQuery(connection_.get(), statement.sql.c_str());
    case StatementProtocol::kExtended:
      return PQsendQueryParams(connection_.get(), statement.sql.c_str(), parameters.count, nullptr,
                               parameters.values, nullptr, nullptr, 0);
    case StatementProtocol::kPrepared:
    case StatementProtocol::kPreparedOnUse:
      break;
  }
  return PQsendQueryPrepared(connection_.get(), statement.name.c_str(), parameters.count,
                             parameters.values, nullptr, nullptr, 0);
}

absl::Status LibpqConnection::EnterPipeline() {
  PGRING_CHECK(exchange_state_ == ExchangeState::kIdle, "an exchange is still running");
  syncs_expected_ = 0;
  result_ = Result();
  earlier_results_.clear();
  result_status_ = absl::OkStatus();
  return PQenterPipelineMode(connection_.get()) == 1 ? absl::OkStatus() : BrokenStatus();
}

absl::Status LibpqConnection::QueueExecute(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(statement.protocol != StatementProtocol::kSimple, "a simple query in a pipeline");
  TraceOperationSent(backend_pid(), statement.name.c_str(), statement.sql.c_str());
  return Send(statement, parameters) == 1 ? absl::OkStatus() : BrokenStatus();
}

absl::Status LibpqConnection::QueueSync() {
  ++syncs_expected_;
  return PQpipelineSync(connection_.get()) == 1 ? absl::OkStatus() : BrokenStatus();
}

absl::Status LibpqConnection::SendSync() {
  PGRING_RETURN_IF_ERROR(QueueSync());
  return AfterSend(1);
}

absl::Status LibpqConnection::ExitPipeline() {
  return PQexitPipelineMode(connection_.get()) == 1 ? absl::OkStatus() : BrokenStatus();
}

absl::Status LibpqConnection::QueuePrepare(const Statement& statement) {
  const int accepted = PQsendPrepare(connection_.get(), statement.name.c_str(),
                                     statement.sql.c_str(), statement.parameter_count, nullptr);
  return accepted == 1 ? absl::OkStatus() : BrokenStatus();
}

absl::StatusOr<bool> LibpqConnection::FlushPipeline() {
  const int pending = PQflush(connection_.get());
  if (pending < 0) return BrokenStatus();
  return pending == 0;
}

LibpqConnection::Answer LibpqConnection::TakeAnswer(Result* result, absl::Status* status) {
  while (!is_in_foreign_copy_ && syncs_expected_ > 0 && PQisBusy(connection_.get()) == 0) {
    PGresult* answer = PQgetResult(connection_.get());
    if (answer == nullptr) {
      if (PQstatus(connection_.get()) != CONNECTION_OK) return Answer::kNone;
      continue;  // the end of one statement
    }
    if (TakeSync(answer)) return Answer::kSync;
    is_in_foreign_copy_ = StartsCopy(answer);
    *result = Result(answer);
    *status = is_in_foreign_copy_ ? CopyRefused() : StatusOfResult(answer);
    return Answer::kResult;
  }
  return Answer::kNone;
}

absl::Status LibpqConnection::LossStatus() {
  if (!is_in_foreign_copy_) return BrokenStatus();
  return WithFailureCode(
      absl::UnavailableError("the connection was given up because of another operation's COPY"),
      kCauseConnectionLost);
}

// Whether `result` is the end of a pipeline's part; takes it then.
bool LibpqConnection::TakeSync(PGresult* result) {
  if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) return false;
  PQclear(result);
  --syncs_expected_;
  return true;
}

absl::Status LibpqConnection::SendSql(const char* sql) {
  return AfterSend(PQsendQuery(connection_.get(), sql));
}

absl::Status LibpqConnection::AfterSend(int accepted) {
  PGRING_CHECK(exchange_state_ == ExchangeState::kIdle, "an exchange is still running");
  if (accepted != 1) return BrokenStatus();
  exchange_state_ = ExchangeState::kFlushing;
  read_while_flushing_ = false;
  copy_in_wanted_ = false;
  result_ = Result();
  earlier_results_.clear();
  result_status_ = absl::OkStatus();
  return absl::OkStatus();
}

absl::StatusOr<Want> LibpqConnection::Continue() {
  if (exchange_state_ == ExchangeState::kFlushing) {
    const int pending = PQflush(connection_.get());
    if (pending < 0) return BrokenStatus();
    if (pending == 0) {
      exchange_state_ = ExchangeState::kReading;
      // PQconsumeInput below sends before it reads, so the whole answer may have been read already,
      // and the socket would stay silent.
      return !read_while_flushing_ || PQisBusy(connection_.get()) != 0 ? Want::kRead
                                                                       : ReadResults();
    }
    // The server may be waiting for us to read before it takes more.
    read_while_flushing_ = true;
    if (PQconsumeInput(connection_.get()) == 0) return BrokenStatus();
    return Want::kReadOrWrite;
  }
  return ReadResults();
}

absl::StatusOr<Want> LibpqConnection::ReadResults() {
  PGconn* connection = connection_.get();
  if (PQconsumeInput(connection) == 0) return BrokenStatus();
  while (PQisBusy(connection) == 0) {
    PGresult* result = PQgetResult(connection);
    if (result != nullptr && TakeSync(result)) {
      if (syncs_expected_ > 0) continue;
      return EndExchange();
    }
    if (result == nullptr) {
      if (PQstatus(connection) != CONNECTION_OK) return BrokenStatus();
      // The end of one statement of a pipeline.
      if (syncs_expected_ > 0) continue;
      return EndExchange();
    }
    if (copy_in_wanted_ && PQresultStatus(result) == PGRES_COPY_IN) {
      PQclear(result);
      // A second COPY of the same text would get the first one's data.
      copy_in_wanted_ = false;
      exchange_state_ = ExchangeState::kCopyingIn;
      return Want::kDone;
    }
    const bool starts_copy = StartsCopy(result);
    KeepResult(result);
    if (starts_copy) {
      return CopyRefused();
    }
  }
  return Want::kRead;
}

// Takes what LISTEN has brought off the connection, where libpq would keep it for ever.
Want LibpqConnection::EndExchange() {
  exchange_state_ = ExchangeState::kIdle;
  int64_t count = 0;
  while (PGnotify* notification = PQnotifies(connection_.get())) {
    PQfreemem(notification);
    ++count;
  }
  if (count > 0 && messages_ != nullptr) messages_->OnNotifications(count);
  return Want::kDone;
}

absl::Status LibpqConnection::SendCopyIn(const char* sql) {
  PGRING_RETURN_IF_ERROR(SendSql(sql));
  copy_in_wanted_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> LibpqConnection::AfterCopyStep(int accepted) {
  if (accepted < 0) return BrokenStatus();
  return accepted == 1;
}

absl::StatusOr<bool> LibpqConnection::PutCopyData(std::string_view data) {
  PGRING_CHECK(is_copying_in(), "no COPY is waiting for data");
  return AfterCopyStep(
      PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size())));
}

absl::StatusOr<Want> LibpqConnection::FlushCopyData() {
  const int pending = PQflush(connection_.get());
  if (pending < 0) return BrokenStatus();
  if (pending == 0) return Want::kDone;
  // An error of the server's must be taken off the socket, or it would block in sending it.
  if (PQconsumeInput(connection_.get()) == 0) return BrokenStatus();
  return Want::kReadOrWrite;
}

absl::StatusOr<bool> LibpqConnection::EndCopyIn(const char* refusal) {
  PGRING_CHECK(is_copying_in(), "no COPY is waiting for its end");
  absl::StatusOr<bool> ended = AfterCopyStep(PQputCopyEnd(connection_.get(), refusal));
  if (ended.ok() && *ended) {
    exchange_state_ = ExchangeState::kFlushing;
    read_while_flushing_ = true;  // an error ends the COPY before its data do
  }
  return ended;
}

absl::StatusOr<Result> LibpqConnection::TakeResult() {
  if (!result_status_.ok()) return std::exchange(result_status_, absl::OkStatus());
  return std::move(result_);
}

absl::Status LibpqConnection::TakeResults(std::vector<Result>* results) {
  for (Result& earlier : earlier_results_) results->push_back(std::move(earlier));
  earlier_results_.clear();
  if (result_.has_value()) results->push_back(std::move(result_));
  return std::exchange(result_status_, absl::OkStatus());
}

void LibpqConnection::KeepResult(PGresult* result) {
  Result owned(result);
  if (!result_status_.ok()) return;
  result_status_ = StatusOfResult(result);
  if (!result_status_.ok()) return;
  if (result_.has_value()) earlier_results_.push_back(std::move(result_));
  result_ = std::move(owned);
}

absl::Status LibpqConnection::BrokenStatus() {
  exchange_state_ = ExchangeState::kIdle;
  // The server's final ErrorResponse arrives before the end of the stream and names the cause.
  absl::Status last_words = result_status_;
  // libpq adds its own trouble with the missing socket when it is asked further.
  const std::string message = ConnectionMessage(connection_.get());
  const bool may_read = last_words.ok();
  while (may_read && PQisBusy(connection_.get()) == 0) {
    PGresult* result = PQgetResult(connection_.get());
    if (result == nullptr) break;
    Result owned(result);
    // libpq gives this one again and again.
    if (StartsCopy(result)) break;
    const absl::Status status = StatusOfResult(result);
    const bool is_of_server = FailureCode(status) != kCauseConnectionLost;
    if (!status.ok() && is_of_server && last_words.ok()) last_words = status;
  }
  result_status_ = absl::OkStatus();
  if (!last_words.ok()) return last_words;
  return WithFailureCode(absl::UnavailableError(message), kCauseConnectionLost);
}

std::string LibpqConnection::ServerParameter(const char* name) const {
  const char* value = PQparameterStatus(connection_.get(), name);
  return value == nullptr ? "" : value;
}

}  // namespace pgring
