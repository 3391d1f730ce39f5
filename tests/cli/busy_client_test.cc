// A client that has more to do than the server, which shows only where nothing else takes its
// processor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/cli_fixture.h"
#include "pgring/base/build_info.h"
#include "support/program.h"

namespace pgring {
namespace {

using testing::HasSubstr;

// The server answers at once, and the client works out so much before it asks.
TEST(BusyClientTest, TuneSaysThatTheClientIsTheLimit) {
  if (!GetBuildInfo().fit_for_measuring()) GTEST_SKIP();
  std::string text;
  for (int line = 0; line < 2'000; ++line) text += "\\set x random(1, 1000000) + 1\n";
  const ScriptFile script(text + "SELECT :x;\n");
  Program program(
      On(SharedServer().conninfo(), "tune",
         {"-f", script.path(), "-M", "prepared", "--budget", "5", "--max-limit", "16"}));
  program.Wait();
  EXPECT_THAT(program.stdout_text(), HasSubstr("This client is the limit from "));
}

}  // namespace
}  // namespace pgring
