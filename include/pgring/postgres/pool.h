// A pool of sessions with the semantics of SQLAlchemy's QueuePool: connections are opened when they
// are first needed; at most `size` are kept; up to `max_overflow` more are opened under pressure
// and closed when they are returned while `size` are idle; a waiter gives up after `timeout_ns`.
// Unlike QueuePool, waiters are strictly FIFO.
//
// A session that breaks is dropped, and its place goes to the next waiter, who opens a new one. So
// is one that is returned while something is open on it (a transaction, a pipeline, a round trip),
// whatever the workload did: the next operation must not run inside of another's transaction. A
// refused connection (too many clients, server starting, no listener) does not fail the
// operation: the pool counts it, pauses and lets one waiter try again, while returned connections
// continue to serve the queue. Only when no connection has been open for a long time do the waiters
// fail. connect_refusals.h has the times.
//
// The pool owns its sessions. It must outlive its leases and waiters; Close() must be awaited
// before it is destroyed. Not thread-safe. Leasing an open connection allocates nothing.
#ifndef PGRING_POSTGRES_POOL_H_
#define PGRING_POSTGRES_POOL_H_

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/intrusive_list.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/coro/task_group.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/histogram.h"
#include "pgring/postgres/connect_refusals.h"
#include "pgring/postgres/pooled_connection.h"
#include "pgring/postgres/session.h"
#include "pgring/uring/reactor.h"

namespace pgring {

struct PoolOptions {
  int size = 5;
  int max_overflow = 0;
  int64_t timeout_ns = 0;  // 0 waits for ever
  // A returned connection is kept for the next lease; otherwise it is closed.
  bool reuses_connections = true;
  // At most that many connections are being opened at once; a server's listen queue is finite.
  int max_connecting = 64;
};

inline constexpr int kMaxPoolConnections = 100'000;

struct PoolCounters {
  int64_t requested = 0;  // connections that were tried
  int64_t opened = 0;
  int64_t refused = 0;
  // For how long connections were refused: from a refusal until one was opened, or the end.
  int64_t refused_ns = 0;
  int64_t discarded = 0;  // returned inside of a transaction, a pipeline or an exchange

  PoolCounters& operator+=(const PoolCounters& other) {
    requested += other.requested;
    opened += other.opened;
    refused += other.refused;
    refused_ns += other.refused_ns;
    discarded += other.discarded;
    return *this;
  }
};

class Pool;
struct PoolEntry;

// A session in hand; goes back to the pool when destroyed. Movable.
class [[nodiscard]] Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), entry_(std::exchange(other.entry_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { Release(); }

  PooledConnection* connection() const;
  // Of the connection; nullptr where it has none to itself.
  Session* session() const;
  void Release();

  bool held() const { return pool_ != nullptr; }
  // While parked, from `now_ns` on, the session is kept but does not count as in use.
  void Park(int64_t now_ns);
  void Unpark(int64_t now_ns);
  // Which of the pool's connections it is: from 0, below size + max_overflow. A replacement gets
  // the number of a connection that is gone.
  int connection_number() const;

 private:
  friend class Pool;
  Lease(Pool* pool, PoolEntry* entry) : pool_(pool), entry_(entry) {}

  Pool* pool_ = nullptr;
  PoolEntry* entry_ = nullptr;
};

class Pool {
 public:
  // Everything is borrowed and must outlive the pool. `timeline` and `connect_ns` (how long each
  // successful connect took) are written to.
  Pool(Reactor* reactor, const PoolOptions& options, PooledConnectionFactory* factory,
       ConnectionTimeline* timeline, Histogram* connect_ns);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Waits for a session. Fails after the timeout (kCausePoolTimeout), when opening fails for good
  // (wrong password …), when no connection could be opened for too long, or when `stop` is
  // requested first (kCancelled, kCauseInterrupted).
  Task<absl::StatusOr<Lease>> Acquire(StopToken stop);

  // A session that is opened for the caller, whether others are idle or not, and however long that
  // takes: the pool's timeout does not count. Otherwise as above.
  Task<absl::StatusOr<Lease>> AcquireNew(StopToken stop);

  // At most so many sessions are leased from now on, 1 or more; as many as the pool may open unless
  // it is called. Sessions that are leased beyond a limit that was lowered stay leased.
  void SetLeaseLimit(int most_leased);

  // Called at every refusal, on the reactor's thread; must not wait.
  void set_on_refused(std::function<void(const absl::Status&)> on_refused) {
    on_refused_ = std::move(on_refused);
  }
  // The measured phase begins: for how long connections were refused counts from here.
  void StartMeasuring() { refusals_.StartMeasuring(reactor_->clock().NowNs()); }

  // Asks the server to cancel what every leased session is executing.
  void CancelBusy();
  // To be called about once a second. How many sessions' waits had to be begun again (see
  // PooledConnection::RescueWait).
  int RescueWaits();
  // Makes every session's wait in progress fail.
  void AbortBusy();

  // Closes the sessions that are idle now; the next lease opens a new one.
  void CloseIdle();

  // Closes every idle session and waits until all are gone. No lease or waiter may be left.
  Task<void> Close();

  PoolCounters counters() const {
    PoolCounters counters = counters_;
    counters.refused = refusals_.count();
    counters.refused_ns = refusals_.RefusedNs(reactor_->clock().NowNs());
    return counters;
  }
  // What each connection held of the heap: known after Close, from what closing them gave back.
  // Nothing else ends then, so that operations which had queued for a connection are not in it.
  // Nothing when no connection was open.
  std::optional<int64_t> bytes_per_connection() const { return bytes_per_connection_; }
  int open() const { return open_; }
  bool has_waiters() const { return !waiters_.empty(); }
  // Acquire would give a session without waiting.
  bool has_idle() const { return idle_count_ > 0 && waiters_.empty() && MayLease(); }
  // No connection could be opened for too long: the run should end.
  bool gave_up() const { return gave_up_; }

 private:
  friend class Lease;

  struct IdleTag {};
  struct AllTag {};
  friend struct PoolEntry;
  class Turn;
  class WaitingCount;

  enum class Grant : uint8_t { kNone, kSession, kMayOpen, kFailure };

  int limit() const { return options_.size + options_.max_overflow; }
  bool MayOpen() const;
  bool MayLease() const { return leased_ < lease_limit_; }
  Task<absl::StatusOr<Lease>> AcquireInTurn(bool only_new, int64_t deadline_ns, StopToken stop);
  void ReservePlace();
  void FreePlace();
  int TakeNumber();
  PoolEntry* TakeIdle();
  void CountAsLeased(PoolEntry* entry);
  Lease MakeLease(PoolEntry* entry);
  void Return(PoolEntry* entry);
  void Discard(PoolEntry* entry);
  void ServeWaiters();
  Task<absl::StatusOr<Lease>> Open();
  void OnOpened();
  void OnRefused(const absl::Status& refusal);
  Task<void> RetryAfterBackoff();
  Task<void> CloseEntry(PoolEntry* entry);
  void GiveUp();
  void Gauge(ConnectionGauge gauge, int delta);
  absl::Status TimeoutStatus() const;

  Reactor* const reactor_;
  const PoolOptions options_;
  PooledConnectionFactory* const factory_;
  ConnectionTimeline* const timeline_;
  Histogram* const connect_ns_;

  PoolCounters counters_;
  std::optional<int64_t> bytes_per_connection_;
  ConnectRefusals refusals_;
  ConnectBackoff backoff_;
  std::function<void(const absl::Status&)> on_refused_;
  int open_ = 0;        // established
  int places_ = 0;      // established, being opened or promised to a waiter for opening
  int connecting_ = 0;  // being opened or promised
  int lease_limit_ = 0;
  int idle_count_ = 0;
  int leased_ = 0;
  uint64_t next_ticket_ = 0;
  bool backing_off_ = false;
  // After a refusal one connection is tried at a time, until one succeeds.
  bool probing_ = false;
  bool gave_up_ = false;
  std::vector<int> free_numbers_;  // of connections that are gone
  int next_number_ = 0;
  IntrusiveList<PoolEntry, IdleTag> idle_;
  IntrusiveList<PoolEntry, AllTag> all_;
  IntrusiveList<Turn> waiters_;
  StopSource closing_;
  TaskGroup background_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_POOL_H_
