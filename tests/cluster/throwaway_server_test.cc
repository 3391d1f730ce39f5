// A throwaway server's life when nothing kills anybody: start, use, restart, stop, and every way in
// which a start can fail.
#include "cluster/throwaway_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "server_test_support.h"
#include "support/process_watch.h"
#include "test_directory.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class ThrowawayServerTest : public ::testing::Test {
 protected:
  ThrowawayServerTest() { options_.parent_directory = test_.path(); }

  absl::StatusOr<std::unique_ptr<ThrowawayServer>> Start() {
    return ThrowawayServer::Start(options_);
  }

  // Programs that stand in for initdb and postgres: shell scripts.
  void UsePrograms(const std::string& initdb, const std::string& postgres) {
    PostgresBinaries binaries;
    binaries.directory = programs_.path();
    binaries.version = "15.0";
    binaries.major_version = 15;
    programs_.Write("initdb", "#!/bin/sh\n" + initdb, 0755);
    programs_.Write("postgres", "#!/bin/sh\n" + postgres, 0755);
    options_.binaries = binaries;
  }

  TestDirectory test_;
  TestDirectory programs_;
  ThrowawayServerOptions options_;
};

TEST_F(ThrowawayServerTest, AnswersWhileItLivesAndLeavesNothing) {
  auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Ask((*server)->conninfo(), "SELECT 6 * 7"), "42");
  EXPECT_EQ(Ask((*server)->conninfo(), "SHOW server_version").substr(0, 3),
            (*server)->version().substr(0, 3));
  EXPECT_EQ(Ask((*server)->conninfo(), "SHOW max_connections"), "2000");
  EXPECT_EQ(Ask((*server)->conninfo(), "SHOW listen_addresses"), "");
  EXPECT_EQ((*server)->tcp_conninfo(), std::nullopt);
  for (const char* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
    EXPECT_EQ(Ask((*server)->conninfo(), fmt::format("SHOW {}", name)), "on") << name;
  }
  EXPECT_EQ(Ask((*server)->conninfo(), "SHOW max_wal_size"), "4GB");
  EXPECT_EQ(Ask((*server)->conninfo(), "SHOW checkpoint_timeout"), "30min");
  EXPECT_EQ(Ask((*server)->conninfo(), "SHOW server_encoding"), "UTF8");
  EXPECT_EQ(std::filesystem::status((*server)->directory()).permissions(),
            std::filesystem::perms::owner_all);
  EXPECT_THAT((*server)->LogTail(), HasSubstr("ready to accept connections"));

  const ProcessWatch postmaster((*server)->postmaster_pid());
  const ProcessWatch keeper((*server)->keeper_pid());
  EXPECT_FALSE(postmaster.HasEnded());
  EXPECT_TRUE((*server)->Stop().ok());
  EXPECT_TRUE(postmaster.HasEnded());
  EXPECT_TRUE(keeper.HasEnded());
  EXPECT_THAT(test_.Entries(), IsEmpty());
  EXPECT_TRUE((*server)->Stop().ok());
  EXPECT_EQ((*server)->Restart(ThrowawayServer::RestartMode::kFast).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ThrowawayServerTest, TwoLiveSideBySide) {
  auto first = Start();
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = Start();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT((*second)->removed_stale_directories(), IsEmpty());
  EXPECT_NE((*first)->directory(), (*second)->directory());
  Ask((*first)->conninfo(), "CREATE TABLE only_here ()");
  EXPECT_EQ(Ask((*second)->conninfo(), "SELECT to_regclass('only_here') IS NULL"), "t");
  const ProcessWatch first_keeper((*first)->keeper_pid());
  first->reset();
  EXPECT_TRUE(first_keeper.HasEnded());
  EXPECT_EQ(Ask((*second)->conninfo(), "SELECT 1"), "1");
}

TEST_F(ThrowawayServerTest, SettingsTcpAndHbaLines) {
  options_.tcp_port = 0;
  options_.max_connections = 17;
  options_.unsafe_fast = true;
  options_.settings = {{"work_mem", "7MB"}, {"max_wal_size", "2GB"}};
  options_.hba_lines = {"host all limited 127.0.0.1/32 reject"};
  auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_TRUE((*server)->tcp_conninfo().has_value());
  const std::string& tcp = *(*server)->tcp_conninfo();
  EXPECT_THAT(tcp, StartsWith("host=127.0.0.1 "));
  EXPECT_EQ(Ask(tcp, "SELECT host(inet_server_addr())"), "127.0.0.1");
  EXPECT_EQ(Ask(tcp, "SELECT inet_server_port()"), std::to_string((*server)->port()));
  EXPECT_EQ(Ask((*server)->conninfo(), "SELECT inet_server_addr() IS NULL"), "t");
  EXPECT_EQ(Ask(tcp, "SHOW max_connections"), "17");
  EXPECT_EQ(Ask(tcp, "SHOW work_mem"), "7MB");
  EXPECT_EQ(Ask(tcp, "SHOW max_wal_size"), "2GB");
  for (const char* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
    EXPECT_EQ(Ask(tcp, fmt::format("SHOW {}", name)), "off") << name;
  }
  Ask(tcp, "CREATE ROLE limited LOGIN");
  EXPECT_THAT(Ask(tcp + " user=limited", "SELECT 1"), HasSubstr("pg_hba.conf rejects"));
}

TEST_F(ThrowawayServerTest, CommittedDataSurvivesBothRestarts) {
  auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string conninfo = (*server)->conninfo();
  Ask(conninfo, "CREATE TABLE t AS SELECT generate_series(1, 1000) AS id");
  for (const auto mode :
       {ThrowawayServer::RestartMode::kImmediate, ThrowawayServer::RestartMode::kFast}) {
    const ProcessWatch before((*server)->postmaster_pid());
    const absl::Status restarted = (*server)->Restart(mode);
    ASSERT_TRUE(restarted.ok()) << restarted;
    EXPECT_TRUE(before.HasEnded());
    EXPECT_EQ((*server)->conninfo(), conninfo);
    EXPECT_EQ(Ask(conninfo, "SELECT count(*) FROM t"), "1000");
  }
  // An immediate stop leaves recovery to the next start, a fast one does not.
  std::ifstream log((*server)->directory() + "/server.log");
  const std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
  EXPECT_THAT(text, HasSubstr("received immediate shutdown request"));
  EXPECT_THAT(text, HasSubstr("automatic recovery in progress"));
  EXPECT_THAT(text, HasSubstr("received fast shutdown request"));
}

TEST_F(ThrowawayServerTest, RestartRevivesAServerThatWasKilled) {
  auto server = Start();
  ASSERT_TRUE(server.ok()) << server.status();
  Ask((*server)->conninfo(), "CREATE TABLE t AS SELECT 1 AS id");
  const ProcessWatch before((*server)->postmaster_pid());
  kill((*server)->postmaster_pid(), SIGKILL);
  ASSERT_TRUE(before.WaitForEnd());
  const absl::Status restarted = (*server)->Restart(ThrowawayServer::RestartMode::kFast);
  ASSERT_TRUE(restarted.ok()) << restarted;
  EXPECT_EQ(Ask((*server)->conninfo(), "SELECT count(*) FROM t"), "1");
}

TEST_F(ThrowawayServerTest, AWrongSettingShowsTheLogsTail) {
  options_.settings = {{"no_such_setting", "1"}};
  const auto server = Start();
  ASSERT_FALSE(server.ok());
  const std::string message(server.status().message());
  EXPECT_THAT(message, StartsWith("start PostgreSQL "));
  EXPECT_THAT(message, HasSubstr("the server ended with exit status 1"));
  EXPECT_THAT(message, HasSubstr("unrecognized configuration parameter \"no_such_setting\""));
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

TEST_F(ThrowawayServerTest, ATakenPortShowsTheLogsTail) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  options_.tcp_port = ntohs(address.sin_port);
  const auto server = Start();
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("Address already in use"));
  EXPECT_THAT(test_.Entries(), IsEmpty());
  close(fd);
}

TEST_F(ThrowawayServerTest, AFailingInitdbShowsItsOutput) {
  UsePrograms("echo 'could not write: No space left on device' >&2\nexit 3\n", "");
  const auto server = Start();
  ASSERT_FALSE(server.ok());
  const std::string message(server.status().message());
  EXPECT_THAT(message, HasSubstr("it ended with exit status 3"));
  EXPECT_THAT(message, HasSubstr("\n  could not write: No space left on device"));
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

TEST_F(ThrowawayServerTest, AProgramThatCannotBeExecutedIsNamed) {
  UsePrograms("", "");
  std::filesystem::remove(programs_.path() + "/initdb");
  const auto server = Start();
  ASSERT_FALSE(server.ok());
  const std::string message(server.status().message());
  EXPECT_THAT(message, HasSubstr("execute the program"));
  EXPECT_THAT(message, HasSubstr("No such file or directory"));
  EXPECT_THAT(test_.Entries(), IsEmpty());
}

// The programs must not inherit pgring's blocked signals, its descriptors (a copy of the keeper's
// channel would keep end-of-file from ever coming), nor variables that change the server.
TEST_F(ThrowawayServerTest, ProgramsInheritNothing) {
  UsePrograms(
      // Of the shell itself, and by the shell itself: it blocks signals while it starts a program.
      "while read -r line; do case $line in Sig[BI]*) echo \"$line\";; esac; done "
      "</proc/$$/status\n"
      "readlink /proc/$$/fd/*\n"
      "echo \"options=$PGOPTIONS user=$(id -u) directory=$PWD\"\nexit 3\n",
      "");
  setenv("PGOPTIONS", "-c jit=off", 1);
  signal(SIGPIPE, SIG_IGN);
  sigset_t interrupts;
  sigset_t before;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, SIGINT);
  sigaddset(&interrupts, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &interrupts, &before);
  int leaking[2];
  ASSERT_EQ(pipe(leaking), 0);  // without close-on-exec
  const auto server = Start();
  close(leaking[0]);
  close(leaking[1]);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGPIPE, SIG_DFL);
  unsetenv("PGOPTIONS");
  ASSERT_FALSE(server.ok());
  const std::string message(server.status().message());
  EXPECT_THAT(message, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(message, HasSubstr("SigIgn:\t0000000000000000"));
  EXPECT_THAT(message, HasSubstr("\n  /dev/null\n"));
  EXPECT_THAT(message, Not(HasSubstr("pipe:")));
  EXPECT_THAT(message, Not(HasSubstr("socket:")));
  EXPECT_THAT(message, HasSubstr("options= "));
  EXPECT_THAT(message, Not(HasSubstr("user=0 ")));
  EXPECT_THAT(message, HasSubstr("directory=" + test_.path() + "/pgring-"));
}

TEST_F(ThrowawayServerTest, CancelledBeforeItBegins) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  options_.cancel_fd = ends[0];
  EXPECT_EQ(Start().status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(test_.Entries(), IsEmpty());
  close(ends[0]);
  close(ends[1]);
}

// Both steps of a start that take time give up at once when cancelled, with all they started.
TEST_F(ThrowawayServerTest, CancelledInTheMiddle) {
  const std::string endless = "echo $$ > " + programs_.path() + "/started\nexec sleep 1000\n";
  for (const bool in_initdb : {true, false}) {
    const std::string fifo = programs_.path() + "/started";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0666), 0);
    ASSERT_EQ(chmod(fifo.c_str(), 0666), 0);
    // A data directory's two files are all that is needed between the steps.
    UsePrograms(in_initdb ? endless : "touch data/postgresql.conf data/pg_hba.conf\n", endless);
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    options_.cancel_fd = ends[0];
    std::unique_ptr<ProcessWatch> program;
    std::thread canceller([&] {
      pid_t pid = -1;
      std::ifstream(fifo) >> pid;
      program = std::make_unique<ProcessWatch>(pid);
      EXPECT_EQ(write(ends[1], "x", 1), 1);
    });
    const auto server = Start();
    canceller.join();
    EXPECT_EQ(server.status().code(), absl::StatusCode::kCancelled) << server.status();
    EXPECT_TRUE(program->HasEnded());
    EXPECT_THAT(test_.Entries(), IsEmpty());
    std::filesystem::remove(fifo);
    close(ends[0]);
    close(ends[1]);
  }
}

TEST_F(ThrowawayServerTest, AParentDirectoryThatDoesNotDoIsNamed) {
  options_.parent_directory = test_.MakeDirectory(std::string(100, 'd'));
  EXPECT_THAT(std::string(Start().status().message()), HasSubstr("set TMPDIR"));
  options_.parent_directory = test_.path() + "/missing";
  EXPECT_THAT(std::string(Start().status().message()), HasSubstr("set TMPDIR"));
}

TEST_F(ThrowawayServerTest, AParentDirectoryClosedToTheServersUserIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs the server as another user";
  const std::string closed = test_.MakeDirectory("closed");
  ASSERT_EQ(chmod(closed.c_str(), 0700), 0);
  options_.parent_directory = closed;
  const std::string message(Start().status().message());
  EXPECT_THAT(message, HasSubstr("must be able to pass through " + closed));
  EXPECT_THAT(message, HasSubstr("Permission denied"));
}

TEST_F(ThrowawayServerTest, TmpdirDecidesWhereItIs) {
  options_.parent_directory.reset();
  const std::string directory = test_.MakeDirectory("it's a directory");
  ASSERT_EQ(chmod(directory.c_str(), 0777), 0);
  setenv("TMPDIR", directory.c_str(), 1);
  auto server = Start();
  unsetenv("TMPDIR");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT((*server)->directory(), StartsWith(directory + "/pgring-"));
  EXPECT_EQ(Ask((*server)->conninfo(), "SELECT 1"), "1");
}

// libpq completes a conninfo string from the environment: PGHOSTADDR would lead the string of a
// throwaway server to a real one, and a run drops tables.
TEST_F(ThrowawayServerTest, PghostaddrDoesNotLeadElsewhere) {
  setenv("PGHOSTADDR", "127.0.0.1", 1);
  auto server = Start();
  const std::string answer =
      server.ok() ? Ask((*server)->conninfo(), "SELECT inet_server_addr() IS NULL") : "";
  unsetenv("PGHOSTADDR");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(answer, "t");
}

}  // namespace
}  // namespace pgring
