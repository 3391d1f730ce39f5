// The throwaway server's 2000 connections are there to be used: an unbounded run over a pool of
// nearly all of them.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli_fixture.h"
#include "support/sanitizers.h"

namespace pgring {
namespace {

// The one directory in the program's TMPDIR is the server's.
std::string ConninfoOfThrowaway(const Program& program) {
  for (const auto& entry : std::filesystem::directory_iterator(program.temporary_directory())) {
    return "host=" + entry.path().string() + " port=5432 user=postgres dbname=postgres";
  }
  return "host=/nonexistent";
}

// The server's work with them is the same whatever the program was built with.
constexpr int kPool = kAddressSanitizer ? 400 : 1'900;

TEST(ManyConnectionsTest, APoolOfNearlyAllOfThem) {
  Program program(
      InTestIoMode({"run", "--scenario", absl::StrCat("async:pool=", kPool), "--operations", "4000",
                    "--write-ratio", "1", "--fk-index", "--out", kOut}));
  // Operations may end faster than connections open. So every insert waits for a lock until all
  // connections are there; a lock on the table would stop the connections' PREPAREs already.
  ASSERT_TRUE(program.WaitForOutput("\nscenarios")) << program.stderr_text();
  auto client = std::make_unique<Client>(ConninfoOfThrowaway(program));
  client->Ask(
      "SELECT pg_advisory_lock(7);"
      "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;"
      "CREATE TRIGGER hold BEFORE INSERT ON pgring.a EXECUTE FUNCTION hold()");
  const std::string waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
  EXPECT_TRUE(WaitUntil([&] { return client->Ask(waiting) == std::to_string(kPool); }))
      << client->Ask(waiting);
  client.reset();

  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, 4'000);
  EXPECT_EQ(run["operations"]["succeeded"], 4'000) << run["operations"]["failures"];
  ExpectVerified(run);
  const Json& connections = run["connections"];
  EXPECT_EQ(connections["requested"], kPool);
  EXPECT_EQ(connections["opened"], kPool);
  EXPECT_EQ(connections["refused"], 0);
  EXPECT_EQ(connections["peak_open"], kPool);
  EXPECT_EQ(connections["peak_in_use"], kPool);
  EXPECT_EQ(program.Leftovers({kOutLeft}), "");
}

}  // namespace
}  // namespace pgring
