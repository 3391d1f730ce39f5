#include "workload/script_sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pgring {
namespace {

using testing::HasSubstr;

TEST(ScriptSharingTest, RefusesWhatStaysInTheSession) {
  for (const char* sql : {"SET work_mem = '1MB'",
                          "set session characteristics as transaction read only",
                          "SET ROLE x",
                          "RESET ALL",
                          "DISCARD ALL",
                          "SELECT set_config('a.b', 'c', false)",
                          "CREATE TEMP TABLE t (a int)",
                          "create local temporary table t as select 1",
                          "SELECT 1 INTO TEMP t",
                          "LISTEN x",
                          "UNLISTEN *",
                          "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                          "PREPARE x AS SELECT 1",
                          "EXECUTE x",
                          "DEALLOCATE x",
                          "COPY t FROM stdin",
                          "SELECT pg_advisory_lock(1)",
                          "SELECT 1, pg_try_advisory_lock( 2 )",
                          "SELECT pg_advisory_unlock(1)",
                          "SELECT currval('s')",
                          "SELECT 1; SET work_mem = '1MB'",
                          "SELECT 'SET;'; LISTEN x",
                          "/* all */ -- that\nSET a.b = 1"}) {
    EXPECT_NE(WhyNotShared(sql), "") << sql;
  }
}

TEST(ScriptSharingTest, LetsTheRestThrough) {
  for (const char* sql : {"",
                          "SELECT 1",
                          "SET LOCAL work_mem = '1MB'",
                          "SET TRANSACTION READ ONLY",
                          "SET CONSTRAINTS ALL DEFERRED",
                          "SELECT set_config('a.b', 'c', true)",
                          "CREATE TABLE temp_things (a int)",
                          "CREATE TEMP TABLE t (a int) ON COMMIT DROP",
                          "SELECT temp FROM weather",
                          "NOTIFY x",
                          "DECLARE c CURSOR FOR SELECT 1",
                          "DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1",
                          "FETCH 1 FROM c",
                          "PREPARE TRANSACTION 'x'",
                          "SELECT pg_advisory_xact_lock(1)",
                          "UPDATE t SET a = 1",
                          "SELECT 'LISTEN x'",
                          "SELECT '; LISTEN x'; SELECT 1",
                          "SELECT 'pg_advisory_lock(1)'",
                          "SELECT 1 -- pg_advisory_lock(1)\n",
                          "BEGIN",
                          "END"}) {
    EXPECT_EQ(WhyNotShared(sql), "") << sql;
  }
}

TEST(ScriptSharingTest, RefusesToTakeFromACursor) {
  ScriptText text;
  text.name = "mine.sql";
  text.text = "BEGIN;\nDECLARE c CURSOR FOR SELECT 1 AS a;\nFETCH 1 FROM c \\aset\nEND;\n";
  const absl::Status refused = CheckScriptsCanShare({text}, std::nullopt);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("mine.sql:3: "));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("\\aset after FETCH"));
  text.text = "BEGIN;\nDECLARE c CURSOR FOR SELECT 1 AS a;\nFETCH 1 FROM c \\gset\nEND;\n";
  EXPECT_TRUE(CheckScriptsCanShare({text}, std::nullopt).ok());
  text.text = "SELECT 1 AS a \\aset\n";
  EXPECT_TRUE(CheckScriptsCanShare({text}, std::nullopt).ok());
}

TEST(ScriptSharingTest, NamesTheLine) {
  ScriptText text;
  text.name = "mine.sql";
  text.text = "SELECT 1;\n\\set x 1\nSET work_mem = :x;\n";
  const absl::Status refused = CheckScriptsCanShare({text}, std::nullopt);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("mine.sql:3: "));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("SET work_mem = :x;"));
  text.text = "SELECT 1;\n";
  EXPECT_TRUE(CheckScriptsCanShare({text}, std::nullopt).ok());
  EXPECT_TRUE(CheckScriptsCanShare({text}, QueryMode::kPrepared).ok());
  EXPECT_FALSE(CheckScriptsCanShare({text}, QueryMode::kSimple).ok());
  EXPECT_TRUE(CheckScriptsCanShare({}, QueryMode::kSimple).ok());
}

}  // namespace
}  // namespace pgring
