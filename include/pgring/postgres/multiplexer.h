// Many sessions on few connections: operations in flight are not connections.
//
// What a session sends is cut into units: a statement outside of a transaction is one, a
// transaction that needs no result before its end is one, and of any other transaction each part
// that leaves together. A unit goes to the connection with the fewest units in flight. Between the
// parts of a transaction its session holds its connection: nobody else's unit leaves there, and so
// none can get into the transaction. A session also holds the connection while a statement is
// prepared there.
//
// Units that find every connection held (or full, or none open) wait in one queue, first come first
// served, and none of them is tied to a connection before it is sent: a lost connection fails
// exactly the units that were on it.
//
// A transaction's COMMIT or ROLLBACK stands behind a Sync of its own. An error before it would
// otherwise make the server skip it, and leave the failed transaction to the units behind.
#ifndef PGRING_POSTGRES_MULTIPLEXER_H_
#define PGRING_POSTGRES_MULTIPLEXER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/coro/task_group.h"
#include "pgring/metrics/connection_depth.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/postgres/pool.h"
#include "pgring/postgres/shared_connection.h"
#include "pgring/uring/reactor.h"

namespace pgring {

class SharedSession;

// So many units may be on one connection at once; more wait in the queue.
inline constexpr int kMaxUnitsPerConnection = 256;

class Multiplexer {
 public:
  // The pool's sessions must be SharedConnections. Everything is borrowed and must outlive the
  // multiplexer; the pool's connections beyond `connections` are left alone.
  Multiplexer(Reactor* reactor, Pool* pool, ConnectionTimeline* timeline, int connections);
  ~Multiplexer();
  Multiplexer(const Multiplexer&) = delete;
  Multiplexer& operator=(const Multiplexer&) = delete;

  // A session that shares the connections. Must not outlive the multiplexer.
  std::unique_ptr<SharedSession> MakeSession();

  // A connection that was opened ahead. Others are opened when they are needed.
  void Add(Lease lease);

  // The measured phase begins: depths are of what is after it.
  void StartMeasuring(int64_t now_ns) { depth_.Start(now_ns); }
  // By the number of the connection, up to `now_ns`.
  std::vector<ConnectionDepth> Depths(int64_t now_ns) const { return depth_.Get(now_ns); }
  DepthOverTime DepthsOverTime(int64_t now_ns) { return depth_.OverTime(now_ns); }

  // No connection is opened any more. Units that wait for one fail (kCauseInterrupted) once none
  // is left.
  void StopOpening();
  // What is in flight is about to be cancelled: nothing more is begun. Units that wait fail
  // (kCauseInterrupted), and so does every later one, but for what ends a transaction that is open.
  void StopBeginning();

  // Gives the connections back to the pool. No unit may be left.
  Task<void> Close();

 private:
  friend class SharedSession;

  struct Line;

  // Sends the session's unit when it may leave.
  void Submit(SharedSession* session);
  Line* LineForUnit() const;
  // As long as some connections prepare a statement, and hold everything else back, the others take
  // no more than their share: what waits would all be behind the first one that is ready.
  int MostUnits() const;
  void Send(SharedSession* session, Line* line, int64_t now_ns);
  void OnUnitAnswered(Line* line, Unit* unit, int64_t now_ns);
  void OnLost(Line* line);
  // The session's operation has ended inside of its transaction.
  void GiveUpHeld(SharedSession* session);
  void ServeQueue(int64_t now_ns);
  void CountUnits(Line* line, int change, int64_t now_ns);
  bool MayOpen() const;
  Task<void> Open();
  Task<void> Discard(std::unique_ptr<Line> line);
  void FailQueue(const absl::Status& status);
  // The session's unit, which has not been sent.
  static void Fail(SharedSession* session, const absl::Status& status);
  int64_t Now() const { return reactor_->clock().NowNs(); }

  Reactor* const reactor_;
  Pool* const pool_;
  ConnectionTimeline* const timeline_;
  const size_t connections_;
  std::vector<std::unique_ptr<Line>> lines_;  // that are open
  size_t opening_ = 0;
  IntrusiveList<Unit, UnitTag> queue_;
  int queued_ = 0;
  int units_ = 0;      // in flight, on all lines
  int preparing_ = 0;  // lines
  bool begins_none_ = false;
  StopSource opening_ends_;
  TaskGroup background_;
  DepthMeter depth_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_MULTIPLEXER_H_
