#include "pgring/postgres/connection.h"

#include <poll.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"

namespace pgring {
namespace {

absl::Status AbortedStatus() {
  return WithFailureCode(
      absl::CancelledError("the run was interrupted before the server had answered"),
      kCauseInterrupted);
}

}  // namespace

Connection::Connection(Reactor* reactor, const ConnectionParameters* parameters,
                       const std::vector<Statement>* statements, Canceller* canceller,
                       IoMode io_mode)
    : reactor_(reactor),
      parameters_(parameters),
      statements_(statements),
      canceller_(canceller),
      io_mode_(io_mode),
      io_(MakeReadinessIo(reactor)),
      stop_(reactor->ready()),
      other_poll_(reactor) {}

Connection::~Connection() {
  PGRING_CHECK(state_ == State::kNew || state_ == State::kClosed,
               "a connection was destroyed before it was closed");
}

absl::Status Connection::Break(absl::Status status) {
  state_ = State::kBroken;
  io_->NoteSocket(libpq_.socket());
  return status;
}

Task<absl::Status> Connection::Connect() {
  PGRING_CHECK(state_ == State::kNew, "a connection can be connected once");
  state_ = State::kConnecting;
  const int timeout_s = parameters_->connect_timeout_s();
  const int64_t deadline_ns =
      reactor_->clock().NowNs() + int64_t{timeout_s} * kNanosecondsPerSecond;
  absl::StatusOr<Want> want = libpq_.StartConnect(*parameters_);
  while (want.ok() && *want != Want::kDone) {
    SocketIo* io = io_.get();
    const int socket = libpq_.socket();
    const Want wanted = *want;
    const WaitOutcome outcome = co_await SocketIo::Wait(io, socket, wanted, deadline_ns);
    if (outcome == WaitOutcome::kAborted) {
      absl::Status aborted = Break(AbortedStatus());
      co_return aborted;
    }
    if (outcome == WaitOutcome::kDeadline) {
      absl::Status late =
          WithFailureCode(absl::DeadlineExceededError(absl::StrCat(
                              "connecting took longer than connect_timeout (", timeout_s, " s)")),
                          kCauseConnectTimeout);
      late = Break(late);
      co_return late;
    }
    want = libpq_.ContinueConnect();
  }
  if (!want.ok()) {
    absl::Status failed = Break(want.status());
    co_return failed;
  }
  cancel_.reset(libpq_.MakeCancel());
  state_ = State::kBusy;
  if (io_mode_ == IoMode::kCompletion) {
    SocketIo* connecting = io_.get();
    co_await SocketIo::End(connecting);
    io_ = MakeCompletionIo(reactor_, libpq_.socket());
    if (aborted_) io_->Abort();
  }
  for (const Statement& statement : *statements_) {
    if (statement.protocol != StatementProtocol::kPrepared) continue;
    absl::Status sent = libpq_.SendPrepare(statement);
    if (sent.ok()) {
      sent = co_await FinishExchange();
    }
    if (sent.ok()) sent = libpq_.TakeResult().status();
    if (!sent.ok()) {
      absl::Status failed = Break(Annotate(sent, absl::StrCat("preparing ", statement.name)));
      co_return failed;
    }
  }
  state_ = State::kReady;
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Result>> Connection::Execute(const Statement* statement,
                                                 Parameters parameters) {
  PGRING_CHECK(state_ == State::kReady, "a statement on a connection that is not ready");
  state_ = State::kBusy;
  if (statement->protocol == StatementProtocol::kPreparedOnUse) {
    absl::Status prepared = co_await PrepareOnUse(statement);
    if (!prepared.ok()) {
      co_return prepared;
    }
  }
  absl::Status status = libpq_.SendExecute(*statement, parameters);
  if (status.ok()) {
    status = co_await FinishExchange();
  }
  if (!status.ok()) {
    absl::Status broken = Break(std::move(status));
    co_return broken;
  }
  state_ = State::kReady;
  co_return libpq_.TakeResult();
}

// Its own exchange before the first execution. An error of the statement leaves the session ready.
Task<absl::Status> Connection::PrepareOnUse(const Statement* statement) {
  if (statement->number < is_prepared_.size() && is_prepared_[statement->number]) {
    co_return absl::OkStatus();
  }
  absl::Status status = libpq_.SendPrepare(*statement);
  if (status.ok()) {
    status = co_await FinishExchange();
  }
  if (!status.ok()) {
    absl::Status broken = Break(std::move(status));
    co_return broken;
  }
  absl::Status prepared = libpq_.TakeResult().status();
  if (!prepared.ok()) {
    state_ = State::kReady;
    co_return prepared;
  }
  if (statement->number >= is_prepared_.size()) is_prepared_.resize(statement->number + 1);
  is_prepared_[statement->number] = true;
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::PrepareNow(const Statement* statement) {
  PGRING_CHECK(state_ == State::kReady, "a statement on a connection that is not ready");
  if (statement->protocol != StatementProtocol::kPreparedOnUse) {
    co_return absl::OkStatus();
  }
  state_ = State::kBusy;
  absl::Status prepared = co_await PrepareOnUse(statement);
  if (prepared.ok()) state_ = State::kReady;
  co_return prepared;
}

Task<absl::Status> Connection::SyncPipeline() {
  PGRING_CHECK(state_ == State::kReady, "a pipeline on a connection that is not ready");
  state_ = State::kBusy;
  absl::Status status = libpq_.SendSync();
  if (status.ok()) {
    status = co_await FinishExchange();
  }
  if (!status.ok()) {
    absl::Status broken = Break(std::move(status));
    co_return broken;
  }
  state_ = State::kReady;
  co_return libpq_.TakePipelineStatus();
}

Task<bool> Connection::Sleep(int64_t duration_ns) {
  const StopToken stop(&stop_);
  const int64_t wake_ns = reactor_->clock().NowNs() + duration_ns;
  const bool reached = co_await SleepUntil(reactor_, wake_ns, stop);
  co_return reached;
}

Task<bool> Connection::WaitReadable(int descriptor) {
  if (stop_.stop_requested()) co_return false;
  RingOperation* poll = &other_poll_;
  const int32_t events = co_await PollDescriptor(poll, descriptor, POLLIN);
  co_return events > 0;
}

Task<absl::Status> Connection::FinishExchange() {
  ++round_trips_;
  absl::StatusOr<Want> want = libpq_.Continue();
  io_->NoteSocket(libpq_.socket());
  while (want.ok() && *want != Want::kDone) {
    SocketIo* io = io_.get();
    const int socket = libpq_.socket();
    const Want wanted = *want;
    const WaitOutcome outcome = co_await SocketIo::Wait(io, socket, wanted, kNoDeadlineNs);
    if (outcome == WaitOutcome::kAborted) {
      absl::Status aborted = AbortedStatus();
      co_return aborted;
    }
    want = libpq_.Continue();
    io_->NoteSocket(libpq_.socket());
  }
  co_return want.status();
}

Task<void> Connection::Close() {
  SocketIo* io = io_.get();
  co_await SocketIo::End(io);
  cancel_.reset();
  libpq_.Close();
  state_ = State::kClosed;
}

void Connection::Abort() {
  aborted_ = true;
  stop_.RequestStop();
  other_poll_.Cancel();
  io_->Abort();
}

void Connection::RequestCancel() {
  stop_.RequestStop();
  other_poll_.Cancel();
  if (state_ == State::kBusy && cancel_ != nullptr) canceller_->Send(std::move(cancel_));
}

}  // namespace pgring
