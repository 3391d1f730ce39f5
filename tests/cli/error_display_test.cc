// How an error is told, and when no more.
#include "cli/error_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pgring/base/error_details.h"

namespace pgring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

absl::Status Failure() {
  return WithScriptPosition(
      WithFullMessage(absl::UnknownError("one line"), "ERROR 23505: taken\nDETAIL:  by \033[31mX"),
      "command 2 (line 5) of checkout.sql");
}

class ErrorDisplayTest : public ::testing::Test {
 protected:
  ErrorDisplay Display(ErrorDisplay::Verbosity verbosity) {
    return ErrorDisplay(verbosity, [this](const std::string& lines) { told_.push_back(lines); });
  }
  const absl::Status failure_ = Failure();
  const OperationError aborted_ = {ErrorOutcome::kClientAborted, 3, 1, failure_};
  const OperationError failed_ = {ErrorOutcome::kOperationFailed, 3, 4, failure_};
  const OperationError retried_ = {ErrorOutcome::kRetried, 3, 1, failure_};
  std::vector<std::string> told_;
};

TEST_F(ErrorDisplayTest, NamesClientAndPosition) {
  EXPECT_EQ(ErrorText(aborted_),
            "client 3 was aborted in command 2 (line 5) of checkout.sql: ERROR 23505: taken\n"
            "DETAIL:  by \\x1b[31mX");
  EXPECT_THAT(ErrorText(failed_), HasSubstr("failed an operation in command 2 (line 5) of "
                                            "checkout.sql (attempt 4): ERROR"));
  EXPECT_THAT(ErrorText(retried_), HasSubstr("(attempt 1): ERROR"));
  const absl::Status plain = absl::UnknownError("no script");
  EXPECT_EQ(ErrorText({ErrorOutcome::kOperationFailed, 0, 1, plain}),
            "client 0 failed an operation: no script");
}

TEST_F(ErrorDisplayTest, TellsOfSomeAbortedClientsOfEachRun) {
  ErrorDisplay display = Display(ErrorDisplay::Verbosity::kAbortedClients);
  for (const std::string label : {"sync", "window"}) {
    told_.clear();
    display.StartRun(label);
    display.OnError(failed_);
    display.OnError(retried_);
    display.OnServerMessage("WARNING:  careful\n");
    EXPECT_THAT(told_, IsEmpty());
    for (int i = 0; i < 100; ++i) display.OnError(aborted_);
    ASSERT_EQ(told_.size(), ErrorDisplay::kMaxToldErrors + 1U);
    EXPECT_EQ(told_.front(), "pgring: " + label + ": " + ErrorText(aborted_) + "\n");
    EXPECT_THAT(told_.back(), HasSubstr("only counted"));
  }
}

TEST_F(ErrorDisplayTest, TellsOfEverythingWhereThatIsWanted) {
  ErrorDisplay display = Display(ErrorDisplay::Verbosity::kEverything);
  display.StartRun("window");
  for (int i = 0; i < 100; ++i) display.OnError(aborted_);
  EXPECT_EQ(told_.size(), 100U);
  told_.clear();
  display.OnServerMessage("WARNING:  careful\nHINT:  \001\n");
  EXPECT_THAT(told_, ElementsAre("pgring: window: WARNING:  careful\nHINT:  \\x01\n"));
}

TEST_F(ErrorDisplayTest, TellsOfNothingWhereQuietIsWanted) {
  ErrorDisplay display = Display(ErrorDisplay::Verbosity::kNone);
  display.StartRun("window");
  display.OnError(aborted_);
  display.OnServerMessage("WARNING:  careful\n");
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace pgring
