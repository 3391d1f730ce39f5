#include "cli_fixture.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "pgring/base/check.h"
#include "run/verdict.h"
#include "support/result_check.h"

namespace pgring {
namespace {

std::unique_ptr<ThrowawayServer> g_server;

// Ends the server before the test program does.
class ServerEnvironment : public testing::Environment {
 public:
  void TearDown() override { g_server.reset(); }
};
testing::Environment* const kServerEnvironment =
    testing::AddGlobalTestEnvironment(new ServerEnvironment);

// Every result.json and tune.json that a program wrote below its working directory, under the name
// of its test.
class KeptResults {
 public:
  void Keep(const std::string& work_directory) {
    namespace fs = std::filesystem;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(work_directory, error), end; entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename();
      if (name != "result.json" && name != "tune.json") continue;
      if (directory_.empty()) MakeDirectory();
      const std::string path = directory_ + "/" + TestName() + "-" + std::to_string(paths_.size());
      fs::copy_file(entry->path(), path, error);
      EXPECT_FALSE(error) << error.message();
      paths_.push_back(path);
    }
  }

  // They stay where there is something to look at.
  void Check() {
    if (paths_.empty()) return;
    const std::string problems = ProblemsOfResults(paths_);
    EXPECT_EQ(problems, "") << "of results in " << directory_;
    if (problems.empty()) std::filesystem::remove_all(directory_);
  }

 private:
  void MakeDirectory() {
    char name[] = "/tmp/pgring-results-XXXXXX";
    PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
    directory_ = name;
  }

  static std::string TestName() {
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    if (all.current_test_suite() == nullptr) return "no-test";
    std::string name = all.current_test_suite()->name();
    if (all.current_test_info() != nullptr) {
      name += std::string(".") + all.current_test_info()->name();
    }
    std::replace(name.begin(), name.end(), '/', '.');
    return name;
  }

  std::string directory_;
  std::vector<std::string> paths_;
};

KeptResults& AllResults() {
  static auto* const results = new KeptResults;
  return *results;
}

// Checks all results of a test program at once: every start of the checker takes its time.
class ResultsEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    Program::SetLastVisitor([](const std::string& directory) { AllResults().Keep(directory); });
  }
  void TearDown() override { AllResults().Check(); }
};
testing::Environment* const kResultsEnvironment =
    testing::AddGlobalTestEnvironment(new ResultsEnvironment);

// "": whatever the program chooses.
std::string TestIoMode() {
  const char* mode = std::getenv("PGRING_TEST_IO");
  return mode == nullptr ? "" : mode;
}

}  // namespace

std::unique_ptr<ThrowawayServer> StartServer() {
  ThrowawayServerOptions options;
  options.max_connections = kServerConnections;
  options.settings = {{"fsync", "off"}};
  options.hba_lines = {std::string("local all ") + kPasswordRole + " scram-sha-256"};
  auto server = ThrowawayServer::Start(options);
  PGRING_CHECK(server.ok(), std::string(server.status().message()).c_str());
  Client client((*server)->conninfo());
  client.Ask(std::string("CREATE ROLE ") + kPasswordRole + " LOGIN PASSWORD '" + kPassword + "'");
  client.Ask(std::string("CREATE ROLE ") + kPlainRole + " LOGIN");
  client.Ask(std::string("GRANT CREATE ON DATABASE postgres TO ") + kPasswordRole);
  return *std::move(server);
}

ThrowawayServer& SharedServer() {
  if (g_server == nullptr) g_server = StartServer();
  return *g_server;
}

Client::Client(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {
  PQsetNoticeReceiver(static_cast<PGconn*>(connection_), [](void*, const PGresult*) {}, nullptr);
}

Client::~Client() { PQfinish(static_cast<PGconn*>(connection_)); }

bool Client::connected() const {
  return PQstatus(static_cast<const PGconn*>(connection_)) == CONNECTION_OK;
}

std::string Client::Ask(const std::string& sql) {
  auto* connection = static_cast<PGconn*>(connection_);
  if (!connected()) return PQerrorMessage(connection);
  PGresult* result = PQexec(connection, sql.c_str());
  const bool has_value = PQntuples(result) > 0 && PQnfields(result) > 0;
  std::string answer = has_value ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
  PQclear(result);
  return answer;
}

std::string AskServer(const std::string& sql) { return Client(SharedServer().conninfo()).Ask(sql); }

ScriptFile::ScriptFile(const std::string& text) {
  char path[] = "/tmp/pgring-script-XXXXXX";
  EXPECT_NE(mkdtemp(path), nullptr);
  directory_ = path;
  std::ofstream(this->path()) << text;
}

ScriptFile::~ScriptFile() { std::filesystem::remove_all(directory_); }

std::vector<std::string> InTestIoMode(std::vector<std::string> arguments) {
  const std::string& command = arguments.front();
  if (!TestIoMode().empty() && (command == "run" || command == "compare")) {
    arguments.insert(arguments.end(), {"--io", TestIoMode()});
  }
  return arguments;
}

std::vector<std::string> On(const std::string& conninfo, const std::string& command,
                            const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {command, "-d", conninfo, "--out", kOut};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return InTestIoMode(std::move(words));
}

std::vector<std::string> RunOn(const std::string& conninfo, const std::string& scenario,
                               int64_t operations, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--scenario", scenario, "--operations",
                                        std::to_string(operations)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return On(conninfo, "run", arguments);
}

Json ResultOf(const Program& program) {
  const std::string text = ReadFile(program.work_directory() + "/" + kOut + "/result.json");
  Json result = Json::parse(text, nullptr, false);
  return result.is_discarded() ? Json() : result;
}

void ExpectAllAccountedFor(const Json& run, int64_t operations) {
  ASSERT_TRUE(run.contains("operations")) << run;
  const Json& all = run["operations"];
  EXPECT_EQ(all["scheduled"], operations);
  int64_t scheduled_of_kinds = 0;
  std::vector<Json> counts(all["by_kind"].begin(), all["by_kind"].end());
  counts.push_back(all);
  for (const Json& count : counts) {
    const int64_t scheduled = count["scheduled"];
    scheduled_of_kinds += scheduled;
    EXPECT_EQ(scheduled, count["succeeded"].get<int64_t>() + count["failed"].get<int64_t>() +
                             count["skipped"].get<int64_t>())
        << count;
    int64_t failures = 0;
    for (const Json& failure : count["failures"]) failures += failure.get<int64_t>();
    EXPECT_EQ(count["failed"], failures) << count["failures"];
  }
  EXPECT_EQ(scheduled_of_kinds, 2 * operations) << "the kinds do not add up to all";
  const Json& mode = run["io"]["mode"];
  if (!TestIoMode().empty() && !mode.is_null()) {
    EXPECT_EQ(mode, TestIoMode());
  }
}

void ExpectVerified(const Json& run) {
  ASSERT_TRUE(run["verification"].is_object()) << run["reasons"];
  EXPECT_TRUE(run["verification"]["ok"].get<bool>()) << run["verification"] << run["reasons"];
}

void ExpectJudged(const Json& run) {
  const double failed = run["operations"]["failed"];
  const double scheduled = run["operations"]["scheduled"];
  const bool too_many = failed > kMaxFailedShare * scheduled;
  const std::vector<std::string> reasons = ReasonsOf(run);
  // A run that waited for refused connections is no measurement of throughput either.
  const bool waited = AnyContains(reasons, "connection attempts were refused");
  EXPECT_EQ(reasons.size(), (too_many ? 1U : 0U) + (waited ? 1U : 0U)) << run["reasons"];
  const std::vector<std::string> warnings = run["warnings"];
  if (failed > 0) {
    EXPECT_TRUE(AnyContains(too_many ? reasons : warnings, " operations failed ("))
        << run["reasons"] << run["warnings"];
  }
}

int ExitOf(const Json& result) {
  for (const Json& run : result["runs"]) {
    if (!run["valid"].get<bool>()) return 2;
  }
  return 0;
}

std::vector<std::string> ReasonsOf(const Json& run) {
  std::vector<std::string> reasons;
  for (const std::string reason : run["reasons"]) {
    if (reason.find("this pgring was built with") == std::string::npos) reasons.push_back(reason);
  }
  return reasons;
}

bool AnyContains(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& text : texts) {
    if (text.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace pgring
