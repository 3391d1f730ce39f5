// What the user gave, the environment and service files, merged as libpq and psql would.
#include "pgring/postgres/connection_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "support/scoped_environment.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ConnectionTarget Target(const std::string& host, const std::string& port,
                        const std::string& user = "", const std::string& database = "") {
  ConnectionTarget target;
  target.host = host;
  target.port = port;
  target.user = user;
  target.database = database;
  return target;
}

class ConnectionParametersTest : public ::testing::Test {
 protected:
  ~ConnectionParametersTest() override {
    if (!service_file_.empty()) unlink(service_file_.c_str());
  }

  static ConnectionParameters MustResolve(const ConnectionTarget& target) {
    absl::StatusOr<ConnectionParameters> parameters = ConnectionParameters::Resolve(target);
    EXPECT_TRUE(parameters.ok()) << parameters.status();
    return parameters.ok() ? *parameters : ConnectionParameters();
  }
  static ConnectionParameters OfDatabase(const std::string& database) {
    return MustResolve(Target("", "", "", database));
  }

  void WriteServiceFile(const std::string& text) {
    service_file_ = ::testing::TempDir() + "pgring-service-" + std::to_string(getpid());
    std::ofstream(service_file_) << text;
    environment_.Set("PGSERVICEFILE", service_file_);
  }

  ScopedPostgresEnvironment environment_;

 private:
  std::string service_file_;
};

TEST_F(ConnectionParametersTest, PlainOptions) {
  const ConnectionParameters parameters = MustResolve(Target("/tmp/s", "5433", "app", "shop"));
  EXPECT_EQ(parameters.Get("host"), "/tmp/s");
  EXPECT_EQ(parameters.Get("port"), "5433");
  EXPECT_EQ(parameters.Get("user"), "app");
  EXPECT_EQ(parameters.Get("dbname"), "shop");
  EXPECT_EQ(parameters.Get("hostaddr"), "") << "a socket directory has no address";
}

TEST_F(ConnectionParametersTest, ConninfoString) {
  const ConnectionParameters parameters =
      OfDatabase("host=/tmp/s port=6000 dbname='a b' sslmode=disable");
  EXPECT_EQ(parameters.Get("host"), "/tmp/s");
  EXPECT_EQ(parameters.Get("port"), "6000");
  EXPECT_EQ(parameters.Get("dbname"), "a b");
  EXPECT_EQ(parameters.Get("sslmode"), "disable");
}

TEST_F(ConnectionParametersTest, Uri) {
  const ConnectionParameters parameters =
      OfDatabase("postgresql://app:s%40cret@127.0.0.1:6000/shop?connect_timeout=7");
  EXPECT_EQ(parameters.Get("host"), "127.0.0.1");
  EXPECT_EQ(parameters.Get("port"), "6000");
  EXPECT_EQ(parameters.Get("user"), "app");
  EXPECT_EQ(parameters.Get("password"), "s@cret");
  EXPECT_EQ(parameters.Get("dbname"), "shop");
  EXPECT_EQ(parameters.connect_timeout_s(), 7);
  EXPECT_EQ(OfDatabase("postgres:///shop?host=/tmp").Get("dbname"), "shop");
}

// psql's manual: "connection string parameters will override any conflicting command line options".
TEST_F(ConnectionParametersTest, ConninfoWinsOverOptions) {
  const ConnectionParameters parameters =
      MustResolve(Target("/tmp/other", "1", "someone", "host=/tmp/s port=6000"));
  EXPECT_EQ(parameters.Get("host"), "/tmp/s");
  EXPECT_EQ(parameters.Get("port"), "6000");
  EXPECT_EQ(parameters.Get("user"), "someone") << "what the string leaves open stays";
}

TEST_F(ConnectionParametersTest, EnvironmentFillsWhatIsOpen) {
  environment_.Set("PGHOST", "/tmp/e");
  environment_.Set("PGPORT", "7000");
  environment_.Set("PGUSER", "env_user");
  environment_.Set("PGDATABASE", "env_database");
  environment_.Set("PGPASSWORD", "env_password");
  environment_.Set("PGOPTIONS", "-c statement_timeout=5s");
  const ConnectionParameters parameters = MustResolve(Target("", "7001"));
  EXPECT_EQ(parameters.Get("host"), "/tmp/e");
  EXPECT_EQ(parameters.Get("port"), "7001");
  EXPECT_EQ(parameters.Get("user"), "env_user");
  EXPECT_EQ(parameters.Get("dbname"), "env_database");
  EXPECT_EQ(parameters.Get("password"), "env_password");
  EXPECT_EQ(parameters.Get("options"), "-c statement_timeout=5s");
}

TEST_F(ConnectionParametersTest, EnvironmentNamesServerByAnyOfItsVariables) {
  EXPECT_FALSE(EnvironmentNamesServer());
  for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"}) {
    environment_.Set(name, "x");
    EXPECT_TRUE(EnvironmentNamesServer()) << name;
    environment_.Set(name, "");
    EXPECT_FALSE(EnvironmentNamesServer()) << name;
    environment_.Unset(name);
  }
  environment_.Set("PGPASSWORD", "x");
  EXPECT_FALSE(EnvironmentNamesServer());
}

// PGCHANNELBINDING, PGREQUIREPEER, PGTZ and others broke the throwaway server's connections.
TEST_F(ConnectionParametersTest, EveryVariableOfLibpqsCanBeForgotten) {
  // Those that libpq's manual lists beside the parameters'.
  std::vector<std::string> names = {"PGTZ",          "PGDATESTYLE",  "PGGEQO",
                                    "PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR"};
  PQconninfoOption* options = PQconndefaults();
  for (PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->envvar != nullptr) names.emplace_back(option->envvar);
  }
  PQconninfoFree(options);
  EXPECT_THAT(names, ::testing::IsSupersetOf({"PGHOST", "PGOPTIONS", "PGCHANNELBINDING",
                                              "PGTARGETSESSIONATTRS", "PGGSSENCMODE",
                                              "PGREQUIREPEER", "PGSSLMODE", "PGPASSFILE"}));
  EXPECT_THAT(ForgetConnectionEnvironment(), ::testing::IsEmpty());
  for (const std::string& name : names) {
    environment_.Set(name, "nonsense");
    EXPECT_THAT(ForgetConnectionEnvironment(), ::testing::ElementsAre(name));
    EXPECT_EQ(std::getenv(name.c_str()), nullptr) << name;
  }
  environment_.Set("PGRING_TEST", "kept");
  EXPECT_THAT(ForgetConnectionEnvironment(), ::testing::IsEmpty());
  EXPECT_STREQ(std::getenv("PGRING_TEST"), "kept");
}

TEST_F(ConnectionParametersTest, ServiceFromTheConninfoAndFromTheEnvironment) {
  WriteServiceFile("[one]\nhost=/tmp/one\nport=7100\ndbname=first\n[two]\nhost=/tmp/two\n");
  const ConnectionParameters named = OfDatabase("service=one port=7200");
  EXPECT_EQ(named.Get("host"), "/tmp/one");
  EXPECT_EQ(named.Get("port"), "7200") << "the string wins over its service";
  EXPECT_EQ(named.Get("dbname"), "first");
  EXPECT_EQ(std::getenv("PGSERVICE"), nullptr) << "resolving must not change the environment";

  environment_.Set("PGSERVICE", "two");
  environment_.Set("PGHOST", "/tmp/e");
  EXPECT_EQ(MustResolve({}).Get("host"), "/tmp/two") << "a service wins over the environment";
  EXPECT_EQ(OfDatabase("service=one").Get("host"), "/tmp/one");
  EXPECT_STREQ(std::getenv("PGSERVICE"), "two");
}

TEST_F(ConnectionParametersTest, GssEncryptionIsOffUnlessTheUserWantsIt) {
  EXPECT_EQ(MustResolve({}).Get("gssencmode"), "disable");
  EXPECT_EQ(OfDatabase("gssencmode=prefer").Get("gssencmode"), "prefer");
  WriteServiceFile("[one]\ngssencmode=require\n");
  EXPECT_EQ(OfDatabase("service=one").Get("gssencmode"), "require");
  environment_.Set("PGGSSENCMODE", "prefer");
  EXPECT_EQ(MustResolve({}).Get("gssencmode"), "prefer");
}

TEST_F(ConnectionParametersTest, ApplicationNameIsOursUnlessGiven) {
  EXPECT_EQ(MustResolve({}).Get("fallback_application_name"), "pgring");
  EXPECT_EQ(OfDatabase("fallback_application_name=mine").Get("fallback_application_name"), "mine");
}

// "localhost" is often ::1 and 127.0.0.1, and the server may listen on the second alone: every
// address must be there, and libpq wants the three lists equally long.
TEST_F(ConnectionParametersTest, HostNamesAreResolvedToAllTheirAddresses) {
  const ConnectionParameters parameters = MustResolve(Target("localhost,/tmp/s", "5433,5434"));
  const std::vector<std::string> hosts = absl::StrSplit(parameters.Get("host"), ',');
  const std::vector<std::string> addresses = absl::StrSplit(parameters.Get("hostaddr"), ',');
  const std::vector<std::string> ports = absl::StrSplit(parameters.Get("port"), ',');
  EXPECT_EQ(addresses.size(), hosts.size());
  EXPECT_EQ(ports.size(), hosts.size());
  EXPECT_THAT(addresses, ::testing::Contains("127.0.0.1"));
  EXPECT_EQ(hosts.front(), "localhost");
  EXPECT_EQ(ports.front(), "5433");
  EXPECT_EQ(hosts.back(), "/tmp/s");
  EXPECT_EQ(addresses.back(), "");
  EXPECT_EQ(ports.back(), "5434");
  EXPECT_THAT(MustResolve(Target("localhost", "5433")).Describe(), HasSubstr("TCP localhost:5433"));
}

TEST_F(ConnectionParametersTest, AddressesThatWereGivenStay) {
  const ConnectionParameters parameters = OfDatabase("host=db.example hostaddr=10.1.2.3");
  EXPECT_EQ(parameters.Get("host"), "db.example");
  EXPECT_EQ(parameters.Get("hostaddr"), "10.1.2.3");
}

TEST_F(ConnectionParametersTest, HostThatDoesNotResolve) {
  // A label longer than 63 characters: refused by the resolver itself, without a name server.
  const std::string host(70, 'a');
  const absl::StatusOr<ConnectionParameters> parameters =
      ConnectionParameters::Resolve(Target(host, ""));
  ASSERT_FALSE(parameters.ok());
  EXPECT_THAT(parameters.status().message(), AllOf(HasSubstr(host), HasSubstr("-h or PGHOST")));
}

// libpq passes over such a host, and so does psql; pgring refused the whole list.
TEST_F(ConnectionParametersTest, OfSeveralHostsOneThatDoesNotResolveIsLeftOut) {
  const std::string host(70, 'a');
  for (const std::string& hosts : {host + ",127.0.0.1", "127.0.0.1," + host}) {
    const ConnectionParameters parameters = MustResolve(Target(hosts, "5433", "app"));
    EXPECT_EQ(parameters.Get("host"), "127.0.0.1");
    EXPECT_EQ(parameters.Get("hostaddr"), "127.0.0.1");
    EXPECT_EQ(parameters.Get("port"), "5433");
    EXPECT_THAT(parameters.Describe(),
                HasSubstr("TCP 127.0.0.1:5433 (" + host + " did not resolve)"));
  }
  const ConnectionParameters socket = MustResolve(Target(host + ",/tmp/s", "1,2"));
  EXPECT_EQ(socket.Get("host"), "/tmp/s");
  EXPECT_EQ(socket.Get("hostaddr"), "");
  EXPECT_EQ(socket.Get("port"), "2");
}

TEST_F(ConnectionParametersTest, HostsAreRemovedOneByOneAndTheLastStays) {
  ConnectionParameters parameters =
      OfDatabase("host=a,a,/tmp/s hostaddr=10.0.0.1,10.0.0.2, port=5432,5432,7");
  EXPECT_TRUE(parameters.RemoveHost({"a", "10.0.0.2", "5432"}));
  EXPECT_EQ(parameters.Get("hostaddr"), "10.0.0.1,");
  EXPECT_TRUE(parameters.RemoveHost({"a", "another notation", "5432"}));
  EXPECT_EQ(parameters.Get("host"), "/tmp/s");
  EXPECT_EQ(parameters.Get("port"), "7");
  EXPECT_FALSE(parameters.RemoveHost({"/tmp/s", "", "7"}));
  EXPECT_EQ(parameters.Get("host"), "/tmp/s");
}

TEST_F(ConnectionParametersTest, MalformedStringIsRefusedInOneLine) {
  for (const char* text : {"host=/tmp b", "no_such_option=1", "postgresql://[::1", "host='open",
                           "postgresql://h:port/d?x"}) {
    const absl::StatusOr<ConnectionParameters> parameters =
        ConnectionParameters::Resolve(Target("", "", "", text));
    ASSERT_FALSE(parameters.ok()) << text;
    EXPECT_TRUE(absl::IsInvalidArgument(parameters.status())) << text;
    EXPECT_THAT(parameters.status().message(),
                AllOf(HasSubstr("reading the connection string: "), HasSubstr("postgresql://user@"),
                      Not(HasSubstr("\n"))));
  }
}

TEST_F(ConnectionParametersTest, DescribeSaysWhereAndNeverThePassword) {
  EXPECT_EQ(OfDatabase("host=/tmp/s port=5433 user=app dbname=shop password=secret").Describe(),
            "Unix socket /tmp/s, port 5433, database shop, user app");
  EXPECT_EQ(OfDatabase("postgresql://app:secret@127.0.0.1:5433/shop").Describe(),
            "TCP 127.0.0.1:5433, database shop, user app");
  EXPECT_EQ(OfDatabase("host=a,b hostaddr=10.0.0.1,10.0.0.2 port=1,2 user=app").Describe(),
            "TCP a:1,b:2, user app");
  // An abstract socket is a Unix socket; "TCP @/tmp/s:5433" was said of it.
  EXPECT_EQ(OfDatabase("host=@/tmp/s port=5433 user=app").Describe(),
            "Unix socket @/tmp/s, port 5433, user app");
  EXPECT_EQ(OfDatabase("host=/tmp/s,127.0.0.1 port=1,2 user=app").Describe(),
            "Unix socket /tmp/s, port 1 or TCP 127.0.0.1:2, user app");
  // Two addresses of one host, as resolving leaves them.
  EXPECT_EQ(OfDatabase("host=a,a hostaddr=10.0.0.1,10.0.0.2 port=1,1 user=app").Describe(),
            "TCP a:1, user app");
  EXPECT_EQ(OfDatabase("hostaddr=10.0.0.1 port=5433 user=app").Describe(),
            "TCP 10.0.0.1:5433, user app");
  environment_.Set("PGPASSWORD", "secret");
  EXPECT_THAT(MustResolve({}).Describe(), Not(HasSubstr("secret")));
}

TEST_F(ConnectionParametersTest, ConnectTimeoutHasADefault) {
  EXPECT_EQ(MustResolve({}).connect_timeout_s(), ConnectionParameters::kDefaultConnectTimeoutS);
  EXPECT_EQ(OfDatabase("connect_timeout=3").connect_timeout_s(), 3);
  EXPECT_EQ(OfDatabase("connect_timeout=0").connect_timeout_s(),
            ConnectionParameters::kDefaultConnectTimeoutS);
  environment_.Set("PGCONNECT_TIMEOUT", "4");
  EXPECT_EQ(MustResolve({}).connect_timeout_s(), 4);
}

TEST_F(ConnectionParametersTest, ArraysAreParallelAndBelongToEachCopy) {
  ConnectionParameters copy;
  {
    ConnectionParameters original;
    original.Set("host", "/tmp/s");
    original.Set("port", "1");
    original.Set("port", "2");
    copy = original;
    original.Set("host", "/tmp/changed");
  }
  ASSERT_STREQ(copy.keywords()[0], "host");
  EXPECT_STREQ(copy.values()[0], "/tmp/s");
  ASSERT_STREQ(copy.keywords()[1], "port");
  EXPECT_STREQ(copy.values()[1], "2");
  EXPECT_EQ(copy.keywords()[2], nullptr);
  EXPECT_EQ(copy.values()[2], nullptr);
}

}  // namespace
}  // namespace pgring
