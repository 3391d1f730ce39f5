#include "pgring/postgres/shared_session.h"

#include <string_view>

#include "pgring/base/check.h"
#include "pgring/base/status.h"
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

SharedSession::SharedSession(Multiplexer* multiplexer) : multiplexer_(multiplexer) {}

SharedSession::~SharedSession() {
  PGRING_CHECK(state_ == State::kIdle && line_ == nullptr,
               "a session was destroyed that is in a transaction");
}

void SharedSession::Renew() {
  PGRING_CHECK(state_ == State::kIdle && line_ == nullptr, "a session was given on in use");
  is_lost_ = false;
  has_sent_ = false;
  in_pipeline_ = false;
  has_unsent_ = false;
  status_ = absl::OkStatus();
  StartAnew();
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
}

Session::Begun SharedSession::BeginSend(const Statement& statement, Parameters parameters,
                                        AnswerNeeded needed) {
  PGRING_CHECK(state_ == State::kIdle && !in_pipeline_, "a statement while another is in flight");
  if (needed == AnswerNeeded::kLater && statement.protocol != StatementProtocol::kSimple &&
      MayWait(statement)) {
    Gather(statement, parameters);
    has_unsent_ = true;
    return Begun::kTaken;
  }
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
  return Submit();
}

Session::Begun SharedSession::BeginSettle() {
  BeginUnit();
  return Submit();
}

Session::Begun SharedSession::Submit() {
  has_left_ = false;
  if (is_lost_) {
    Unit::results.clear();
    status = LostEarlier();
    return Begun::kEnded;
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
  return is_busy() ? Begun::kWaiting : Begun::kEnded;
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

void SharedSession::EndExchange() {
  has_unsent_ = false;
  for (Result& result : Unit::results) results_.push_back(std::move(result));
  Unit::results.clear();
  status_ = std::exchange(status, absl::OkStatus());
}

absl::Status SharedSession::EnterPipeline() {
  PGRING_CHECK(!has_unsent_, "a pipeline before which statements wait");
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
  StartAnew();
  if (gathered_.empty()) co_return absl::OkStatus();
  BeginUnit();
  Submit();
  co_await Answer(this);
  EndExchange();
  co_return std::exchange(status_, absl::OkStatus());
}

absl::Status SharedSession::ExitPipeline() {
  in_pipeline_ = false;
  return absl::OkStatus();
}

}  // namespace pgring
