// A throwaway server's end when a process is killed: its owner, its keeper, or both. In each case
// the server must end, and its directory with it or at the next start.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "cluster/throwaway_server.h"
#include "server_test_support.h"
#include "support/process_watch.h"
#include "test_directory.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct OwnedServer {
  pid_t owner = -1;
  pid_t keeper = -1;
  pid_t postmaster = -1;
  std::string directory;
  std::string conninfo;
};

class ThrowawayServerKillTest : public ::testing::Test {
 protected:
  ThrowawayServerKillTest() {
    options_.parent_directory = test_.path();
    // The keeper of a dead owner must become a child of someone who reaps: of us.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  ~ThrowawayServerKillTest() override {
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }

  // Starts a server in a process of its own, in a process group of its own, which then does
  // `ending` (and, should it return, waits for ever).
  OwnedServer StartInProcess(const std::function<void()>& ending) {
    int ends[2];
    PGRING_CHECK(pipe2(ends, O_CLOEXEC) == 0, "a test needs a pipe");
    OwnedServer owned;
    owned.owner = fork();
    if (owned.owner == 0) {
      setpgid(0, 0);
      auto server = ThrowawayServer::Start(options_);
      const std::string report =
          server.ok()
              ? fmt::format("{} {} {}\n{}\n", (*server)->keeper_pid(), (*server)->postmaster_pid(),
                            (*server)->directory(), (*server)->conninfo())
              : fmt::format("{}\n", server.status().ToString());
      if (write(ends[1], report.data(), report.size()) < 0) _exit(1);
      close(ends[1]);
      ending();
      for (;;) pause();
    }
    close(ends[1]);
    std::string report;
    char buffer[512];
    ssize_t length;
    while ((length = read(ends[0], buffer, sizeof(buffer))) > 0) {
      report.append(buffer, static_cast<size_t>(length));
    }
    close(ends[0]);
    std::istringstream lines(report);
    lines >> owned.keeper >> owned.postmaster >> owned.directory;
    std::getline(lines, owned.conninfo);
    std::getline(lines, owned.conninfo);
    EXPECT_FALSE(owned.conninfo.empty()) << report;
    return owned;
  }

  TestDirectory test_;
  ThrowawayServerOptions options_;
};

TEST_F(ThrowawayServerKillTest, AKilledOwnerTakesItAlong) {
  const OwnedServer owned = StartInProcess([] {});
  ASSERT_EQ(Ask(owned.conninfo, "SELECT 1"), "1");
  const ProcessWatch postmaster(owned.postmaster);
  const ProcessWatch keeper(owned.keeper);
  kill(owned.owner, SIGKILL);
  EXPECT_TRUE(postmaster.WaitForEnd());
  ASSERT_TRUE(keeper.WaitForEnd());
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

// A second Ctrl-C ends pgring by _exit, without a destructor.
TEST_F(ThrowawayServerKillTest, AnOwnerThatExitsAtOnceTakesItAlong) {
  const OwnedServer owned = StartInProcess([] { _exit(130); });
  const ProcessWatch keeper(owned.keeper);
  ASSERT_TRUE(keeper.WaitForEnd());
  EXPECT_TRUE(ProcessWatch(owned.postmaster).HasEnded());
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

TEST_F(ThrowawayServerKillTest, ABusyServerIsNoHindrance) {
  const OwnedServer owned = StartInProcess([] {});
  PGconn* connection = PQconnectdb(owned.conninfo.c_str());
  ASSERT_EQ(PQstatus(connection), CONNECTION_OK);
  ASSERT_EQ(PQsendQuery(connection, "SELECT pg_sleep(1000)"), 1);
  const ProcessWatch keeper(owned.keeper);
  kill(owned.owner, SIGKILL);
  EXPECT_TRUE(keeper.WaitForEnd());
  EXPECT_TRUE(ProcessWatch(owned.postmaster).HasEnded());
  EXPECT_THAT(test_.Entries(), IsEmpty());
  PQfinish(connection);
}

// The owner blocks SIGINT, as pgring does, and is asked to end by Ctrl-C: it must be able to drain
// its connections, so the server must not get that signal.
TEST_F(ThrowawayServerKillTest, CtrlCDoesNotReachTheServer) {
  sigset_t interrupt;
  sigset_t before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before);
  const OwnedServer owned = StartInProcess([] {});
  sigprocmask(SIG_SETMASK, &before, nullptr);
  for (const pid_t pid : {owned.keeper, owned.postmaster}) {
    EXPECT_NE(getpgid(pid), owned.owner);
    EXPECT_NE(getsid(pid), getsid(0));
  }
  const ProcessWatch postmaster(owned.postmaster);
  kill(-owned.owner, SIGINT);
  EXPECT_EQ(Ask(owned.conninfo, "SELECT 1"), "1");
  // Nor does it help to send the keeper what ends other programs.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) kill(owned.keeper, number);
  EXPECT_EQ(Ask(owned.conninfo, "SELECT 1"), "1");
  EXPECT_FALSE(postmaster.HasEnded());
  const ProcessWatch keeper(owned.keeper);
  kill(owned.owner, SIGKILL);
  EXPECT_TRUE(keeper.WaitForEnd());
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

// `pkill -9 pgring` finds the keeper as well, for its name begins alike.
TEST_F(ThrowawayServerKillTest, WhatBothLeftIsSweptAtTheNextStart) {
  auto live = ThrowawayServer::Start(options_);
  ASSERT_TRUE(live.ok()) << live.status();
  const OwnedServer owned = StartInProcess([] {});
  const ProcessWatch postmaster(owned.postmaster);
  const ProcessWatch keeper(owned.keeper);
  kill(owned.keeper, SIGKILL);
  kill(owned.owner, SIGKILL);
  ASSERT_TRUE(keeper.WaitForEnd());
  // The kernel ends the server for want of its keeper.
  EXPECT_TRUE(postmaster.WaitForEnd());
  ASSERT_TRUE(std::filesystem::exists(owned.directory));

  auto next = ThrowawayServer::Start(options_);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_THAT((*next)->removed_stale_directories(), ElementsAre(owned.directory));
  EXPECT_FALSE(std::filesystem::exists(owned.directory));
  EXPECT_EQ(Ask((*live)->conninfo(), "SELECT 1"), "1");
  next->reset();
  live->reset();
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

TEST_F(ThrowawayServerKillTest, StopDoesTheWorkOfAKilledKeeper) {
  auto server = ThrowawayServer::Start(options_);
  ASSERT_TRUE(server.ok()) << server.status();
  const ProcessWatch postmaster((*server)->postmaster_pid());
  const ProcessWatch keeper((*server)->keeper_pid());
  kill((*server)->keeper_pid(), SIGKILL);
  ASSERT_TRUE(keeper.WaitForEnd());
  const absl::Status stopped = (*server)->Stop();
  EXPECT_TRUE(stopped.ok()) << stopped;
  EXPECT_TRUE(postmaster.WaitForEnd());
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

// An owner killed during initdb leaves neither initdb, nor what initdb runs, nor a directory.
TEST_F(ThrowawayServerKillTest, AnOwnerKilledDuringInitdbTakesItAlong) {
  TestDirectory programs;
  const std::string fifo = programs.path() + "/started";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0666), 0);
  ASSERT_EQ(chmod(fifo.c_str(), 0666), 0);
  PostgresBinaries binaries;
  binaries.directory = programs.path();
  binaries.version = "15.0";
  binaries.major_version = 15;
  programs.Write("initdb", fmt::format("#!/bin/sh\nsleep 1000 &\necho $PPID $! > {}\nwait\n", fifo),
                 0755);
  options_.binaries = binaries;
  const pid_t owner = fork();
  if (owner == 0) {
    ThrowawayServer::Start(options_).status().IgnoreError();
    _exit(1);
  }
  pid_t keeper_pid = -1;
  pid_t grandchild_pid = -1;
  std::ifstream(fifo) >> keeper_pid >> grandchild_pid;
  const ProcessWatch keeper(keeper_pid);
  const ProcessWatch grandchild(grandchild_pid);
  EXPECT_FALSE(grandchild.HasEnded());
  kill(owner, SIGKILL);
  EXPECT_TRUE(keeper.WaitForEnd());
  EXPECT_TRUE(grandchild.HasEnded());
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

// A reader of pgring's output through a pipe waits until its last writer is gone: the keeper and
// the server must not be writers.
TEST_F(ThrowawayServerKillTest, StandardOutputIsNotHeldOpen) {
  const OwnedServer owned = StartInProcess([] {});
  for (const pid_t pid : {owned.keeper, owned.postmaster}) {
    const std::string inherited = std::filesystem::read_symlink("/proc/self/fd/1").string();
    EXPECT_NE(std::filesystem::read_symlink(fmt::format("/proc/{}/fd/1", pid)).string(), inherited);
  }
  EXPECT_EQ(std::filesystem::read_symlink(fmt::format("/proc/{}/fd/1", owned.keeper)).string(),
            "/dev/null");
  const ProcessWatch keeper(owned.keeper);
  kill(owned.owner, SIGKILL);
  EXPECT_TRUE(keeper.WaitForEnd());
}

}  // namespace
}  // namespace pgring
