// Connections that are opened before the clock starts, and clients that have a number of operations
// of their own. On the simulated server, so every figure is exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner_fixture.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int32_t kAborts = OneStatementWorkload::kSerializationFailure;

// Clients that are aborted by an error, and keep their connections.
class ClientsWorkload final : public Workload {
 public:
  class Client final : public ClientState {
   public:
    void PrepareRetry() override {}
    bool aborted() const override { return aborted_; }
    void Abort() { aborted_ = true; }
    void CountOperation() { ++operations_; }
    int64_t operations() const { return operations_; }

   private:
    bool aborted_ = false;
    int64_t operations_ = 0;
  };

  std::unique_ptr<ClientState> MakeClient(int number, Pauses*) override {
    auto client = std::make_unique<Client>();
    if (clients_.size() <= static_cast<size_t>(number)) {
      clients_.resize(static_cast<size_t>(number) + 1);
    }
    clients_[static_cast<size_t>(number)] = client.get();
    return client;
  }
  bool uses_session_state() const override { return true; }
  const std::vector<std::string>& kinds() const override { return work_.kinds(); }
  const std::vector<Statement>& statements() const override { return work_.statements(); }
  bool AvoidPreparedStatements() override { return false; }
  absl::Status Prepare(BlockingSession*, std::vector<std::string>*) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Verification>> Verify(BlockingSession*,
                                                     const CommittedWork&) override {
    return std::nullopt;
  }
  std::vector<std::string> Observations(BlockingSession*, const CommittedWork&) override {
    return {};
  }

  Task<absl::Status> Run(Session* session, ClientState* state, Operation operation,
                         OperationTally* tally) override {
    auto* client = static_cast<Client*>(state);
    client->CountOperation();
    counts_by_client_.resize(std::max(counts_by_client_.size(), clients_.size()));
    for (size_t i = 0; i < clients_.size(); ++i) {
      if (clients_[i] == client) ++counts_by_client_[i];
    }
    absl::Status status = co_await work_.Run(session, state, operation, tally);
    if (!status.ok()) client->Abort();
    co_return status;
  }

  // Operations of each client, from client 0 on.
  const std::vector<int64_t>& counts_by_client() const { return counts_by_client_; }

 private:
  OneStatementWorkload work_;
  std::vector<Client*> clients_;
  std::vector<int64_t> counts_by_client_;
};

class ConnectAheadTest : public RunnerTest {
 protected:
  ConnectAheadTest() { load_.connect_before = true; }

  std::unique_ptr<pgring::Run> RunClients(const ScenarioPlan& scenario,
                                          const std::vector<int32_t>& values) {
    return RunWorkload(scenario, OperationsOf(values), &clients_);
  }

  ClientsWorkload clients_;
};

// Each client's first operation took as long as its login, and the run as long as the slowest.
TEST_F(ConnectAheadTest, ConnectingIsNotMeasured) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_connect_ns(500 * kMs);
    const auto measured = Measure(Scenario(type, 4), std::vector<int32_t>(10, 10));
    EXPECT_EQ(WallMs(*measured), 30);
    EXPECT_EQ(measured->recorder.Total().part(LatencyPart::kPoolWait).Max(),
              !type->has_limit ? 20 * kMs : 0);
    EXPECT_EQ(measured->wanted_before, 4);
    EXPECT_EQ(measured->opened_before, 4);
    EXPECT_EQ(measured->connecting_ns, 500 * kMs);
    EXPECT_EQ(measured->connect_ns.count(), 4);
    // They are open from the start and in use only while an operation has them.
    const TimelineStep first = measured->timeline.Steps(ConnectionTimeline::kMaxSteps).front();
    EXPECT_EQ(first.value(ConnectionGauge::kOpen), 4);
    EXPECT_EQ(measured->timeline.Peak(ConnectionGauge::kOpen), 4);
  }
}

TEST_F(ConnectAheadTest, ClientsGetTheConnectionsThatWereOpened) {
  server_->set_connect_ns(500 * kMs);
  const auto measured =
      RunClients(Scenario(FindScenarioType("window"), 3), std::vector<int32_t>(9, 10));
  EXPECT_EQ(WallMs(*measured), 30);
  EXPECT_EQ(measured->connections.opened, 3);
  EXPECT_DOUBLE_EQ(measured->timeline.Mean(ConnectionGauge::kInUse), 3);
}

// The rest was waited for within the measured phase: 283/s and a p99 of 10.8 s, and valid.
TEST_F(ConnectAheadTest, RunsWithWhatItGotAndSaysSo) {
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    NewServer();
    server_->set_max_connections(2);
    const auto measured = Measure(Scenario(type, 4), std::vector<int32_t>(8, 10));
    EXPECT_EQ(measured->connecting_ns, ConnectionOpener::kPatienceNs);
    EXPECT_EQ(measured->wanted_before, 4);
    EXPECT_EQ(measured->opened_before, 2);
    EXPECT_THAT(std::string(measured->connect_failure.message()), HasSubstr("too many"));
    EXPECT_EQ(measured->recorder.Total().succeeded, 8);
    EXPECT_EQ(WallMs(*measured), 40);
  }
}

// Two clients kept the two connections that there were, and the other two waited for ever.
TEST_F(ConnectAheadTest, NoClientStarvesWhileOthersKeepTheirConnections) {
  server_->set_max_connections(2);
  const auto measured =
      RunClients(Scenario(FindScenarioType("window"), 4), std::vector<int32_t>(20, 10));
  EXPECT_EQ(measured->recorder.Total().succeeded, 20);
  EXPECT_EQ(WallMs(*measured), 100);
}

TEST_F(ConnectAheadTest, GivesUpWithoutASingleConnection) {
  server_->set_connect_outcome(NobodyListens());
  const auto measured =
      Measure(Scenario(FindScenarioType("window"), 4), std::vector<int32_t>(8, 10));
  EXPECT_THAT(measured->gave_up, HasSubstr("no connection could be opened"));
  EXPECT_EQ(measured->recorder.Total().skipped, 8);
  EXPECT_EQ(WallMs(*measured), 0);
}

TEST_F(ConnectAheadTest, WrongPasswordEndsTheRunAtOnce) {
  server_->set_connect_outcome(WrongPassword());
  const auto measured =
      Measure(Scenario(FindScenarioType("window"), 4), std::vector<int32_t>(8, 10));
  EXPECT_THAT(measured->gave_up, HasSubstr("password"));
  EXPECT_EQ(measured->recorder.Total().skipped, 8);
  EXPECT_EQ(measured->recorder.Total().failed, 0);
}

TEST_F(ConnectAheadTest, InterruptedWhileConnecting) {
  server_->set_max_connections(2);
  InterruptAt(100);
  const auto measured =
      Measure(Scenario(FindScenarioType("window"), 4), std::vector<int32_t>(8, 10));
  EXPECT_TRUE(measured->interrupted);
  EXPECT_THAT(measured->gave_up, IsEmpty());
  EXPECT_EQ(measured->recorder.Total().skipped, 8);
}

TEST_F(ConnectAheadTest, RampLetsThePoolOfAsyncGrow) {
  load_.ramp_s = 0.3;
  const auto measured =
      Measure(Scenario(FindScenarioType("async"), 4), std::vector<int32_t>(100, 10));
  // 10 + 20 + 30 operations until 300 ms, 40 after it.
  EXPECT_DOUBLE_EQ(WallMs(*measured), 400);
  EXPECT_EQ(measured->timeline.Peak(ConnectionGauge::kOpen), 4);
}

// -c 3 -t 4 gave the clients 1, 10 and 2 operations.
TEST_F(ConnectAheadTest, EachClientRunsItsNumberOfOperations) {
  load_.operations_per_client = 4;
  // The first client's operations take far longer than the others'.
  std::vector<int32_t> values(12, 10);
  values[0] = 500;
  const auto measured = RunClients(Scenario(FindScenarioType("window"), 3), values);
  EXPECT_THAT(clients_.counts_by_client(), ::testing::ElementsAre(4, 4, 4));
  EXPECT_EQ(WallMs(*measured), 530);
}

TEST_F(ConnectAheadTest, AnAbortedClientsShareIsSkipped) {
  load_.operations_per_client = 4;
  std::vector<int32_t> values(12, 10);
  values[1] = kAborts;
  const auto measured = RunClients(Scenario(FindScenarioType("window"), 3), values);
  EXPECT_THAT(clients_.counts_by_client(), ::testing::ElementsAre(4, 1, 4));
  const OperationSummary total = measured->recorder.Total();
  EXPECT_EQ(total.succeeded, 8);
  EXPECT_EQ(total.failed, 1);
  EXPECT_EQ(total.skipped, 3);
  EXPECT_EQ(measured->aborted_clients, 1);
  EXPECT_THAT(measured->gave_up, IsEmpty());
}

// What still waited for a connection waited for ever: the last client's end had ended admission,
// and so the run did not say that no client was left.
TEST_F(ConnectAheadTest, TheRunEndsWhenEveryClientIsAborted) {
  load_.operations_per_client = 4;
  for (const ScenarioType* type :
       {FindScenarioType("async"), FindScenarioType("chunked"), FindScenarioType("window")}) {
    SCOPED_TRACE(type->name);
    const auto measured = RunClients(Scenario(type, 3), std::vector<int32_t>(12, kAborts));
    const OperationSummary total = measured->recorder.Total();
    EXPECT_EQ(total.failed, 3);
    EXPECT_EQ(total.skipped, 9);
    EXPECT_EQ(measured->aborted_clients, 3);
    EXPECT_THAT(measured->gave_up, HasSubstr("every client was aborted by an error"));
  }
}

TEST_F(ConnectAheadTest, ChunksShrinkAsClientsFinish) {
  load_.operations_per_client = 2;
  const auto measured =
      RunClients(Scenario(FindScenarioType("chunked"), 3), std::vector<int32_t>(6, 10));
  EXPECT_THAT(clients_.counts_by_client(), ::testing::ElementsAre(2, 2, 2));
  EXPECT_EQ(WallMs(*measured), 20);
}

}  // namespace
}  // namespace pgring
