// --pipeline and the scenario pipelined, as a user meets them: the same work in fewer round trips,
// counted; whatever fails inside a pipeline fails its own operation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli_fixture.h"
#include "support/fault_proxy.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kClients = 4;

Json Compare(const std::vector<std::string>& arguments, int exit_code = ExpectedValidExit()) {
  Program program(On(SharedServer().conninfo(), "compare", arguments));
  EXPECT_EQ(program.Wait(), exit_code) << program.stderr_text();
  return ResultOf(program);
}

double RoundTripsPerOperation(const Json& run) {
  return run["round_trips"].get<double>() / run["operations"]["succeeded"].get<double>();
}

// Before its statements are prepared, a connection's first operation takes two for each.
double FirstOperations(int statements, double operations) {
  return 2.0 * statements * kClients / operations;
}

TEST(PipelineTest, TpcbTransactionIsOneRoundTrip) {
  Program init({"init", "-s", "1", "-q", "-d", SharedServer().conninfo()});
  ASSERT_EQ(init.Wait(), 0) << init.stderr_text();
  const double operations = 400;
  const Json result =
      Compare({"-b", "tpcb-like", "--scenarios", "window:4,pipelined:4,async:pool=4:pipeline",
               "--operations", "400"});
  ASSERT_THAT(result["runs"], SizeIs(3));
  for (const Json& run : result["runs"]) {
    ExpectAllAccountedFor(run, 400);
    ExpectVerified(run);
    EXPECT_EQ(run["operations"]["succeeded"], 400);
    EXPECT_EQ(run["rows_read"], result["runs"][0]["rows_read"]);
    EXPECT_EQ(run["verification"]["expected"]["history"], 400);
  }
  EXPECT_GE(RoundTripsPerOperation(result["runs"][0]), 7);
  for (const int pipelined : {1, 2}) {
    const double round_trips = RoundTripsPerOperation(result["runs"][pipelined]);
    EXPECT_GE(round_trips, 1);
    EXPECT_LE(round_trips, 1 + FirstOperations(7, operations));
  }
}

TEST(PipelineTest, FamilyIsTwoRoundTripsInEitherStyle) {
  for (const char* statements : {"batched", "per-row"}) {
    SCOPED_TRACE(statements);
    const Json result = Compare({"--scenarios", "window:4,pipelined:4,chunked:4:pipeline",
                                 "--operations", "300", "--fk-index", "--statements", statements});
    ASSERT_THAT(result["runs"], SizeIs(3));
    for (const Json& run : result["runs"]) {
      ExpectAllAccountedFor(run, 300);
      ExpectVerified(run);
    }
    EXPECT_GE(RoundTripsPerOperation(result["runs"][0]), 3.5);
    // A read before the first create has no second select, and nothing to send with the ROLLBACK.
    EXPECT_EQ(RoundTripsPerOperation(result["runs"][1]), 2);
    EXPECT_EQ(RoundTripsPerOperation(result["runs"][2]), 2);
  }
}

TEST(PipelineTest, WhatAResultDecidesWaitsForIt) {
  const ScriptFile script(
      "\\set x random(1, 1000)\n"
      "BEGIN;\n"
      "SELECT :x + 1 AS y \\gset\n"
      "SELECT :y - 1 AS z;\n"
      "\\if :y > 0\n"
      "SELECT 1;\n"
      "\\endif\n"
      "COMMIT;\n"
      "SELECT 'on its own';\n");
  const double operations = 200;
  const Json result =
      Compare({"-f", script.path(), "--scenarios", "pipelined:4", "--operations", "200"});
  const Json& run = result["runs"][0];
  EXPECT_EQ(run["operations"]["succeeded"], 200);
  EXPECT_EQ(run["rows_read"], 800);
  EXPECT_GE(RoundTripsPerOperation(run), 3);
  EXPECT_LE(RoundTripsPerOperation(run), 3 + FirstOperations(6, operations));
}

// The statement is named that failed, not the one that took it along; the transaction is undone,
// other clients' are not.
TEST(PipelineTest, ErrorIsItsStatementsAndItsOperations) {
  AskServer("DROP TABLE IF EXISTS pipelined; CREATE TABLE pipelined (client int)");
  const ScriptFile script(
      "BEGIN;\n"
      "INSERT INTO pipelined VALUES (:client_id);\n"
      "SELECT 1 / (:client_id - 2);\n"
      "INSERT INTO pipelined VALUES (-1);\n"
      "COMMIT;\n");
  for (const char* retry : {"1", "3"}) {
    SCOPED_TRACE(retry);
    AskServer("TRUNCATE pipelined");
    const Json result = Compare({"-f", script.path(), "--scenarios", "pipelined:4", "--operations",
                                 "200", "-M", "extended", "--max-tries", retry},
                                2);
    const Json& run = result["runs"][0];
    ExpectAllAccountedFor(run, 200);
    EXPECT_EQ(run["operations"]["failures"], (Json{{"22012", 1}}));
    EXPECT_EQ(run["operations"]["succeeded"], 199);
    EXPECT_THAT(run.dump(), HasSubstr("mine.sql, line 3: division by zero"));
    EXPECT_EQ(RoundTripsPerOperation(run), 1);
    EXPECT_EQ(AskServer("SELECT count(*) FROM pipelined WHERE client = 2"), "0");
    EXPECT_EQ(AskServer("SELECT count(*) FROM pipelined"), "398");
  }
}

TEST(PipelineTest, SerializationFailureInAPipelineIsTriedAgain) {
  AskServer("DROP TABLE IF EXISTS contended; CREATE TABLE contended AS SELECT 0 AS n");
  const ScriptFile script(
      "BEGIN ISOLATION LEVEL REPEATABLE READ;\n"
      "UPDATE contended SET n = n + 1;\n"
      "COMMIT;\n");
  const Json result = Compare({"-f", script.path(), "--scenarios", "pipelined:4", "--operations",
                               "200", "--max-tries", "1000"});
  EXPECT_EQ(result["runs"][0]["operations"]["succeeded"], 200);
  EXPECT_EQ(AskServer("SELECT n FROM contended"), "200");
}

// Each of them is a failure of its own and none of another's: a connection once went back inside of
// the transaction that had failed, and whichever operation had it next failed with 25P02.
TEST(PipelineTest, SerializationFailureIsNobodyElsesFailure) {
  ProgramOptions options;
  options.environment = {"PGOPTIONS=-c default_transaction_isolation=serializable"};
  Program program(
      On(SharedServer().conninfo(), "compare",
         {"--scenarios", "pipelined:4,threads:4", "--operations", "400", "--seed", "2"}),
      options);
  program.Wait();
  const Json result = ResultOf(program);
  ASSERT_THAT(result["runs"], SizeIs(2)) << program.stderr_text();
  for (const Json& run : result["runs"]) {
    ExpectAllAccountedFor(run, 400);
    ExpectVerified(run);
    for (const auto& [code, count] : run["operations"]["failures"].items()) {
      EXPECT_EQ(code, "40001") << count;
    }
  }
}

// Whether the server committed cannot be known, so the operation is a failure, and verification
// allows for it.
TEST(PipelineTest, ConnectionLostUnderACommit) {
  ThrowawayServer& server = SharedServer();
  for (const auto when :
       {FaultProxy::CutWhen::kBeforeForwarding, FaultProxy::CutWhen::kAfterTheAnswer}) {
    FaultProxy proxy(server.directory(), server.port());
    proxy.CutOnMessage(BindOf("commit"), when, 3);
    Program program(
        On(proxy.conninfo(), "compare",
           {"--scenarios", "pipelined:4,window:2", "--operations", "600", "--fk-index"}));
    const int exit_code = program.Wait();
    const Json result = ResultOf(program);
    EXPECT_EQ(exit_code, ExitOf(result)) << program.stderr_text();
    const Json& run = result["runs"][0];
    ExpectAllAccountedFor(run, 600);
    ExpectVerified(run);
    EXPECT_EQ(run["operations"]["failed"], 3);
  }
}

TEST(PipelineTest, OptionsThatDoNotGoTogether) {
  const auto refusal = [](const std::vector<std::string>& arguments) {
    Program program(arguments);
    EXPECT_EQ(program.Wait(), 1);
    EXPECT_THAT(program.stdout_text(), IsEmpty());
    return program.stderr_text();
  };
  EXPECT_THAT(refusal({"run", "--scenario", "sync", "--pipeline"}),
              AllOf(HasSubstr("--pipeline"), HasSubstr("use it with async, chunked or window")));
  EXPECT_THAT(refusal({"compare", "--scenarios", "sync:pipeline"}),
              HasSubstr("leave out pipeline"));
  EXPECT_THAT(refusal({"compare", "--scenarios", "pipelined", "-M", "simple", "-b", "ping"}),
              HasSubstr("leave out -M simple"));
}

}  // namespace
}  // namespace pgring
