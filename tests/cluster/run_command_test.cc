#include "cluster/run_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <string>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kLongNs = 60 * kNanosecondsPerSecond;

TEST(RunCommandTest, ReturnsStandardOutputOnly) {
  const auto output = RunCommand({"/bin/sh", "-c", "echo out; echo error >&2"}, kLongNs);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "out\n");
}

TEST(RunCommandTest, AFailingProgramIsAnError) {
  EXPECT_FALSE(RunCommand({"/bin/sh", "-c", "echo out; exit 3"}, kLongNs).ok());
  EXPECT_FALSE(RunCommand({"/nonexistent/program"}, kLongNs).ok());
}

TEST(RunCommandTest, AProgramThatDoesNotEndIsKilled) {
  const auto output =
      RunCommand({"/bin/sh", "-c", "exec sleep 1000"}, 20 * kNanosecondsPerMillisecond);
  ASSERT_FALSE(output.ok());
  EXPECT_THAT(std::string(output.status().message()), HasSubstr("not done after"));
}

TEST(RunCommandTest, TooMuchOutputIsAnError) {
  const auto output = RunCommand({"/bin/sh", "-c", "exec cat /dev/zero"}, kLongNs);
  ASSERT_FALSE(output.ok());
  EXPECT_THAT(std::string(output.status().message()), HasSubstr("too much"));
}

// pgring blocks SIGINT and SIGTERM for its signal thread; what it starts must not inherit that.
TEST(RunCommandTest, TheProgramInheritsNoBlockedSignals) {
  sigset_t interrupt;
  sigset_t before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  const auto output = RunCommand({"/bin/grep", "SigBlk", "/proc/self/status"}, kLongNs);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "SigBlk:\t0000000000000000\n");
}

}  // namespace
}  // namespace pgring
