// What bad input and an unfit host get: one clear line on standard error, exit code 1, and nothing
// left behind - no output directory, no throwaway server, no schema, no processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "cli_fixture.h"
#include "pgring/base/check.h"
#include "support/fault_proxy.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Expects the refusal of `program`, and each of `parts` in its one line.
void ExpectRefusal(Program* program, const std::vector<std::string>& parts) {
  EXPECT_EQ(program->Wait(), 1) << program->stderr_text();
  const std::vector<std::string> errors = ErrorLines(program->stderr_text());
  EXPECT_THAT(errors, SizeIs(1)) << program->stderr_text();
  for (const std::string& part : parts) {
    EXPECT_THAT(program->stderr_text(), HasSubstr(part));
  }
  EXPECT_EQ(program->stdout_text(), "");
  EXPECT_EQ(program->Leftovers(), "");
}

void ExpectRefused(const std::vector<std::string>& arguments, const std::vector<std::string>& parts,
                   const ProgramOptions& options = ProgramOptions()) {
  SCOPED_TRACE(testing::PrintToString(arguments));
  Program program(arguments, options);
  ExpectRefusal(&program, parts);
}

bool SchemaExists() {
  return AskServer("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgring'") != "0";
}

// A server without anybody's schema pgring, before and after.
class BadServerTest : public testing::Test {
 protected:
  void SetUp() override { AskServer("DROP SCHEMA IF EXISTS pgring CASCADE"); }
  void TearDown() override { AskServer("DROP SCHEMA IF EXISTS pgring CASCADE"); }

  static std::string Conninfo(const std::string& override) {
    return SharedServer().conninfo() + " " + override;
  }
};

TEST(BadInputTest, CommandLine) {
  ExpectRefused({"frobnicate"}, {"frobnicate", "see 'pgring --help'"});
  ExpectRefused({"compare", "--frobnicate"}, {"--frobnicate", "see 'pgring compare --help'"});
  ExpectRefused({"compare", "--scenarios", "bogus"}, {"bogus", "known are"});
  ExpectRefused({"compare", "--operations", "0"}, {"--operations", "1 to 10000000"});
  ExpectRefused({"compare", "--write-ratio", "2"}, {"--write-ratio"});
}

TEST(BadInputTest, UnreachableServer) {
  ExpectRefused(On("host=/nonexistent", "compare", {}),
                {"connecting to", "/nonexistent", "No such file or directory", "server running"});
  ExpectRefused(On("host=127.0.0.1 port=1", "compare", {}),
                {"connecting to", "127.0.0.1", "Connection refused"});
  ExpectRefused(On("host=no.such.host.invalid", "compare", {}),
                {"no.such.host.invalid", "check -h"});
}

TEST(BadInputTest, MalformedConnectionStrings) {
  ExpectRefused(On("host=x frobnicate=1", "compare", {}), {"frobnicate", "key=value"});
  ExpectRefused(On("postgresql://%zz", "compare", {}), {"%zz"});
  ProgramOptions options;
  options.environment = {"PGSERVICE=nosuchservice"};
  ExpectRefused({"compare", "--out", kOut}, {"nosuchservice"}, options);
}

TEST(BadInputTest, OutputThatCannotBeWritten) {
  ExpectRefused({"compare", "--out", "/proc/pgring"}, {"/proc/pgring", "--out"});
  ExpectRefused({"compare", "--out", "/dev/null"}, {"/dev/null", "--out"});
  // Was found out only after everything had been measured.
  ExpectRefused({"compare", "--out", kOut, "--json", "/nonexistent/x.json"},
                {"/nonexistent/x.json", "No such file", "--json"});
  ExpectRefused({"compare", "--out", kOut, "--json", "/tmp"}, {"Is a directory", "--json"});
  // Of a shell's variable that is not set: it once meant the default, or nothing.
  for (const char* option : {"--out", "--json", "--metrics"}) {
    ExpectRefused({"compare", option, ""}, {option, "names nothing"});
  }
}

TEST(BadInputTest, FullDisk) {
  char name[] = "/tmp/pgring-full-XXXXXX";
  PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
  if (mount("none", name, "tmpfs", 0, "size=64k") != 0) {
    rmdir(name);
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  ExpectRefused({"compare", "--out", std::string(name) + "/below/it"},
                {"No space left on device", name, "--out"});
  EXPECT_TRUE(std::filesystem::is_empty(name));
  umount(name);
  rmdir(name);
}

TEST(BadInputTest, OpenFileLimit) {
  ProgramOptions options;
  options.open_file_limit = 128;
  ExpectRefused({"run", "--scenario", "async:pool=200", "--out", kOut},
                {"async:pool=200", "the limit is 128", "ulimit -n"}, options);
}

TEST(BadInputTest, NoPostgresToStart) {
  ProgramOptions options;
  options.environment = {"PATH=/nonexistent"};
  for (const char* directory : {"/usr/lib/postgresql", "/usr/local/pgsql"}) {
    if (std::filesystem::exists(directory)) options.hidden_directories.emplace_back(directory);
  }
  if (geteuid() != 0) GTEST_SKIP() << "hiding PostgreSQL from the program needs root";
  ExpectRefused({"compare", "--out", kOut}, {"initdb", "install"}, options);
  ExpectRefused({"server"}, {"initdb", "install"}, options);
}

TEST(BadInputTest, NoPlaceForTheThrowawayServer) {
  ProgramOptions options;
  options.environment = {"TMPDIR=/nonexistent"};
  ExpectRefused({"compare", "--out", kOut}, {"/nonexistent", "set TMPDIR"}, options);
  options.environment = {"TMPDIR=/proc"};
  ExpectRefused({"compare", "--out", kOut}, {"/proc", "TMPDIR"}, options);
}

TEST(BadInputTest, ForbiddenIoUring) {
  for (const ForbiddenIoUring what : {ForbiddenIoUring::kEverything, ForbiddenIoUring::kEntering}) {
    ProgramOptions options;
    options.forbidden_io_uring = what;
    // Before a server is started: that would cost seconds for nothing.
    ExpectRefused({"compare", "--out", kOut},
                  {"io_uring", "seccomp", "only the scenarios sync and threads"}, options);
  }
}

// The program was aborted, and what the first scenario had measured was lost.
TEST_F(BadServerTest, RingThatFailsInTheRun) {
  for (const char* scenario : {"window:8", "async:pool=8"}) {
    SCOPED_TRACE(scenario);
    ProgramOptions options;
    options.forbidden_io_uring = ForbiddenIoUring::kSubmittingMoreThanTwo;
    Program program(
        On(SharedServer().conninfo(), "compare",
           {"--scenarios", std::string("sync,") + scenario + ",threads:2", "--operations", "60"}),
        options);
    EXPECT_EQ(program.Wait(), 2) << program.stderr_text();
    const Json runs = ResultOf(program)["runs"];
    ASSERT_EQ(runs.size(), 3U) << program.stderr_text();
    for (const int blocking : {0, 2}) {
      EXPECT_THAT(ReasonsOf(runs[blocking]), IsEmpty());
      ExpectAllAccountedFor(runs[blocking], 60);
    }
    const Json& failed = runs[1];
    ExpectAllAccountedFor(failed, 60);
    EXPECT_EQ(failed["valid"], false);
    EXPECT_TRUE(AnyContains(failed["reasons"],
                            "given up: the ring has failed: waiting in "
                            "io_uring_enter: Operation not permitted"))
        << failed["reasons"];
    EXPECT_EQ(program.Leftovers({kOutLeft}), "");
  }
}

TEST_F(BadServerTest, BlockingScenariosDoWithoutIoUring) {
  ProgramOptions options;
  options.forbidden_io_uring = ForbiddenIoUring::kEverything;
  Program program(On(SharedServer().conninfo(), "compare",
                     {"--scenarios", "sync,threads:3", "--operations", "60"}),
                  options);
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 2U);
  for (const Json& run : result["runs"]) ExpectVerified(run);
}

TEST_F(BadServerTest, WrongPassword) {
  ProgramOptions options;
  options.environment = {"PGPASSWORD=wrong"};
  const std::string conninfo = Conninfo(std::string("user=") + kPasswordRole);
  ExpectRefused(On(conninfo, "compare", {}), {"connecting to", "password authentication failed"},
                options);
  ExpectRefused(On(conninfo, "compare", {}), {"connecting to", "no password supplied"});
}

TEST_F(BadServerTest, RightPasswordFromTheEnvironment) {
  ProgramOptions options;
  options.environment = {std::string("PGPASSWORD=") + kPassword};
  Program program(RunOn(Conninfo(std::string("user=") + kPasswordRole), "window:4", 60), options);
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  // An ordinary role may not checkpoint, and the reader is to know.
  EXPECT_TRUE(
      AnyContains(ResultOf(program)["runs"][0]["warnings"], "no CHECKPOINT before the run"));
}

TEST_F(BadServerTest, MissingDatabaseAndRole) {
  ExpectRefused(On(Conninfo("dbname=nowhere"), "compare", {}),
                {"connecting to", "database \"nowhere\" does not exist"});
  ExpectRefused(On(Conninfo("user=nobody_at_all"), "compare", {}),
                {"connecting to", "role \"nobody_at_all\" does not exist"});
}

TEST_F(BadServerTest, NoPermissionToCreateTheSchema) {
  ExpectRefused(On(Conninfo(std::string("user=") + kPlainRole), "compare", {}),
                {"creating the schema pgring", "permission denied", "GRANT CREATE ON DATABASE"});
  EXPECT_FALSE(SchemaExists());
}

TEST_F(BadServerTest, SomebodyElsesSchema) {
  AskServer("CREATE SCHEMA pgring; CREATE TABLE pgring.a AS SELECT 7 AS precious");
  ExpectRefused(On(SharedServer().conninfo(), "compare", {}),
                {"schema pgring exists and was not created by pgring", "left alone"});
  EXPECT_EQ(AskServer("SELECT precious FROM pgring.a"), "7");
}

TEST_F(BadServerTest, AnotherPgringOnTheSameDatabase) {
  Client other(SharedServer().conninfo());
  other.Ask("SELECT pg_advisory_lock(123589603454567)");
  ExpectRefused(On(SharedServer().conninfo(), "compare", {}), {"another pgring is running"});
  EXPECT_FALSE(SchemaExists());
}

TEST_F(BadServerTest, MoreConnectionsThanTheServerAllows) {
  ExpectRefused(RunOn(SharedServer().conninfo(), "async:pool=500", 1'000),
                {"async:pool=500", "500 connections",
                 "max_connections " + std::to_string(kServerConnections), "--pool-size"});
  EXPECT_FALSE(SchemaExists());
}

// What the user did not ask for gives way in place of failing.
TEST_F(BadServerTest, ADefaultPoolGivesWayToTheServersLimit) {
  Program program(RunOn(SharedServer().conninfo(), "async", 1'000, {"--write-ratio", "0"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  EXPECT_THAT(program.stderr_text(), HasSubstr("note: scenario async: 58 connections instead of "
                                               "100, more the server does not allow"));
  EXPECT_LE(ResultOf(program)["runs"][0]["connections"]["peak_open"], kServerConnections - 1);
}

// The schema that the program made goes again when the tables cannot be made.
TEST_F(BadServerTest, ASchemaThatWasOnlyHalfMadeGoesAgain) {
  AskServer(
      "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
      " $$ BEGIN RAISE EXCEPTION 'no tables today'; END $$;"
      "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE')"
      " EXECUTE FUNCTION refuse()");
  ExpectRefused(On(SharedServer().conninfo(), "compare", {"--operations", "10"}),
                {"creating the tables", "no tables today"});
  AskServer("DROP EVENT TRIGGER refuse; DROP FUNCTION refuse");
  EXPECT_FALSE(SchemaExists());
}

// The mark is ours, but another role put it there.
TEST_F(BadServerTest, ASchemaOfAnotherRole) {
  Program owner(RunOn(SharedServer().conninfo(), "sync", 10));
  EXPECT_EQ(owner.Wait(), ExpectedValidExit());
  ExpectRefused(On(Conninfo(std::string("user=") + kPlainRole), "compare", {"--operations", "10"}),
                {"permission denied for schema pgring", "role that owns it"});
  EXPECT_NE(AskServer("SELECT count(*) FROM pgring.a"), "0");
}

// pgring's own question about the server's limits takes longer than such a timeout, and stopped it.
TEST_F(BadServerTest, StatementTimeoutThatIsVeryShort) {
  const ScriptFile script("\\sleep 1 ms\n");
  Program program(On(SharedServer().conninfo() + " options='-c statement_timeout=1'", "run",
                     {"--scenario", "window:2", "-f", script.path(), "-t", "2"}));
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
}

// Both scenarios had been measured before it showed.
TEST_F(BadServerTest, LogThatCannotBeWritten) {
  Program program(On(SharedServer().conninfo(), "compare",
                     {"-b", "ping", "--scenarios", "sync,window:2", "-t", "2", "-l", "--log-prefix",
                      "/nowhere/log"}));
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(ErrorLines(program.stderr_text()),
              testing::ElementsAre(testing::AllOf(HasSubstr("creating the log /nowhere/log"),
                                                  HasSubstr("No such file"))));
  EXPECT_EQ(program.stdout_text(), "");
}

// The report went to a file or socket that had been given the free descriptor.
TEST_F(BadServerTest, StandardOutputThatIsClosed) {
  const std::string errors = testing::TempDir() + "closed_output";
  const std::string out = testing::TempDir() + "closed_out";
  const std::string command = "\"$PGRING_BINARY\" run -b ping --scenario window:2 -t 2 --out " +
                              out + " -d \"" + SharedServer().conninfo() + "\" 2>" + errors +
                              " >&-";
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_THAT(ReadFile(errors), HasSubstr("writing to standard output: Bad file descriptor"));
  std::filesystem::remove(errors);
  std::filesystem::remove_all(out);
}

// Was an abort: the formatting library throws when a write fails.
TEST_F(BadServerTest, StandardOutputThatIsFull) {
  ProgramOptions options;
  options.stdout_path = "/dev/full";
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, std::vector<std::string>{"--json", "-"}}) {
    Program program(RunOn(SharedServer().conninfo(), "sync", 20, more), options);
    EXPECT_EQ(program.Wait(), 1);
    const std::vector<std::string> errors = ErrorLines(program.stderr_text());
    ASSERT_THAT(errors, SizeIs(1)) << program.stderr_text();
    EXPECT_THAT(errors[0], testing::AllOf(HasSubstr("writing to standard output: No space left"),
                                          HasSubstr("the results are in out")));
    EXPECT_EQ(ResultOf(program)["runs"][0]["operations"]["succeeded"], 20) << "files come first";
  }
  for (const char* word : {"--help", "--version", "doctor"}) {
    Program program({word}, options);
    EXPECT_EQ(program.Wait(), 1) << word;
    EXPECT_THAT(ErrorLines(program.stderr_text()), SizeIs(1)) << word;
  }
  Program server({"server"}, options);
  EXPECT_EQ(server.Wait(), 1);
  EXPECT_EQ(server.Leftovers(), "");
}

// The program ended with SIGABRT, and what the first scenario had measured was lost.
TEST_F(BadServerTest, TooFewThreads) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be another user, and root has no such limit";
  ThrowawayServer& server = SharedServer();
  const FaultProxy proxy(server.directory(), server.port());
  // The server's own socket is in a directory that is its user's alone.
  const std::string directory = proxy.conninfo().substr(5, proxy.conninfo().find(' ') - 5);
  ASSERT_EQ(chmod(directory.c_str(), 0755), 0);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    ASSERT_EQ(chmod(entry.path().c_str(), 0777), 0) << "connecting takes the right to write";
  }
  ProgramOptions options;
  // Itself, the signals' thread, the progress, the one of sync; three of eight.
  options.process_limit = 6;
  Program program(On(proxy.conninfo(), "compare",
                     {"--scenarios", "sync,threads:8,window:4", "--operations", "60"}),
                  options);
  const int exit_code = program.Wait();
  if (exit_code == 127) GTEST_SKIP() << "another user cannot reach the program";
  EXPECT_EQ(exit_code, 2) << program.stderr_text();
  const Json runs = ResultOf(program)["runs"];
  ASSERT_EQ(runs.size(), 3U) << program.stderr_text();
  for (const Json& run : runs) ExpectAllAccountedFor(run, 60);
  for (const int good : {0, 2}) EXPECT_THAT(ReasonsOf(runs[good]), IsEmpty());
  EXPECT_TRUE(AnyContains(runs[1]["reasons"], "of 8 could not be started")) << runs[1]["reasons"];
}

// It was an input/output error, and an exit code that said that pgring could not start.
TEST_F(BadServerTest, StandardOutputWhoseReaderHasGone) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, std::vector<std::string>{"--json", "-"}}) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    ProgramOptions options;
    options.stdout_path = "/proc/self/fd/" + std::to_string(ends[1]);
    Program program(RunOn(SharedServer().conninfo(), "sync", 20, more), options);
    close(ends[0]);
    close(ends[1]);
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    EXPECT_THAT(ErrorLines(program.stderr_text()), IsEmpty());
    EXPECT_EQ(ResultOf(program)["runs"][0]["operations"]["succeeded"], 20);
  }
}

// The same abort, from the thread that draws the progress.
TEST_F(BadServerTest, StandardErrorThatIsFull) {
  ProgramOptions options;
  options.stderr_path = "/dev/full";
  Program program(RunOn(SharedServer().conninfo(), "sync", 100, {"--progress", "bar"}), options);
  EXPECT_EQ(program.Wait(), ExpectedValidExit());
  EXPECT_THAT(program.stdout_text(), HasSubstr("sync"));
}

TEST_F(BadServerTest, AJsonFileThatIsFull) {
  Program program(RunOn(SharedServer().conninfo(), "sync", 20, {"--json", "/dev/full"}));
  EXPECT_EQ(program.Wait(), 1);
  const std::vector<std::string> errors = ErrorLines(program.stderr_text());
  ASSERT_THAT(errors, SizeIs(1)) << program.stderr_text();
  EXPECT_THAT(errors[0], HasSubstr("/dev/full: No space left on device"));
  EXPECT_EQ(ResultOf(program)["runs"][0]["operations"]["succeeded"], 20);
}

}  // namespace
}  // namespace pgring
