// The throwaway server's 2000 connections are there to be used: an unbounded run with a pool of
// nearly all of them.
#include <gtest/gtest.h>

#include <string>

#include "cli_fixture.h"

namespace pgring {
namespace {

TEST(ManyConnectionsTest, APoolOf1900) {
  Program program({"run", "--scenario", "async:pool=1900", "--operations", "4000", "--write-ratio",
                   "0", "--fk-index", "--out", kOut});
  EXPECT_EQ(program.Wait(), ExpectedValidExit()) << program.stderr_text();
  const Json run = ResultOf(program)["runs"][0];
  ExpectAllAccountedFor(run, 4'000);
  EXPECT_EQ(run["operations"]["succeeded"], 4'000) << run["operations"]["failures"];
  ExpectVerified(run);
  EXPECT_EQ(run["connections"]["refused"], 0);
  // Reads of empty tables end faster than connections open, so how many there are at once depends
  // on the machine; all that were asked for were opened.
  EXPECT_EQ(run["connections"]["opened"], run["connections"]["requested"]);
  EXPECT_LE(run["connections"]["peak_open"], 1'900);
  RecordProperty("peak_open", run["connections"]["peak_open"].get<int>());
  EXPECT_EQ(program.Leftovers({kOutLeft}), "");
}

}  // namespace
}  // namespace pgring
