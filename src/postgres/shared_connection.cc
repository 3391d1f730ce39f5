#include "pgring/postgres/shared_connection.h"

#include <utility>

#include "pgring/base/check.h"

namespace pgring {
namespace {

constexpr int64_t kStillQueued = -1;

}  // namespace

SharedConnection::~SharedConnection() {
  PGRING_CHECK(sent_.empty(), "a shared connection was destroyed with units in flight");
}

void SharedConnection::Send(Unit* unit, int64_t now_ns) {
  PGRING_CHECK(usable(), "a unit on a connection that is not usable");
  PGRING_CHECK(!unit->statements.empty(), "a unit without statements");
  unit->results.clear();
  unit->status = absl::OkStatus();
  unit->answered_ = 0;
  unit->is_prepared_ = false;
  unit->syncs_left_ = 1;
  unit->queued_ns = sent_.empty() ? now_ns - unit->begun_ns : kStillQueued;
  sent_.PushBack(unit);
  ++units_in_flight_;
  for (size_t i = 0; i < unit->statements.size(); ++i) {
    UnitStatement& statement = unit->statements[i];
    statement.prepares = !IsPrepared(*statement.statement);
    // A statement may stand in a unit twice.
    for (size_t before = 0; before < i && statement.prepares; ++before) {
      const UnitStatement& earlier = unit->statements[before];
      statement.prepares = !earlier.prepares || earlier.statement != statement.statement;
    }
    if (statement.after_sync) {
      WriteSync();
      ++unit->syncs_left_;
    }
    Write(statement);
  }
  WriteSync();
  EndWriting();
}

void SharedConnection::TakeResult(Result result, absl::Status status) {
  Unit* unit = sent_.front();
  PGRING_CHECK(unit != nullptr, "an answer to no unit");
  if (unit->answered_ == unit->statements.size()) {
    // The server ends the session, and its final error stands where the Sync was to be answered.
    PGRING_CHECK(!status.ok(), "an answer to no statement");
    if (unit->status.ok()) unit->status = std::move(status);
    return;
  }
  const UnitStatement& statement = unit->statements[unit->answered_];
  const bool is_of_parse = statement.prepares && !unit->is_prepared_;
  if (is_of_parse) {
    unit->is_prepared_ = true;
    if (status.ok()) NotePrepared(*statement.statement);
  } else {
    unit->is_prepared_ = false;
    ++unit->answered_;
    if (status.ok() && unit->status.ok()) unit->results.push_back(std::move(result));
  }
  // The first error says why the others were skipped.
  if (!status.ok() && unit->status.ok()) unit->status = std::move(status);
}

void SharedConnection::TakeSync(int64_t now_ns) {
  Unit* unit = sent_.front();
  PGRING_CHECK(unit != nullptr, "an answer to no unit");
  if (--unit->syncs_left_ > 0) return;
  PGRING_CHECK(unit->answered_ == unit->statements.size(), "a statement without an answer");
  Unit* ended = sent_.PopFront();
  --units_in_flight_;
  Unit* next = sent_.front();
  if (next != nullptr) next->queued_ns = now_ns - next->begun_ns;
  owner_->OnUnitAnswered(ended, now_ns);
}

void SharedConnection::LoseUnits(const absl::Status& status, int64_t now_ns) {
  while (Unit* unit = sent_.PopFront()) {
    --units_in_flight_;
    // The server's final error, of the one that it was at.
    if (unit->status.ok()) unit->status = status;
    if (unit->queued_ns == kStillQueued) unit->queued_ns = now_ns - unit->begun_ns;
    owner_->OnUnitAnswered(unit, now_ns);
  }
  owner_->OnLost();
}

}  // namespace pgring
