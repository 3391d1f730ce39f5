#include "pgring/postgres/connection.h"

#include <poll.h>

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
      io_(MakeReadinessIo(reactor)),
      stop_(reactor->ready()),
      other_poll_(reactor) {}

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

Session::Begun Connection::BeginExecute(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(state_ == State::kReady, "a statement on a connection that is not ready");
  if (has_deferred_ || prepared_.IsMissing(statement)) return Begun::kNot;
  state_ = State::kBusy;
  const absl::Status sent = libpq_.SendExecute(statement, parameters);
  if (!sent.ok()) {
    want_ = sent;
    return Begun::kEnded;
  }
  return BeginExchange() ? Begun::kWaiting : Begun::kEnded;
}

absl::StatusOr<Result> Connection::TakeExecuted() {
  if (!want_.ok()) return Break(want_.status());
  state_ = State::kReady;
  return libpq_.TakeResult();
}

Task<absl::StatusOr<Result>> Connection::ExecuteInSteps(const Statement* statement,
                                                        Parameters parameters) {
  if (has_deferred_) {
    auto result = co_await ExecuteAfterDeferred(statement, parameters);
    co_return result;
  }
  absl::Status prepared = co_await PrepareNow(statement);
  if (!prepared.ok()) {
    co_return prepared;
  }
  auto result = co_await Execute(statement, parameters);
  co_return result;
}

Task<absl::StatusOr<Result>> Connection::ExecuteAfterDeferred(const Statement* statement,
                                                              Parameters parameters) {
  // What cannot join the others goes after them.
  const bool joins = MayDefer(*statement);
  if (joins) {
    const absl::Status queued = Defer(*statement, parameters);
    if (!queued.ok()) {
      co_return queued;
    }
  }
  const absl::Status flushed = co_await Flush();
  if (!flushed.ok()) {
    co_return flushed;
  }
  if (joins) {
    co_return libpq_.TakeLastOfPipeline();
  }
  auto result = co_await Execute(statement, parameters);
  co_return result;
}

absl::Status Connection::Defer(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(state_ == State::kReady, "a statement on a connection that is not ready");
  PGRING_CHECK(MayDefer(statement), "a statement was deferred that may not be");
  absl::Status status;
  if (!has_deferred_) status = libpq_.EnterPipeline();
  has_deferred_ = true;
  if (status.ok()) status = libpq_.QueueExecute(statement, parameters);
  if (status.ok()) return Noted(status);
  has_deferred_ = false;
  return Break(std::move(status));
}

Task<absl::Status> Connection::Flush() {
  if (!has_deferred_) {
    co_return absl::OkStatus();
  }
  has_deferred_ = false;
  absl::Status status = co_await SyncPipeline();
  if (usable()) status.Update(ExitPipeline());
  co_return status;
}

bool Connection::CanBeExecutedAlone(const Statement& statement) const {
  return statement.protocol != StatementProtocol::kSimple && !prepared_.IsMissing(statement);
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
