// The pool while the server takes every connection: opening, keeping, overflow, the line, timeouts,
// stopping. What happens when connections are refused is in pool_refusal_test.cc.
#include "pgring/postgres/pool.h"

#include <algorithm>
#include <optional>
#include <queue>

#include "pgring/base/random.h"
#include "pool_fixture.h"
#include "support/allocation_count.h"
#include "support/execute_task.h"
#include "support/sanitizers.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(PoolTest, OpensAConnectionWhenItIsFirstNeeded) {
  MakePool({.size = 5});
  EXPECT_EQ(server_.open(), 0);
  ClientRecord* first = AddClient(0, 10);
  ClientRecord* second = AddClient(20, 10);
  Run();
  EXPECT_EQ(first->leased_ms, 0);
  EXPECT_EQ(second->leased_ms, 20);
  EXPECT_EQ(second->session, first->session);
  EXPECT_EQ(pool_->counters().requested, 1);
  EXPECT_EQ(pool_->counters().opened, 1);
  EXPECT_EQ(pool_->counters().refused, 0);
}

// A workload once gave its connection back inside of a transaction that had failed, and the next
// operation failed with it. Whatever workloads do, such a session is not handed to another client.
TEST_F(PoolTest, SessionThatIsReturnedInATransactionIsReplaced) {
  MakePool({.size = 1});
  const Statement begin = {"begin", "BEGIN"};
  ClientRecord* first = AddClient(0, 10);
  At(5, [&] { Start(ExecuteTask(first->session, &begin, Parameters())); });
  ClientRecord* waiting = AddClient(1, 10);
  ClientRecord* later = AddClient(30, 10);
  Run();
  EXPECT_EQ(waiting->leased_ms, 10);
  EXPECT_EQ(later->session, waiting->session);
  EXPECT_EQ(pool_->counters().opened, 2);
  EXPECT_EQ(pool_->counters().discarded, 1);
  EXPECT_EQ(server_.peak_open(), 1);
}

TEST_F(PoolTest, NeverHoldsMoreThanSizeAndOverflow) {
  MakePool({.size = 2, .max_overflow = 1});
  std::vector<ClientRecord*> clients;
  for (int i = 0; i < 7; ++i) clients.push_back(AddClient(0, 10));
  Run();
  EXPECT_EQ(server_.peak_open(), 3);
  const std::vector<int64_t> expected = {0, 0, 0, 10, 10, 10, 20};
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->leased_ms, expected[i]) << i;
}

// A session that is wanted is handed on, whether it is overflow or not; only one that finds `size`
// idle ones is closed.
TEST_F(PoolTest, ClosesOverflowThatReturnsWhileSizeAreIdle) {
  MakePool({.size = 1, .max_overflow = 1});
  ClientRecord* first = AddClient(0, 10);
  AddClient(0, 20);
  ClientRecord* third = AddClient(5, 20);
  Run();
  EXPECT_EQ(third->leased_ms, 10);
  EXPECT_EQ(third->session, first->session);
  EXPECT_EQ(pool_->counters().opened, 2);
  EXPECT_THAT(Steps(), ElementsAre("0: 2 0 2 0",    // both open
                                   "5: 2 0 2 1",    // the third waits
                                   "10: 2 0 2 0",   // and has the first one's
                                   "20: 2 0 1 0",   // kept: none is idle
                                   "30: 1 0 0 0"))  // closed: one is idle
      << "open, connecting, in use, waiting";
}

TEST_F(PoolTest, RecordsEveryChangeAtItsTime) {
  server_.set_connect_ns(5 * kMs);
  MakePool({.size = 1, .max_overflow = 1});
  AddClient(0, 10);
  AddClient(1, 20);
  AddClient(2, 30);
  AddClient(3, 30);
  Run();
  EXPECT_THAT(Steps(), ElementsAre("0: 0 1 0 1",  // the first connects
                                   "1: 0 2 0 2",  // so does the second
                                   "2: 0 2 0 3", "3: 0 2 0 4",
                                   "5: 1 1 1 3",    // the first is in
                                   "6: 2 0 2 2",    // the second
                                   "15: 2 0 2 1",   // the third has the first's
                                   "26: 2 0 2 0",   // the fourth the second's
                                   "45: 2 0 1 0",   // the first to come back stays
                                   "56: 1 0 0 0"))  // the other is closed
      << "open, connecting, in use, waiting";
  EXPECT_EQ(timeline_.Peak(ConnectionGauge::kWaiting), 4);
  // Time-weighted over the 56 ms: 5-6 one, 6-56 two.
  EXPECT_DOUBLE_EQ(timeline_.Mean(ConnectionGauge::kOpen), (1.0 + 2 * 50) / 56);
  EXPECT_EQ(connect_ns_.count(), 2);
  EXPECT_EQ(connect_ns_.Min(), 5 * kMs);
  EXPECT_EQ(connect_ns_.Max(), 5 * kMs);
}

TEST_F(PoolTest, ServesInTheOrderOfArrival) {
  MakePool({.size = 1});
  std::vector<ClientRecord*> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(AddClient(i, 10));
  // Comes in the moment in which the second is served: it waits behind the rest all the same.
  clients.push_back(AddClient(10, 10));
  Run();
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->leased_ms, static_cast<int64_t>(i) * 10) << i;
  }
}

// Any number of clients with any arrival and any holding time are served as by a queue with one
// counter for each connection: the first arrival takes the connection that becomes free first.
TEST_F(PoolTest, ServesRandomArrivalsLikeAQueueWithSeveralCounters) {
  constexpr uint64_t kSeeds = 20;
  constexpr int kClients = 60;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const int connections = static_cast<int>(random.Between(1, 6));
    MakePool({.size = connections});
    std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> free_ms;
    const int64_t base_ms = NowMs();
    for (int i = 0; i < connections; ++i) free_ms.push(base_ms);
    std::vector<std::pair<ClientRecord*, int64_t>> expected;
    int64_t arrives_ms = base_ms;
    for (int i = 0; i < kClients; ++i) {
      arrives_ms += random.Between(0, 6);
      const int64_t hold_ms = random.Between(0, 30);
      const int64_t leased_ms = std::max(arrives_ms, free_ms.top());
      free_ms.pop();
      free_ms.push(leased_ms + hold_ms);
      expected.emplace_back(AddClient(arrives_ms, hold_ms), leased_ms);
    }
    RunUntilDone(&reactor_, CloseAfterClients());
    for (const auto& [record, leased_ms] : expected) EXPECT_EQ(record->leased_ms, leased_ms);
    EXPECT_LE(pool_->counters().opened, connections);
  }
}

TEST_F(PoolTest, TimeoutNamesTheSettingsThatCausedIt) {
  MakePool({.size = 1, .max_overflow = 2, .timeout_ns = 50 * kMs});
  for (int i = 0; i < 3; ++i) AddClient(0, 100);
  ClientRecord* gives_up = AddClient(0, 10);
  ClientRecord* patient = AddClient(60, 10);
  Run();
  EXPECT_EQ(gives_up->failed_ms, 50);
  EXPECT_EQ(FailureCode(gives_up->status), kCausePoolTimeout);
  EXPECT_THAT(gives_up->status.message(),
              AllOf(HasSubstr("pool of size 1 with overflow 2"), HasSubstr("within 0.05 s"),
                    HasSubstr("--pool-timeout")));
  // A waiter that left the queue does not block it.
  EXPECT_EQ(patient->leased_ms, 100);
}

// The session is returned at the same moment at which the waiter's time is over; in both orders the
// session survives and has an owner.
TEST_F(PoolTest, GrantBeatsATimeoutThatComesWithIt) {
  MakePool({.size = 1, .timeout_ns = 50 * kMs});
  AddClient(0, 50);
  ClientRecord* waiter = AddClient(0, 10);
  ClientRecord* next = AddClient(60, 10);
  Run();
  EXPECT_EQ(waiter->leased_ms, 50);
  EXPECT_EQ(next->leased_ms, 60);
  EXPECT_EQ(pool_->counters().opened, 1);
}

TEST_F(PoolTest, TimeoutThatComesJustBeforeTheGrantLosesNothing) {
  MakePool({.size = 1, .timeout_ns = 50 * kMs});
  std::optional<Lease> lease;
  At(0, [this, &lease] { lease.emplace(AcquireNow()); });
  ClientRecord* waiter = AddClient(0, 10);
  // This timer is armed after the waiter's, so it runs after it at 50.
  At(20, [this, &lease] { At(50, [&lease] { lease.reset(); }); });
  ClientRecord* next = AddClient(60, 10);
  Run();
  EXPECT_EQ(waiter->failed_ms, 50);
  EXPECT_EQ(FailureCode(waiter->status), kCausePoolTimeout);
  EXPECT_EQ(next->leased_ms, 60);
  EXPECT_EQ(pool_->counters().opened, 1);
}

TEST_F(PoolTest, ReplacesASessionThatBroke) {
  MakePool({.size = 1});
  ClientRecord* breaks = AddBreakingClient(0, 10);
  ClientRecord* waiter = AddClient(5, 10);
  ClientRecord* later = AddClient(30, 10);
  Run();
  EXPECT_EQ(breaks->leased_ms, 0);
  EXPECT_EQ(waiter->leased_ms, 10);
  EXPECT_EQ(later->session, waiter->session);
  EXPECT_EQ(pool_->counters().opened, 2);
  EXPECT_EQ(server_.peak_open(), 1);
}

TEST_F(PoolTest, OpensAtMostSoManyAtOnce) {
  server_.set_connect_ns(10 * kMs);
  MakePool({.size = 10, .max_connecting = 2});
  std::vector<ClientRecord*> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(AddClient(0, 100));
  Run();
  EXPECT_EQ(server_.peak_connecting(), 2);
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 0, 10, 10, 20, 20));
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->leased_ms, 10 + static_cast<int64_t>(i) / 2 * 10) << i;
  }
}

TEST_F(PoolTest, LeaseLimitThatGrowsOpensOneMoreAtATime) {
  MakePool({.size = 3, .max_overflow = 2});
  Ramp(5, 10);
  std::vector<ClientRecord*> clients;
  for (int i = 0; i < 7; ++i) clients.push_back(AddClient(0, 100));
  Run();
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 10, 20, 30, 40));
  const std::vector<int64_t> expected = {0, 10, 20, 30, 40, 100, 110};
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->leased_ms, expected[i]) << i;
}

TEST_F(PoolTest, LeaseLimitThatGrowsKeepsNoPlacesForLater) {
  MakePool({.size = 3});
  Ramp(3, 10);
  AddClient(0, 100);
  std::vector<ClientRecord*> late;
  for (int i = 0; i < 3; ++i) late.push_back(AddClient(25, 10));
  Run();
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 25, 25));
  EXPECT_EQ(late[2]->leased_ms, 35);
}

TEST_F(PoolTest, SessionThatBreaksWhileTheLeaseLimitGrowsIsReplaced) {
  MakePool({.size = 3});
  Ramp(3, 20);
  AddBreakingClient(0, 10);
  ClientRecord* second = AddClient(0, 100);
  ClientRecord* third = AddClient(0, 100);
  ClientRecord* fourth = AddClient(0, 100);
  Run();
  EXPECT_EQ(second->leased_ms, 10);
  EXPECT_EQ(third->leased_ms, 20);
  EXPECT_EQ(fourth->leased_ms, 40);
  EXPECT_EQ(server_.peak_open(), 3);
}

TEST_F(PoolTest, LeaseLimitThatIsLoweredLetsThoseGoOnThatHaveOne) {
  MakePool({.size = 3});
  At(5, [this] { pool_->SetLeaseLimit(1); });
  for (int i = 1; i <= 3; ++i) AddClient(0, 10 * i);
  ClientRecord* fourth = AddClient(6, 10);
  ClientRecord* fifth = AddClient(6, 10);
  Run();
  // At 10 and 20 two and one of the first three are still leased.
  EXPECT_EQ(fourth->leased_ms, 30);
  EXPECT_EQ(fifth->leased_ms, 40);
}

TEST_F(PoolTest, StopWakesEverybodyInTheLine) {
  MakePool({.size = 1});
  ClientRecord* holder = AddClient(0, 100);
  ClientRecord* second = AddClient(1, 10);
  ClientRecord* third = AddClient(2, 10);
  StopAt(30);
  ClientRecord* late = AddClient(40, 10);
  Run();
  EXPECT_EQ(holder->leased_ms, 0);
  EXPECT_EQ(second->failed_ms, 30);
  EXPECT_EQ(FailureCode(second->status), kCauseInterrupted);
  EXPECT_EQ(third->failed_ms, 30);
  EXPECT_EQ(FailureCode(third->status), kCauseInterrupted);
  // Who comes after the stop must not wait for a stop that has been.
  EXPECT_EQ(late->failed_ms, 40);
  EXPECT_EQ(FailureCode(late->status), kCauseInterrupted);
}

TEST_F(PoolTest, StopLetsAConnectInProgressFinish) {
  server_.set_connect_ns(100 * kMs);
  MakePool({.size = 1});
  ClientRecord* client = AddClient(0, 10);
  StopAt(30);
  Run();
  EXPECT_EQ(client->leased_ms, 100);
}

TEST_F(PoolTest, CloseEndsEverySession) {
  MakePool({.size = 3});
  for (int i = 0; i < 3; ++i) AddClient(0, 10);
  int open_before = 0;
  At(20, [this, &open_before] { open_before = server_.open(); });
  Run();
  EXPECT_EQ(open_before, 3);
  EXPECT_EQ(server_.open(), 0);
  EXPECT_EQ(pool_->open(), 0);
}

// A coroutine that waits for a session may be destroyed after the session was given to it and
// before it has run.
TEST_F(PoolTest, WaiterDestroyedWithItsGrantReturnsTheSession) {
  MakePool({.size = 1});
  Lease held = AcquireNow();
  {
    Task<absl::StatusOr<Lease>> waiter = pool_->Acquire(StopToken());
    Start(waiter);
    EXPECT_EQ(timeline_.Current(ConnectionGauge::kWaiting), 1);
    held.Release();
  }
  EXPECT_EQ(timeline_.Current(ConnectionGauge::kWaiting), 0);
  EXPECT_EQ(timeline_.Current(ConnectionGauge::kInUse), 0);
  Lease again = AcquireNow();
  EXPECT_EQ(pool_->counters().opened, 1);
  again.Release();
  Run();
}

TEST_F(PoolTest, WaiterDestroyedWithItsPlacePassesThePlaceOn) {
  MakePool({.size = 1});
  Lease held = AcquireNow();
  static_cast<SimulatedSession*>(held.session())->Break();
  {
    Task<absl::StatusOr<Lease>> waiter = pool_->Acquire(StopToken());
    Start(waiter);
    held.Release();  // broken, so the waiter may open a new one
  }
  ClientRecord* next = AddClient(10, 10);
  Run();
  EXPECT_EQ(next->leased_ms, 10);
  EXPECT_EQ(pool_->counters().opened, 2);
}

TEST_F(PoolTest, LeaseMovesAndReturnsOnce) {
  MakePool({.size = 2});
  Lease first = AcquireNow();
  Lease second = AcquireNow();
  EXPECT_NE(first.session(), second.session());
  first = std::move(second);  // returns the first one's session
  EXPECT_EQ(timeline_.Current(ConnectionGauge::kInUse), 1);
  first.Release();
  first.Release();
  EXPECT_EQ(timeline_.Current(ConnectionGauge::kInUse), 0);
  Run();
}

TEST_F(PoolTest, LeasingAnOpenConnectionAllocatesNothing) {
  MakePool({.size = 2});
  const auto use = [this](int clients) {
    for (int i = 0; i < clients; ++i) clients_.Spawn(LeaseOften());
    RunUntilDone(&reactor_, JoinClients());
  };
  use(6);  // opens, and fills the frame pool and the timers' heap
  if (GetFramePoolStats().reserved_bytes == 0) {
    RunUntilDone(&reactor_, CloseAfterClients());
    GTEST_SKIP() << "frames come from the heap in this build";
  }
  const int64_t before = AllocationCount();
  use(6);
  EXPECT_EQ(AllocationCount() - before, 0);
  EXPECT_EQ(pool_->counters().opened, 2);
  RunUntilDone(&reactor_, CloseAfterClients());
}

// Two connections of 100 KiB, for which 5,000 clients queue: the heap's growth during the run,
// which was reported before, came to hundreds of KiB for each connection, because what the clients
// left behind (here their records) was counted as memory of the connections.
TEST_F(PoolTest, MemoryOfAConnectionIsNotThatOfWhatQueuedForIt) {
  constexpr int64_t kSessionBytes = 100 * 1024;
  constexpr int64_t kMostOfItsOwn = 1024;  // the session itself and its entry in the pool
  server_.set_session_bytes(kSessionBytes);
  MakePool({.size = 2});
  for (int i = 0; i < 5'000; ++i) AddClient(0, 1);
  EXPECT_EQ(pool_->bytes_per_connection(), std::nullopt);
  Run();
  if (kAddressSanitizer) GTEST_SKIP() << "the heap is not malloc's in this build";
  ASSERT_TRUE(pool_->bytes_per_connection().has_value());
  EXPECT_GE(*pool_->bytes_per_connection(), kSessionBytes);
  EXPECT_LE(*pool_->bytes_per_connection(), kSessionBytes + kMostOfItsOwn);
}

TEST_F(PoolTest, MemoryOfConnectionsIsUnknownWithoutOne) {
  server_.set_connect_outcome(WrongPassword());
  MakePool({.size = 2});
  AddClient(0, 1);
  Run();
  EXPECT_EQ(pool_->bytes_per_connection(), std::nullopt);
}

}  // namespace
}  // namespace pgring
