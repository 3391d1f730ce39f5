#include "pgring/base/sqlstate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(VerboseMessageTest, HasTheSqlstateAndTheTextOfDefaultVerbosity) {
  const VerboseMessage parsed = ParseVerboseMessage(
      "connection to server on socket \"/tmp/x/.s.PGSQL.5432\" failed: FATAL:  57P03: the database "
      "system is starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2398\n");
  EXPECT_THAT(parsed.sqlstates, ElementsAre("57P03"));
  EXPECT_EQ(parsed.text,
            "connection to server on socket \"/tmp/x/.s.PGSQL.5432\" failed: FATAL:  the database "
            "system is starting up");
}

// The severity is a word of the server's language, the label of the place one of ours.
TEST(VerboseMessageTest, IsReadInAnyLanguage) {
  EXPECT_THAT(ParseVerboseMessage("failed: FATAL:  53300: tut mir leid, schon zu viele "
                                  "Verbindungen\nLOCATION:  InitProcess, proc.c:362")
                  .sqlstates,
              ElementsAre("53300"));
  EXPECT_THAT(ParseVerboseMessage("failed: ВАЖНО:  28000: роль не существует").sqlstates,
              ElementsAre("28000"));
}

TEST(VerboseMessageTest, HasOneSqlstateForEachServerThatAnswered) {
  const VerboseMessage parsed = ParseVerboseMessage(
      "connection to server at \"a\" (10.0.0.1), port 1 failed: FATAL:  57P03: not yet\n"
      "DETAIL:  Consistent recovery state has not been yet reached.\n"
      "LOCATION:  f, g.c:1\n"
      "connection to server at \"b\" (10.0.0.2), port 2 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n"
      "connection to server at \"c\" (10.0.0.3), port 3 failed: FATAL:  28P01: wrong\n");
  EXPECT_THAT(parsed.sqlstates, ElementsAre("57P03", "28P01"));
  EXPECT_EQ(parsed.text,
            "connection to server at \"a\" (10.0.0.1), port 1 failed: FATAL:  not yet\n"
            "DETAIL:  Consistent recovery state has not been yet reached.\n"
            "connection to server at \"b\" (10.0.0.2), port 2 failed: Connection refused\n"
            "\tIs the server running on that host and accepting TCP/IP connections?\n"
            "connection to server at \"c\" (10.0.0.3), port 3 failed: FATAL:  wrong");
}

TEST(VerboseMessageTest, HasNoSqlstateWhereTheServerSaidNone) {
  for (const char* message : {"", "a:  b", "FATAL:  12: b", "failed: FATAL:  12345 b",
                              "failed: No such file or directory", "host:  abcde: x"}) {
    const VerboseMessage parsed = ParseVerboseMessage(message);
    EXPECT_THAT(parsed.sqlstates, IsEmpty()) << message;
    EXPECT_EQ(parsed.text, message);
  }
}

}  // namespace
}  // namespace pgring
