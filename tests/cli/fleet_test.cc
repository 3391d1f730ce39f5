// --fleet and pgring merge as a user meets them: processes that know nothing of each other but a
// name meet at the server, and what they find is put together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

// The workers of one fleet, each started in a directory of its own unless `out` is absolute.
class StartedFleet {
 public:
  StartedFleet(const std::string& id, int size, const std::vector<std::string>& arguments,
               const std::string& command = "run") {
    for (int rank = 0; rank < size; ++rank) {
      programs_.push_back(StartWorker(id, rank, size, arguments, command));
    }
  }

  static std::unique_ptr<Program> StartWorker(const std::string& id, int rank, int size,
                                              const std::vector<std::string>& arguments,
                                              const std::string& command = "run") {
    std::vector<std::string> all = {"--fleet", id, "--worker",
                                    std::to_string(rank) + "/" + std::to_string(size)};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return std::make_unique<Program>(On(SharedServer().conninfo(), command, all));
  }

  Program& worker(int rank) { return *programs_[static_cast<size_t>(rank)]; }
  std::string FileOf(int rank) {
    return worker(rank).work_directory() + "/out/worker-" + std::to_string(rank) + ".pgring";
  }
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (size_t rank = 0; rank < programs_.size(); ++rank) {
      files.push_back(FileOf(static_cast<int>(rank)));
    }
    return files;
  }

 private:
  std::vector<std::unique_ptr<Program>> programs_;
};

std::string AdvisoryLocks() {
  return AskServer("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
}

std::vector<std::string> MergeOf(std::vector<std::string> files) {
  std::vector<std::string> arguments = {"merge", "--out", "out"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  return arguments;
}

TEST(FleetTest, WorkersInDirectoriesOfTheirOwnAreOneResultWhenMerged) {
  StartedFleet fleet(
      "three", 3,
      {"--scenarios", "window:7,threads:5", "--operations", "601", "--fk-index", "--repeat", "2"},
      "compare");
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(fleet.worker(rank).Wait(), ExpectedValidExit()) << fleet.worker(rank).stderr_text();
    EXPECT_EQ(fleet.worker(rank).stdout_text(), "");
  }
  EXPECT_THAT(fleet.worker(0).stderr_text(), HasSubstr("the files of 2 of 3 workers"));
  Program merge(MergeOf(fleet.Files()));
  EXPECT_EQ(merge.Wait(), ExpectedValidExit()) << merge.stderr_text();
  const Json result = ResultOf(merge);
  ASSERT_THAT(result["blocks"], SizeIs(2));
  ASSERT_THAT(result["runs"], SizeIs(2));
  for (const Json& run : result["runs"]) {
    ExpectAllAccountedFor(run, 601);
    ExpectVerified(run);
    ASSERT_THAT(run["workers"], SizeIs(3));
    EXPECT_EQ(run["workers"][0]["scheduled"], 201);
    EXPECT_EQ(run["workers"][2]["scheduled"], 200);
    EXPECT_GT(run["workers"][1]["clock_bound_ns"], 0);
  }
  EXPECT_THAT(merge.stdout_text(), HasSubstr("7 = 1 x 3 + 2 x 2"));
  EXPECT_EQ(AdvisoryLocks(), "0");
  // Any other result's reader takes it.
  Program report({"report", "--brief", merge.work_directory() + "/out"});
  EXPECT_EQ(report.Wait(), 0) << report.stderr_text();
}

TEST(FleetTest, TheFirstOnePutsTogetherWhatItFinds) {
  ScriptFile script("SELECT 1;\n");
  const std::string out = script.path() + ".out";
  StartedFleet fleet("one place", 2,
                     {"-f", script.path(), "--scenario", "window:4", "-t", "10", "--out", out});
  for (int rank = 1; rank >= 0; --rank) EXPECT_EQ(fleet.worker(rank).Wait(), ExpectedValidExit());
  EXPECT_THAT(fleet.worker(0).stdout_text(), HasSubstr("4 = 2 x 2"));
  const Json result = Json::parse(ReadFile(out + "/result.json"));
  ExpectAllAccountedFor(result["runs"][0], 40);
}

TEST(FleetTest, OneThatIsKilledIsNamedAndTheOthersEndAsPlanned) {
  ScriptFile script("SELECT pg_sleep(0.02);\n");
  StartedFleet fleet("killed", 3,
                     {"-f", script.path(), "--scenario", "window:3", "--operations", "300"});
  ASSERT_TRUE(WaitUntil([] {
    return AskServer(
               "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
               "'pgring fleet killed' AND wait_event = 'PgSleep'") == "3";
  }));
  fleet.worker(1).Signal(SIGKILL);
  EXPECT_EQ(fleet.worker(1).Wait(), 128 + SIGKILL);
  EXPECT_EQ(fleet.worker(0).Wait(), 2);
  EXPECT_EQ(fleet.worker(2).Wait(), ExpectedValidExit()) << fleet.worker(2).stderr_text();
  Program merge(MergeOf({fleet.FileOf(0), fleet.FileOf(2)}));
  EXPECT_EQ(merge.Wait(), 2);
  const Json run = ResultOf(merge)["runs"][0];
  ExpectAllAccountedFor(run, 300);
  EXPECT_EQ(run["operations"]["succeeded"], 200);
  EXPECT_EQ(run["operations"]["failures"]["worker_lost"], 100);
  EXPECT_TRUE(AnyContains(ReasonsOf(run), "worker 1 of 3 ")) << run["reasons"];
  EXPECT_EQ(AdvisoryLocks(), "0");
}

// In one line, with exit code 1, and nothing is left in the database.
void ExpectRefused(Program* program, const std::string& why) {
  EXPECT_EQ(program->Wait(), 1);
  EXPECT_THAT(ErrorLines(program->stderr_text()), testing::ElementsAre(HasSubstr(why)));
}

TEST(FleetTest, WhoIsMissingOrAnotherIsNamedByAll) {
  const std::vector<std::string> short_wait = {"-S", "--scenario", "window:4", "--fleet-timeout",
                                               "1"};
  const auto alone = StartedFleet::StartWorker("alone", 1, 4, short_wait);
  ExpectRefused(alone.get(), "fleet \"alone\": workers 0, 2, 3 of 4 did not come within 1 s");

  const std::vector<std::string> plan = {"-S", "--scenario", "window:4"};
  std::vector<std::string> other_seed = plan;
  other_seed.insert(other_seed.end(), {"--seed", "7"});
  const auto one = StartedFleet::StartWorker("unlike", 0, 2, plan);
  const auto other = StartedFleet::StartWorker("unlike", 1, 2, other_seed);
  ExpectRefused(one.get(), "worker 1 has another seed than worker 0");
  ExpectRefused(other.get(), "worker 1 has another seed than worker 0");

  const auto first = StartedFleet::StartWorker("twice", 0, 2, plan);
  ASSERT_TRUE(WaitUntil([] { return AdvisoryLocks() == "1"; }));
  const auto second = StartedFleet::StartWorker("twice", 0, 2, plan);
  ExpectRefused(second.get(), "fleet \"twice\": worker 0 is there already (server process ");
  first->Signal(SIGINT);
  EXPECT_EQ(first->Wait(), 130);
  EXPECT_EQ(AdvisoryLocks(), "0");
}

TEST(FleetTest, FilesThatDoNotBelongTogetherAreRefused) {
  ScriptFile script("SELECT 1;\n");
  const std::vector<std::string> plan = {"-f", script.path(), "--scenario", "window:2", "-t", "5"};
  StartedFleet fleet("again", 2, plan);
  for (int rank = 0; rank < 2; ++rank) EXPECT_EQ(fleet.worker(rank).Wait(), ExpectedValidExit());
  StartedFleet later("again", 2, plan);
  for (int rank = 0; rank < 2; ++rank) EXPECT_EQ(later.worker(rank).Wait(), ExpectedValidExit());

  Program twice(MergeOf({fleet.FileOf(1), fleet.FileOf(1)}));
  ExpectRefused(&twice, "are both of worker 1 of 2");
  Program two_runs(MergeOf({fleet.FileOf(0), later.FileOf(1)}));
  ExpectRefused(&two_runs, "they are of two runs of that fleet");
  const std::string text = ReadFile(fleet.FileOf(0));
  const std::string cut = script.path() + ".cut";
  std::ofstream(cut, std::ios::binary) << text.substr(0, text.size() / 2);
  Program damaged(MergeOf({cut, fleet.FileOf(1)}));
  ExpectRefused(&damaged, ".cut: it is damaged");
  Program foreign(MergeOf({script.path()}));
  ExpectRefused(&foreign, "this is no worker file of pgring");
  Program none(MergeOf({}));
  ExpectRefused(&none, "a worker's file is needed");
}

TEST(FleetTest, BadPlacesAreUsageErrors) {
  const auto refusal = [](const std::vector<std::string>& arguments) {
    Program program(On(SharedServer().conninfo(), "run", arguments));
    EXPECT_EQ(program.Wait(), 1);
    return program.stderr_text();
  };
  EXPECT_THAT(refusal({"-S", "--scenario", "window:4", "--fleet", "x"}),
              HasSubstr("give --worker I/N"));
  EXPECT_THAT(refusal({"-S", "--scenario", "window:4", "--fleet", "x", "--worker", "4/4"}),
              HasSubstr("there is no worker 4 of 4"));
  EXPECT_THAT(refusal({"-S", "--scenario", "window:4", "--worker", "0/4"}),
              HasSubstr("are for --fleet ID"));
  EXPECT_THAT(refusal({"-S", "--scenario", "sync", "--fleet", "x", "--worker", "0/4"}),
              HasSubstr("scenario sync is one client"));
  EXPECT_THAT(
      refusal({"-S", "--scenario", "window:8", "-j", "2", "--fleet", "x", "--worker", "0/4"}),
      AllOf(HasSubstr("leave out -j"), HasSubstr("--fleet")));
}

}  // namespace
}  // namespace pgring
