#include "pgring/postgres/blocking_session.h"

#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/base/system_calls.h"
#include "postgres/connect_attempt.h"

namespace pgring {
namespace {

// Rounded up, so that a deadline has really come when poll says so.
int TimeoutMs(int64_t now_ns, int64_t deadline_ns) {
  if (deadline_ns == kNoDeadlineNs) return -1;
  const int64_t left_ns = std::max<int64_t>(0, deadline_ns - now_ns);
  constexpr int64_t kLongestMs = 1'000'000;
  return static_cast<int>(std::min(
      (left_ns + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond, kLongestMs));
}

// An exchange that was broken off is still running for libpq, so no other may be begun.
absl::Status NotConnected() {
  return WithFailureCode(
      absl::UnavailableError("the connection was lost in an earlier statement; connect again"),
      kCauseConnectionLost);
}

}  // namespace

BlockingSession::BlockingSession(const ConnectionParameters* parameters,
                                 const std::vector<Statement>* statements,
                                 const Interrupt* interrupt)
    : parameters_(parameters), statements_(statements), interrupt_(interrupt) {}

absl::Status BlockingSession::ConnectNow() {
  ConnectAttempt attempt(parameters_, &libpq_, SteadyClock::Get());
  absl::StatusOr<Want> want = attempt.Start();
  while (want.ok() && *want != Want::kDone) {
    const absl::Status waited = WaitFor(*want, attempt.deadline_ns());
    const bool is_late = absl::IsDeadlineExceeded(waited);
    if (!waited.ok() && !is_late) return waited;
    want = is_late ? attempt.GiveUpOnHost() : attempt.Continue();
  }
  if (!want.ok()) return want.status();
  cancel_.reset(libpq_.MakeCancel());
  if (statements_ != nullptr) {
    for (const Statement& statement : *statements_) {
      if (!PreparedStatements::IsForConnecting(statement)) continue;
      absl::Status prepared = libpq_.SendPrepare(statement);
      if (prepared.ok()) prepared = FinishExchange();
      if (prepared.ok()) prepared = libpq_.TakeResult().status();
      if (!prepared.ok()) return Annotate(prepared, absl::StrCat("preparing ", statement.name));
    }
  }
  usable_ = true;
  return absl::OkStatus();
}

Session::Begun BlockingSession::BeginSend(const Statement& statement, Parameters parameters,
                                          AnswerNeeded /*needed*/) {
  status_ = usable_ ? PrepareOnUse(statement) : NotConnected();
  has_left_ = status_.ok();
  if (!has_left_) return Begun::kTaken;
  status_ = libpq_.SendExecute(statement, parameters);
  if (status_.ok()) status_ = FinishExchange();
  if (status_.ok()) return Begun::kEnded;
  usable_ = false;
  return Begun::kTaken;
}

void BlockingSession::EndExchange() { status_ = libpq_.TakeResults(&results_); }

absl::Status BlockingSession::PrepareOnUse(const Statement& statement) {
  if (!prepared_.IsMissing(statement)) return absl::OkStatus();
  absl::Status status = libpq_.SendPrepare(statement);
  if (status.ok()) status = FinishExchange();
  if (!status.ok()) {
    usable_ = false;
    return status;
  }
  PGRING_RETURN_IF_ERROR(libpq_.TakeResult().status());
  prepared_.Add(statement);
  return absl::OkStatus();
}

Task<absl::Status> BlockingSession::PrepareNow(const Statement* statement) {
  if (!usable_) co_return NotConnected();
  absl::Status prepared = PrepareOnUse(*statement);
  co_return prepared;
}

Task<absl::Status> BlockingSession::SyncPipeline() {
  if (!usable_) co_return NotConnected();
  absl::Status status = libpq_.SendSync();
  if (status.ok()) status = FinishExchange();
  if (!status.ok()) {
    usable_ = false;
    co_return status;
  }
  StartAnew();
  co_return libpq_.TakeResults(&results_);
}

absl::StatusOr<Result> BlockingSession::ExecuteSql(const char* sql) {
  if (!usable_) return NotConnected();
  absl::Status status = libpq_.SendSql(sql);
  if (status.ok()) status = FinishExchange();
  if (!status.ok()) {
    usable_ = false;
    return status;
  }
  return libpq_.TakeResult();
}

absl::Status BlockingSession::CopyIn(const char* sql, CopySource source) {
  if (!usable_) return NotConnected();
  absl::Status stopped;
  absl::Status status = libpq_.SendCopyIn(sql);
  if (status.ok()) status = FinishExchange();
  const bool copying = status.ok() && libpq_.is_copying_in();
  if (copying) status = SendCopyData(source, &stopped);
  if (copying && status.ok()) status = FinishExchange();
  if (!status.ok()) {
    usable_ = false;
    return status;
  }
  absl::Status answer = libpq_.TakeResult().status();
  if (!stopped.ok()) return stopped;
  if (answer.ok() && !copying) {
    return WithFailureCode(
        absl::InvalidArgumentError("the statement is no COPY from standard input"),
        kCauseUnexpectedResult);
  }
  return answer;
}

absl::Status BlockingSession::SendCopyData(CopySource source, absl::Status* stopped) {
  std::string piece;
  for (;;) {
    piece.clear();
    if (interrupt_ != nullptr && interrupt_->raised()) {
      *stopped = WithFailureCode(absl::CancelledError("interrupted while sending data"),
                                 kCauseInterrupted);
    } else {
      *stopped = source(&piece);
    }
    if (!stopped->ok() || piece.empty()) break;
    PGRING_RETURN_IF_ERROR(PutCopyPiece(piece));
  }
  const char* refusal = stopped->ok() ? nullptr : "the client gave up";
  absl::StatusOr<bool> ended = libpq_.EndCopyIn(refusal);
  if (ended.ok() && !*ended) {
    PGRING_RETURN_IF_ERROR(FlushCopyData());
    ended = libpq_.EndCopyIn(refusal);
  }
  if (ended.ok() && !*ended) return absl::ResourceExhaustedError("out of memory in libpq");
  return ended.status();
}

absl::Status BlockingSession::PutCopyPiece(const std::string& piece) {
  absl::StatusOr<bool> taken = libpq_.PutCopyData(piece);
  if (taken.ok() && !*taken) {
    PGRING_RETURN_IF_ERROR(FlushCopyData());
    taken = libpq_.PutCopyData(piece);
  }
  if (!taken.ok()) return taken.status();
  // With everything flushed only a lack of memory is left as the reason.
  if (!*taken) return absl::ResourceExhaustedError("out of memory in libpq");
  return FlushCopyData();
}

absl::Status BlockingSession::FlushCopyData() {
  absl::StatusOr<Want> want = libpq_.FlushCopyData();
  while (want.ok() && *want != Want::kDone) {
    PGRING_RETURN_IF_ERROR(WaitFor(*want, kNoDeadlineNs));
    want = libpq_.FlushCopyData();
  }
  return want.status();
}

void BlockingSession::CloseNow() {
  usable_ = false;
  cancel_.reset();
  libpq_.Close();
}

absl::Status BlockingSession::FinishExchange() {
  ++round_trips_;
  absl::StatusOr<Want> want = libpq_.Continue();
  while (want.ok() && *want != Want::kDone) {
    PGRING_RETURN_IF_ERROR(WaitFor(*want, kNoDeadlineNs));
    want = libpq_.Continue();
  }
  return want.status();
}

absl::Status BlockingSession::WaitFor(Want want, int64_t deadline_ns) {
  for (;;) {
    // The clock is read only when something is timed: the common wait costs one poll(2) alone.
    const bool interrupted = interrupt_ != nullptr && interrupt_->raised();
    int64_t now_ns = 0;
    int64_t wake_ns = deadline_ns;
    if (interrupted || deadline_ns != kNoDeadlineNs) now_ns = SteadyClock::Get()->NowNs();
    if (interrupted) PGRING_RETURN_IF_ERROR(OnInterrupted(now_ns, &wake_ns));
    if (deadline_ns != kNoDeadlineNs && now_ns >= deadline_ns) {
      return absl::DeadlineExceededError("waiting for the server took too long");
    }
    pollfd descriptors[2] = {{libpq_.socket(), PollEvents(want), 0}, {-1, POLLIN, 0}};
    if (interrupt_ != nullptr && !interrupted) descriptors[1].fd = interrupt_->descriptor();
    CountSystemCalls(1);
    const int ready = poll(descriptors, 2, TimeoutMs(now_ns, wake_ns));
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "waiting in poll");
    if (ready > 0 && descriptors[0].revents != 0) return absl::OkStatus();
  }
}

absl::Status BlockingSession::OnInterrupted(int64_t now_ns, int64_t* wake_ns) {
  const int64_t cancel_ns = interrupt_->raised_at_ns() + Interrupt::kDrainNs;
  const int64_t give_up_ns = cancel_ns + Interrupt::kCancelNs;
  if (now_ns >= give_up_ns) {
    return WithFailureCode(
        absl::CancelledError("the run was interrupted before the server had answered"),
        kCauseInterrupted);
  }
  if (now_ns >= cancel_ns && cancel_ != nullptr) {
    // Not from here, although this thread has nothing else to do: PQcancel has no time limit.
    canceller_ = std::make_unique<Canceller>();
    canceller_->Send(std::move(cancel_));
  }
  *wake_ns = std::min(*wake_ns, now_ns >= cancel_ns ? give_up_ns : cancel_ns);
  return absl::OkStatus();
}

}  // namespace pgring
