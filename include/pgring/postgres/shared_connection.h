// A connection that several operations have statements on at once, by libpq's pipeline mode. What
// it carries is units: statements that leave together, with a Sync of their own behind them, so
// that the error of one unit reaches no other. The server answers units in the order in which they
// were sent.
//
// Who may send when is decided elsewhere (multiplexer.h); here a unit is only sent, and its answers
// are collected. Two kinds: over the reactor (pipeline_connection.h) and simulated (tests).
//
// Statements are executed by its units alone: it has no session. Not thread-safe.
#ifndef PGRING_POSTGRES_SHARED_CONNECTION_H_
#define PGRING_POSTGRES_SHARED_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "pgring/base/intrusive_list.h"
#include "pgring/postgres/pooled_connection.h"
#include "pgring/postgres/result.h"
#include "pgring/postgres/statement.h"

namespace pgring {

class SharedConnection;

// One statement of a unit.
struct UnitStatement {
  const Statement* statement = nullptr;
  Parameters parameters;
  // A Sync goes before it: it is executed even if what is before it fails. So is a COMMIT, which
  // ends a failed transaction too; skipped, it would leave the transaction to the unit behind.
  bool after_sync = false;
  // Decided by Send: this connection has not prepared it yet, so a Parse goes before it.
  bool prepares = false;
};

// Belongs to whoever sends it; must stay until it has been answered.
struct UnitTag;  // of the lists that units are in
class Unit : public ListHook<UnitTag> {
 public:
  std::vector<UnitStatement> statements;
  // What the statements gave, in order; after an error what those before it gave.
  std::vector<Result> results;
  absl::Status status;
  // When it was begun, and for how long others' units were before it: until it could be sent, and
  // then until the server had answered all that had been sent before it on its connection.
  int64_t begun_ns = 0;
  int64_t queued_ns = 0;

 private:
  friend class SharedConnection;

  // The statement whose answer comes next, and whether that of its Parse has come.
  size_t answered_ = 0;
  bool is_prepared_ = false;
  int syncs_left_ = 0;
};

class SharedConnection : public PooledConnection {
 public:
  // Told of what happens on the connection; must not destroy it.
  class Owner {
   public:
    virtual ~Owner() = default;
    // Whole, or with the connection lost.
    virtual void OnUnitAnswered(Unit* unit, int64_t now_ns) = 0;
    // After the last of its units.
    virtual void OnLost() = 0;
    // It may take units again; see has_room.
    virtual void OnRoom() = 0;
  };

  ~SharedConnection() override;

  void set_owner(Owner* owner) { owner_ = owner; }

  // Sends a unit behind those that are in flight; does not wait. Only while usable.
  void Send(Unit* unit, int64_t now_ns);
  // False while what has been sent has not left: the server does not read, or not fast enough.
  virtual bool has_room() const { return true; }
  // Nobody may use it any more: a transaction is open on it that nobody will end. As if it had been
  // lost, with `status`. Only while no unit is in flight.
  virtual void GiveUp(const absl::Status& status) = 0;
  // Whether a transaction is open; only while no unit is in flight.
  virtual bool in_transaction() const = 0;

  Session* session() override { return nullptr; }
  bool at_rest() const override { return usable() && !is_busy() && !in_transaction(); }
  bool is_busy() const { return units_in_flight_ > 0; }

 protected:
  Owner* owner() const { return owner_; }

  // Writes a statement, its Parse first where `prepares` says so, and a Sync. Errors are kept and
  // told by LoseUnits later.
  virtual void Write(const UnitStatement& statement) = 0;
  virtual void WriteSync() = 0;
  // A unit has been written as a whole.
  virtual void EndWriting() = 0;
  virtual bool IsPrepared(const Statement& statement) const = 0;
  virtual void NotePrepared(const Statement& statement) = 0;

  // What the server has answered, in order: to every Parse and every statement a result (also to
  // those that it skipped), and every Sync.
  void TakeResult(Result result, absl::Status status);
  void TakeSync(int64_t now_ns);
  // Whether the next Sync answers a unit as a whole.
  bool EndsUnit() const { return !sent_.empty() && sent_.front()->syncs_left_ == 1; }
  // The connection is lost: no unit in flight will be answered.
  void LoseUnits(const absl::Status& status, int64_t now_ns);

 private:
  Owner* owner_ = nullptr;
  IntrusiveList<Unit, UnitTag> sent_;
  int units_in_flight_ = 0;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SHARED_CONNECTION_H_
