// Bad luck on the way to the server and in it: connections cut at an exact byte, backends killed,
// the server restarted, connections refused. Whatever happens, every operation is accounted for, no
// create is reported as succeeded whose COMMIT was not confirmed, the database agrees - and the run
// goes on as soon as it can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cli_fixture.h"
#include "fault_fixture.h"
#include "support/fault_proxy.h"

namespace pgring {
namespace {

using testing::IsEmpty;

constexpr int64_t kNanosecondsPerMs = 1'000'000;

// `scenario`, and then one more run in which nothing happens: that is "and it recovers".
std::vector<std::string> CompareOn(const std::string& conninfo, const std::string& scenario,
                                   int64_t operations, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"--scenarios", scenario + ",window:2", "--fk-index",
                                        "--operations", std::to_string(operations)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return On(conninfo, "compare", arguments);
}

// The result's first run, after the checks that every fault's end must pass.
Json FirstRunAfterFault(Program* program, int64_t operations) {
  const int exit_code = program->Wait();
  const Json result = ResultOf(*program);
  if (!result.is_object() || result["runs"].size() != 2) {
    ADD_FAILURE() << "no two runs: " << program->stderr_text();
    return Json();
  }
  EXPECT_EQ(exit_code, ExitOf(result));
  EXPECT_THAT(ErrorLines(program->stderr_text()), IsEmpty());
  EXPECT_EQ(program->Leftovers({kOutLeft}), "");
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"]);
    ExpectAllAccountedFor(run, operations);
    ExpectVerified(run);
    ExpectJudged(run);
    EXPECT_EQ(run["operations"]["skipped"], 0);
  }
  EXPECT_EQ(result["runs"][1]["operations"]["succeeded"], operations) << "it did not recover";
  return result["runs"][0];
}

class ScenarioTest : public testing::TestWithParam<const char*> {};

// The server has carried out the COMMIT, and the answer is lost: a report of success would be right
// by chance only. The operations fail, and the verification knows of the difference.
class UnconfirmedCommitTest : public ScenarioTest {};

TEST_P(UnconfirmedCommitTest, CommittedButNotConfirmed) {
  constexpr int64_t kOperations = 400;
  const auto proxy = MakeProxy();
  proxy->CutOnMessage(BindOf("commit"), FaultProxy::CutWhen::kAfterTheAnswer, 3);
  Program program(CompareOn(proxy->conninfo(), GetParam(), kOperations, {"--write-ratio", "1"}));
  ASSERT_TRUE(proxy->WaitForCuts(3));
  const Json run = FirstRunAfterFault(&program, kOperations);
  EXPECT_EQ(run["operations"]["by_kind"]["create"]["failures"], Json({{"connection_lost", 3}}));
  EXPECT_EQ(run["verification"]["expected"]["a"], (kOperations - 3) * 3);
  EXPECT_EQ(run["verification"]["found"]["a"], kOperations * 3);
  EXPECT_EQ(run["verification"]["found"]["b"], kOperations * 5);
  EXPECT_TRUE(AnyContains(run["warnings"],
                          "3 creates ended before their COMMIT was confirmed and count as failed; "
                          "3 of them are in the database"))
      << run["warnings"];
}

TEST_P(UnconfirmedCommitTest, NeitherCommittedNorConfirmed) {
  constexpr int64_t kOperations = 400;
  const auto proxy = MakeProxy();
  proxy->CutOnMessage(BindOf("commit"), FaultProxy::CutWhen::kBeforeForwarding, 3);
  Program program(CompareOn(proxy->conninfo(), GetParam(), kOperations, {"--write-ratio", "1"}));
  ASSERT_TRUE(proxy->WaitForCuts(3));
  const Json run = FirstRunAfterFault(&program, kOperations);
  EXPECT_EQ(run["operations"]["by_kind"]["create"]["failures"], Json({{"connection_lost", 3}}));
  EXPECT_EQ(run["verification"]["found"]["a"], (kOperations - 3) * 3);
  EXPECT_TRUE(AnyContains(run["warnings"], "0 of them are in the database")) << run["warnings"];
}

INSTANTIATE_TEST_SUITE_P(Drivers, UnconfirmedCommitTest,
                         testing::Values("sync", "threads:4", "window:4"), ScenarioNameOf);

// Where connections are shared, those behind a COMMIT on its connection are lost with it.
TEST(SharedConnectionTest, CommitsThatWereNotConfirmedAreFailures) {
  constexpr int64_t kOperations = 400;
  for (const auto when :
       {FaultProxy::CutWhen::kAfterTheAnswer, FaultProxy::CutWhen::kBeforeForwarding}) {
    const auto proxy = MakeProxy();
    proxy->CutOnMessage(BindOf("commit"), when, 3);
    Program program(
        CompareOn(proxy->conninfo(), "multiplexed:8:pool=2", kOperations, {"--write-ratio", "1"}));
    ASSERT_TRUE(proxy->WaitForCuts(3));
    const Json run = FirstRunAfterFault(&program, kOperations);
    const int64_t failed = run["operations"]["failed"];
    EXPECT_EQ(run["operations"]["failures"], Json({{"connection_lost", failed}}));
    EXPECT_GE(failed, 3);
    // Its own operation and at most one that was sent behind its COMMIT.
    EXPECT_LE(failed, 6);
    const int64_t certain = (kOperations - failed) * 3;
    const int64_t found = run["verification"]["found"]["a"];
    EXPECT_EQ(run["verification"]["expected"]["a"], certain);
    const bool is_committed = when == FaultProxy::CutWhen::kAfterTheAnswer;
    EXPECT_EQ(found, is_committed ? certain + 9 : certain);
  }
}

// Something happens in the middle of a run. It is held there meanwhile: on a busy machine the rest
// of it was once over before the server had been told to kill anything.
class FaultInTheMiddleTest : public ScenarioTest {
 protected:
  static constexpr int64_t kOperations = 800;

  // Starts the run and stops it at the 50th operation, which waits for the proxy to resume.
  std::unique_ptr<Program> RunToTheMiddle(FaultProxy* proxy) {
    proxy->StallOnMessage(BindOf("begin"), 50);
    auto program = std::make_unique<Program>(CompareOn(proxy->conninfo(), GetParam(), kOperations));
    EXPECT_TRUE(proxy->WaitForStall()) << program->stderr_text();
    return program;
  }
};

// pg_terminate_backend, as an administrator or a proxy's idle limit does it.
using BackendKilledTest = FaultInTheMiddleTest;

TEST_P(BackendKilledTest, IsAFailedOperationAndANewConnection) {
  const auto proxy = MakeProxy();
  const std::unique_ptr<Program> program = RunToTheMiddle(proxy.get());
  // The control connection too.
  AskServer(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
      " WHERE application_name ~ '^pgring [0-9]+$'");
  proxy->Resume();
  const Json run = FirstRunAfterFault(program.get(), kOperations);
  EXPECT_GE(run["operations"]["failed"], 1);
  EXPECT_LE(run["operations"]["failed"], 40) << "more than was in flight";
  EXPECT_GT(run["connections"]["opened"], run["pool"]["size"]);
}

// Without a word from the server, as when a cable is pulled.
TEST_P(BackendKilledTest, SoIsAConnectionThatIsCut) {
  const auto proxy = MakeProxy();
  const std::unique_ptr<Program> program = RunToTheMiddle(proxy.get());
  proxy->CutAll();
  proxy->Resume();
  const Json run = FirstRunAfterFault(program.get(), kOperations);
  EXPECT_GE(run["operations"]["failed"], 1);
  EXPECT_GE(run["operations"]["failures"]["connection_lost"], 1);
  EXPECT_GT(run["connections"]["opened"], run["pool"]["size"]);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, BackendKilledTest,
                         testing::Values("sync", "threads:4", "async:pool=8", "chunked:4",
                                         "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

// Half a message and then nothing, in either direction and in every phase: while connecting, while
// preparing, in the middle of a result.
using CutAfterBytesTest = FaultInTheMiddleTest;

TEST_P(CutAfterBytesTest, AnyByteMayBeTheLast) {
  for (const int64_t byte_count : {1, 60, 500, 1'500}) {
    for (const auto direction :
         {FaultProxy::Direction::kToServer, FaultProxy::Direction::kToClient}) {
      SCOPED_TRACE(testing::Message() << byte_count << " bytes");
      const auto proxy = MakeProxy();
      const std::unique_ptr<Program> program = RunToTheMiddle(proxy.get());
      // Not the control connection: those that the run opens after its first ones are cut.
      proxy->CutAfterBytes(direction, byte_count, 2);
      proxy->CutAll();
      proxy->Resume();
      ASSERT_TRUE(proxy->WaitForCuts(2)) << program->stderr_text();
      const Json run = FirstRunAfterFault(program.get(), kOperations);
      EXPECT_GE(run["operations"]["failed"], 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, CutAfterBytesTest,
                         testing::Values("sync", "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

// All connections go, and for a while the server says that it is starting up. Refusals are counted
// and retried; they fail nothing by themselves.
using OutageTest = FaultInTheMiddleTest;

TEST_P(OutageTest, IsWaitedFor) {
  const auto proxy = MakeProxy();
  const std::unique_ptr<Program> program = RunToTheMiddle(proxy.get());
  proxy->Refuse(FaultProxy::Refusal::kStartingUp);
  proxy->CutAll();
  proxy->Resume();
  ASSERT_TRUE(proxy->WaitForRefusals(3)) << program->stderr_text();
  proxy->Refuse(FaultProxy::Refusal::kNobodyListens);
  proxy->Accept();
  const Json run = FirstRunAfterFault(program.get(), kOperations);
  EXPECT_GE(run["connections"]["refused"], 3);
  EXPECT_FALSE(run["operations"]["failures"].contains("57P03")) << run["operations"]["failures"];
  // A reason against the run, or a warning where it took less than 1 % of the time.
  EXPECT_TRUE(AnyContains(run["reasons"], "connection attempts were refused") ||
              AnyContains(run["warnings"], "connection attempts were refused"))
      << run["warnings"] << run["reasons"];
}

INSTANTIATE_TEST_SUITE_P(Scenarios, OutageTest,
                         testing::Values("sync", "threads:4", "async:pool=8", "chunked:4",
                                         "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

// A server that has fewer connections left than the scenario wants: the run goes on with those that
// it gets.
class TooManyClientsTest : public ScenarioTest {};

// The server had room for the scenario when it was asked, and has none when the run begins.
TEST_P(TooManyClientsTest, RunsOnTheConnectionsThatAreLeft) {
  constexpr int64_t kOperations = 600;
  constexpr int kLeft = 8;
  Program before(RunOn(SharedServer().conninfo(), "sync", 1));
  ASSERT_EQ(before.Wait(), ExpectedValidExit()) << before.stderr_text();
  // Holds up the preparation of the run until the others are there.
  Client holder(SharedServer().conninfo());
  holder.Ask("BEGIN; LOCK TABLE pgring.a IN ACCESS SHARE MODE");
  Program program(CompareOn(SharedServer().conninfo(), GetParam(), kOperations));
  ASSERT_TRUE(WaitUntil([&holder] {
    return holder.Ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1";
  })) << program.stderr_text();
  std::vector<std::unique_ptr<Client>> others;
  // The holder is one of them.
  while (others.size() < kServerConnections - kLeft - 1) {
    others.push_back(std::make_unique<Client>(SharedServer().conninfo()));
    ASSERT_TRUE(others.back()->connected());
  }
  holder.Ask("COMMIT");
  const Json run = FirstRunAfterFault(&program, kOperations);
  EXPECT_EQ(run["operations"]["succeeded"], kOperations);
  EXPECT_GE(run["connections"]["refused"], 1);
  EXPECT_LE(run["connections"]["peak_open"], kLeft - 1) << "one is the control connection";
  EXPECT_EQ(
      run["connections"]["requested"].get<int64_t>(),
      run["connections"]["opened"].get<int64_t>() + run["connections"]["refused"].get<int64_t>());
}

INSTANTIATE_TEST_SUITE_P(Scenarios, TooManyClientsTest,
                         testing::Values("threads:20", "async:pool=20", "chunked:20", "window:20",
                                         "multiplexed:40:pool=20"),
                         ScenarioNameOf);

class RestartTest : public ScenarioTest {
 protected:
  static constexpr int64_t kOperations = 1'500;

  static void RestartInARun(ThrowawayServer::RestartMode mode) {
    AskServer("DROP SCHEMA IF EXISTS pgring CASCADE");
    Program program(CompareOn(SharedServer().conninfo(), GetParam(), kOperations));
    Client client(SharedServer().conninfo());
    ASSERT_TRUE(WaitUntil([&client] {
      return client.Ask("SELECT count(*) > 30 FROM pgring.a") == "t";
    })) << program.stderr_text();
    // So that the run cannot be over before the server has heard of it.
    client.Ask("BEGIN; LOCK TABLE pgring.a");
    const absl::Status restarted = SharedServer().Restart(mode);
    ASSERT_TRUE(restarted.ok()) << restarted;
    const Json run = FirstRunAfterFault(&program, kOperations);
    EXPECT_GE(run["operations"]["failed"], 1);
    EXPECT_GE(run["connections"]["refused"], 1);
    EXPECT_GT(run["operations"]["succeeded"], 100);
  }
};

TEST_P(RestartTest, Fast) { RestartInARun(ThrowawayServer::RestartMode::kFast); }

// As a crash: what was committed comes back from the log.
TEST_P(RestartTest, Immediate) { RestartInARun(ThrowawayServer::RestartMode::kImmediate); }

INSTANTIATE_TEST_SUITE_P(Scenarios, RestartTest,
                         testing::Values("sync", "threads:4", "async:pool=8", "chunked:4",
                                         "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

// Slow, but nothing is wrong with it: a distant server is no fault.
TEST(SlowNetworkTest, FailsNothing) {
  constexpr int64_t kOperations = 60;
  const auto proxy = MakeProxy();
  proxy->Delay(2 * kNanosecondsPerMs);
  Program program(CompareOn(proxy->conninfo(), "window:8", kOperations));
  const Json run = FirstRunAfterFault(&program, kOperations);
  EXPECT_EQ(run["operations"]["succeeded"], kOperations);
  // Three or four round trips of twice the delay each.
  EXPECT_GE(run["latency_ns"]["service"]["min"], 3 * 2 * 2 * kNanosecondsPerMs);
}

}  // namespace
}  // namespace pgring
