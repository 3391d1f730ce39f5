#include "pgring/postgres/multiplexer.h"

#include <algorithm>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/postgres/shared_session.h"

namespace pgring {
namespace {

absl::Status NoConnectionStatus() {
  return WithFailureCode(absl::CancelledError("interrupted while waiting for a connection"),
                         kCauseInterrupted);
}

absl::Status LeftOpenStatus() {
  return WithFailureCode(
      absl::UnavailableError("the connection was given up, because its transaction was left open"),
      kCauseConnectionLost);
}

}  // namespace

// An open connection.
struct Multiplexer::Line final : public SharedConnection::Owner {
  Line(Multiplexer* owner, Lease held)
      : multiplexer(owner),
        lease(std::move(held)),
        connection(static_cast<SharedConnection*>(lease.connection())),
        number(static_cast<size_t>(lease.connection_number())) {
    connection->set_owner(this);
  }

  bool MayTakeUnit(int most_units) const {
    return holder == nullptr && units < most_units && connection->usable() &&
           connection->has_room();
  }
  void Release() {
    if (std::exchange(is_preparing, false)) --multiplexer->preparing_;
    holder = nullptr;
  }

  void OnUnitAnswered(Unit* unit, int64_t now_ns) override {
    multiplexer->OnUnitAnswered(this, unit, now_ns);
  }
  void OnLost() override { multiplexer->OnLost(this); }
  void OnRoom() override { multiplexer->ServeQueue(multiplexer->Now()); }

  Multiplexer* const multiplexer;
  Lease lease;
  SharedConnection* const connection;
  const size_t number;
  int units = 0;  // in flight
  SharedSession* holder = nullptr;
  bool is_preparing = false;  // and held for nothing else
};

Multiplexer::Multiplexer(Reactor* reactor, Pool* pool, ConnectionTimeline* timeline,
                         int connections)
    : reactor_(reactor),
      pool_(pool),
      timeline_(timeline),
      connections_(static_cast<size_t>(connections)),
      opening_ends_(reactor->ready()),
      background_(reactor->ready()) {
  PGRING_CHECK(connections > 0, "sessions without a connection to share");
}

Multiplexer::~Multiplexer() {
  PGRING_CHECK(lines_.empty() && queue_.empty(),
               "a multiplexer was destroyed before it was closed");
}

std::unique_ptr<SharedSession> Multiplexer::MakeSession() {
  return std::make_unique<SharedSession>(this);
}

void Multiplexer::Add(Lease lease) {
  lines_.push_back(std::make_unique<Line>(this, std::move(lease)));
  const int64_t now_ns = Now();
  lines_.back()->lease.Park(now_ns);
  ServeQueue(now_ns);
}

void Multiplexer::Submit(SharedSession* session) {
  const int64_t now_ns = Now();
  session->begun_ns = now_ns;
  if (session->line_ != nullptr) return Send(session, session->line_, now_ns);
  // Its cancel could reach the server before it does, and then nothing would end it.
  if (begins_none_) return Fail(session, NoConnectionStatus());
  Line* line = queue_.empty() ? LineForUnit() : nullptr;
  if (line != nullptr) {
    Send(session, line, now_ns);
  } else {
    session->state_ = SharedSession::State::kQueued;
    queue_.PushBack(session);
    ++queued_;
    timeline_->Change(now_ns, ConnectionGauge::kWaiting, 1);
  }
  // A connection of its own would have served it sooner.
  const bool is_behind_others = line == nullptr || line->units > 1;
  if (is_behind_others && MayOpen()) {
    ++opening_;
    background_.Spawn(Open());
  }
  if (lines_.empty() && opening_ == 0) FailQueue(NoConnectionStatus());
}

int Multiplexer::MostUnits() const {
  if (preparing_ == 0) return kMaxUnitsPerConnection;
  const int lines = static_cast<int>(lines_.size());
  const int share = (units_ + queued_ + lines - 1) / lines;
  return std::clamp(share, 1, kMaxUnitsPerConnection);
}

Multiplexer::Line* Multiplexer::LineForUnit() const {
  if (lines_.empty()) return nullptr;
  const int most_units = MostUnits();
  Line* best = nullptr;
  for (const std::unique_ptr<Line>& line : lines_) {
    const bool is_better = best == nullptr || line->units < best->units;
    if (is_better && line->MayTakeUnit(most_units)) best = line.get();
    if (best != nullptr && best->units == 0) break;
  }
  return best;
}

void Multiplexer::Send(SharedSession* session, Line* line, int64_t now_ns) {
  session->state_ = SharedSession::State::kSent;
  session->has_sent_ = session->has_left_ = true;
  Unit* unit = session;
  CountUnits(line, 1, now_ns);
  line->lease.Unpark(now_ns);
  line->connection->Send(unit, now_ns);
  const bool prepares =
      std::any_of(unit->statements.begin(), unit->statements.end(),
                  [](const UnitStatement& statement) { return statement.prepares; });
  const bool holds = session->leaves_transaction_ || session->is_exclusive_ || prepares;
  const bool has_held = line->holder != nullptr;
  line->Release();
  if (holds) line->holder = session;
  line->is_preparing = prepares && !session->leaves_transaction_ && !session->is_exclusive_;
  if (line->is_preparing) ++preparing_;
  session->line_ = holds ? line : nullptr;
  // Its COMMIT ends the transaction in any case: what follows may follow at once.
  if (has_held && !holds) ServeQueue(now_ns);
}

void Multiplexer::OnUnitAnswered(Line* line, Unit* unit, int64_t now_ns) {
  auto* session = static_cast<SharedSession*>(unit);
  CountUnits(line, -1, now_ns);
  const bool is_lost = !line->connection->usable();
  const bool is_holder = line->holder == session;
  session->in_transaction_ = is_holder && !is_lost && line->connection->in_transaction();
  if (is_holder && !session->in_transaction_) {
    line->Release();
    session->line_ = nullptr;
  }
  session->total_queued_ns_ += unit->queued_ns;
  session->EndUnit(is_lost);
  if (is_lost) return;
  ServeQueue(now_ns);
  if (line->units > 0 || line->holder != nullptr) return;
  // Its text did not show that a statement begins a transaction: nobody may get into it.
  if (line->connection->in_transaction()) return line->connection->GiveUp(LeftOpenStatus());
  line->lease.Park(now_ns);
}

void Multiplexer::OnLost(Line* line) {
  if (line->holder != nullptr) {
    // Between two of its units.
    line->holder->line_ = nullptr;
    line->holder->in_transaction_ = false;
    line->holder->is_lost_ = true;
    line->Release();
  }
  const auto place = std::find_if(
      lines_.begin(), lines_.end(),
      [line](const std::unique_ptr<Line>& candidate) { return candidate.get() == line; });
  PGRING_CHECK(place != lines_.end(), "a connection was lost twice");
  std::unique_ptr<Line> lost = std::move(*place);
  lines_.erase(place);
  background_.Spawn(Discard(std::move(lost)));
  if (!queue_.empty() && MayOpen()) {
    ++opening_;
    background_.Spawn(Open());
  }
  if (lines_.empty() && opening_ == 0) FailQueue(NoConnectionStatus());
}

void Multiplexer::GiveUpHeld(SharedSession* session) {
  session->line_->connection->GiveUp(LeftOpenStatus());
}

// Not while the connection is still on the stack.
Task<void> Multiplexer::Discard(std::unique_ptr<Line> line) {
  co_await Yield(reactor_);
  line->lease.Release();
}

void Multiplexer::ServeQueue(int64_t now_ns) {
  while (!queue_.empty()) {
    Line* line = LineForUnit();
    if (line == nullptr) return;
    auto* session = static_cast<SharedSession*>(queue_.PopFront());
    --queued_;
    timeline_->Change(now_ns, ConnectionGauge::kWaiting, -1);
    Send(session, line, now_ns);
  }
}

void Multiplexer::CountUnits(Line* line, int change, int64_t now_ns) {
  line->units += change;
  units_ += change;
  depth_.Change(line->number, change, now_ns);
}

bool Multiplexer::MayOpen() const {
  return lines_.size() + opening_ < connections_ && !opening_ends_.stop_requested();
}

Task<void> Multiplexer::Open() {
  const StopToken stop(&opening_ends_);
  auto lease = co_await pool_->AcquireNew(stop);
  --opening_;
  if (lease.ok()) {
    Add(*std::move(lease));
  } else if (lines_.empty() && opening_ == 0) {
    FailQueue(lease.status());
  }
}

void Multiplexer::FailQueue(const absl::Status& status) {
  const int64_t now_ns = Now();
  while (Unit* unit = queue_.PopFront()) {
    --queued_;
    timeline_->Change(now_ns, ConnectionGauge::kWaiting, -1);
    auto* session = static_cast<SharedSession*>(unit);
    session->total_queued_ns_ += now_ns - unit->begun_ns;
    Fail(session, status);
  }
}

void Multiplexer::Fail(SharedSession* session, const absl::Status& status) {
  Unit* unit = session;
  unit->results.clear();
  unit->status = status;
  session->EndUnit(/*is_lost=*/true);
}

void Multiplexer::StopBeginning() {
  begins_none_ = true;
  FailQueue(NoConnectionStatus());
}

void Multiplexer::StopOpening() {
  opening_ends_.RequestStop();
  if (lines_.empty() && opening_ == 0) FailQueue(NoConnectionStatus());
}

Task<void> Multiplexer::Close() {
  StopOpening();
  co_await background_.Join();
  PGRING_CHECK(queue_.empty(), "a multiplexer was closed while it was in use");
  lines_.clear();
}

}  // namespace pgring
