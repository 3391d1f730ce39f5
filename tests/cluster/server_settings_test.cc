#include "cluster/server_settings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <string>

#include "test_directory.h"

namespace pgring {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ServerOptionsTest, AreCheckedBeforeAnythingStarts) {
  ThrowawayServerOptions options;
  EXPECT_TRUE(CheckServerOptions(options).ok());
  options.max_connections = 0;
  EXPECT_EQ(CheckServerOptions(options).code(), absl::StatusCode::kInvalidArgument);
  options.max_connections = kMaxConnectionsLimit;
  EXPECT_TRUE(CheckServerOptions(options).ok());
  options.tcp_port = 65'536;
  EXPECT_EQ(CheckServerOptions(options).code(), absl::StatusCode::kInvalidArgument);
  options.tcp_port = 0;
  EXPECT_TRUE(CheckServerOptions(options).ok());
}

TEST(ServerOptionsTest, ASettingByWhichTheServerIsFoundIsRefused) {
  ThrowawayServerOptions options;
  options.settings = {{"work_mem", "64MB"}, {"pg_stat_statements.max", "100"}};
  EXPECT_TRUE(CheckServerOptions(options).ok());
  for (const char* name : {"port", "Listen_Addresses", "data_directory", "", "work mem", "a=b\n"}) {
    options.settings = {{name, "1"}};
    EXPECT_EQ(CheckServerOptions(options).code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

TEST(ParentDirectoryTest, TheSocketPathMustFit) {
  // "/pgring-XXXXXX/.s.PGSQL.5432" has 28 bytes.
  const std::string longest = "/" + std::string(kSocketPathLimitBytes - 28 - 1, 'd');
  EXPECT_TRUE(CheckParentDirectory(longest, 5432).ok());
  EXPECT_FALSE(CheckParentDirectory(longest, 54321).ok());
  const absl::Status status = CheckParentDirectory(longest + "d", 5432);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("TMPDIR"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("108 bytes"));
}

TEST(ParentDirectoryTest, ACommaIsRefused) {
  EXPECT_FALSE(CheckParentDirectory("/tmp/a,b", 5432).ok());
}

TEST(InitdbArgumentsTest, OldVersionsAreSparedNewOptions) {
  PostgresBinaries binaries;
  binaries.directory = "/bin";
  binaries.major_version = 13;
  EXPECT_THAT(InitdbArguments(binaries, "/data"), Not(Contains("--no-instructions")));
  binaries.major_version = 14;
  EXPECT_THAT(InitdbArguments(binaries, "/data"), Contains("--no-instructions"));
  EXPECT_THAT(InitdbArguments(binaries, "/data"), Contains("--no-sync"));
}

TEST(ConfigurationTest, DurableUnlessAskedOtherwise) {
  ThrowawayServerOptions options;
  const std::string durable = ConfigurationText(options, "/tmp/d", 5432);
  for (const char* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
    EXPECT_THAT(durable, Not(HasSubstr(name)));
  }
  options.unsafe_fast = true;
  const std::string fast = ConfigurationText(options, "/tmp/d", 5432);
  for (const char* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
    EXPECT_THAT(fast, HasSubstr(fmt::format("\n{} = 'off'\n", name)));
  }
  EXPECT_EQ(fast.size(), durable.size() + std::string("fsync = 'off'\n"
                                                      "synchronous_commit = 'off'\n"
                                                      "full_page_writes = 'off'\n")
                                              .size());
}

TEST(ConfigurationTest, ListensOnTcpOnlyWhenAsked) {
  ThrowawayServerOptions options;
  EXPECT_THAT(ConfigurationText(options, "/tmp/d", 5432), HasSubstr("listen_addresses = ''\n"));
  options.tcp_port = 6000;
  EXPECT_THAT(ConfigurationText(options, "/tmp/d", 6000),
              HasSubstr("listen_addresses = '127.0.0.1'\n"));
}

TEST(ConfigurationTest, TheUsersSettingsComeLastAndQuoted) {
  ThrowawayServerOptions options;
  options.settings = {{"max_wal_size", "8GB"}, {"cluster_name", "it's a \\ and\na line"}};
  EXPECT_THAT(ConfigurationText(options, "/tmp/a \"b\"", 5432),
              EndsWith("max_wal_size = '8GB'\ncluster_name = 'it''s a \\\\ and\\na line'\n"));
  EXPECT_THAT(ConfigurationText(options, "/tmp/a \"b\"", 5432),
              HasSubstr("unix_socket_directories = '\"/tmp/a \"\"b\"\"\"'\n"));
}

TEST(ConfigurationTest, HbaLinesComeBeforeThoseThatAreThere) {
  TestDirectory test;
  test.MakeDirectory("data");
  test.Write("data/postgresql.conf", "# of initdb\n");
  const std::string hba = test.Write("data/pg_hba.conf", "local all all trust\n");
  ThrowawayServerOptions options;
  options.hba_lines = {"host all limited 127.0.0.1/32 scram-sha-256", "# second"};
  ASSERT_TRUE(AddConfiguration(options, test.path(), 5432).ok());
  EXPECT_EQ(LogTail(hba),
            "\n  host all limited 127.0.0.1/32 scram-sha-256\n  # second\n  local all all trust");
  EXPECT_THAT(LogTail(test.path() + "/data/postgresql.conf"), HasSubstr("# of initdb\n  # pgring"));
}

// The directory belongs to the user postgres while root writes these files.
TEST(ConfigurationTest, SymbolicLinksAreNotFollowed) {
  TestDirectory test;
  test.MakeDirectory("data");
  const std::string target = test.Write("target", "kept");
  std::filesystem::create_symlink(target, test.path() + "/data/postgresql.conf");
  EXPECT_FALSE(AddConfiguration(ThrowawayServerOptions(), test.path(), 5432).ok());
  EXPECT_EQ(LogTail(target), "\n  kept");
}

std::string ParsedHost(const std::string& conninfo) {
  std::string host;
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), nullptr);
  for (PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
       ++option) {
    if (std::string(option->keyword) == "host" && option->val != nullptr) host = option->val;
  }
  PQconninfoFree(options);
  return host;
}

TEST(ConninfoTest, IsPlainWhereItCanBe) {
  EXPECT_EQ(ConninfoText("/tmp/pgring-abc123", 5432),
            "host=/tmp/pgring-abc123 port=5432 user=postgres dbname=postgres");
  for (const char* host : {"/tmp/it's here/x", "/tmp/back\\slash", "/tmp/plain"}) {
    EXPECT_EQ(ParsedHost(ConninfoText(host, 5432)), host);
  }
}

TEST(LogTailTest, ShowsTheLastLines) {
  TestDirectory test;
  std::string text;
  for (int i = 1; i <= 50000; ++i) text += fmt::format("line {}\n", i);
  const std::string tail = LogTail(test.Write("log", text));
  EXPECT_THAT(tail, EndsWith("\n  line 49999\n  line 50000"));
  EXPECT_EQ(tail.find("line 49985\n"), std::string::npos);
  EXPECT_THAT(tail, ::testing::StartsWith("\n  line 49986\n"));
  EXPECT_EQ(LogTail(test.path() + "/missing"), "");
}

// Recovery after an immediate restart took three seconds, in which our own attempts to connect
// wrote five hundred lines: the tail showed nothing else.
TEST(LogTailTest, LeavesOutEarlyConnections) {
  TestDirectory test;
  std::string text = "LOG:  syncing data directory\n";
  for (int i = 0; i < 500; ++i) {
    text +=
        "FATAL:  the database system is not yet accepting connections\n"
        "DETAIL:  Consistent recovery state has not been yet reached.\n"
        "FATAL:  the database system is starting up\n";
  }
  EXPECT_EQ(LogTail(test.Write("log", text)), "\n  LOG:  syncing data directory");
}

TEST(ServerEnvironmentTest, LeavesOutWhatChangesTheServer) {
  setenv("PGOPTIONS", "-c jit=off", 1);
  setenv("LC_MESSAGES", "de_DE.UTF-8", 1);
  setenv("KEPT_VARIABLE", "kept", 1);
  const std::vector<std::string> variables = ServerEnvironment();
  for (const char* name : {"PGOPTIONS", "LC_MESSAGES", "KEPT_VARIABLE"}) unsetenv(name);
  EXPECT_THAT(variables, Not(Contains(HasSubstr("PGOPTIONS"))));
  EXPECT_THAT(variables, Not(Contains(HasSubstr("LC_MESSAGES"))));
  EXPECT_THAT(variables, Contains("KEPT_VARIABLE=kept"));
  EXPECT_THAT(variables, Contains("LC_ALL=C"));
}

}  // namespace
}  // namespace pgring
