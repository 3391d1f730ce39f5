// What workers of a fleet leave, put together: the whole in every figure, refusals that say what
// differs, and bytes of any kind that stop nothing.
#include "experiment/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiment/drive.h"
#include "pgring/base/build_info.h"
#include "pgring/base/clock.h"
#include "pgring/base/random.h"
#include "run/same_run.h"
#include "run/verdict.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr int64_t kRunNs = 3 * kNanosecondsPerSecond;
const char* const kKinds[] = {"create", "read"};

ComparisonPlan PlanFor(int workers) {
  ComparisonPlan plan;
  ScenarioPlan scenario;
  scenario.type = FindScenarioType("window");
  scenario.label = "window:40";
  scenario.limit = scenario.pool.size = 40;
  scenario.workers = workers;
  plan.scenarios = {scenario};
  plan.workload.operations = 400;
  return plan;
}

WorkerFile FileOf(int rank, int size) {
  WorkerFile file;
  file.fleet = "f";
  file.gathering = 9;
  file.rank = rank;
  file.size = size;
  file.result.plan = PlanFor(size);
  file.result.environment.build = GetBuildInfo();
  Run run(file.result.plan.scenarios.front(), LoadPlan(), {kKinds[0], kKinds[1]});
  run.timeline.Start(0, 0);
  run.recorder.StartSeconds(0);
  run.ended_ns = kRunNs;
  file.result.runs = {run};
  return file;
}

void Finish(WorkerFile* file) {
  Run& run = file->result.runs.front();
  run.timeline.Finish(kRunNs);
  run.workers = {PartOf(run, file->rank)};
}

// An operation of the list, as it would go whoever runs it.
void RunOperation(int64_t index, Run* run) {
  Random random(static_cast<uint64_t>(index) + 1);
  const size_t kind = random.Below(2);
  const int64_t begin_ns = index * (kRunNs / 1'000);
  const int64_t end_ns = begin_ns + random.Between(1'000, kRunNs / 1'001);
  run->recorder.Scheduled(kind, begin_ns);
  run->timeline.Change(begin_ns, ConnectionGauge::kInUse, 1);
  if (random.Chance(0.05)) {
    run->recorder.Failed(kind, {begin_ns, begin_ns, begin_ns, end_ns}, "40001");
  } else {
    run->recorder.Succeeded(kind, {begin_ns, begin_ns, begin_ns, end_ns});
    ++run->succeeded_by_kind[kind];
  }
  run->timeline.Change(end_ns, ConnectionGauge::kInUse, -1);
}

std::vector<WorkerFile> FilesOf(int size) {
  std::vector<WorkerFile> files;
  for (int rank = 0; rank < size; ++rank) {
    files.push_back(FileOf(rank, size));
    Run& run = files.back().result.runs.front();
    const WorkerShare share = ShareOf(run.scenario, run.load, rank);
    for (int64_t number = 0; number < share.CountOf(400); ++number) {
      RunOperation(share.IndexOf(number), &run);
    }
    Finish(&files.back());
  }
  return files;
}

absl::StatusOr<ComparisonResult> Merged(const std::vector<WorkerFile>& files) {
  Merge merge;
  for (const WorkerFile& file : files) {
    const absl::StatusOr<WorkerFile> read = ParseWorkerFile(WorkerFileBytes(file));
    if (!read.ok()) return read.status();
    const absl::Status added = merge.Add(absl::StrCat("worker-", file.rank), *read);
    if (!added.ok()) return added;
  }
  return merge.Take();
}

TEST(MergeTest, FilesInAnyOrderAreTheWholeRun) {
  WorkerFile alone = FileOf(0, 1);
  for (int64_t index = 0; index < 400; ++index) {
    RunOperation(index, &alone.result.runs.front());
  }
  Finish(&alone);
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<WorkerFile> files = FilesOf(static_cast<int>(random.Between(1, 12)));
    random.Shuffle(&files);
    const absl::StatusOr<ComparisonResult> merged = Merged(files);
    ASSERT_TRUE(merged.ok()) << merged.status();
    ASSERT_THAT(merged->runs, SizeIs(1));
    ExpectSameRun(merged->runs.front(), alone.result.runs.front());
    EXPECT_TRUE(CheckLittle(merged->runs.front()).ok);
    for (size_t rank = 0; rank < files.size(); ++rank) {
      EXPECT_EQ(merged->runs.front().workers[rank].rank, static_cast<int>(rank));
    }
  }
}

TEST(MergeTest, AMissingWorkersOperationsAreFailedAndNobodysAreLost) {
  std::vector<WorkerFile> files = FilesOf(4);
  files.erase(files.begin() + 2);
  const absl::StatusOr<ComparisonResult> merged = Merged(files);
  ASSERT_TRUE(merged.ok()) << merged.status();
  const pgring::Run& run = merged->runs.front();
  EXPECT_FALSE(run.valid());
  EXPECT_THAT(run.verdict.reasons.front(),
              HasSubstr("worker 2 of 4 has no file here; what became of its 100 operations"));
  EXPECT_EQ(run.total().scheduled, 400);
  EXPECT_TRUE(run.total().Balanced());
  EXPECT_EQ(run.total().failures.at("worker_lost"), 100);
}

std::string Refusal(const std::function<void(WorkerFile*)>& change) {
  std::vector<WorkerFile> files = FilesOf(2);
  change(&files[1]);
  return std::string(Merged(files).status().message());
}

TEST(MergeTest, WhatDiffersIsSaid) {
  EXPECT_THAT(Refusal([](WorkerFile* file) { file->fleet = "g"; }),
              HasSubstr("do not belong together: fleets \"f\" and \"g\""));
  EXPECT_THAT(Refusal([](WorkerFile* file) { file->gathering = 8; }),
              HasSubstr("two runs of that fleet"));
  EXPECT_THAT(Refusal([](WorkerFile* file) { *file = FilesOf(3)[1]; }),
              HasSubstr("fleets of 2 and of 3 workers"));
  EXPECT_THAT(Refusal([](WorkerFile* file) { *file = FilesOf(2)[0]; }),
              HasSubstr("are both of worker 0 of 2"));
  EXPECT_THAT(Refusal([](WorkerFile* file) { file->result.plan.workload.seed = 7; }),
              HasSubstr("seed 42 and 7"));
  EXPECT_THAT(Refusal([](WorkerFile* file) { file->result.plan.workload.operations = 9; }),
              HasSubstr("operations 400 and 9"));
  EXPECT_THAT(Refusal([](WorkerFile* file) { file->result.plan.load.warmup_s = 1; }),
              HasSubstr("their loads"));
  EXPECT_THAT(Refusal([](WorkerFile* file) { file->result.environment.build.version = "0"; }),
              HasSubstr("and 0 ("));
}

// The checksum keeps out accidents; this is what is behind it.
TEST(MergeTest, BytesOfAnyKindStopNothing) {
  const std::vector<WorkerFile> whole = FilesOf(2);
  const std::string bytes = ToBytes(whole[1].result);
  constexpr int kTriesOfASeed = 20;
  int64_t read = 0;
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    for (int tries = 0; tries < kTriesOfASeed; ++tries) {
      std::string changed = bytes;
      const int64_t changes = random.Between(1, 4);
      for (int64_t change = 0; change < changes; ++change) {
        changed[random.Below(changed.size())] = static_cast<char>(random.Below(256));
      }
      std::vector<WorkerFile> files = {whole[0], WorkerFile(whole[1])};
      files[1].result = ComparisonResult();
      if (!FromBytes(changed, &files[1].result).ok()) continue;
      ++read;
      const absl::StatusOr<ComparisonResult> merged = Merged(files);
      if (merged.ok()) {
        EXPECT_THAT(merged->runs, SizeIs(1));
      }
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace pgring
