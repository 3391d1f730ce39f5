// Ctrl-C and its relatives at every moment: while the throwaway server is made, while the tables
// are, in every scenario's run, in the verification - and twice, and SIGKILL. What is in flight may
// end; every operation is accounted for; what was measured is written and says "interrupted"; the
// throwaway server goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli_fixture.h"
#include "fault_fixture.h"
#include "support/fault_proxy.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kInterrupted[] = "pgring: interrupted: ";

// Sends the signal and waits until the program has taken notice.
void Interrupt(Program* program, int signal_number) {
  program->Signal(signal_number);
  ASSERT_TRUE(program->WaitForError(kInterrupted)) << program->stderr_text();
}

void ExpectInterrupted(const Json& run, int64_t operations) {
  ExpectAllAccountedFor(run, operations);
  EXPECT_EQ(run["valid"], false);
  EXPECT_TRUE(AnyContains(run["reasons"], "interrupted")) << run["reasons"];
}

// The only run of an interrupted program, after the checks that hold for each.
Json RunOfInterrupted(Program* program, int exit_code, int64_t operations) {
  EXPECT_EQ(program->Wait(), exit_code) << program->stderr_text();
  const Json result = ResultOf(*program);
  if (!result.is_object() || result["runs"].empty()) {
    ADD_FAILURE() << "no run in result.json: " << program->stderr_text();
    return Json();
  }
  ExpectInterrupted(result["runs"].back(), operations);
  EXPECT_THAT(program->stdout_text(), HasSubstr("INTERRUPTED"));
  const std::string out = program->work_directory() + "/" + kOut;
  EXPECT_THAT(ReadFile(out + "/report.txt"), HasSubstr("INTERRUPTED"));
  EXPECT_THAT(ReadFile(out + "/connections.svg"), HasSubstr("INTERRUPTED"));
  EXPECT_EQ(program->Leftovers({kOutLeft}), "");
  return result["runs"].back();
}

class InterruptTest : public testing::TestWithParam<const char*> {
 protected:
  // More than any machine does while a test asks the server twice.
  static constexpr int64_t kOperations = 20'000;
};

// A COMMIT is on its way when the signal comes; its answer may still arrive, and counts.
TEST_P(InterruptTest, LetsEndWhatIsInFlight) {
  const auto proxy = MakeProxy();
  proxy->StallOnMessage(BindOf("commit"), 20);
  Program program(RunOn(proxy->conninfo(), GetParam(), kOperations));
  ASSERT_TRUE(proxy->WaitForStall()) << program.stderr_text();
  Interrupt(&program, SIGINT);
  proxy->Resume();
  const Json run = RunOfInterrupted(&program, 130, kOperations);
  EXPECT_EQ(run["operations"]["failed"], 0) << run["operations"]["failures"];
  EXPECT_GT(run["operations"]["succeeded"], 0);
  EXPECT_GT(run["operations"]["skipped"], 0);
  ExpectVerified(run);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, InterruptTest,
                         testing::Values("sync", "threads:4", "async:pool=8", "chunked:4",
                                         "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

class DeadNetworkTest : public InterruptTest {};

// The network is dead: nothing ends by itself, and no cancel request gets through.
TEST_P(DeadNetworkTest, EndsAllTheSame) {
  const auto proxy = MakeProxy();
  proxy->StallOnMessage(BindOf("commit"), 20);
  Program program(RunOn(proxy->conninfo(), GetParam(), kOperations));
  ASSERT_TRUE(proxy->WaitForStall()) << program.stderr_text();
  Interrupt(&program, SIGTERM);
  const Json run = RunOfInterrupted(&program, 143, kOperations);
  EXPECT_GT(run["operations"]["failures"]["interrupted"], 0) << run["operations"]["failures"];
  EXPECT_GT(run["operations"]["skipped"], 0);
  EXPECT_TRUE(run["verification"].is_null());
  EXPECT_TRUE(AnyContains(run["reasons"], "could not be verified")) << run["reasons"];
}

// Each takes all of the time that a drain and its cancels may take.
INSTANTIATE_TEST_SUITE_P(Drivers, DeadNetworkTest,
                         testing::Values("threads:4", "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

// Another session holds a lock, so the statements wait at the server for longer than the drain:
// they are cancelled there and roll back, and their sessions are as good as before.
class CancelTest : public InterruptTest {};

TEST_P(CancelTest, CancelsWhatDoesNotEndByItself) {
  AskServer("DROP SCHEMA IF EXISTS pgring CASCADE");
  Program program(RunOn(SharedServer().conninfo(), GetParam(), kOperations));
  Client client(SharedServer().conninfo());
  ASSERT_TRUE(WaitUntil([&client] {
    return client.Ask("SELECT count(*) > 30 FROM pgring.a") == "t";
  })) << program.stderr_text();
  client.Ask("BEGIN; LOCK TABLE pgring.a");
  // Of the run's: what counts the rows after it waits for the lock as well.
  const std::string waiting =
      "SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)"
      " WHERE NOT granted AND query !~ 'count'";
  ASSERT_TRUE(WaitUntil([&] { return client.Ask(waiting) == "t"; })) << program.stderr_text();
  Interrupt(&program, SIGINT);
  EXPECT_TRUE(WaitUntil([&] { return client.Ask(waiting) == "f"; }))
      << program.stderr_text()
      << client.Ask(
             "SELECT string_agg(query, '; ') FROM pg_locks JOIN pg_stat_activity USING (pid)"
             " WHERE NOT granted");
  client.Ask("ROLLBACK");
  const Json run = RunOfInterrupted(&program, 130, kOperations);
  EXPECT_GT(run["operations"]["failures"]["57014"], 0) << run["operations"]["failures"];
  ExpectVerified(run);
}

INSTANTIATE_TEST_SUITE_P(Drivers, CancelTest,
                         testing::Values("sync", "threads:4", "window:4", "multiplexed:8:pool=2"),
                         ScenarioNameOf);

TEST(InterruptMomentTest, WhileConnectionsAreRefused) {
  for (const char* scenario : {"sync", "window:4", "multiplexed:8:pool=2"}) {
    SCOPED_TRACE(scenario);
    const auto proxy = MakeProxy();
    // Held meanwhile, or a fast machine is through with it before connections are refused.
    proxy->StallOnMessage(BindOf("begin"), 20);
    Program program(RunOn(proxy->conninfo(), scenario, 5'000));
    ASSERT_TRUE(proxy->WaitForStall()) << program.stderr_text();
    proxy->Refuse(FaultProxy::Refusal::kStartingUp);
    proxy->CutAll();
    proxy->Resume();
    ASSERT_TRUE(proxy->WaitForRefusals(2));
    Interrupt(&program, SIGHUP);
    proxy->Accept();
    const Json run = RunOfInterrupted(&program, 129, 5'000);
    ExpectVerified(run);
    EXPECT_GT(run["operations"]["skipped"], 0);
  }
}

// Before anything was measured there is nothing to write.
TEST(InterruptMomentTest, WhileTheTablesAreMade) {
  AskServer("DROP SCHEMA IF EXISTS pgring CASCADE");
  const auto proxy = MakeProxy();
  proxy->StallOnMessage("CREATE TABLE pgring.a");
  Program program(RunOn(proxy->conninfo(), "sync", 100));
  ASSERT_TRUE(proxy->WaitForStall());
  Interrupt(&program, SIGINT);
  proxy->Resume();
  EXPECT_EQ(program.Wait(), 130);
  EXPECT_EQ(program.Leftovers(), "");
  EXPECT_EQ(AskServer("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgring'"), "0");
}

TEST(InterruptMomentTest, WhileTheTablesAreMadeForALaterRun) {
  const auto proxy = MakeProxy();
  Program program(On(proxy->conninfo(), "compare",
                     {"--scenarios", "sync,window:4,async:pool=5", "--operations", "50"}));
  ASSERT_TRUE(program.WaitForOutput("\nscenarios"));
  proxy->StallOnMessage("CREATE TABLE pgring.a");
  ASSERT_TRUE(proxy->WaitForStall());
  Interrupt(&program, SIGINT);
  proxy->Resume();
  EXPECT_EQ(program.Wait(), 130);
  const Json runs = ResultOf(program)["runs"];
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_THAT(ReasonsOf(runs[0]), IsEmpty()) << "what was measured stays good";
  EXPECT_EQ(runs[1]["valid"], false);
  EXPECT_TRUE(AnyContains(runs[1]["reasons"], "interrupted before it started"));
  // It once accounted for nothing.
  ExpectAllAccountedFor(runs[1], 50);
  EXPECT_EQ(runs[1]["operations"]["skipped"], 50);
  EXPECT_THAT(program.stdout_text(), HasSubstr("INTERRUPTED"));
  EXPECT_EQ(program.Leftovers({kOutLeft}), "");
}

TEST(InterruptMomentTest, DuringTheVerification) {
  const auto proxy = MakeProxy();
  proxy->StallOnMessage("SELECT (SELECT count(*)");
  Program program(RunOn(proxy->conninfo(), "sync", 50));
  ASSERT_TRUE(proxy->WaitForStall()) << program.stderr_text();
  Interrupt(&program, SIGINT);
  proxy->Resume();
  const Json run = RunOfInterrupted(&program, 130, 50);
  EXPECT_EQ(run["operations"]["succeeded"], 50);
  ExpectVerified(run);
}

TEST(InterruptMomentTest, ASecondSignalEndsAtOnce) {
  const auto proxy = MakeProxy();
  Program program(RunOn(proxy->conninfo(), "window:4", 5'000));
  proxy->StallOnMessage(BindOf("commit"));
  ASSERT_TRUE(proxy->WaitForStall());
  Interrupt(&program, SIGINT);
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 143);
  EXPECT_TRUE(ResultOf(program).is_null());
}

// True once a file of that name is in the throwaway server's directory.
bool WaitForThrowawayFile(const Program& program, const std::string& name) {
  return WaitUntil([&] {
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(program.temporary_directory(), ignored)) {
      if (std::filesystem::exists(entry.path() / name, ignored)) return true;
    }
    return false;
  });
}

std::vector<std::string> OnThrowaway(const std::string& scenario) {
  return InTestIoMode({"run", "--scenario", scenario, "--operations", "35000", "--out", kOut});
}

TEST(ThrowawayInterruptTest, WhileTheServerIsMade) {
  for (const char* file : {"initdb.log", "server.log"}) {
    SCOPED_TRACE(file);
    Program program(OnThrowaway("sync"));
    ASSERT_TRUE(WaitForThrowawayFile(program, file)) << program.stderr_text();
    Interrupt(&program, SIGINT);
    EXPECT_EQ(program.Wait(), 130);
    EXPECT_EQ(program.Leftovers(), "");
    EXPECT_THAT(program.stdout_text(), IsEmpty());
  }
}

TEST(ThrowawayInterruptTest, InTheRun) {
  Program program(OnThrowaway("async"));
  ASSERT_TRUE(program.WaitForOutput("\nscenarios")) << program.stderr_text();
  Interrupt(&program, SIGINT);
  RunOfInterrupted(&program, 130, 35'000);
}

TEST(ThrowawayInterruptTest, TwiceInTheRun) {
  Program program(OnThrowaway("threads"));
  ASSERT_TRUE(program.WaitForOutput("\nscenarios")) << program.stderr_text();
  Interrupt(&program, SIGINT);
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
  EXPECT_EQ(program.FinalLeftovers({kOutLeft}), "");
}

TEST(ThrowawayInterruptTest, Killed) {
  for (const char* scenario : {"sync", "async"}) {
    SCOPED_TRACE(scenario);
    Program program(OnThrowaway(scenario));
    ASSERT_TRUE(program.WaitForOutput("\nscenarios")) << program.stderr_text();
    program.Signal(SIGKILL);
    EXPECT_EQ(program.Wait(), 137);
    EXPECT_EQ(program.FinalLeftovers({kOutLeft}), "");
  }
}

TEST(ThrowawayInterruptTest, KilledWhileTheServerIsMade) {
  Program program(OnThrowaway("sync"));
  ASSERT_TRUE(WaitForThrowawayFile(program, "initdb.log")) << program.stderr_text();
  program.Signal(SIGKILL);
  EXPECT_EQ(program.Wait(), 137);
  EXPECT_EQ(program.FinalLeftovers({kOutLeft}), "");
}

}  // namespace
}  // namespace pgring
