#include "pgring/metrics/process_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "metrics/process_tree.h"

namespace pgring {
namespace {

using ::testing::IsEmpty;
using ::testing::Optional;

// What a process burns, and what of it must be seen: /proc counts in ticks of 10 ms, each of
// several figures rounded down by itself.
constexpr double kBurntSeconds = 0.25;
constexpr double kSeenSeconds = 0.20;

double UsedCpuSeconds() {
  timespec used = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Spins until this process has used kBurntSeconds more, however long that takes on a busy machine:
// half of it in user mode, half in system calls.
void BurnCpu() {
  const double start_s = UsedCpuSeconds();
  volatile int work = 0;
  while (UsedCpuSeconds() < start_s + kBurntSeconds / 2) {
    for (int step = 0; step < 100'000; ++step) work = work ^ step;
  }
  while (UsedCpuSeconds() < start_s + kBurntSeconds) continue;
}

// A pipe on which one process tells another that it has come so far.
class Signal {
 public:
  Signal() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Signal() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void Send() { (void)!write(ends_[1], "x", 1); }
  void Await() {
    char byte = 0;
    (void)!read(ends_[0], &byte, 1);
  }

 private:
  std::array<int, 2> ends_{};
};

// A child that runs `body` and ends; killed and waited for at the latest when this is destroyed.
class Child {
 public:
  explicit Child(const std::function<void()>& body) {
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ != 0) return;
    // No other process would end it if this test were killed, now or before this line.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) body();
    _exit(0);
  }
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  void Wait() {
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Ended, but still there to be waited for.
  void AwaitEnd() { waitid(P_PID, static_cast<id_t>(pid_), nullptr, WEXITED | WNOWAIT); }

 private:
  pid_t pid_ = 0;
};

double TotalSeconds(const TreeCost& cost) { return cost.user_s + cost.system_s; }

TEST(TreeCostTest, SeesALivingAndAnEndedGrandchild) {
  Signal burnt, may_end, waited;
  Child server([&] {
    Child backend([&] {
      BurnCpu();
      burnt.Send();
      may_end.Await();
    });
    backend.Wait();
    waited.Send();
    pause();
  });

  burnt.Await();
  const std::optional<TreeCost> living = SampleTreeCost(server.pid());
  ASSERT_TRUE(living.has_value());
  EXPECT_GE(TotalSeconds(*living), kSeenSeconds);
  EXPECT_LT(TotalSeconds(*living), 2 * kSeenSeconds);

  may_end.Send();
  waited.Await();
  const std::optional<TreeCost> ended = SampleTreeCost(server.pid());
  ASSERT_TRUE(ended.has_value());
  EXPECT_GE(TotalSeconds(*ended), kSeenSeconds);
  // Once, not once as a process and once as a child waited for.
  EXPECT_LT(TotalSeconds(*ended), 2 * kSeenSeconds);
}

TEST(TreeCostTest, KeepsAChildThatIsGoneAndWaitedFor) {
  const std::optional<TreeCost> before = SampleTreeCost(getpid());
  Child child(BurnCpu);
  child.AwaitEnd();
  const std::optional<TreeCost> ended = SampleTreeCost(getpid());
  child.Wait();
  const std::optional<TreeCost> waited = SampleTreeCost(getpid());
  ASSERT_TRUE(before.has_value() && ended.has_value() && waited.has_value());
  EXPECT_GE(TotalSeconds(*ended) - TotalSeconds(*before), kSeenSeconds);
  EXPECT_GE(TotalSeconds(*waited) - TotalSeconds(*before), kSeenSeconds);
}

TEST(TreeCostTest, NothingForAProcessThatIsNot) {
  Child child([] {});
  const pid_t pid = child.pid();
  child.Wait();
  EXPECT_EQ(SampleTreeCost(pid), std::nullopt);
}

std::vector<pid_t> Pids(const std::vector<ProcessStat>& tree) {
  std::vector<pid_t> pids;
  for (const ProcessStat& process : tree) pids.push_back(process.pid);
  std::sort(pids.begin(), pids.end());
  return pids;
}

TEST(ProcessTreeTest, BothWaysFindTheSameDescendants) {
  Signal ready;
  Child server([&] {
    Child first([] { pause(); });
    Child second([&] {
      Child third([&] {
        ready.Send();
        pause();
      });
      pause();
    });
    pause();
  });
  ready.Await();
  const auto all = TreeFromAllProcesses(server.pid());
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->size(), 4u);
  EXPECT_EQ(all->front().pid, server.pid());
  const auto listed = TreeFromChildrenFiles(server.pid());
  if (!listed.has_value()) GTEST_SKIP() << "this kernel does not list children";
  EXPECT_EQ(Pids(*listed), Pids(*all));
}

TEST(ProcessTreeTest, FindsChildrenOfEveryThread) {
  // The kernel lists a child under the thread that made it, not under the process.
  Signal made, may_end;
  std::optional<Child> child;
  std::thread thread([&] {
    child.emplace([&] { may_end.Await(); });
    made.Send();
    may_end.Await();
  });
  made.Await();
  const auto listed = TreeFromChildrenFiles(getpid());
  const auto all = TreeFromAllProcesses(getpid());
  const pid_t child_pid = child->pid();
  may_end.Send();
  may_end.Send();
  thread.join();
  ASSERT_TRUE(all.has_value());
  EXPECT_THAT(Pids(*all), ::testing::Contains(child_pid));
  if (!listed.has_value()) GTEST_SKIP() << "this kernel does not list children";
  EXPECT_THAT(Pids(*listed), ::testing::Contains(child_pid));
}

TEST(ProcessTreeTest, EmptyForAProcessThatIsNot) {
  Child child([] {});
  const pid_t pid = child.pid();
  child.Wait();
  EXPECT_THAT(TreeFromAllProcesses(pid), Optional(IsEmpty()));
  const auto listed = TreeFromChildrenFiles(pid);
  EXPECT_THAT(listed, Optional(IsEmpty()));
}

TEST(ProcessStatTest, ReadsTheFieldsOfProc) {
  const auto stat = ParseProcessStat(
      "1234 (postgres) S 1 1234 1234 0 -1 4194560 100 200 300 400 51 52 53 54 20 0 1 0 999 1 2\n");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, 1234);
  EXPECT_EQ(stat->parent, 1);
  EXPECT_EQ(stat->user_ticks, 51);
  EXPECT_EQ(stat->system_ticks, 52);
  EXPECT_EQ(stat->waited_user_ticks, 53);
  EXPECT_EQ(stat->waited_system_ticks, 54);
}

TEST(ProcessStatTest, TheCommandNameMayHoldAnything) {
  for (const char* name : {"", "(", ")", "a b", "x) R 1 1 1", "((sd-pam))", ") (", "line\nfeed"}) {
    const std::string line =
        "7 (" + std::string(name) + ") S 42 0 0 0 0 0 0 0 0 0 11 12 13 14 20 0";
    const auto stat = ParseProcessStat(line);
    ASSERT_TRUE(stat.has_value()) << line;
    EXPECT_EQ(stat->parent, 42) << line;
    EXPECT_EQ(stat->user_ticks, 11) << line;
    EXPECT_EQ(stat->waited_system_ticks, 14) << line;
  }
}

TEST(ProcessStatTest, TheKernelsLineForAnOddName) {
  Signal ready;
  Child child([&] {
    prctl(PR_SET_NAME, "a) R 1 (b c");
    ready.Send();
    pause();
  });
  ready.Await();
  const auto stat = ReadProcessStat(child.pid());
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, child.pid());
  EXPECT_EQ(stat->parent, getpid());
}

TEST(ProcessStatTest, RefusesWhatIsNotAStatLine) {
  for (const char* text :
       {"", "7", "7 (x", "7 x) S 1", "7 (x) S 42 0 0 0 0 0 0 0 0 0 11 12 13",
        "7 (x) S y 0 0 0 0 0 0 0 0 0 11 12 13 14 20", "p (x) S 1 0 0 0 0 0 0 0 0 0 1 2 3 4 20"}) {
    EXPECT_EQ(ParseProcessStat(text).has_value(), false) << text;
  }
}

TEST(ProcFileTest, NothingForAFileThatIsNotOrIsTooLong) {
  EXPECT_EQ(ReadProcFile("/proc/self/no-such-file"), std::nullopt);
  EXPECT_EQ(ReadProcFile("/dev/zero"), std::nullopt);
}

TEST(ProcessCostTest, CpuTimeIsOfThePhase) {
  const ProcessCost before = SampleProcessCost();
  BurnCpu();
  const ProcessCost cost = SampleProcessCost() - before;
  EXPECT_GE(cost.user_s + cost.system_s, kSeenSeconds);
  EXPECT_GE(cost.user_s, 0);
  EXPECT_GE(cost.system_s, 0);
}

TEST(ProcessCostTest, DifferenceIsOfEachFigure) {
  const ProcessCost after = {5.0, 3.0, 40, 20};
  const ProcessCost before = {1.0, 2.0, 10, 15};
  const ProcessCost difference = after - before;
  EXPECT_DOUBLE_EQ(difference.user_s, 4.0);
  EXPECT_DOUBLE_EQ(difference.system_s, 1.0);
  EXPECT_EQ(difference.voluntary_switches, 30);
  EXPECT_EQ(difference.involuntary_switches, 5);
}

TEST(ProcessCostTest, WaitingIsAVoluntarySwitch) {
  const ProcessCost before = SampleProcessCost();
  // Not to wait for anything: the sleep itself is what must be counted.
  const timespec shortest = {0, 1};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &shortest, nullptr);
  EXPECT_GE((SampleProcessCost() - before).voluntary_switches, 1);
}

TEST(ProcessMemoryTest, PeakIsKeptUntilItIsReset) {
  constexpr size_t kBlockBytes = size_t{64} << 20;
  // The kernel counts resident pages per CPU and adds them up in batches.
  constexpr int64_t kSlackBytes = int64_t{8} << 20;
  const std::optional<int64_t> before = ResidentMemoryBytes();
  ASSERT_TRUE(before.has_value());
  void* block =
      mmap(nullptr, kBlockBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, kBlockBytes);
  const int64_t grown = *before + static_cast<int64_t>(kBlockBytes) - kSlackBytes;
  EXPECT_GE(ResidentMemoryBytes().value_or(0), grown);
  munmap(block, kBlockBytes);
  EXPECT_LT(ResidentMemoryBytes().value_or(grown), grown);
  EXPECT_GE(PeakMemoryBytes().value_or(0), grown);

  if (!ResetPeakMemory()) GTEST_SKIP() << "this kernel does not reset the peak";
  EXPECT_LT(PeakMemoryBytes().value_or(grown), grown);
}

TEST(ProcessMemoryTest, FiguresAreBytes) {
  // The same counter in pages; near, because reading the one takes memory for the other.
  const std::optional<std::string> pages = ReadProcFile("/proc/self/statm");
  ASSERT_TRUE(pages.has_value());
  std::istringstream words(*pages);
  int64_t size = 0;
  int64_t resident = 0;
  ASSERT_TRUE(words >> size >> resident);
  const double expected = static_cast<double>(resident) * static_cast<double>(getpagesize());
  EXPECT_NEAR(static_cast<double>(ResidentMemoryBytes().value_or(0)), expected, 0.01 * expected);
}

}  // namespace
}  // namespace pgring
