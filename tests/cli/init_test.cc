// `pgring init` on a real server, beside the real pgbench: what both make must be the same, and
// either must be able to work with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "cli_fixture.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;

// Each in a schema of its own, which goes with the test.
constexpr char kOurs[] = "ours";
constexpr char kTheirs[] = "theirs";

std::string InSchema(const std::string& schema, const std::string& more = "") {
  return SharedServer().conninfo() + " options=-csearch_path=" + schema + " " + more;
}

std::string Ask(const std::string& schema, const std::string& sql) {
  return Client(InSchema(schema)).Ask(sql);
}

struct Ended {
  int exit_code = -1;
  std::string output;  // both streams
};

Ended RunPgbench(const std::string& schema, const std::string& arguments) {
  const std::string command = "pgbench " + arguments + " \"" + InSchema(schema) + "\" 2>&1";
  Ended ended;
  FILE* stream = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t count = 1; stream != nullptr && count > 0;) {
    count = fread(buffer.data(), 1, buffer.size(), stream);
    ended.output.append(buffer.data(), count);
  }
  const int status = stream == nullptr ? -1 : pclose(stream);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

std::vector<std::string> InitIn(const std::string& conninfo,
                                const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"init", "-d", conninfo};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// Runs the program to its good end; what it said.
std::string Init(const std::vector<std::string>& arguments) {
  Program program(InitIn(InSchema(kOurs), arguments));
  EXPECT_EQ(program.Wait(), 0) << program.stderr_text();
  EXPECT_EQ(program.stdout_text(), "");
  EXPECT_EQ(program.Leftovers(), "");
  return program.stderr_text();
}

// Everything in the catalog about the schema's tables that a user could notice.
std::string Catalog(const std::string& schema) {
  const std::string of_schema = " = '" + schema + "'::regnamespace";
  const std::string relations =
      "SELECT string_agg(format('%s %s %s %s %s %s %s', c.relname, c.relkind,"
      " c.relpersistence, c.reloptions, s.spcname, pg_get_partkeydef(c.oid),"
      " pg_get_expr(c.relpartbound, c.oid)), E'\\n'"
      " ORDER BY c.relname) FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace"
      " WHERE c.relnamespace" +
      of_schema;
  const std::string columns =
      "SELECT string_agg(format('%s.%s %s %s %s %s', c.relname, a.attname,"
      " format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage,"
      " pg_get_expr(d.adbin, d.adrelid)), E'\\n' ORDER BY c.relname, a.attnum)"
      " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
      " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
      " WHERE a.attnum > 0 AND c.relnamespace" +
      of_schema;
  const std::string constraints =
      "SELECT string_agg(format('%s %s %s', conrelid::regclass, conname,"
      " pg_get_constraintdef(oid)), E'\\n' ORDER BY conrelid::regclass::text, conname)"
      " FROM pg_constraint WHERE connamespace" +
      of_schema;
  const std::string indexes =
      "SELECT string_agg(replace(indexdef, schemaname || '.', ''), E'\\n' ORDER BY indexname)"
      " FROM pg_indexes WHERE schemaname = '" +
      schema + "'";
  Client client(InSchema(schema));
  std::string catalog;
  for (const std::string& sql : {relations, columns, constraints, indexes}) {
    catalog += client.Ask(sql) + "\n\n";
  }
  return catalog;
}

// For each table the number of rows and a digest of them, in the order of their keys.
std::string Contents(const std::string& schema) {
  Client client(InSchema(schema));
  std::string contents;
  for (const char* table :
       {"pgbench_branches", "pgbench_tellers", "pgbench_accounts", "pgbench_history"}) {
    contents += client.Ask(std::string("SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text,"
                                       " E'\\n' ORDER BY t)), '') FROM ") +
                           table + " t") +
                "\n";
  }
  return contents;
}

// What VACUUM and ANALYZE found. Autovacuum comes when it likes, so this is stable only after both.
std::string Statistics(const std::string& schema) {
  return Ask(schema,
             "SELECT string_agg(format('%s %s %s %s', relname, relpages, reltuples,"
             " relallvisible), E'\\n' ORDER BY relname) FROM pg_class"
             " WHERE relnamespace = '" +
                 schema + "'::regnamespace");
}

class InitTest : public testing::Test {
 protected:
  InitTest() {
    for (const char* schema : {kOurs, kTheirs}) {
      AskServer(std::string("DROP SCHEMA IF EXISTS ") + schema + " CASCADE");
      EXPECT_EQ(AskServer(std::string("CREATE SCHEMA ") + schema), "");
    }
  }
  ~InitTest() override {
    for (const char* schema : {kOurs, kTheirs}) {
      AskServer(std::string("DROP SCHEMA ") + schema + " CASCADE");
    }
  }

  // Makes the tables with both programs and the same options, and compares them.
  static void ExpectTheSame(const std::vector<std::string>& arguments) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    Init(arguments);
    std::string line = "-i";
    for (const std::string& argument : arguments) line += " '" + argument + "'";
    const Ended pgbench = RunPgbench(kTheirs, line);
    EXPECT_EQ(pgbench.exit_code, 0) << pgbench.output;
    const std::string catalog = Catalog(kOurs);
    EXPECT_EQ(catalog, Catalog(kTheirs));
    EXPECT_THAT(catalog, HasSubstr("pgbench_accounts.filler character(84)"));
    EXPECT_EQ(Contents(kOurs), Contents(kTheirs));
  }
};

TEST_F(InitTest, MakesWhatPgbenchMakes) {
  ExpectTheSame({"-s", "1"});
  EXPECT_EQ(Statistics(kOurs), Statistics(kTheirs));
  EXPECT_THAT(Contents(kOurs), MatchesRegex("1 .+\n10 .+\n100000 .+\n0 \n"));
  EXPECT_EQ(Ask(kOurs, "SELECT length(filler::bytea) FROM pgbench_accounts LIMIT 1"), "84");
}

TEST_F(InitTest, MakesWhatPgbenchMakesWithOtherOptions) {
  ExpectTheSame({"-s", "2", "-q", "-F", "70", "--foreign-keys", "--unlogged-tables"});
  ExpectTheSame({"-n", "--partitions=3", "-F", "80"});
  ExpectTheSame({"--partitions=4", "--partition-method=hash", "--unlogged-tables"});
  // Only that its account numbers are wide can be seen without filling terabytes.
  ExpectTheSame({"-I", "dtp", "-s", "20000"});
  EXPECT_THAT(Catalog(kOurs), HasSubstr("pgbench_accounts.aid bigint"));
}

TEST_F(InitTest, Tablespaces) {
  Client client(SharedServer().conninfo());
  client.Ask("SET allow_in_place_tablespaces = on");
  // A name that must be quoted.
  EXPECT_EQ(client.Ask("CREATE TABLESPACE \"Tab les\" LOCATION ''"), "");
  EXPECT_EQ(client.Ask("CREATE TABLESPACE indexes LOCATION ''"), "");
  ExpectTheSame({"--tablespace=Tab les", "--index-tablespace=indexes", "-I", "dtp"});
}

TEST_F(InitTest, GeneratesTheSameOnBothSides) {
  Init({"-s", "2", "-I", "dtg"});
  const std::string of_client = Contents(kOurs);
  EXPECT_THAT(of_client, HasSubstr("200000 "));
  const std::string said = Init({"-s", "2", "-I", "G"});
  EXPECT_THAT(said, HasSubstr("generating data (server-side)"));
  EXPECT_EQ(Contents(kOurs), of_client);
}

TEST_F(InitTest, EachStepDoesItsPartAlone) {
  const std::string primary_keys =
      "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'ours'"
      "::regnamespace";
  const std::string foreign_keys =
      "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'ours'"
      "::regnamespace";
  EXPECT_THAT(Init({"-I", "t"}), ContainsRegex("done in .* s \\(create tables [0-9.]+ s\\)\\.\n"));
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pg_tables WHERE schemaname = 'ours'"), "4");
  EXPECT_EQ(Ask(kOurs, primary_keys), "0");
  Init({"-I", "g"});
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pgbench_accounts"), "100000");
  Init({"-I", "p"});
  EXPECT_EQ(Ask(kOurs, primary_keys), "3");
  Init({"-I", "f"});
  EXPECT_EQ(Ask(kOurs, foreign_keys), "5");
  // Too small a table for autovacuum.
  const std::string analyzed =
      "SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'ours' AND tablename ="
      " 'pgbench_tellers'";
  EXPECT_EQ(Ask(kOurs, analyzed), "f");
  Init({"-I", "v"});
  EXPECT_EQ(Ask(kOurs, analyzed), "t");
  // Foreign keys are no obstacle to filling anew nor to dropping.
  Init({"-I", "gG"});
  Init({"-I", "d"});
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pg_tables WHERE schemaname = 'ours'"), "0");
}

TEST_F(InitTest, PgbenchRunsOnIt) {
  Init({});
  const Ended pgbench = RunPgbench(kOurs, "-t 10");
  EXPECT_EQ(pgbench.exit_code, 0) << pgbench.output;
  EXPECT_THAT(pgbench.output,
              AllOf(HasSubstr("scaling factor: 1\n"), HasSubstr("actually processed: 10/10")));
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pgbench_history"), "10");
}

TEST_F(InitTest, SaysWhatItDoes) {
  const std::string said = Init({"-s", "3"});
  const std::vector<std::string> lines = Lines(said);
  ASSERT_THAT(lines, SizeIs(9)) << said;
  EXPECT_EQ(lines[0], "dropping old tables ...");
  EXPECT_THAT(lines[4], HasSubstr("pgbench_accounts: 200000 of 300000 rows (66%), "));
  EXPECT_THAT(lines[8],
              MatchesRegex("done in [0-9.]+ s \\(drop tables [0-9.]+ s, create tables [0-9.]+ s, "
                           "client-side generate [0-9.]+ s, vacuum [0-9.]+ s, primary keys "
                           "[0-9.]+ s\\)\\."));
}

TEST_F(InitTest, StopsBetweenPiecesAndUndoesThem) {
  Program program(InitIn(InSchema(kOurs), {"-s", "1000"}));
  ASSERT_TRUE(program.WaitForError("pgbench_accounts: 100000 of")) << program.stderr_text();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.stderr_text();
  EXPECT_THAT(ErrorLines(program.stderr_text()), SizeIs(1)) << "the one that tells of the signal";
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pgbench_accounts"), "0");
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pgbench_branches"), "0");
}

void ExpectRefused(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& parts) {
  SCOPED_TRACE(testing::PrintToString(arguments));
  Program program(arguments);
  EXPECT_EQ(program.Wait(), 1) << program.stderr_text();
  EXPECT_THAT(ErrorLines(program.stderr_text()), SizeIs(1)) << program.stderr_text();
  for (const std::string& part : parts) EXPECT_THAT(program.stderr_text(), HasSubstr(part));
  EXPECT_EQ(program.stdout_text(), "");
  EXPECT_EQ(program.Leftovers(), "");
}

TEST_F(InitTest, RefusesBadInputBeforeItConnects) {
  ExpectRefused(InitIn("host=/nonexistent", {"-I", "dtx"}), {"--init-steps", "\"x\" is no step"});
  ExpectRefused(InitIn("host=/nonexistent", {"-s", "0"}), {"--scale", "see 'pgring init --help'"});
  ExpectRefused({"init", "-s", "1"}, {"no server is named", "-h, -p, -U, -d", "pgring server"});
}

TEST_F(InitTest, UnreachableServer) {
  ExpectRefused(InitIn("host=/nonexistent"), {"connecting to", "/nonexistent", "server running"});
  ExpectRefused(InitIn(SharedServer().conninfo() + " dbname=nowhere"),
                {"connecting to", "database \"nowhere\" does not exist"});
}

TEST_F(InitTest, NoPermission) {
  AskServer(std::string("GRANT USAGE ON SCHEMA ours TO ") + kPlainRole);
  const std::string as_plain = std::string("user=") + kPlainRole;
  ExpectRefused(InitIn(InSchema(kOurs, as_plain)),
                {"creating the table pgbench_history", "permission denied for schema ours",
                 "GRANT CREATE ON SCHEMA"});
  Init({"-I", "t"});
  ExpectRefused(InitIn(InSchema(kOurs, as_plain)),
                {"dropping the old pgbench tables", "must be owner", "connect as the owner"});
  ExpectRefused(InitIn(InSchema(kOurs, as_plain), {"-I", "g"}),
                {"emptying the pgbench tables", "permission denied"});
  EXPECT_EQ(Ask(kOurs, "SELECT count(*) FROM pgbench_branches"), "0");
}

TEST_F(InitTest, StepsInAnImpossibleOrder) {
  ExpectRefused(InitIn(InSchema(kOurs), {"-I", "g"}),
                {"emptying the pgbench tables", "does not exist", "put t before this step"});
  Init({"-I", "tp"});
  ExpectRefused(InitIn(InSchema(kOurs), {"-I", "t"}), {"already exists", "put d before this step"});
  ExpectRefused(InitIn(InSchema(kOurs), {"-I", "p"}),
                {"creating the primary key of pgbench_branches", "begin the steps with dt"});
}

}  // namespace
}  // namespace pgring
