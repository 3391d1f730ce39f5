// The scenario multiplexed, as a user meets it: many operations in flight on few connections, and
// nothing that one of them does reaches another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "cli_fixture.h"
#include "support/sanitizers.h"

namespace pgring {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Json CompareShared(const std::vector<std::string>& arguments, int exit_code = ExpectedValidExit()) {
  Program program(On(SharedServer().conninfo(), "compare", arguments));
  EXPECT_EQ(program.Wait(), exit_code) << program.stderr_text();
  return ResultOf(program);
}

// What every run of multiplexed shows, on so many connections.
void ExpectShared(const Json& run, int connections) {
  EXPECT_EQ(run["connections"]["peak_open"], connections);
  EXPECT_THAT(run["connections"]["in_flight"], SizeIs(connections));
  int64_t peak = 0;
  for (const Json& one : run["connections"]["in_flight"]) {
    EXPECT_GE(one["units"], 1);
    peak = std::max(peak, one["peak"].get<int64_t>());
  }
  EXPECT_GT(peak, 1) << "nothing was shared";
  const Json& over_time = run["connections"]["in_flight_over_time"];
  EXPECT_GT(over_time["mean"].size(), 1u);
  EXPECT_EQ(over_time["peak"].size(), over_time["mean"].size());
  EXPECT_EQ(run["seconds"]["queued_p99_ns"].size(), run["seconds"]["p99_ns"].size());
  EXPECT_GT(run["latency_ns"]["queued"]["max"], 0);
  EXPECT_LE(run["latency_ns"]["queued"]["p50"], run["latency_ns"]["service"]["p50"]);
}

TEST(MultiplexedTest, SelectsShareConnections) {
  Program init({"init", "-s", "1", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(init.Wait(), 0) << init.stderr_text();
  const Json result =
      CompareShared({"-b", "select-only", "--scenarios",
                     "window:16,multiplexed:16:pool=3,multiplexed:16", "--operations", "3000"});
  ASSERT_THAT(result["runs"], SizeIs(3));
  for (const Json& run : result["runs"]) {
    ExpectAllAccountedFor(run, 3000);
    EXPECT_EQ(run["operations"]["succeeded"], 3000);
    EXPECT_EQ(run["rows_read"], 3000);
  }
  ExpectShared(result["runs"][1], 3);
  ExpectShared(result["runs"][2], 2);
  EXPECT_FALSE(result["runs"][0]["latency_ns"].contains("queued"));
}

TEST(MultiplexedTest, WholeTransactionsShareConnections) {
  Program init({"init", "-s", "1", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(init.Wait(), 0) << init.stderr_text();
  const Json result = CompareShared({"-b", "tpcb-like", "--scenarios",
                                     "pipelined:16,multiplexed:16:pool=2", "--operations", "600"});
  for (const Json& run : result["runs"]) {
    ExpectAllAccountedFor(run, 600);
    ExpectVerified(run);
    EXPECT_EQ(run["operations"]["succeeded"], 600);
    EXPECT_EQ(run["verification"]["expected"]["history"], 600);
  }
  ExpectShared(result["runs"][1], 2);
  // One unit each, its statements prepared on the way.
  EXPECT_EQ(result["runs"][1]["round_trips"], 600);
}

TEST(MultiplexedTest, ATransactionThatWaitsHoldsItsConnection) {
  for (const char* statements : {"batched", "per-row"}) {
    SCOPED_TRACE(statements);
    const Json result = CompareShared({"--scenarios", "multiplexed:16:pool=2", "--operations",
                                       "600", "--fk-index", "--statements", statements});
    const Json& run = result["runs"][0];
    ExpectAllAccountedFor(run, 600);
    ExpectVerified(run);
    EXPECT_EQ(run["operations"]["succeeded"], 600);
    EXPECT_EQ(run["round_trips"], 1200);
    EXPECT_EQ(run["connections"]["peak_open"], 2);
    EXPECT_GT(run["connections"]["timeline"]["waiting"].size(), 1u);
  }
}

// A result in the middle of a transaction, conditions, an error and statements outside of it, all
// at once on one connection.
TEST(MultiplexedTest, ErrorIsItsUnitsAlone) {
  AskServer("DROP TABLE IF EXISTS shared; CREATE TABLE shared (client int, what text)");
  const ScriptFile script(
      "BEGIN;\n"
      "INSERT INTO shared VALUES (:client_id, 'first');\n"
      "SELECT 1 / (:client_id - 2);\n"
      "INSERT INTO shared VALUES (:client_id, 'second');\n"
      "COMMIT;\n"
      "INSERT INTO shared VALUES (:client_id, 'alone');\n"
      "BEGIN;\n"
      "SELECT count(*) AS rows FROM shared WHERE client = :client_id \\gset\n"
      "INSERT INTO shared VALUES (:client_id, 'held');\n"
      "END;\n");
  for (const char* pool : {"1", "3"}) {
    SCOPED_TRACE(pool);
    AskServer("TRUNCATE shared");
    const Json result = CompareShared(
        {"-f", script.path(), "--scenarios", std::string("multiplexed:8:pool=") + pool,
         "--operations", "400", "-M", "prepared"},
        2);
    const Json& run = result["runs"][0];
    ExpectAllAccountedFor(run, 400);
    EXPECT_EQ(run["operations"]["failures"], (Json{{"22012", 1}}));
    EXPECT_EQ(run["operations"]["succeeded"], 399);
    EXPECT_THAT(run.dump(), HasSubstr("mine.sql, line 3: division by zero"));
    EXPECT_EQ(AskServer("SELECT count(*) FROM shared WHERE client = 2"), "0");
    EXPECT_EQ(AskServer("SELECT count(*) FROM shared"), std::to_string(399 * 4));
    EXPECT_EQ(AskServer("SELECT count(*) FROM (SELECT client, count(*) FILTER (WHERE what = 'held')"
                        " AS held, count(*) FILTER (WHERE what = 'first') AS first FROM shared"
                        " GROUP BY client) AS c WHERE held <> first"),
              "0");
  }
}

// Rolled back and begun again, at the end of the queue.
TEST(MultiplexedTest, SerializationFailuresAreRetried) {
  AskServer("DROP TABLE IF EXISTS counters; CREATE TABLE counters (n int)");
  AskServer("INSERT INTO counters VALUES (0)");
  const ScriptFile script(
      "BEGIN ISOLATION LEVEL REPEATABLE READ;\n"
      "UPDATE counters SET n = n + 1;\n"
      "COMMIT;\n");
  const Json result = CompareShared({"-f", script.path(), "--scenarios", "multiplexed:8:pool=4",
                                     "--operations", "300", "--max-tries", "1000"});
  const Json& run = result["runs"][0];
  ExpectAllAccountedFor(run, 300);
  EXPECT_EQ(run["operations"]["succeeded"], 300);
  EXPECT_GT(run["retries"], 0);
  EXPECT_EQ(AskServer("SELECT n FROM counters"), "300");
}

// What was confirmed is in the table, and what is in the table was confirmed or is unconfirmed:
// connections are killed again and again meanwhile.
TEST(MultiplexedTest, CommitsAreCountedUnderKills) {
  AskServer("DROP TABLE IF EXISTS kept; CREATE TABLE kept (client int)");
  const ScriptFile script(
      "BEGIN;\n"
      "INSERT INTO kept VALUES (:client_id);\n"
      "COMMIT;\n");
  Program program(On(
      SharedServer().conninfo(), "run",
      {"-f", script.path(), "--scenario", "multiplexed:64:pool=4", "-T", "3", "-M", "prepared"}));
  Client killer(SharedServer().conninfo());
  int64_t killed = 0;
  for (int i = 0; i < 6; ++i) {
    killer.Ask("SELECT pg_sleep(0.4)");
    killed += std::stoll(
        killer.Ask("SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity "
                   "WHERE query ~ '^(BEGIN|INSERT INTO kept|COMMIT)' AND pid <> pg_backend_pid() "
                   "AND backend_type = 'client backend' LIMIT 1) AS one"));
  }
  program.Wait();
  const Json result = ResultOf(program);
  ASSERT_TRUE(result.is_object()) << program.stderr_text();
  const Json& run = result["runs"][0];
  const auto& operations = run["operations"];
  const int64_t succeeded = operations["succeeded"];
  const int64_t failed = operations["failed"];
  EXPECT_EQ(operations["scheduled"].get<int64_t>(),
            succeeded + failed + operations["skipped"].get<int64_t>());
  const int64_t found = std::stoll(AskServer("SELECT count(*) FROM kept"));
  EXPECT_GE(found, succeeded);
  EXPECT_LE(found, succeeded + failed);
  EXPECT_GT(killed, 0);
  EXPECT_GT(failed, 0);
  EXPECT_GT(succeeded, 0);
}

// The server's own count. Every commit of it is an operation's, but for a fixed number of pgring's
// own and one of each connection's login, both of which undisturbed runs tell.
TEST(MultiplexedTest, CommitsAreThoseThatTheServerCounts) {
  AskServer("ALTER SYSTEM SET autovacuum = off");
  AskServer("SELECT pg_reload_conf()");
  AskServer("DROP DATABASE IF EXISTS counted");
  AskServer("CREATE DATABASE counted");
  const std::string target = SharedServer().conninfo() + " dbname=counted";
  Client(target).Ask("CREATE TABLE kept (client int)");
  const ScriptFile script(
      "BEGIN;\n"
      "INSERT INTO kept VALUES (:client_id);\n"
      "COMMIT;\n");
  Client watcher(SharedServer().conninfo());
  // Once no session is left that could still report some.
  const auto commits = [&watcher] {
    WaitUntil([&watcher] {
      return watcher.Ask("SELECT count(*) FROM pg_stat_activity WHERE datname = 'counted'") == "0";
    });
    return std::stoll(
        watcher.Ask("SELECT xact_commit FROM pg_stat_database WHERE datname = 'counted'"));
  };
  struct Counted {
    int64_t by_server = 0;
    int64_t opened = 0;
    Json operations;
  };
  const auto run = [&](int pool, bool kills) {
    const int64_t before = commits();
    Program program(
        On(target, "run",
           {"-f", script.path(), "--scenario", "multiplexed:32:pool=" + std::to_string(pool),
            "--operations", kills ? "40000" : "100", "-M", "prepared", "--server-samples", "off"}));
    for (int i = 0; i < 20 && kills; ++i) {
      watcher.Ask("SELECT pg_sleep(0.05)");
      watcher.Ask(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'counted' AND "
          "query ~ '^(BEGIN|INSERT INTO kept|COMMIT)' LIMIT 1");
    }
    program.Wait();
    Counted counted;
    counted.by_server = commits() - before;
    const Json result = ResultOf(program);
    EXPECT_TRUE(result.is_object()) << program.stderr_text();
    if (!result.is_object()) return counted;
    counted.opened = result["runs"][0]["connections"]["opened"];
    counted.operations = result["runs"][0]["operations"];
    return counted;
  };
  const auto rows = [&target] {
    return std::stoll(Client(target).Ask("SELECT count(*) FROM kept"));
  };
  const Counted one = run(1, false);
  const Counted five = run(5, false);
  ASSERT_EQ(one.operations["succeeded"], 100);
  ASSERT_EQ(five.operations["succeeded"], 100);
  ASSERT_EQ(five.opened, 5);
  const int64_t of_a_login = (five.by_server - one.by_server) / 4;
  const int64_t own = one.by_server - 100 - of_a_login;
  EXPECT_EQ(five.by_server, 100 + own + 5 * of_a_login);
  ASSERT_EQ(rows(), 200);
  const int64_t before = commits();
  const Counted killed = run(4, true);
  ASSERT_TRUE(killed.operations.is_object());
  const int64_t committed = killed.by_server - own - of_a_login * killed.opened;
  // What the counting itself has cost is not the run's.
  EXPECT_GE(commits() - before, killed.by_server);
  EXPECT_EQ(committed, rows() - 200);
  const int64_t succeeded = killed.operations["succeeded"];
  const int64_t failed = killed.operations["failed"];
  EXPECT_GT(failed, 0);
  // Without any client left the rest is skipped.
  EXPECT_EQ(succeeded + failed + killed.operations["skipped"].get<int64_t>(), 40'000);
  EXPECT_GE(committed, succeeded);
  EXPECT_LE(committed, succeeded + failed);
  AskServer("DROP DATABASE counted");
  AskServer("ALTER SYSTEM RESET autovacuum");
  AskServer("SELECT pg_reload_conf()");
}

// statement_timeout strikes the statement that ran, not those behind it.
TEST(MultiplexedTest, TimeoutIsOfTheStatementThatRan) {
  const ScriptFile script(
      "BEGIN;\n"
      "SET LOCAL statement_timeout = 100;\n"
      "SELECT pg_sleep(CASE WHEN :client_id = 3 THEN 5 ELSE 0.001 END);\n"
      "COMMIT;\n");
  const Json result = CompareShared({"-f", script.path(), "--scenarios", "multiplexed:8:pool=1",
                                     "--operations", "200", "-M", "prepared"},
                                    2);
  const Json& run = result["runs"][0];
  ExpectAllAccountedFor(run, 200);
  EXPECT_EQ(run["operations"]["failures"], (Json{{"57014", 1}}));
}

TEST(MultiplexedTest, RefusesWhatNeedsASessionToItself) {
  struct Refused {
    const char* script;
    const char* says;
  };
  for (const Refused& refused :
       {Refused{"SELECT 1;\nSET work_mem = '1MB';\n", "mine.sql:2: multiplexed cannot run"},
        Refused{"CREATE TEMP TABLE t (a int);\n", "mine.sql:1: "},
        Refused{"SELECT 1;\nSELECT 2;\nLISTEN x;\n", "mine.sql:3: "},
        Refused{"BEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\nEND;\n", "mine.sql:2: "},
        Refused{"SELECT pg_advisory_lock(1);\n", "mine.sql:1: "},
        Refused{"SELECT 1;\nCOPY t TO stdout;\n", "mine.sql:2: "},
        Refused{"BEGIN;\nDECLARE c CURSOR FOR SELECT 1 AS a;\nFETCH c \\aset\nEND;\n",
                "mine.sql:3: "}}) {
    SCOPED_TRACE(refused.script);
    const ScriptFile script(refused.script);
    Program program(On(SharedServer().conninfo(), "compare",
                       {"-f", script.path(), "--scenarios", "multiplexed:8"}));
    EXPECT_EQ(program.Wait(), 1);
    EXPECT_THAT(program.stderr_text(), HasSubstr(refused.says));
  }
  Program simple(On(SharedServer().conninfo(), "compare",
                    {"-b", "select-only", "-M", "simple", "--scenarios", "multiplexed:8"}));
  EXPECT_EQ(simple.Wait(), 1);
  EXPECT_THAT(simple.stderr_text(), HasSubstr("-M simple"));
}

constexpr int64_t kMebibyte = 1'048'576;

// What a result holds is libpq's until its operation has seen it, and nothing else grows with it.
TEST(MultiplexedTest, AHundredMegabytesBesideOthers) {
  const ScriptFile large("SELECT repeat('x', 1000) FROM generate_series(1, 100000);\n");
  const ScriptFile small("SELECT 1;\n");
  const Json result =
      CompareShared({"-f", large.path() + "@1", "-f", small.path() + "@99", "--scenarios",
                     "multiplexed:16:pool=2", "--operations", "1000", "-M", "prepared"});
  const Json& run = result["runs"][0];
  ExpectAllAccountedFor(run, 1000);
  EXPECT_EQ(run["operations"]["succeeded"], 1000);
  const Json& kinds = run["operations"]["by_kind"];
  const int64_t of_large = kinds[large.path()]["succeeded"];
  ASSERT_GE(of_large, 5) << "less would fit into the memory";
  EXPECT_EQ(run["rows_read"], of_large * 100'000 + 1000 - of_large);
  EXPECT_LT(kinds[small.path()]["latency_ns"]["service"]["p50"],
            kinds[large.path()]["latency_ns"]["service"]["min"])
      << "the others went on";
  // One result on each connection, of several that are in flight there. AddressSanitizer keeps
  // memory that was given back.
  if (!kAddressSanitizer) {
    EXPECT_LT(run["client"]["max_rss_bytes"], 2 * 180 * kMebibyte);
  }
}

// They are counted, and dropped.
TEST(MultiplexedTest, AFloodOfNotices) {
  const ScriptFile loud(
      "DO $$ BEGIN FOR i IN 1..20000 LOOP RAISE WARNING '%', repeat('n', 1000); END LOOP; END $$;"
      "\n");
  const ScriptFile small("SELECT 1;\n");
  const Json result =
      CompareShared({"-f", loud.path() + "@1", "-f", small.path() + "@99", "--scenarios",
                     "multiplexed:16:pool=2", "--operations", "400", "-M", "prepared"});
  const Json& run = result["runs"][0];
  ExpectAllAccountedFor(run, 400);
  EXPECT_EQ(run["operations"]["succeeded"], 400);
  const int64_t of_loud = run["operations"]["by_kind"][loud.path()]["succeeded"];
  ASSERT_GT(of_loud, 0);
  EXPECT_EQ(run["server_messages"]["warnings"], of_loud * 20'000);
  if (!kAddressSanitizer) {
    EXPECT_LT(run["client"]["max_rss_bytes"], 100 * kMebibyte);
  }
}

// Large results of one operation do not keep the others from theirs.
TEST(MultiplexedTest, LargeResults) {
  const ScriptFile large("SELECT repeat('x', 2000000);\n");
  const ScriptFile small("SELECT 1;\n");
  const Json result =
      CompareShared({"-f", large.path() + "@1", "-f", small.path() + "@9", "--scenarios",
                     "multiplexed:16:pool=2", "--operations", "400", "-M", "prepared"});
  ExpectAllAccountedFor(result["runs"][0], 400);
  EXPECT_EQ(result["runs"][0]["operations"]["succeeded"], 400);
}

// And large statements, which the socket does not take at once.
TEST(MultiplexedTest, LargeStatements) {
  const ScriptFile script("SELECT length('" + std::string(1'000'000, 'x') + "');\n");
  const Json result = CompareShared({"-f", script.path(), "--scenarios", "multiplexed:16:pool=2",
                                     "--operations", "100", "-M", "extended"});
  ExpectAllAccountedFor(result["runs"][0], 100);
  EXPECT_EQ(result["runs"][0]["operations"]["succeeded"], 100);
}

}  // namespace
}  // namespace pgring
