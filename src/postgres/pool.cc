#include "pgring/postgres/pool.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/metrics/process_cost.h"

namespace pgring {
namespace {

// Frames stay in their pool when their coroutines have ended.
int64_t HeapBytesWithoutFrames() { return HeapBytesInUse() - GetFramePoolStats().reserved_bytes; }

absl::Status StoppedStatus() {
  return WithFailureCode(absl::CancelledError("interrupted while waiting for a connection"),
                         kCauseInterrupted);
}

}  // namespace

struct PoolEntry : public ListHook<Pool::IdleTag>, public ListHook<Pool::AllTag> {
  std::unique_ptr<PooledConnection> connection;
  int number = 0;
  bool leased = false;
  bool parked = false;
};

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    Release();
    pool_ = std::exchange(other.pool_, nullptr);
    entry_ = std::exchange(other.entry_, nullptr);
  }
  return *this;
}

PooledConnection* Lease::connection() const { return entry_->connection.get(); }

Session* Lease::session() const { return entry_->connection->session(); }

void Lease::Release() {
  if (pool_ != nullptr && entry_->parked) Unpark(pool_->reactor_->clock().NowNs());
  Pool* pool = std::exchange(pool_, nullptr);
  PoolEntry* entry = std::exchange(entry_, nullptr);
  if (pool != nullptr) pool->Return(entry);
}

void Lease::Park(int64_t now_ns) {
  if (pool_ == nullptr || entry_->parked) return;
  entry_->parked = true;
  pool_->timeline_->Change(now_ns, ConnectionGauge::kInUse, -1);
}

void Lease::Unpark(int64_t now_ns) {
  if (pool_ == nullptr || !entry_->parked) return;
  entry_->parked = false;
  pool_->timeline_->Change(now_ns, ConnectionGauge::kInUse, 1);
}

int Lease::connection_number() const { return entry_->number; }

// One place in the line. Gives a Grant; what was granted and not taken goes back to the pool.
class Pool::Turn : public ListHook<> {
 public:
  Turn(Pool* pool, uint64_t ticket, int64_t deadline_ns, StopToken stop)
      : pool_(pool), ticket_(ticket), deadline_ns_(deadline_ns), stop_(stop) {}
  ~Turn() {
    Unlink();
    if (grant_ == Grant::kSession) pool_->Return(entry_);
    if (grant_ == Grant::kMayOpen) pool_->FreePlace();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    timer_.handle = waiter;
    pool_->waiters_.InsertSorted(
        this, [](const Turn& left, const Turn& right) { return left.ticket_ < right.ticket_; });
    if (deadline_ns_ != kNoDeadlineNs) pool_->reactor_->timers()->Arm(&timer_, deadline_ns_);
    stop_waiter_.node = &timer_;
    stop_.Register(&stop_waiter_);
  }
  // kNone: the deadline or the stop came first. The session of kSession is in entry().
  Grant await_resume() {
    Unlink();
    stop_waiter_.Unlink();
    pool_->reactor_->timers()->Disarm(&timer_);
    return grant_;
  }

  void Give(Grant grant, PoolEntry* entry) {
    grant_ = grant;
    entry_ = entry;
    if (!timer_.linked()) pool_->reactor_->ready()->Post(&timer_);
  }
  // The caller takes over what was granted.
  PoolEntry* Take() {
    grant_ = Grant::kNone;
    return entry_;
  }

 private:
  Pool* pool_;
  uint64_t ticket_;
  int64_t deadline_ns_;
  StopToken stop_;
  StopWaiter stop_waiter_;
  // Posted by the grant, the deadline or the stop, whichever comes first.
  TimerNode timer_;
  Grant grant_ = Grant::kNone;
  PoolEntry* entry_ = nullptr;
};

// Counts as waiting while it lives, be its end a lease, a failure or the waiter's destruction.
class Pool::WaitingCount {
 public:
  explicit WaitingCount(Pool* pool) : pool_(pool) { pool_->Gauge(ConnectionGauge::kWaiting, 1); }
  ~WaitingCount() { pool_->Gauge(ConnectionGauge::kWaiting, -1); }
  WaitingCount(const WaitingCount&) = delete;
  WaitingCount& operator=(const WaitingCount&) = delete;

 private:
  Pool* pool_;
};

Pool::Pool(Reactor* reactor, const PoolOptions& options, PooledConnectionFactory* factory,
           ConnectionTimeline* timeline, Histogram* connect_ns)
    : reactor_(reactor),
      options_(options),
      factory_(factory),
      timeline_(timeline),
      connect_ns_(connect_ns),
      lease_limit_(limit()),
      closing_(reactor->ready()),
      background_(reactor->ready()) {
  PGRING_CHECK(options.size > 0 && options.max_overflow >= 0 && limit() <= kMaxPoolConnections,
               "the pool's size is out of range");
}

Pool::~Pool() {
  PGRING_CHECK(all_.empty(), "a pool was destroyed before it was closed");
  PGRING_CHECK(waiters_.empty(), "a pool was destroyed before its waiters");
}

Task<absl::StatusOr<Lease>> Pool::Acquire(StopToken stop) {
  const int64_t deadline_ns =
      options_.timeout_ns == 0 ? kNoDeadlineNs : reactor_->clock().NowNs() + options_.timeout_ns;
  return AcquireInTurn(/*only_new=*/false, deadline_ns, stop);
}

Task<absl::StatusOr<Lease>> Pool::AcquireNew(StopToken stop) {
  return AcquireInTurn(/*only_new=*/true, kNoDeadlineNs, stop);
}

Task<absl::StatusOr<Lease>> Pool::AcquireInTurn(bool only_new, int64_t deadline_ns,
                                                StopToken stop) {
  // A waiter that starts after the stop would not be woken by it.
  if (stop.stop_requested()) {
    co_return StoppedStatus();
  }
  PoolEntry* idle = has_idle() && !only_new ? TakeIdle() : nullptr;
  if (idle != nullptr) {
    co_return MakeLease(idle);
  }
  const uint64_t ticket = next_ticket_++;
  bool may_open = waiters_.empty() && MayOpen();
  if (may_open) ReservePlace();
  const WaitingCount waiting(this);
  absl::StatusOr<Lease> lease;
  for (;;) {
    if (!may_open) {
      Turn turn(this, ticket, deadline_ns, stop);
      const Grant grant = co_await turn;
      if (grant == Grant::kSession) {
        lease = MakeLease(turn.Take());
        break;
      }
      if (stop.stop_requested()) {
        lease = StoppedStatus();
        break;
      }
      if (grant == Grant::kNone) {
        lease = TimeoutStatus();
        break;
      }
      if (grant == Grant::kFailure) {
        lease = refusals_.GiveUpStatus();
        break;
      }
      turn.Take();
    }
    may_open = false;
    lease = co_await Open();
    if (lease.ok() || !absl::IsResourceExhausted(lease.status())) break;
    if (stop.stop_requested()) {
      lease = StoppedStatus();
      break;
    }
    // One was returned during the attempt, when the queue was empty.
    idle = TakeIdle();
    if (idle != nullptr) {
      lease = MakeLease(idle);
      break;
    }
  }
  co_return std::move(lease);
}

bool Pool::MayOpen() const {
  return places_ < lease_limit_ && connecting_ < options_.max_connecting && !backing_off_ &&
         !(probing_ && connecting_ > 0);
}

void Pool::ReservePlace() {
  ++places_;
  ++connecting_;
}

void Pool::FreePlace() {
  --places_;
  --connecting_;
  ServeWaiters();
}

PoolEntry* Pool::TakeIdle() {
  if (!MayLease()) return nullptr;
  PoolEntry* entry = idle_.PopFront();
  if (entry != nullptr) --idle_count_;
  return entry;
}

void Pool::CountAsLeased(PoolEntry* entry) {
  if (entry->leased) return;
  entry->leased = true;
  ++leased_;
  Gauge(ConnectionGauge::kInUse, 1);
}

Lease Pool::MakeLease(PoolEntry* entry) {
  CountAsLeased(entry);
  return Lease(this, entry);
}

void Pool::Return(PoolEntry* entry) {
  const bool at_rest = entry->connection->at_rest();
  if (!at_rest && entry->connection->usable()) ++counters_.discarded;
  const bool reusable = options_.reuses_connections && at_rest;
  if (reusable && !waiters_.empty() && leased_ <= lease_limit_) {
    // Handed over: the session stays in use, and the longest waiter has it next.
    waiters_.PopFront()->Give(Grant::kSession, entry);
    return;
  }
  if (entry->leased) {
    entry->leased = false;
    --leased_;
    Gauge(ConnectionGauge::kInUse, -1);
  }
  if (reusable && idle_count_ < options_.size) {
    idle_.PushBack(entry);
    ++idle_count_;
    return;
  }
  Discard(entry);
  ServeWaiters();
}

int Pool::TakeNumber() {
  if (free_numbers_.empty()) return next_number_++;
  const int number = free_numbers_.back();
  free_numbers_.pop_back();
  return number;
}

void Pool::Discard(PoolEntry* entry) {
  free_numbers_.push_back(entry->number);
  --places_;
  --open_;
  Gauge(ConnectionGauge::kOpen, -1);
  background_.Spawn(CloseEntry(entry));
}

void Pool::ServeWaiters() {
  while (!waiters_.empty()) {
    PoolEntry* idle = TakeIdle();
    if (idle != nullptr) {
      CountAsLeased(idle);
      waiters_.PopFront()->Give(Grant::kSession, idle);
    } else if (MayOpen()) {
      ReservePlace();
      waiters_.PopFront()->Give(Grant::kMayOpen, nullptr);
    } else {
      return;
    }
  }
}

Task<absl::StatusOr<Lease>> Pool::Open() {
  ++counters_.requested;
  Gauge(ConnectionGauge::kConnecting, 1);
  auto* entry = new PoolEntry;
  entry->number = TakeNumber();
  entry->connection = factory_->Create();
  all_.PushBack(entry);
  const int64_t started_ns = reactor_->clock().NowNs();
  absl::Status status = co_await entry->connection->Connect();
  Gauge(ConnectionGauge::kConnecting, -1);
  --connecting_;
  if (status.ok()) {
    ++open_;
    Gauge(ConnectionGauge::kOpen, 1);
    connect_ns_->Record(reactor_->clock().NowNs() - started_ns);
    Lease lease = MakeLease(entry);
    OnOpened();
    co_return std::move(lease);
  }
  --places_;
  free_numbers_.push_back(entry->number);
  background_.Spawn(CloseEntry(entry));
  if (absl::IsResourceExhausted(status)) OnRefused(status);
  ServeWaiters();
  co_return status;
}

void Pool::OnOpened() {
  ++counters_.opened;
  refusals_.OnOpened(reactor_->clock().NowNs());
  probing_ = false;
  backoff_.Reset();
  ServeWaiters();
}

void Pool::OnRefused(const absl::Status& refusal) {
  refusals_.OnRefused(reactor_->clock().NowNs(), refusal, open_ > 0);
  if (on_refused_) on_refused_(refusal);
  probing_ = true;
  if (!backing_off_) {
    backing_off_ = true;
    background_.Spawn(RetryAfterBackoff());
  }
}

Task<void> Pool::RetryAfterBackoff() {
  const int64_t wake_ns = reactor_->clock().NowNs() + backoff_.NextNs();
  const StopToken closing(&closing_);
  co_await SleepUntil(reactor_, wake_ns, closing);
  backing_off_ = false;
  if (refusals_.IsTimeToGiveUp(reactor_->clock().NowNs(), open_ > 0)) {
    GiveUp();
  } else {
    ServeWaiters();
  }
}

void Pool::GiveUp() {
  gave_up_ = true;
  while (!waiters_.empty()) waiters_.PopFront()->Give(Grant::kFailure, nullptr);
}

Task<void> Pool::CloseEntry(PoolEntry* entry) {
  co_await entry->connection->Close();
  delete entry;
}

void Pool::SetLeaseLimit(int most_leased) {
  PGRING_CHECK(most_leased > 0, "a pool that leases nothing serves no one");
  lease_limit_ = std::min(most_leased, limit());
  ServeWaiters();
}

int Pool::RescueWaits() {
  int rescued = 0;
  all_.ForEach(
      [&rescued](PoolEntry* entry) { rescued += entry->connection->RescueWait() ? 1 : 0; });
  return rescued;
}

void Pool::CancelBusy() {
  all_.ForEach([](PoolEntry* entry) { entry->connection->RequestCancel(); });
}

void Pool::AbortBusy() {
  all_.ForEach([](PoolEntry* entry) { entry->connection->Abort(); });
}

void Pool::CloseIdle() {
  while (PoolEntry* entry = idle_.PopFront()) {
    --idle_count_;
    Discard(entry);
  }
}

Task<void> Pool::Close() {
  closing_.RequestStop();
  co_await background_.Join();
  PGRING_CHECK(leased_ == 0 && waiters_.empty(), "a pool was closed while it was in use");
  const int connections = idle_count_;
  const int64_t heap_before = HeapBytesWithoutFrames();
  CloseIdle();
  co_await background_.Join();
  const int64_t given_back = heap_before - HeapBytesWithoutFrames();
  if (connections > 0 && given_back > 0) bytes_per_connection_ = given_back / connections;
}

void Pool::Gauge(ConnectionGauge gauge, int delta) {
  timeline_->Change(reactor_->clock().NowNs(), gauge, delta);
}

absl::Status Pool::TimeoutStatus() const {
  return WithFailureCode(
      absl::DeadlineExceededError(absl::StrFormat(
          "pool of size %d with overflow %d: no connection became free within %.2f s; raise "
          "--pool-size, --max-overflow or --pool-timeout",
          options_.size, options_.max_overflow, NsInSeconds(options_.timeout_ns))),
      kCausePoolTimeout);
}

}  // namespace pgring
