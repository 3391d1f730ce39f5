// Sessions that share connections, on a simulated server that sees whose statements it executes.
#include "pgring/postgres/multiplexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/base/random.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/shared_session.h"
#include "pgring/postgres/transaction.h"
#include "pgring/uring/simulated_backend.h"
#include "support/property_seeds.h"
#include "support/simulated_shared_server.h"

namespace pgring {
namespace {

enum class Shape : uint8_t { kAlone, kShared, kHolding };

// What became of an operation.
struct Outcome {
  bool was_to_fail = false;
  bool sent_commit = false;
  absl::Status status;
  int64_t queued_ns = 0;
};

class MultiplexerTest : public ::testing::Test {
 protected:
  static constexpr int kConnections = 3;

  void Open(uint64_t seed, int connections = kConnections) {
    random_ = std::make_unique<Random>(seed);
    reactor_ =
        std::make_unique<Reactor>(std::make_unique<SimulatedBackend>(SimulatedBackendOptions()));
    clock_reactor_ = reactor_.get();
    server_ = std::make_unique<SimulatedSharedServer>(reactor_.get(), seed + 1);
    timeline_.Start(reactor_->clock().NowNs(), 100);
    PoolOptions options;
    options.size = connections;
    pool_ =
        std::make_unique<Pool>(reactor_.get(), options, server_.get(), &timeline_, &connect_ns_);
    multiplexer_ =
        std::make_unique<Multiplexer>(reactor_.get(), pool_.get(), &timeline_, connections);
    multiplexer_->StartMeasuring(reactor_->clock().NowNs());
    clients_ = std::make_unique<TaskGroup>(reactor_->ready());
  }

  void RunAll() {
    RunUntilDone(reactor_.get(), Main());
    depths_ = multiplexer_->Depths(reactor_->clock().NowNs());
    sessions_.clear();
    multiplexer_.reset();
    pool_.reset();
    clients_.reset();
    server_.reset();
    reactor_.reset();
  }

  Task<void> Main() {
    co_await clients_->Join();
    co_await multiplexer_->Close();
    co_await pool_->Close();
    co_await server_->Join();
    interleaved_ = server_->interleaved();
    committed_ = server_->committed();
    parses_ = server_->parses();
    most_units_ = server_->most_units();
  }

  // As before a run's clock starts.
  void OpenAhead(int connections) { RunUntilDone(reactor_.get(), OpenAll(connections)); }
  Task<void> OpenAll(int connections) {
    for (int i = 0; i < connections; ++i) {
      const StopToken never;
      auto lease = co_await pool_->AcquireNew(never);
      EXPECT_TRUE(lease.ok()) << lease.status();
      if (lease.ok()) multiplexer_->Add(*std::move(lease));
    }
  }

  void AddClient(int number, int operations) {
    sessions_.push_back(multiplexer_->MakeSession());
    clients_->Spawn(Client(sessions_.back().get(), number, operations));
  }

  Task<void> Client(SharedSession* session, int number, int operations) {
    for (int i = 0; i < operations; ++i) {
      const std::string name = std::to_string(number) + "." + std::to_string(i);
      Outcome* outcome = &outcomes_[name];
      const auto shape = only_.value_or(static_cast<Shape>(random_->Between(0, 2)));
      outcome->was_to_fail = random_->Chance(failing_);
      session->Renew();
      const char* value = name.c_str();
      const bool holds = shape == Shape::kHolding;
      if (shape == Shape::kAlone) {
        co_await RunAlone(session, value, outcome);
      } else {
        co_await RunTransaction(session, value, holds, outcome);
      }
      outcome->queued_ns = session->TakeQueuedNs();
      session->EndUse();
      const int64_t wake_ns = reactor_->clock().NowNs() + random_->Between(0, 50'000);
      co_await SleepUntil(clock_reactor_, wake_ns);
    }
  }

  Task<void> RunAlone(SharedSession* session, const char* value, Outcome* outcome) {
    const Parameters parameters(&value, 1);
    const Statement* statement = outcome->was_to_fail ? &fail_ : &work_;
    outcome->sent_commit = true;
    Transaction transaction(session);
    auto result = co_await transaction.Execute(statement, parameters);
    outcome->status = result.status();
  }

  Task<void> RunTransaction(SharedSession* session, const char* value, bool holds,
                            Outcome* outcome) {
    const Parameters parameters(&value, 1);
    Transaction transaction(session);
    const Statement* begin = &begin_;
    const Statement* work = &work_;
    co_await transaction.Send(begin, parameters);
    if (holds) {
      auto result = co_await transaction.Execute(work, parameters);
      outcome->status = result.status();
      const int64_t wake_ns = reactor_->clock().NowNs() + random_->Between(0, 500'000);
      co_await SleepUntil(clock_reactor_, wake_ns);
      if (random_->Chance(leaving_open_)) co_return;
    }
    if (outcome->status.ok()) {
      const Statement* second = outcome->was_to_fail ? &fail_ : &other_;
      co_await transaction.Send(second, parameters);
      co_await transaction.Send(work, parameters);
      const Statement* commit = &commit_;
      outcome->sent_commit = true;
      auto result = co_await transaction.Execute(commit, parameters);
      outcome->status = result.status();
    }
    EXPECT_TRUE(!session->usable() || session->at_rest()) << value;
  }

  Task<void> KillEvery(int64_t interval_ns, int times) {
    for (int i = 0; i < times; ++i) {
      const int64_t wake_ns = reactor_->clock().NowNs() + interval_ns;
      co_await SleepUntil(clock_reactor_, wake_ns);
      lost_units_ += server_->KillOne();
    }
  }

  const Statement begin_ = {"begin", "BEGIN", 1, StatementProtocol::kPreparedOnUse, 0};
  const Statement commit_ = {"commit", "COMMIT", 1, StatementProtocol::kPreparedOnUse, 1};
  const Statement work_ = {"work", "WORK", 1, StatementProtocol::kPreparedOnUse, 2};
  const Statement other_ = {"other", "OTHER", 1, StatementProtocol::kExtended, 3};
  const Statement fail_ = {"fail", "FAIL", 1, StatementProtocol::kExtended, 4};

  double failing_ = 0;
  double leaving_open_ = 0;
  std::optional<Shape> only_;
  std::map<std::string, Outcome> outcomes_;
  int64_t lost_units_ = 0;
  int64_t interleaved_ = -1;
  std::multiset<std::string> committed_;
  int64_t parses_ = 0;
  int most_units_ = 0;
  std::vector<ConnectionDepth> depths_;

  ConnectionTimeline timeline_;
  Histogram connect_ns_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<Reactor> reactor_;
  Reactor* clock_reactor_ = nullptr;  // the same
  std::unique_ptr<SimulatedSharedServer> server_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<Multiplexer> multiplexer_;
  std::unique_ptr<TaskGroup> clients_;
  std::vector<std::unique_ptr<SharedSession>> sessions_;
};

TEST_F(MultiplexerTest, NothingGetsIntoAnothersTransaction) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    outcomes_.clear();
    Open(seed);
    failing_ = 0.2;
    for (int number = 0; number < 24; ++number) AddClient(number, 30);
    RunAll();
    EXPECT_EQ(interleaved_, 0);
    EXPECT_GT(most_units_, 1) << "nothing was shared";
    for (const auto& [name, outcome] : outcomes_) {
      // An error is its own operation's, and nobody else's.
      EXPECT_EQ(outcome.status.ok(), !outcome.was_to_fail) << name << ": " << outcome.status;
      EXPECT_EQ(committed_.count(name), outcome.status.ok() ? 1u : 0u) << name;
      if (outcome.was_to_fail) {
        EXPECT_EQ(FailureCode(outcome.status), "22012") << name;
      }
    }
    EXPECT_LE(parses_, 3 * kConnections) << "a statement was prepared twice on a connection";
  }
}

TEST_F(MultiplexerTest, ALostConnectionFailsExactlyTheUnitsOnIt) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    outcomes_.clear();
    lost_units_ = 0;
    Open(seed);
    for (int number = 0; number < 24; ++number) AddClient(number, 30);
    clients_->Spawn(KillEvery(3 * kNanosecondsPerMillisecond, 8));
    RunAll();
    EXPECT_EQ(interleaved_, 0);
    int64_t failed = 0;
    for (const auto& [name, outcome] : outcomes_) {
      if (outcome.status.ok()) {
        EXPECT_EQ(committed_.count(name), 1u) << name;
        continue;
      }
      ++failed;
      EXPECT_EQ(FailureCode(outcome.status), kCauseConnectionLost) << name;
      // What may have been committed is what had sent its COMMIT.
      if (!outcome.sent_commit) {
        EXPECT_EQ(committed_.count(name), 0u) << name;
      }
    }
    EXPECT_GT(lost_units_, 0);
    // A session that held the connection between two statements fails as well.
    EXPECT_GE(failed, lost_units_);
    EXPECT_LE(failed, lost_units_ + 8);
  }
}

TEST_F(MultiplexerTest, DepthsAndWaitsAreThoseOfTheUnits) {
  Open(1, /*connections=*/1);
  for (int number = 0; number < 4; ++number) AddClient(number, 20);
  RunAll();
  ASSERT_EQ(depths_.size(), 1u);
  EXPECT_EQ(depths_[0].peak, most_units_);
  EXPECT_GT(depths_[0].mean, 1);
  EXPECT_LE(depths_[0].mean, 4);
  EXPECT_GE(depths_[0].units, 80);
  int64_t queued_ns = 0;
  for (const auto& [name, outcome] : outcomes_) queued_ns += outcome.queued_ns;
  EXPECT_GT(queued_ns, 0);
}

// What its operation did not end, nobody else gets into.
TEST_F(MultiplexerTest, ATransactionThatIsLeftOpenGoesWithItsConnection) {
  Open(4, /*connections=*/1);
  leaving_open_ = 0.2;
  for (int number = 0; number < 6; ++number) AddClient(number, 40);
  RunAll();
  EXPECT_EQ(interleaved_, 0);
  int64_t left_open = 0;
  for (const auto& [name, outcome] : outcomes_) {
    EXPECT_TRUE(outcome.status.ok()) << name << ": " << outcome.status;
    left_open += outcome.sent_commit ? 0 : 1;
    EXPECT_EQ(committed_.count(name), outcome.sent_commit ? 1u : 0u) << name;
  }
  EXPECT_GT(left_open, 0);
}

TEST_F(MultiplexerTest, AUnitGoesWhereTheFewestAre) {
  Open(2);
  only_ = Shape::kAlone;
  for (int number = 0; number < 24; ++number) AddClient(number, 50);
  RunAll();
  ASSERT_EQ(depths_.size(), static_cast<size_t>(kConnections));
  for (const ConnectionDepth& depth : depths_) {
    EXPECT_GT(depth.units, 300) << "of 1,200";
    EXPECT_LT(depth.mean, 10) << "of 24";
  }
}

// At the beginning every connection prepares, and nothing else leaves on it: what waited meanwhile
// was all sent behind the first one that was ready.
TEST_F(MultiplexerTest, AtTheStartEveryConnectionTakesItsShare) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Open(seed);
    OpenAhead(kConnections);
    only_ = Shape::kAlone;
    for (int number = 0; number < 24; ++number) AddClient(number, 1);
    RunAll();
    EXPECT_LE(most_units_, 24 / kConnections + 1);
  }
}

// Behind another's statement the wait is for its answer.
TEST_F(MultiplexerTest, WhoeverIsBehindAnotherHasQueued) {
  Open(3, /*connections=*/1);
  only_ = Shape::kAlone;
  for (int number = 0; number < 8; ++number) AddClient(number, 50);
  RunAll();
  const auto has_queued = [](const auto& one) { return one.second.queued_ns > 0; };
  EXPECT_GT(std::count_if(outcomes_.begin(), outcomes_.end(), has_queued), 350) << "of 400";
}

TEST_F(MultiplexerTest, AloneNobodyIsBeforeIt) {
  Open(1, /*connections=*/1);
  AddClient(0, 50);
  RunAll();
  ASSERT_EQ(depths_.size(), 1u);
  EXPECT_EQ(depths_[0].peak, 1);
  for (const auto& [name, outcome] : outcomes_) {
    // The first one waits for the connection to be opened.
    if (name != "0.0") {
      EXPECT_EQ(outcome.queued_ns, 0) << name;
    }
  }
}

}  // namespace
}  // namespace pgring
