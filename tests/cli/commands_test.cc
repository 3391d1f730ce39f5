// The commands beside the main job, as a user meets them: help, version, server, doctor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>

#include <string>
#include <vector>

#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(HelpTest, GoesToStandardOutputAndSucceeds) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"-?"},
                                                    {"--help"},
                                                    {"compare", "-?"},
                                                    {"run", "--help"},
                                                    {"tune", "--help"},
                                                    {"init", "-?"},
                                                    {"server", "-?"},
                                                    {"doctor", "--help"}}) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    Program program(arguments);
    EXPECT_EQ(program.Wait(), 0);
    EXPECT_THAT(program.stdout_text(), HasSubstr("Usage: pgring"));
    EXPECT_EQ(program.stderr_text(), "");
    EXPECT_EQ(program.Leftovers(), "");
  }
}

TEST(HelpTest, ShowsEveryOptionOfTheContract) {
  Program program({"compare", "--help"});
  program.Wait();
  for (const char* option :
       {"-h,--host",      "-p,--port",     "-U,--username", "-d,--dbname",  "--throwaway",
        "--operations",   "--write-ratio", "--seed",        "--statements", "--fk-index",
        "--print-rows",   "--scenarios",   "--limit",       "--pool-size",  "--max-overflow",
        "--pool-timeout", "--io",          "--out",         "--json",       "--quiet",
        "--progress",     "--color"}) {
    EXPECT_THAT(program.stdout_text(), HasSubstr(option));
  }
}

TEST(VersionTest, NamesTheProgramAndItsBuild) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--version"}, std::vector<std::string>{"run", "-V"}}) {
    Program program(arguments);
    EXPECT_EQ(program.Wait(), 0);
    EXPECT_THAT(program.stdout_text(), testing::MatchesRegex("pgring [0-9.]+ \\(.+\\)\n"));
  }
}

TEST(ServerCommandTest, ServesUntilItIsInterrupted) {
  Program program({"server", "--max-connections", "20"});
  ASSERT_TRUE(program.WaitForOutput("\n")) << program.stderr_text();
  // The line is a conninfo string as it is: psql "$(head -1)" works.
  const std::string conninfo = Lines(program.stdout_text()).front();
  EXPECT_THAT(conninfo, HasSubstr(program.temporary_directory()));
  {
    Client client(conninfo);
    EXPECT_EQ(client.Ask("SHOW max_connections"), "20");
    EXPECT_EQ(client.Ask("SHOW fsync"), "on");
    EXPECT_EQ(client.Ask("SHOW listen_addresses"), "");
  }
  EXPECT_THAT(program.stderr_text(), AllOf(HasSubstr("throwaway PostgreSQL"), HasSubstr("Ctrl-C"),
                                           Not(HasSubstr("UNSAFE"))));
  // A client is still connected: that must not keep the server alive.
  Client client(conninfo);
  EXPECT_TRUE(client.connected());
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
  EXPECT_EQ(program.Leftovers(), "");
}

TEST(ServerCommandTest, ListensOnTcpWhenAsked) {
  Program program({"server", "--tcp", "0", "--max-connections", "20", "--unsafe-fast"});
  ASSERT_TRUE(program.WaitForOutput("127.0.0.1")) << program.stderr_text();
  ASSERT_TRUE(program.WaitForOutput("dbname=postgres\nhost=127.0.0.1"));
  const std::vector<std::string> lines = Lines(program.stdout_text());
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(Client(lines[0]).Ask("SHOW fsync"), "off");
  EXPECT_EQ(Client(lines[1]).Ask("SELECT 1"), "1");
  EXPECT_THAT(program.stderr_text(), HasSubstr("UNSAFE"));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 143);
  EXPECT_EQ(program.Leftovers(), "");
}

TEST(DoctorTest, SaysWhatTheHostOffers) {
  Program program({"doctor"});
  EXPECT_EQ(program.Wait(), 0) << program.stdout_text();
  const std::string out = program.stdout_text();
  for (const char* subject : {"build", "host", "io_uring", "open files", "throwaway", "server"}) {
    EXPECT_THAT(out, ContainsRegex(std::string("(ok  |note) ") + subject + " ")) << subject;
  }
  EXPECT_THAT(out, HasSubstr("none named"));
  EXPECT_EQ(program.stderr_text(), "");
  EXPECT_EQ(program.Leftovers(), "");
}

TEST(DoctorTest, SaysWhatTheServerOffers) {
  Program program({"doctor", "-d", SharedServer().conninfo()});
  EXPECT_EQ(program.Wait(), 0) << program.stdout_text();
  EXPECT_THAT(program.stdout_text(), AllOf(HasSubstr("PostgreSQL " + SharedServer().version()),
                                           ContainsRegex("up to 5[0-9] connections for a run now"),
                                           HasSubstr("fsync is off")));
  EXPECT_EQ(AskServer("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgring'"), "0")
      << "looking must not touch";
}

TEST(DoctorTest, CountsSessionsOfOthersAndSeesThatNothingMayBeWritten) {
  AskServer(
      "CREATE ROLE careful LOGIN CONNECTION LIMIT 9;"
      "ALTER ROLE careful SET default_transaction_read_only = on");
  const std::string conninfo = SharedServer().conninfo() + " user=careful";
  {
    Client other(conninfo);
    Program program({"doctor", "-d", conninfo});
    EXPECT_EQ(program.Wait(), 0) << program.stdout_text();
    EXPECT_THAT(program.stdout_text(),
                AllOf(HasSubstr("up to 7 connections for a run now"),
                      HasSubstr("CONNECTION LIMIT 9 of the role, 1 in use by others"),
                      HasSubstr("transactions are read only here")));
  }
  AskServer("DROP ROLE careful");
}

// Each of them broke the server or its connections. They are about the user's servers.
TEST(ThrowawayEnvironmentTest, LibpqsVariablesDoNotReachTheThrowawayServer) {
  ProgramOptions options;
  PQconninfoOption* defaults = PQconndefaults();
  for (PQconninfoOption* option = defaults; option->keyword != nullptr; ++option) {
    // These name a server, which would be used then.
    const std::string name = option->envvar == nullptr ? "" : option->envvar;
    if (name.empty() || name == "PGSERVICE" || name == "PGHOST" || name == "PGHOSTADDR" ||
        name == "PGPORT" || name == "PGDATABASE" || name == "PGUSER") {
      continue;
    }
    options.environment.push_back(name + "=nonsense");
  }
  PQconninfoFree(defaults);
  for (const char* name : {"PGTZ", "PGDATESTYLE", "PGGEQO", "PGSERVICEFILE", "PGSYSCONFDIR"}) {
    options.environment.push_back(std::string(name) + "=nonsense");
  }
  Program program({"run", "--scenario", "window:4", "--operations", "50", "--out", kOut}, options);
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_THAT(program.stderr_text(),
              AllOf(HasSubstr("the throwaway server takes nothing from the environment: "),
                    HasSubstr("PGTZ")));
  ExpectVerified(ResultOf(program)["runs"][0]);
}

TEST(DoctorTest, FailsWhenPgringCouldNotWork) {
  Program unreachable({"doctor", "-h", "/nonexistent"});
  EXPECT_EQ(unreachable.Wait(), 1);
  EXPECT_THAT(unreachable.stdout_text(), AllOf(HasSubstr("BAD  server"), HasSubstr("ok   host")));

  // With the setup allowed and io_uring_enter forbidden it once found nothing.
  for (const ForbiddenIoUring what : {ForbiddenIoUring::kEverything, ForbiddenIoUring::kEntering}) {
    ProgramOptions options;
    options.forbidden_io_uring = what;
    Program forbidden({"doctor"}, options);
    EXPECT_EQ(forbidden.Wait(), 1);
    EXPECT_THAT(forbidden.stdout_text(), AllOf(HasSubstr("BAD  io_uring"), HasSubstr("seccomp")));
  }
}

TEST(DoctorTest, TellsOfALowLimitOfOpenFiles) {
  ProgramOptions options;
  options.open_file_limit = 256;
  Program program({"doctor"}, options);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(program.stdout_text(), AllOf(HasSubstr("note open files"), HasSubstr("ulimit -n")));
}

}  // namespace
}  // namespace pgring
