#include "pgring/postgres/shared_session.h"

#include <poll.h>

#include <string_view>

#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "postgres/transaction_effect.h"

namespace pgring {
namespace {

constexpr size_t kNullValue = std::string_view::npos;

absl::Status LostEarlier() {
  return WithFailureCode(
      absl::UnavailableError("the connection was lost in an earlier statement of the operation"),
      kCauseConnectionLost);
}

bool EndsOpenTransaction(TransactionEffect effect) {
  return effect == TransactionEffect::kEnds || effect == TransactionEffect::kEndsAndBegins;
}

}  // namespace

SharedSession::SharedSession(Multiplexer* multiplexer)
    : multiplexer_(multiplexer), other_poll_(multiplexer->reactor_) {}

SharedSession::~SharedSession() {
  PGRING_CHECK(state_ == State::kIdle && line_ == nullptr,
               "a session was destroyed that is in a transaction");
}

void SharedSession::Renew() {
  PGRING_CHECK(state_ == State::kIdle && line_ == nullptr, "a session was given on in use");
  is_lost_ = false;
  has_sent_ = false;
  in_pipeline_ = false;
  has_deferred_ = false;
  gathered_.clear();
  total_queued_ns_ = 0;
}

void SharedSession::EndUse() {
  PGRING_CHECK(state_ == State::kIdle, "an operation ended before its statement");
  if (line_ != nullptr) multiplexer_->GiveUpHeld(this);
}

void SharedSession::Gather(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(state_ == State::kIdle, "a statement while another one is in flight");
  if (gathered_.empty()) {
    offsets_.clear();
    texts_.clear();
  }
  gathered_.push_back({&statement, parameters.count, std::exchange(sync_is_next_, false)});
  for (int i = 0; i < parameters.count; ++i) {
    const char* value = parameters.values[i];
    offsets_.push_back(value == nullptr ? kNullValue : texts_.size());
    if (value != nullptr) texts_.append(value).push_back('\0');
  }
}

void SharedSession::BeginUnit() {
  statements.clear();
  values_.clear();
  for (const size_t offset : offsets_) {
    values_.push_back(offset == kNullValue ? nullptr : texts_.data() + offset);
  }
  const char* const* values = values_.data();
  for (const Gathered& one : gathered_) {
    UnitStatement& added = statements.emplace_back();
    added.statement = one.statement;
    added.parameters = Parameters(values, one.parameter_count);
    added.after_sync = one.after_sync;
    values += one.parameter_count;
  }
  gathered_.clear();
  offsets_.clear();
  has_deferred_ = false;
}

absl::Status SharedSession::Defer(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(MayDefer(statement), "a statement was deferred that may not be");
  if (is_lost_) return LostEarlier();
  Gather(statement, parameters);
  has_deferred_ = true;
  return absl::OkStatus();
}

Session::Begun SharedSession::BeginExecute(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(state_ == State::kIdle && !in_pipeline_, "a statement while another is in flight");
  BeginUnit();
  UnitStatement& last = statements.emplace_back();
  last.statement = &statement;
  last.parameters = parameters;
  if (statement.protocol == StatementProtocol::kSimple) {
    // A pipeline has no simple protocol.
    text_statement_.sql = statement.sql;
    text_statement_.protocol = StatementProtocol::kExtended;
    last.statement = &text_statement_;
  }
  Submit();
  return is_busy() ? Begun::kWaiting : Begun::kEnded;
}

void SharedSession::Submit() {
  if (is_lost_) {
    results.clear();
    status = LostEarlier();
    return;
  }
  ++round_trips_;
  // A pipeline of the script's may have anything in it.
  is_exclusive_ = in_pipeline_;
  leaves_transaction_ = in_transaction_;
  for (UnitStatement& one : statements) {
    const TransactionEffect effect = TransactionEffectOf(one.statement->sql);
    if (effect == TransactionEffect::kNone) continue;
    leaves_transaction_ = effect != TransactionEffect::kEnds;
    const bool is_first = &one == statements.data();
    if (EndsOpenTransaction(effect) && !is_first && !in_pipeline_) one.after_sync = true;
  }
  multiplexer_->Submit(this);
}

void SharedSession::SuspendExchange(std::coroutine_handle<> waiter) {
  is_awaited_ = true;
  node_.handle = waiter;
}

void SharedSession::EndUnit(bool is_lost) {
  state_ = State::kIdle;
  if (is_lost) is_lost_ = true;
  if (std::exchange(is_awaited_, false)) multiplexer_->reactor_->ready()->Post(&node_);
}

absl::StatusOr<Result> SharedSession::TakeExecuted() {
  if (!status.ok()) return std::exchange(status, absl::OkStatus());
  PGRING_CHECK(!results.empty(), "a statement without a result");
  Result last = std::move(results.back());
  results.pop_back();
  return last;
}

Task<absl::Status> SharedSession::Flush() {
  if (!has_deferred_) co_return absl::OkStatus();
  BeginUnit();
  Submit();
  co_await Answer(this);
  co_return std::exchange(status, absl::OkStatus());
}

absl::Status SharedSession::EnterPipeline() {
  PGRING_CHECK(!has_deferred_, "a pipeline in which statements are deferred");
  in_pipeline_ = true;
  return absl::OkStatus();
}

absl::Status SharedSession::QueueExecute(const Statement& statement, Parameters parameters) {
  PGRING_CHECK(in_pipeline_, "no pipeline was begun");
  if (is_lost_) return LostEarlier();
  Gather(statement, parameters);
  return absl::OkStatus();
}

absl::Status SharedSession::QueueSync() {
  sync_is_next_ = !gathered_.empty();
  return absl::OkStatus();
}

Task<absl::Status> SharedSession::SyncPipeline() {
  sync_is_next_ = false;
  results.clear();
  if (gathered_.empty()) co_return absl::OkStatus();
  BeginUnit();
  Submit();
  co_await Answer(this);
  co_return std::exchange(status, absl::OkStatus());
}

absl::Status SharedSession::ExitPipeline() {
  in_pipeline_ = false;
  return absl::OkStatus();
}

Task<bool> SharedSession::Sleep(int64_t duration_ns) {
  Reactor* reactor = multiplexer_->reactor_;
  const StopToken stop(&multiplexer_->sleeps_end_);
  const int64_t wake_ns = reactor->clock().NowNs() + duration_ns;
  const bool reached = co_await SleepUntil(reactor, wake_ns, stop);
  co_return reached;
}

Task<bool> SharedSession::WaitReadable(int descriptor) {
  if (multiplexer_->sleeps_end_.stop_requested()) co_return false;
  RingOperation* poll = &other_poll_;
  const int32_t events = co_await PollDescriptor(poll, descriptor, POLLIN);
  co_return events > 0;
}

}  // namespace pgring
