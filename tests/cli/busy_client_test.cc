// A client that has more to do than the server, which shows only where nothing else takes its
// processor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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
  const std::string text_of_tune = ReadFile(program.work_directory() + "/" + kOut + "/tune.json");
  const Json tune = Json::parse(text_of_tune, nullptr, /*allow_exceptions=*/false);
  ASSERT_EQ(tune["schema"], "pgring/tune/1") << program.stderr_text();
  // What else runs on the machine may take the client's processor from it for a while.
  const Json& trials = tune["searches"][0]["trials"];
  const bool is_any = std::any_of(trials.begin(), trials.end(), [](const Json& trial) {
    return trial["client_limited"] == true;
  });
  EXPECT_TRUE(is_any) << program.stdout_text();
  if (tune["answer"]["client_limited"] == true) {
    EXPECT_THAT(program.stdout_text(), HasSubstr("This client is the limit from "));
  }
}

}  // namespace
}  // namespace pgring
