#include "pgring/postgres/connection.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "postgres/connect_attempt.h"

namespace pgring {

Connection::Connection(Reactor* reactor, const ConnectionParameters* parameters,
                       const std::vector<Statement>* statements, Canceller* canceller,
                       IoMode io_mode, Pipelining pipelining)
    : reactor_(reactor),
      parameters_(parameters),
      statements_(statements),
      canceller_(canceller),
      io_mode_(io_mode),
      pipelining_(pipelining),
      io_(MakeReadinessIo(reactor)) {}

Connection::~Connection() {
  PGRING_CHECK(state_ == State::kNew || state_ == State::kClosed,
               "a connection was destroyed before it was closed");
}

absl::Status Connection::Break(absl::Status status) {
  state_ = State::kBroken;
  io_->NoteStep(libpq_.socket(), true);
  return status;
}

absl::Status Connection::AbortedStatus() const {
  if (reactor_->has_failed()) return reactor_->failure();
  return WithFailureCode(
      absl::CancelledError("the run was interrupted before the server had answered"),
      kCauseInterrupted);
}

Task<absl::Status> Connection::Connect() {
  PGRING_CHECK(state_ == State::kNew, "a connection can be connected once");
  state_ = State::kConnecting;
  ConnectAttempt attempt(parameters_, &libpq_, &reactor_->clock());
  absl::StatusOr<Want> want = attempt.Start();
  while (want.ok() && *want != Want::kDone) {
    SocketIo* io = io_.get();
    const int socket = libpq_.socket();
    const Want wanted = *want;
    const int64_t deadline_ns = attempt.deadline_ns();
    const WaitOutcome outcome = co_await SocketIo::Wait(io, socket, wanted, deadline_ns);
    if (outcome == WaitOutcome::kAborted) {
      absl::Status aborted = Break(AbortedStatus());
      co_return aborted;
    }
    if (outcome == WaitOutcome::kReady) {
      want = attempt.Continue();
      continue;
    }
    // Its poll goes before the socket does.
    co_await SocketIo::End(io);
    if (aborted_) {
      absl::Status aborted = Break(AbortedStatus());
      co_return aborted;
    }
    io_ = MakeReadinessIo(reactor_);
    want = attempt.GiveUpOnHost();
  }
  if (!want.ok()) {
    absl::Status failed = Break(want.status());
    co_return failed;
  }
  cancel_.reset(libpq_.MakeCancel());
  state_ = State::kBusy;
  if (io_mode_ != IoMode::kReadiness) {
    SocketIo* connecting = io_.get();
    co_await SocketIo::End(connecting);
    io_ = MakeCompletionIo(reactor_, libpq_.socket());
    if (aborted_) io_->Abort();
  }
  for (const Statement& statement : *statements_) {
    if (!PreparedStatements::IsForConnecting(statement)) continue;
    absl::Status sent = libpq_.SendPrepare(statement);
    if (sent.ok()) {
      sent = co_await Exchange(this);
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

Session::Begun Connection::BeginSend(const Statement& statement, Parameters parameters,
                                     AnswerNeeded needed) {
  PGRING_CHECK(state_ == State::kReady, "a statement on a connection that is not ready");
  if (pipelining_ == Pipelining::kOn && CanJoinOthers(statement)) {
    const bool may_wait = needed == AnswerNeeded::kLater && MayWait(statement);
    if (may_wait || has_unsent_) {
      const bool is_queued = Queue(statement, parameters);
      return may_wait || !is_queued ? Begun::kTaken : BeginSettle();
    }
  }
  if (has_unsent_ || prepared_.IsMissing(statement)) return Begun::kSteps;
  state_ = State::kBusy;
  const absl::Status sent = libpq_.SendExecute(statement, parameters);
  if (!sent.ok()) {
    want_ = sent;
    return Begun::kEnded;
  }
  return BeginExchange() ? Begun::kWaiting : Begun::kEnded;
}

bool Connection::Queue(const Statement& statement, Parameters parameters) {
  absl::Status status;
  if (!has_unsent_) status = libpq_.EnterPipeline();
  has_unsent_ = true;
  if (status.ok()) status = libpq_.QueueExecute(statement, parameters);
  if (status.ok()) return Noted(status).ok();
  has_unsent_ = false;
  status_ = Break(std::move(status));
  return false;
}

Session::Begun Connection::BeginSettle() {
  PGRING_CHECK(state_ == State::kReady && has_unsent_, "there is nothing to be sent");
  state_ = State::kBusy;
  const absl::Status sent = libpq_.SendSync();
  if (!sent.ok()) {
    want_ = sent;
    return Begun::kEnded;
  }
  return BeginExchange() ? Begun::kWaiting : Begun::kEnded;
}

void Connection::EndExchange() {
  const bool was_pipelined = std::exchange(has_unsent_, false);
  if (!want_.ok()) {
    status_ = Break(want_.status());
    return;
  }
  state_ = State::kReady;
  status_ = libpq_.TakeResults(&results_);
  if (was_pipelined) status_.Update(ExitPipeline());
}

Task<void> Connection::SendInSteps(const Statement* statement, Parameters parameters) {
  has_left_ = false;
  // What cannot join the others goes after them.
  if (has_unsent_) {
    state_ = State::kBusy;
    absl::Status sent = libpq_.SendSync();
    if (sent.ok()) {
      sent = co_await Exchange(this);
    }
    EndStep(sent);
    if (!status_.ok()) co_return;
  }
  absl::Status prepared = co_await PrepareNow(statement);
  if (!prepared.ok()) {
    status_ = prepared;
    co_return;
  }
  state_ = State::kBusy;
  has_left_ = true;
  absl::Status sent = libpq_.SendExecute(*statement, parameters);
  if (sent.ok()) {
    sent = co_await Exchange(this);
  }
  EndStep(sent);
}

void Connection::EndStep(const absl::Status& exchanged) {
  want_ = exchanged.ok() ? absl::StatusOr<Want>(Want::kDone) : absl::StatusOr<Want>(exchanged);
  EndExchange();
}

bool Connection::CanJoinOthers(const Statement& statement) const {
  return statement.protocol != StatementProtocol::kSimple && !prepared_.IsMissing(statement) &&
         !in_pipeline();
}

// Its own exchange before the first execution. An error of the statement leaves the session ready.
Task<absl::Status> Connection::PrepareOnUse(const Statement* statement) {
  if (!prepared_.IsMissing(*statement)) co_return absl::OkStatus();
  absl::Status status = libpq_.SendPrepare(*statement);
  if (status.ok()) {
    status = co_await Exchange(this);
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
  prepared_.Add(*statement);
  co_return absl::OkStatus();
}

Task<absl::Status> Connection::PrepareNow(const Statement* statement) {
  PGRING_CHECK(state_ == State::kReady, "a statement on a connection that is not ready");
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
    status = co_await Exchange(this);
  }
  if (!status.ok()) {
    absl::Status broken = Break(std::move(status));
    co_return broken;
  }
  state_ = State::kReady;
  StartAnew();
  co_return libpq_.TakeResults(&results_);
}

bool Connection::BeginExchange() {
  ++round_trips_;
  return GoOnWaiting(WaitOutcome::kReady);
}

// Does what can be done without waiting. Whether there is a wait to be suspended in; else want_
// says how the exchange ended.
bool Connection::GoOnWaiting(WaitOutcome outcome) {
  for (;;) {
    if (outcome == WaitOutcome::kAborted) {
      want_ = AbortedStatus();
      return false;
    }
    want_ = libpq_.Continue();
    const bool is_last = !want_.ok() || *want_ == Want::kDone;
    io_->NoteStep(libpq_.socket(), is_last);
    if (is_last) return false;
    if (io_->Start(libpq_.socket(), *want_)) return true;
    outcome = io_->Finish();
  }
}

void Connection::SuspendExchange(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  io_->Suspend(waiter, kNoDeadlineNs, this);
}

bool Connection::OnWake() {
  if (!GoOnWaiting(io_->Finish())) return true;
  SuspendExchange(waiter_);
  return false;
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
  io_->Abort();
}

void Connection::RequestCancel() {
  if (state_ == State::kBusy && cancel_ != nullptr) canceller_->Send(std::move(cancel_));
}

}  // namespace pgring
