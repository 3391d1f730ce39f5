// A real pgbouncer between the program and its server. It gives a client a session of the server
// for one transaction at a time, so that a statement prepared on a connection is not there when the
// next transaction runs somewhere else. pgring sees the pooler and prepares nothing.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli_fixture.h"
#include "cluster/server_identity.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::Not;

// More clients than sessions of the server: transactions of one client run in different ones, and
// those of different clients in the same one.
constexpr int kClients = 8;
constexpr int kServerSessions = 3;
constexpr int64_t kOperations = 200;

constexpr char kPoolerNote[] = "a connection pooler is between pgring and the server";

// Three transactions: the statements after COMMIT may each run in another session of the server,
// and so may the next operation. The division fails should a variable hold another client's number.
constexpr char kSeveralTransactions[] =
    "\\set x random(1, 1000)\n"
    "BEGIN;\n"
    "SELECT :x + 1 AS y \\gset\n"
    "SELECT :y - 1 AS z \\gset\n"
    "COMMIT;\n"
    "SELECT 1 / (:x::int = :z::int)::int AS same \\gset\n"
    "SELECT :same + :x::int;\n";

constexpr char kPipelines[] =
    "\\set x random(1, 1000)\n"
    "\\startpipeline\n"
    "SELECT :x + 1;\n"
    "SELECT :x + 2;\n"
    "\\endpipeline\n"
    "SELECT :x AS y \\gset\n"
    "\\startpipeline\n"
    "SELECT :y + 3;\n"
    "SELECT :y + 4;\n"
    "\\endpipeline\n";

// Sets up a process that becomes pgbouncer. From the fork on: system calls only.
[[noreturn]] void BecomePgbouncer(const std::optional<ServerIdentity>& identity,
                                  const char* program, const char* settings, pid_t test) {
  // It refuses to run as root. Before the signal below, which a change of the user takes back.
  if (identity.has_value() && (setgroups(identity->groups.size(), identity->groups.data()) != 0 ||
                               setgid(identity->group) != 0 || setuid(identity->user) != 0)) {
    _exit(126);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // A test that dies must not leave its pooler behind.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != test) _exit(126);
  execl(program, program, "--quiet", settings, static_cast<char*>(nullptr));
  _exit(127);
}

// A pgbouncer that pools transactions in front of the shared server, in a directory of its own.
// Both go with the object.
class Pgbouncer {
 public:
  // Null, and the test told why, when there is no pgbouncer or it does not start. `settings` are
  // lines of pgbouncer.ini that win over those of the tests.
  static std::unique_ptr<Pgbouncer> Start(const std::string& settings = "");
  ~Pgbouncer();
  Pgbouncer(const Pgbouncer&) = delete;
  Pgbouncer& operator=(const Pgbouncer&) = delete;

  std::string conninfo() const {
    return "host=" + directory_ + " port=" + kPort + " user=postgres dbname=postgres";
  }
  const std::string& directory() const { return directory_; }

 private:
  // Names the Unix socket in the directory; there is no TCP port.
  static constexpr char kPort[] = "6432";

  Pgbouncer() = default;
  bool MakeDirectory(const std::optional<ServerIdentity>& identity, const std::string& settings);
  bool WaitUntilReady();
  bool HasEnded();

  std::string directory_;
  pid_t pid_ = -1;
};

// Debian's is where an ordinary user's PATH does not lead; any other must be in the PATH.
std::string FindPgbouncer() {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  std::string directory = "/usr/sbin";
  for (;;) {
    std::string program = directory + "/pgbouncer";
    if (access(program.c_str(), X_OK) == 0) return program;
    if (rest.empty()) return "";
    const size_t end = rest.find(':');
    directory = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
}

std::unique_ptr<Pgbouncer> Pgbouncer::Start(const std::string& settings) {
  const std::string program = FindPgbouncer();
  if (program.empty()) {
    ADD_FAILURE() << "there is no pgbouncer in /usr/sbin or the PATH; tools/setup installs it";
    return nullptr;
  }
  const auto identity = FindServerIdentity(kServerUserName);
  if (!identity.ok()) {
    ADD_FAILURE() << identity.status();
    return nullptr;
  }
  std::unique_ptr<Pgbouncer> pooler(new Pgbouncer);
  if (!pooler->MakeDirectory(*identity, settings)) return nullptr;
  const std::string file = pooler->directory_ + "/pgbouncer.ini";
  const pid_t test = getpid();
  pooler->pid_ = fork();
  if (pooler->pid_ == 0) BecomePgbouncer(*identity, program.c_str(), file.c_str(), test);
  if (pooler->pid_ < 0 || !pooler->WaitUntilReady()) {
    ADD_FAILURE() << program << " did not start; its log:\n"
                  << ReadFile(pooler->directory_ + "/log");
    return nullptr;
  }
  return pooler;
}

bool Pgbouncer::MakeDirectory(const std::optional<ServerIdentity>& identity,
                              const std::string& settings) {
  char path[] = "/tmp/pgring-pooler-XXXXXX";
  if (mkdtemp(path) == nullptr) {
    ADD_FAILURE() << "a test needs a directory below /tmp";
    return false;
  }
  directory_ = path;
  // "any" takes every client for the user that the database is given with; the server trusts it.
  std::ofstream(directory_ + "/pgbouncer.ini")
      << "[databases]\n"
      << "* = host=" << SharedServer().directory() << " port=" << SharedServer().port()
      << " user=postgres\n"
      << "[pgbouncer]\n"
      << "listen_port = " << kPort << "\n"
      << "unix_socket_dir = " << directory_ << "\n"
      << "logfile = " << directory_ << "/log\n"
      << "auth_type = any\n"
      << "pool_mode = transaction\n"
      << "default_pool_size = " << kServerSessions << "\n"
      << "ignore_startup_parameters = extra_float_digits, options\n"
      << settings;
  if (identity.has_value() && chown(path, identity->user, identity->group) != 0) {
    ADD_FAILURE() << "a test cannot give its directory to " << identity->name;
    return false;
  }
  return true;
}

bool Pgbouncer::HasEnded() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return false;
  pid_ = -1;
  return true;
}

// The only way to know is to have a query answered.
bool Pgbouncer::WaitUntilReady() {
  bool answers = false;
  WaitUntil([&] {
    answers = Client(conninfo()).Ask("SELECT 17") == "17";
    return answers || HasEnded();
  });
  return answers;
}

Pgbouncer::~Pgbouncer() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

// Each test has a pooler of its own: with its sessions goes whatever a test has left in them.
class PoolerTest : public testing::Test {
 protected:
  void SetUp() override {
    pooler_ = Pgbouncer::Start();
    ASSERT_NE(pooler_, nullptr);
  }
  std::string conninfo() const { return pooler_->conninfo(); }
  // The path of a script that goes with the pooler.
  std::string WriteScript(const std::string& text) {
    const std::string path = pooler_->directory() + "/mine.sql";
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::unique_ptr<Pgbouncer> pooler_;
};

std::vector<std::string> RunScript(const std::string& conninfo, const std::string& script,
                                   const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"-c", std::to_string(kClients), "-f", script};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunOn(conninfo, "window", kOperations, arguments);
}

// What every run has that went well, whatever the protocol.
void ExpectAllSucceeded(Program* program, int64_t operations) {
  EXPECT_EQ(program->Wait(), ExpectedValidExit())
      << program->stdout_text() << program->stderr_text();
  const Json result = ResultOf(*program);
  ASSERT_TRUE(result.contains("runs")) << program->stderr_text();
  for (const Json& run : result["runs"]) {
    SCOPED_TRACE(run["scenario"].get<std::string>());
    ExpectAllAccountedFor(run, operations);
    EXPECT_EQ(run["operations"]["succeeded"], operations);
    EXPECT_EQ(run["operations"]["failures"], Json::object()) << run["warnings"];
    EXPECT_FALSE(run.contains("aborted_clients"));
  }
}

TEST_F(PoolerTest, PreparedScriptRunsUnpreparedAndANoteSaysSo) {
  const std::string script = WriteScript(kSeveralTransactions);
  Program program(RunScript(conninfo(), script, {"-M", "prepared"}));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
  const Json run = ResultOf(program)["runs"][0];
  EXPECT_EQ(run["rows_read"], 4 * kOperations);
  EXPECT_EQ(run["connections"]["opened"], kClients) << "the pooler had nothing to share out";
  EXPECT_THAT(program.stderr_text(), HasSubstr(kPoolerNote));
  EXPECT_TRUE(AnyContains(run["warnings"], kPoolerNote)) << run["warnings"];
}

// What the pooler's console knows is not what the server's sessions do.
TEST_F(PoolerTest, TheServerIsNotSampledAndANoteSaysHowItCanBe) {
  Program program(RunScript(conninfo(), WriteScript("SELECT 1;\n")));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
  EXPECT_EQ(ResultOf(program)["runs"][0]["server_samples"], nullptr);
  EXPECT_THAT(program.stderr_text(), HasSubstr("--control CONNINFO"));
}

TEST_F(PoolerTest, TheServerIsSampledOverADirectConnection) {
  Program program(RunScript(conninfo(), WriteScript("SELECT pg_sleep(0.005);\n"),
                            {"--control", SharedServer().conninfo()}));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
  const Json samples = ResultOf(program)["runs"][0]["server_samples"];
  ASSERT_TRUE(samples.is_object());
  EXPECT_GT(samples["sessions"], 0);
  // The pooler has no more of them.
  EXPECT_LE(samples["active"], kServerSessions);
  EXPECT_EQ(samples["cause"]["check"], "not_possible");
  EXPECT_THAT(program.stderr_text(), Not(HasSubstr("--control")));
}

// A pooler's session is nobody's own, and a lock in it would say nothing.
TEST_F(PoolerTest, AFleetMeetsOverADirectConnectionOnly) {
  const std::vector<std::string> fleet = {"--fleet", "pooled", "--worker", "0/1"};
  const std::string script = WriteScript("SELECT 1;\n");
  Program refused(RunScript(conninfo(), script, fleet));
  EXPECT_EQ(refused.Wait(), 1);
  EXPECT_THAT(ErrorLines(refused.stderr_text()),
              testing::ElementsAre(HasSubstr("fleet \"pooled\": a connection pooler is between")));
  EXPECT_THAT(refused.stderr_text(), HasSubstr("--control CONNINFO"));
  std::vector<std::string> direct = fleet;
  direct.insert(direct.end(), {"--control", SharedServer().conninfo()});
  Program program(RunScript(conninfo(), script, direct));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
}

// The schema was kept by a lock of the session, which the pooler's session held on to: every run
// after the first was told that another pgring is running.
TEST_F(PoolerTest, OwnTablesCanBeUsedAgainAndAgain) {
  for (int i = 0; i < 2; ++i) {
    Program program(On(conninfo(), "run", {"--scenario", "window:8", "--operations", "100"}));
    EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
    ExpectVerified(ResultOf(program)["runs"][0]);
  }
}

TEST_F(PoolerTest, EveryProtocolWorks) {
  const std::string script = WriteScript(kSeveralTransactions);
  for (const std::string protocol : {"simple", "extended", "prepared"}) {
    SCOPED_TRACE(protocol);
    Program program(RunScript(conninfo(), script, {"-M", protocol}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
    EXPECT_EQ(ResultOf(program)["runs"][0]["rows_read"], 4 * kOperations);
  }
}

TEST_F(PoolerTest, PipelinesWork) {
  const std::string script = WriteScript(kPipelines);
  for (const std::string protocol : {"extended", "prepared"}) {
    SCOPED_TRACE(protocol);
    Program program(RunScript(conninfo(), script, {"-M", protocol}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
    EXPECT_EQ(ResultOf(program)["runs"][0]["rows_read"], 5 * kOperations);
  }
}

// A client's transactions in flight behind each other, each in a session of the pooler's choice.
TEST_F(PoolerTest, OperationsShareConnectionsToIt) {
  for (const char* text : {kSeveralTransactions, kPipelines}) {
    SCOPED_TRACE(text);
    Program program(RunOn(conninfo(), "multiplexed:16:pool=4", kOperations,
                          {"-f", WriteScript(text), "-M", "extended"}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
    const Json run = ResultOf(program)["runs"][0];
    EXPECT_EQ(run["rows_read"], (text == kPipelines ? 5 : 4) * kOperations);
    EXPECT_EQ(run["connections"]["peak_open"], 4);
  }
}

TEST_F(PoolerTest, ServerItselfIsNotTakenForAPooler) {
  const std::string script = WriteScript(kSeveralTransactions);
  for (const std::string protocol : {"simple", "extended", "prepared"}) {
    SCOPED_TRACE(protocol);
    Program program(RunScript(SharedServer().conninfo(), script, {"-M", protocol}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
    EXPECT_THAT(program.stderr_text(), Not(HasSubstr("connection pooler")));
    EXPECT_THAT(program.stdout_text(), Not(HasSubstr("connection pooler")));
  }
}

// As the server itself reports it. A pooler's sessions are new with each test, so that no other
// test has prepared anything in them.
TEST_F(PoolerTest, StatementsArePreparedOnTheServerItselfOnly) {
  const std::string script = WriteScript(
      "SELECT 1 / ((count(*) > 0)::int = :prepared)::int FROM pg_prepared_statements;\n");
  {
    SCOPED_TRACE("through the pooler");
    Program program(RunScript(conninfo(), script, {"-M", "prepared", "-D", "prepared=0"}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
  }
  {
    SCOPED_TRACE("on the server itself");
    Program program(
        RunScript(SharedServer().conninfo(), script, {"-M", "prepared", "-D", "prepared=1"}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
  }
}

TEST_F(PoolerTest, ComparisonOfABuiltinScriptIsVerified) {
  Program init({"init", "-s", "1", "-q", "-d", conninfo()});
  ASSERT_EQ(init.Wait(), 0) << init.stderr_text();
  Program program(On(conninfo(), "compare",
                     {"-b", "tpcb-like", "--scenarios",
                      "sync,threads:8,async:pool=8,chunked:8,window:8,multiplexed:8:pool=2",
                      "--operations", std::to_string(kOperations)}));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, kOperations));
  const Json result = ResultOf(program);
  ASSERT_EQ(result["runs"].size(), 6U);
  for (const Json& run : result["runs"]) {
    ExpectVerified(run);
    EXPECT_EQ(run["verification"]["found"]["history"], kOperations);
  }
  EXPECT_THAT(program.stderr_text(), HasSubstr(kPoolerNote));
}

// The server's max_connections is not the limit for a pooler's clients: the run was refused, and
// pgbench ran.
TEST_F(PoolerTest, MoreClientsThanTheServerHasConnections) {
  const std::string script = WriteScript("SELECT 1;\n");
  const int clients = kServerConnections + 10;
  Program program(On(conninfo(), "run",
                     {"--scenario", "window", "-c", std::to_string(clients), "-f", script,
                      "--operations", "1000"}));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, 1000));
}

TEST_F(PoolerTest, DoctorSeesIt) {
  Program program({"doctor", "-d", conninfo()});
  EXPECT_EQ(program.Wait(), 0) << program.stdout_text();
  EXPECT_THAT(program.stdout_text(), HasSubstr("note pooler"));
  EXPECT_THAT(program.stdout_text(), Not(HasSubstr("connections for a run")));
}

// PgBouncer's refusal has SQLSTATE 08P01, a lost connection's: 117 of 160 operations failed. It is
// to be tried again, as a server's is, and the run says that it had fewer connections.
TEST(PoolerLimitTest, ClientsBeyondMaxClientConnWaitForTheOthers) {
  const auto pooler = Pgbouncer::Start("max_client_conn = 5\n");
  ASSERT_NE(pooler, nullptr);
  const ScriptFile script("SELECT pg_sleep(0.01);\n");
  Program program(On(pooler->conninfo(), "run",
                     {"--scenario", "chunked:20", "-f", script.path(), "--operations", "160"}));
  EXPECT_EQ(program.Wait(), 2) << program.stderr_text();
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, 160);
  EXPECT_EQ(run["operations"]["succeeded"], 160);
  EXPECT_EQ(run["operations"]["failures"], Json::object());
  EXPECT_LE(run["connections"]["peak_open"], 5);
  EXPECT_GT(run["connections"]["refused"], 0);
  EXPECT_TRUE(AnyContains(ReasonsOf(run), "of 20 connections could be opened")) << run["reasons"];
}

// Each client has a session of the server for as long as it is connected. The control connection
// kept one of them, and the run waited for it until a timeout of the pooler's.
TEST(PoolerLimitTest, ControlConnectionKeepsNoSessionOfTheServer) {
  const auto pooler = Pgbouncer::Start("pool_mode = session\nquery_wait_timeout = 10\n");
  ASSERT_NE(pooler, nullptr);
  const ScriptFile script("SELECT 1;\n");
  Program program(On(pooler->conninfo(), "compare",
                     {"--scenarios", "sync,threads,window", "-c", std::to_string(kServerSessions),
                      "-f", script.path(), "--operations", "300"}));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, 300));
}

// The pooler lets every client connect, and those beyond its sessions wait in their first statement
// until another client is gone. Idle connections kept the sessions: the last operations failed
// after the pooler's query_wait_timeout, clients that had run their share of -t let the others wait
// for ever, and so did those of a chunk that had ended before the chunk.
TEST(PoolerLimitTest, OperationsGetTheSessionsOfIdleClients) {
  const auto pooler = Pgbouncer::Start("pool_mode = session\nquery_wait_timeout = 20\n");
  ASSERT_NE(pooler, nullptr);
  constexpr int kMoreClients = kServerSessions + 5;
  const ScriptFile script("SELECT 1;\n");
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "--scenarios", "threads,async:pool=8,chunked,window,pipelined",
        "-c",          std::to_string(kMoreClients),
        "-f",          script.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return On(pooler->conninfo(), "compare", arguments);
  };
  for (const std::string connecting : {"before", "lazily"}) {
    SCOPED_TRACE(connecting);
    Program program(run({"--operations", "16", "--connecting", connecting}));
    ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&program, 16));
  }
  Program with_shares(run({"-t", "2"}));
  ASSERT_NO_FATAL_FAILURE(ExpectAllSucceeded(&with_shares, int64_t{2} * kMoreClients));
  Program for_a_while(run({"-T", "0.5"}));
  EXPECT_EQ(for_a_while.Wait(), ExpectedValidExit()) << for_a_while.stderr_text();
}

}  // namespace
}  // namespace pgring
