#include "cluster/readiness.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(SqlstateOfConnectionErrorTest, FindsTheCodeInAVerboseMessage) {
  EXPECT_EQ(
      SqlstateOfConnectionError(
          "connection to server on socket \"/tmp/x/.s.PGSQL.5432\" failed: FATAL:  57P03: the "
          "database system is starting up\nLOCATION:  ProcessStartupPacket, postmaster.c"),
      "57P03");
  EXPECT_EQ(SqlstateOfConnectionError("failed: FATAL:  28000: no pg_hba.conf entry"), "28000");
}

TEST(SqlstateOfConnectionErrorTest, IsEmptyWhenTheServerSaidNothing) {
  EXPECT_EQ(SqlstateOfConnectionError("connection to server on socket \"/tmp/x\" failed: No such "
                                      "file or directory"),
            "");
  EXPECT_EQ(SqlstateOfConnectionError(""), "");
  EXPECT_EQ(SqlstateOfConnectionError("a:  b"), "");
}

}  // namespace
}  // namespace pgring
