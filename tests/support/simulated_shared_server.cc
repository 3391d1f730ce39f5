#include "support/simulated_shared_server.h"

#include <algorithm>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/coro/awaitables.h"
#include "support/simulated_session.h"

namespace pgring {

std::unique_ptr<PooledConnection> SimulatedSharedServer::Create() {
  return std::make_unique<SimulatedSharedConnection>(this);
}

int SimulatedSharedServer::KillOne() {
  if (open_.empty()) return 0;
  SimulatedSharedConnection* connection =
      open_[static_cast<size_t>(random_.Between(0, static_cast<int64_t>(open_.size()) - 1))];
  const int units = connection->units();
  connection->Kill();
  return units;
}

SimulatedSharedConnection::~SimulatedSharedConnection() {
  PGRING_CHECK(!is_open_ && !is_serving_, "a simulated connection was destroyed before its end");
}

Task<absl::Status> SimulatedSharedConnection::Connect() {
  const int64_t until_ns = server_->reactor_->clock().NowNs() + kNanosecondsPerMillisecond;
  co_await SleepUntil(reactor_, until_ns);
  is_open_ = true;
  server_->open_.push_back(this);
  co_return absl::OkStatus();
}

Task<void> SimulatedSharedConnection::Close() {
  std::erase(server_->open_, this);
  is_open_ = false;
  // What is being executed is still to be noticed.
  while (is_serving_) {
    const int64_t until_ns = server_->reactor_->clock().NowNs() + kNanosecondsPerMicrosecond;
    co_await SleepUntil(reactor_, until_ns);
  }
}

void SimulatedSharedConnection::Kill() {
  if (!is_open_) return;
  std::erase(server_->open_, this);
  is_open_ = false;
  messages_.clear();
  in_transaction_ = false;
  units_ = 0;
  LoseUnits(ConnectionLost(), server_->reactor_->clock().NowNs());
}

void SimulatedSharedConnection::Write(const UnitStatement& statement) {
  Message message;
  message.parses = statement.prepares;
  message.sql = statement.statement->sql;
  message.number = statement.statement->number;
  if (statement.parameters.count > 0) message.operation = statement.parameters.values[0];
  messages_.push_back(std::move(message));
}

void SimulatedSharedConnection::WriteSync() {
  messages_.emplace_back();
  messages_.back().is_sync = true;
}

void SimulatedSharedConnection::EndWriting() {
  server_->most_units_ = std::max(server_->most_units_, ++units_);
  if (is_serving_) return;
  is_serving_ = true;
  server_->tasks_.Spawn(Serve());
}

bool SimulatedSharedConnection::IsPrepared(const Statement& statement) const {
  return statement.protocol != StatementProtocol::kPreparedOnUse ||
         prepared_.contains(statement.number);
}

Task<void> SimulatedSharedConnection::Serve() {
  while (is_open_ && !messages_.empty()) {
    const int64_t takes_ns = server_->random_.Between(1, 300) * kNanosecondsPerMicrosecond;
    const int64_t until_ns = server_->reactor_->clock().NowNs() + takes_ns;
    co_await SleepUntil(reactor_, until_ns);
    if (is_open_) ExecuteSegment();
  }
  is_serving_ = false;
}

// Up to the next Sync; what is taken out first may be followed by more at once.
void SimulatedSharedConnection::ExecuteSegment() {
  std::vector<Message> segment;
  while (!messages_.front().is_sync) {
    segment.push_back(std::move(messages_.front()));
    messages_.pop_front();
  }
  messages_.pop_front();
  bool skips = false;
  for (const Message& message : segment) {
    const absl::Status status = skips ? ServerError("skipped") : Execute(message);
    if (message.parses) TakeResult(Result(), skips ? ServerError("skipped") : absl::OkStatus());
    skips = skips || !status.ok();
    TakeResult(status.ok() ? MakeCommandResult("DONE") : Result(), status);
  }
  const int64_t now_ns = server_->reactor_->clock().NowNs();
  // The last Sync of a unit answers it.
  const bool ends_unit = EndsUnit();
  if (ends_unit) --units_;
  TakeSync(now_ns);
}

absl::Status SimulatedSharedConnection::Execute(const Message& message) {
  if (message.parses) {
    ++server_->parses_;
    if (!parsed_.insert(message.number).second) return ServerError("42P05");
  }
  if (in_transaction_ && message.operation != owner_of_transaction_) ++server_->interleaved_;
  const bool ends = message.sql == "COMMIT" || message.sql == "ROLLBACK";
  if (ends) {
    const bool commits = in_transaction_ && !has_failed_ && message.sql == "COMMIT";
    if (commits) server_->committed_.insert(message.operation);
    in_transaction_ = has_failed_ = false;
    return absl::OkStatus();
  }
  if (has_failed_) return ServerError("25P02");
  if (message.sql == "BEGIN") {
    in_transaction_ = true;
    owner_of_transaction_ = message.operation;
    return absl::OkStatus();
  }
  if (message.sql == "FAIL") {
    has_failed_ = in_transaction_;
    return ServerError("22012");
  }
  if (!in_transaction_) server_->committed_.insert(message.operation);
  return absl::OkStatus();
}

}  // namespace pgring
