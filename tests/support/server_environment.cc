#include "support/server_environment.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cluster/throwaway_server.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

class ServerEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    ThrowawayServerOptions options;
    options.tcp_port = 0;
    options.hba_lines = {absl::StrCat("local all ", kScramRole, " scram-sha-256"),
                         absl::StrCat("host all ", kScramRole, " all scram-sha-256")};
    auto started = ThrowawayServer::Start(options);
    if (!started.ok()) {
      std::fprintf(stderr, "the test server did not start: %s\n",
                   started.status().ToString().c_str());
      std::exit(1);
    }
    server_ = *std::move(started);
    AskServer(absl::StrCat("CREATE ROLE ", kScramRole, " LOGIN PASSWORD 'right'"));
  }
  void TearDown() override { server_.reset(); }

  const ThrowawayServer& server() const { return *server_; }

 private:
  std::unique_ptr<ThrowawayServer> server_;
};

// Owned by GoogleTest.
ServerEnvironment* const kEnvironment =
    static_cast<ServerEnvironment*>(::testing::AddGlobalTestEnvironment(new ServerEnvironment));

ConnectionParameters Resolve(const std::string& conninfo) {
  ConnectionTarget target;
  target.database = conninfo;
  absl::StatusOr<ConnectionParameters> parameters = ConnectionParameters::Resolve(target);
  EXPECT_TRUE(parameters.ok()) << parameters.status();
  return parameters.ok() ? *parameters : ConnectionParameters();
}

}  // namespace

ConnectionParameters ServerParameters(const std::string& more) {
  return Resolve(absl::StrCat(kEnvironment->server().conninfo(), " ", more));
}

ConnectionParameters TcpServerParameters(const std::string& more) {
  return Resolve(absl::StrCat(*kEnvironment->server().tcp_conninfo(), " ", more));
}

pid_t ServerPostmasterPid() { return kEnvironment->server().postmaster_pid(); }

std::string AskServer(const std::string& sql) {
  PGconn* connection = PQconnectdb(kEnvironment->server().conninfo().c_str());
  std::string answer = PQerrorMessage(connection);
  if (PQstatus(connection) == CONNECTION_OK) {
    PQsetNoticeReceiver(connection, [](void*, const PGresult*) {}, nullptr);
    PGresult* result = PQexec(connection, sql.c_str());
    const bool has_value = PQntuples(result) > 0 && PQnfields(result) > 0;
    answer = has_value ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
    PQclear(result);
  }
  PQfinish(connection);
  return answer;
}

bool WaitForAnswer(const std::string& sql, const std::string& answer) {
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + 60 * kNanosecondsPerSecond;
  while (SteadyClock::Get()->NowNs() < give_up_ns) {
    if (AskServer(sql) == answer) return true;
  }
  return false;
}

int CountDescriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

}  // namespace pgring
