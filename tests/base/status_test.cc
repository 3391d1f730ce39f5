#include "pgring/base/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(StatusTest, FailureCodeIsTheOneAttached) {
  const absl::Status status =
      WithFailureCode(absl::UnavailableError("too many connections"), "53300");
  EXPECT_EQ(FailureCode(status), "53300");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "too many connections");
}

TEST(StatusTest, FailureCodeIsReplaced) {
  absl::Status status = WithFailureCode(absl::AbortedError("x"), "40001");
  status = WithFailureCode(status, kCauseConnectionLost);
  EXPECT_EQ(FailureCode(status), "connection_lost");
}

TEST(StatusTest, FailureCodeFallsBackToTheCanonicalName) {
  EXPECT_EQ(FailureCode(absl::UnavailableError("x")), "UNAVAILABLE");
  EXPECT_EQ(FailureCode(absl::DeadlineExceededError("x")), "DEADLINE_EXCEEDED");
}

TEST(StatusTest, WithFailureCodeLeavesTheOriginalAlone) {
  const absl::Status original = absl::InternalError("x");
  WithFailureCode(original, "XX000").IgnoreError();
  EXPECT_EQ(FailureCode(original), "INTERNAL");
}

TEST(StatusTest, SuccessCarriesNoCode) {
  EXPECT_TRUE(WithFailureCode(absl::OkStatus(), "53300").ok());
  EXPECT_EQ(FailureCode(WithFailureCode(absl::OkStatus(), "53300")), "OK");
}

TEST(StatusTest, AnnotateKeepsCodeAndPayload) {
  const absl::Status status = WithFailureCode(absl::UnavailableError("refused"), "53300");
  const absl::Status annotated = Annotate(status, "open connection 7");
  EXPECT_EQ(annotated.message(), "open connection 7: refused");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(FailureCode(annotated), "53300");
}

TEST(StatusTest, AnnotateLeavesSuccessAlone) {
  EXPECT_EQ(Annotate(absl::OkStatus(), "anything"), absl::OkStatus());
}

TEST(StatusTest, ErrnoStatusNamesAttemptAndReason) {
  const absl::Status status = ErrnoStatus(ENOENT, "open /nowhere");
  const std::string message(status.message());
  EXPECT_THAT(message, StartsWith("open /nowhere: "));
  EXPECT_THAT(message, HasSubstr("No such file"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
}

absl::Status ReturnFirst(const absl::Status& first, bool* went_on) {
  PGRING_RETURN_IF_ERROR(first);
  *went_on = true;
  return absl::OkStatus();
}

TEST(StatusTest, ReturnIfErrorReturnsErrorsOnly) {
  bool went_on = false;
  EXPECT_EQ(ReturnFirst(absl::DataLossError("x"), &went_on), absl::DataLossError("x"));
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(ReturnFirst(absl::OkStatus(), &went_on).ok());
  EXPECT_TRUE(went_on);
}

TEST(StatusTest, MessageOfSeveralLinesBecomesOne) {
  EXPECT_EQ(OneLine("connection failed: refused\n\tIs the server running?\n"),
            "connection failed: refused; Is the server running?");
  EXPECT_EQ(OneLine("ERROR:  no\nDETAIL:  none"), "ERROR:  no; DETAIL:  none");
  EXPECT_EQ(OneLine(""), "");
}

}  // namespace
}  // namespace pgring
