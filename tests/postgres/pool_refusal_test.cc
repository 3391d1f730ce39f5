// The pool when the server refuses connections: what it counts, when it tries again, and when it
// gives up.
#include <algorithm>

#include "pool_fixture.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSecondMs = 1'000;

TEST_F(PoolTest, ServesFromReturnedConnectionsWhileMoreAreRefused) {
  server_.set_connect_ns(1 * kMs);
  server_.set_max_connections(2);
  MakePool({.size = 4});
  std::vector<ClientRecord*> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(AddClient(0, 100));
  Run();
  EXPECT_EQ(clients[0]->leased_ms, 1);
  EXPECT_EQ(clients[1]->leased_ms, 1);
  EXPECT_EQ(clients[2]->leased_ms, 101);
  EXPECT_EQ(clients[3]->leased_ms, 101);
  // Four at once, then one at a time: refused at 1, 12 and 33, with pauses of 10, 20 and 40 ms. The
  // pause that ends at 154 finds no waiter.
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 0, 0, 0, 11, 32, 73));
  EXPECT_EQ(pool_->counters().requested, 7);
  EXPECT_EQ(pool_->counters().opened, 2);
  EXPECT_EQ(pool_->counters().refused, 5);
  EXPECT_FALSE(pool_->gave_up());
}

TEST_F(PoolTest, BacksOffTwiceAsLongEachTimeUpToASecondAndThenGivesUp) {
  server_.set_connect_outcome(NobodyListens());
  MakePool({.size = 4});
  ClientRecord* first = AddClient(0, 10);
  ClientRecord* second = AddClient(0, 10);
  Run();
  const std::vector<int64_t> attempts_ms = ConnectTimesMs();
  std::vector<int64_t> pauses_ms;
  for (size_t i = 1; i < attempts_ms.size(); ++i) {
    pauses_ms.push_back(attempts_ms[i] - attempts_ms[i - 1]);
  }
  std::vector<int64_t> expected_ms = {10, 20, 40, 80, 160, 320, 640};
  expected_ms.resize(expected_ms.size() + 28, kSecondMs);
  EXPECT_EQ(pauses_ms, expected_ms);
  // 1.27 s of doubling pauses, 28 of a second each, and the one after which 30 s are over.
  for (const ClientRecord* client : {first, second}) {
    EXPECT_EQ(client->failed_ms, 1'270 + 29 * kSecondMs);
    EXPECT_EQ(FailureCode(client->status), kCauseConnectionRefused);
    EXPECT_THAT(client->status.message(), AllOf(HasSubstr("no connection could be opened for 30 s"),
                                                HasSubstr("Connection refused")));
  }
  EXPECT_TRUE(pool_->gave_up());
  EXPECT_EQ(pool_->counters().opened, 0);
}

TEST_F(PoolTest, AfterARefusalOneProbeAtATimeUntilOneSucceeds) {
  server_.set_connect_ns(1 * kMs);
  server_.set_connect_outcome(NobodyListens());
  MakePool({.size = 4});
  std::vector<ClientRecord*> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(AddClient(0, 10));
  At(50, [this] { server_.set_connect_outcome(absl::OkStatus()); });
  Run();
  // The probe at 73 succeeds at 74; the others follow at once.
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 0, 0, 0, 11, 32, 73, 74, 74, 74));
  std::vector<int64_t> leased_ms;
  for (const ClientRecord* client : clients) leased_ms.push_back(client->leased_ms);
  std::sort(leased_ms.begin(), leased_ms.end());
  EXPECT_THAT(leased_ms, ElementsAre(74, 75, 75, 75));
  EXPECT_EQ(pool_->counters().refused, 6);
  EXPECT_EQ(pool_->counters().opened, 4);
}

TEST_F(PoolTest, SuccessResetsTheBackOff) {
  server_.ScriptConnects({NobodyListens(), NobodyListens(), NobodyListens(), absl::OkStatus(),
                          NobodyListens(), absl::OkStatus()});
  MakePool({.size = 2});
  AddClient(0, 1'000);
  AddClient(200, 1'000);
  Run();
  // 10, 20, 40 and a success; the second client's first pause is 10 again.
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 10, 30, 70, 200, 210));
}

TEST_F(PoolTest, DoesNotGiveUpWhileAConnectionIsOpen) {
  server_.set_max_connections(1);
  MakePool({.size = 2});
  AddClient(0, 100 * kSecondMs);
  ClientRecord* waiter = AddClient(0, 10);
  Run();
  EXPECT_EQ(waiter->leased_ms, 100 * kSecondMs);
  EXPECT_FALSE(pool_->gave_up());
}

// The 30 s begin when the last open connection is gone, not with the first refusal.
TEST_F(PoolTest, GivesUpThirtySecondsAfterTheLastConnectionWasLost) {
  server_.set_max_connections(1);
  MakePool({.size = 2});
  AddBreakingClient(0, 60 * kSecondMs);
  ClientRecord* waiter = AddClient(0, 10);
  At(59 * kSecondMs, [this] { server_.set_connect_outcome(NobodyListens()); });
  Run();
  EXPECT_TRUE(pool_->gave_up());
  EXPECT_GE(waiter->failed_ms, 90 * kSecondMs);
  EXPECT_LE(waiter->failed_ms, 92 * kSecondMs);  // the next wake-up after that
}

TEST_F(PoolTest, TimeoutEndsAWaitBetweenTwoAttempts) {
  server_.set_connect_outcome(TooManyClients());
  MakePool({.size = 1, .timeout_ns = 45 * kMs});
  ClientRecord* client = AddClient(0, 10);
  Run();
  EXPECT_EQ(client->failed_ms, 45);
  EXPECT_EQ(FailureCode(client->status), kCausePoolTimeout);
  EXPECT_THAT(ConnectTimesMs(), ElementsAre(0, 10, 30));
}

TEST_F(PoolTest, StopEndsAWaitBetweenTwoAttempts) {
  server_.set_connect_outcome(TooManyClients());
  MakePool({.size = 1});
  ClientRecord* client = AddClient(0, 10);
  StopAt(45);
  Run();
  EXPECT_EQ(client->failed_ms, 45);
  EXPECT_EQ(FailureCode(client->status), kCauseInterrupted);
}

// A wrong password will be wrong again: each waiter fails with it, and nothing is retried.
TEST_F(PoolTest, FailureForGoodFailsItsWaiterAtOnce) {
  server_.set_connect_ns(1 * kMs);
  server_.set_connect_outcome(WrongPassword());
  MakePool({.size = 1});
  ClientRecord* first = AddClient(0, 10);
  ClientRecord* second = AddClient(0, 10);
  Run();
  EXPECT_EQ(first->failed_ms, 1);
  EXPECT_EQ(second->failed_ms, 2);
  EXPECT_EQ(FailureCode(second->status), "28P01");
  EXPECT_THAT(second->status.message(), Not(HasSubstr("no connection could be opened")));
  EXPECT_EQ(pool_->counters().requested, 2);
  EXPECT_EQ(pool_->counters().refused, 0);
}

// A refused client keeps its place: later arrivals are served after it.
TEST_F(PoolTest, RefusedClientKeepsItsPlaceInTheLine) {
  server_.set_connect_ns(5 * kMs);
  server_.set_max_connections(1);
  MakePool({.size = 3});
  AddClient(0, 20);
  ClientRecord* refused = AddClient(0, 10);  // tries to connect until 5
  ClientRecord* later = AddClient(1, 10);    // too, until 6
  ClientRecord* last = AddClient(5, 10);     // waits at once: no attempt is allowed now
  Run();
  EXPECT_EQ(refused->leased_ms, 25);
  EXPECT_EQ(later->leased_ms, 35);
  EXPECT_EQ(last->leased_ms, 45);
}

// A client was being refused in the moment in which the only session came back. The queue was empty
// then, so the session was laid aside, and the client queued for the next attempt, a pause of
// up to a second away, with a free session beside it.
TEST_F(PoolTest, RefusedClientFindsTheSessionThatCameBackMeanwhile) {
  server_.set_connect_ns(5 * kMs);
  server_.set_max_connections(1);
  MakePool({.size = 2});
  AddClient(0, 5);                           // 5 to 10
  ClientRecord* refused = AddClient(7, 10);  // tries from 7 to 12
  Run();
  EXPECT_EQ(refused->leased_ms, 12);
  EXPECT_EQ(pool_->counters().refused, 1);
}

}  // namespace
}  // namespace pgring
