// -j as a user meets it: several processes run one list, and what is reported is the sum of what
// each of them did, whatever becomes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

Json Sum(const Json& workers, const char* key) {
  Json sum = 0;
  for (const Json& worker : workers) sum = sum.get<int64_t>() + worker[key].get<int64_t>();
  return sum;
}

void ExpectSumOfWorkers(const Json& run, size_t workers) {
  ASSERT_THAT(run["workers"], SizeIs(workers));
  for (const char* key : {"scheduled", "succeeded", "failed", "skipped"}) {
    EXPECT_EQ(Sum(run["workers"], key), run["operations"][key]) << key;
  }
  for (size_t rank = 0; rank < workers; ++rank) EXPECT_EQ(run["workers"][rank]["rank"], rank);
}

TEST(WorkersTest, EachScenarioIsTheSumOfItsWorkers) {
  Program program(On(SharedServer().conninfo(), "compare",
                     {"-j", "3", "--scenarios", "sync,threads:7,async:pool=9,chunked:8,window:7",
                      "--operations", "1001", "--fk-index"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_THAT(result["runs"], SizeIs(5));
  EXPECT_FALSE(result["runs"][0].contains("workers")) << "one operation at a time";
  for (size_t place = 0; place < 5; ++place) {
    const Json& run = result["runs"][place];
    SCOPED_TRACE(run["scenario"].get<std::string>());
    ExpectAllAccountedFor(run, 1001);
    ExpectVerified(run);
    if (place == 0) continue;
    ExpectSumOfWorkers(run, 3);
    EXPECT_EQ(run["workers"][0]["scheduled"], 334);
    EXPECT_EQ(run["workers"][2]["scheduled"], 333);
  }
  EXPECT_EQ(result["runs"][4]["connections"]["peak_open"], 7);
  EXPECT_THAT(program.stdout_text(),
              AllOf(HasSubstr("7 = 1 x 3 + 2 x 2"), HasSubstr("8 = 2 x 3 + 1 x 2"),
                    HasSubstr("Chunks are of each worker")));
}

// What a worker has no part in, its workload is told: the scale that the parent found.
TEST(WorkersTest, ScriptsReadTheSameRowsInOneProcessAndInFour) {
  Program init({"init", "-s", "2", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(init.Wait(), 0) << init.stderr_text();
  std::vector<Json> runs;
  for (const char* workers : {"1", "4"}) {
    Program program(On(SharedServer().conninfo(), "run",
                       {"-b", "select-only", "--scenario", "window:10", "-t", "50", "-j", workers,
                        "-l", "--repeat", "2"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    runs.push_back(ResultOf(program)["runs"][0]);
    ExpectAllAccountedFor(runs.back(), 500);
    const bool shared = *workers != '1';
    const std::string log = program.work_directory() + "/pgbench_log.block2." +
                            std::to_string(program.pid()) + (shared ? ".3" : "");
    // 10 = 2 x 3 + 2 x 2 clients, 50 operations each.
    EXPECT_THAT(Lines(ReadFile(log)), SizeIs(shared ? 100 : 500));
  }
  EXPECT_EQ(runs[0]["rows_read"], runs[1]["rows_read"]);
  EXPECT_EQ(runs[0]["rows_checksum"], runs[1]["rows_checksum"]);
}

std::string Workers() {
  return AskServer(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgring %' AND "
      "state <> 'idle'");
}

// The process of a worker is the one that is named in its connections.
int WorkerOf(const Program& program, int number) {
  const std::string children = ReadFile("/proc/" + std::to_string(program.pid()) + "/task/" +
                                        std::to_string(program.pid()) + "/children");
  std::istringstream words(children);
  int pid = 0;
  for (int place = 0; place <= number; ++place) words >> pid;
  return pid;
}

constexpr char kSleep[] = "SELECT pg_sleep(0.02);\n";

TEST(WorkersTest, OneThatIsKilledIsNamedAndTheOthersEndAsPlanned) {
  ScriptFile script(kSleep);
  Program program(
      On(SharedServer().conninfo(), "run",
         {"-f", script.path(), "--scenario", "window:4", "--operations", "400", "-j", "4"}));
  ASSERT_TRUE(WaitUntil([] { return Workers() == "4"; })) << program.stderr_text();
  const int pid = WorkerOf(program, 2);
  ASSERT_GT(pid, 0);
  kill(pid, SIGKILL);
  EXPECT_EQ(program.Wait(), 2);
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, 400);
  ExpectSumOfWorkers(run, 4);
  EXPECT_EQ(run["operations"]["succeeded"], 300);
  EXPECT_EQ(run["operations"]["failures"]["worker_lost"], 100);
  EXPECT_FALSE(run["valid"]);
  EXPECT_TRUE(AnyContains(ReasonsOf(run), "worker 2 of 4 was killed by signal 9"))
      << run["reasons"];
}

TEST(WorkersTest, OneThatHangsIsGivenUpOnceTheOthersWait) {
  ScriptFile script(kSleep);
  Program program(On(SharedServer().conninfo(), "run",
                     {"-f", script.path(), "--scenario", "threads:4", "--operations", "100", "-j",
                      "2", "--fleet-timeout", "0.3"}));
  ASSERT_TRUE(WaitUntil([] { return Workers() == "4"; })) << program.stderr_text();
  const int pid = WorkerOf(program, 1);
  ASSERT_GT(pid, 0);
  kill(pid, SIGSTOP);
  EXPECT_EQ(program.Wait(), 2);
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, 100);
  EXPECT_EQ(run["workers"][0]["succeeded"], 50);
  EXPECT_TRUE(AnyContains(ReasonsOf(run), "worker 1 of 2 was stopped: the others were waiting"))
      << run["reasons"];
  EXPECT_TRUE(WaitUntil([] { return Workers() == "0"; }));
}

TEST(WorkersTest, AnInterruptEndsAllOfThem) {
  ScriptFile script(kSleep);
  Program program(
      On(SharedServer().conninfo(), "run",
         {"-f", script.path(), "--scenario", "threads:4", "--operations", "100000", "-j", "2"}));
  ASSERT_TRUE(WaitUntil([] { return Workers() == "4"; })) << program.stderr_text();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, 100000);
  ExpectSumOfWorkers(run, 2);
  EXPECT_GT(run["operations"]["skipped"], 0);
  EXPECT_EQ(program.Leftovers({"work/out", "work/bench"}), "");
}

TEST(WorkersTest, NothingIsLeftOfThemWhenTheProgramIsKilled) {
  ScriptFile script(kSleep);
  Program program(
      On(SharedServer().conninfo(), "run",
         {"-f", script.path(), "--scenario", "window:4", "--operations", "100000", "-j", "2"}));
  ASSERT_TRUE(WaitUntil([] { return Workers() == "4"; })) << program.stderr_text();
  program.Signal(SIGKILL);
  program.Wait();
  EXPECT_TRUE(WaitUntil([] { return Workers() == "0"; }));
}

}  // namespace
}  // namespace pgring
