// Reading values from a result, and turning a result into a status. Errors of a real server, with
// their SQLSTATE, are in session_test.cc: libpq offers no way to make such a result.
#include "pgring/postgres/result.h"

#include <gtest/gtest.h>

#include "pgring/base/status.h"
#include "support/simulated_session.h"

namespace pgring {
namespace {

Result MakeEmpty(ExecStatusType status) { return Result(PQmakeEmptyPGresult(nullptr, status)); }

absl::Status StatusOf(ExecStatusType status) {
  PGresult* result = PQmakeEmptyPGresult(nullptr, status);
  const absl::Status converted = StatusOfResult(result);
  PQclear(result);
  return converted;
}

TEST(ResultTest, GivesTextAndNumbers) {
  const Result result = MakeRows({{"7", "seven"}, {"-9223372036854775808", ""}});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result.rows(), 2);
  EXPECT_EQ(result.columns(), 2);
  EXPECT_EQ(result.Text(0, 1), "seven");
  EXPECT_EQ(result.Text(1, 1), "");
  EXPECT_FALSE(result.IsNull(1, 1)) << "empty text is not NULL";
  EXPECT_EQ(result.Integer(0, 0), 7);
  EXPECT_EQ(result.Integer(1, 0), std::numeric_limits<int64_t>::min());
}

TEST(ResultTest, WhatIsNotAWholeNumberIsNone) {
  const Result result = MakeRows({{"", "1.5", "9223372036854775808", "12x", " 1", "+1", "seven"}});
  for (int column = 0; column < result.columns(); ++column) {
    EXPECT_EQ(result.Integer(0, column), std::nullopt) << result.Text(0, column);
  }
}

TEST(ResultTest, NullIsNeitherTextNorNumber) {
  PGresult* raw = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  char name[] = "column";
  PGresAttDesc description = {};
  description.name = name;
  PQsetResultAttrs(raw, 1, &description);
  PQsetvalue(raw, 0, 0, nullptr, -1);
  const Result result(raw);
  EXPECT_TRUE(result.IsNull(0, 0));
  EXPECT_EQ(result.Text(0, 0), "");
  EXPECT_EQ(result.Integer(0, 0), std::nullopt);
}

TEST(ResultTest, CommandTag) {
  EXPECT_EQ(MakeCommandResult("INSERT 0 3").CommandTag(), "INSERT 0 3");
  EXPECT_EQ(MakeEmpty(PGRES_COMMAND_OK).CommandTag(), "");
  EXPECT_FALSE(Result().has_value());
}

TEST(StatusOfResultTest, SuccessHasThreeForms) {
  for (const ExecStatusType status : {PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY}) {
    EXPECT_TRUE(StatusOf(status).ok()) << PQresStatus(status);
  }
}

// Without a SQLSTATE the error is libpq's own: the connection is gone.
TEST(StatusOfResultTest, ErrorWithoutSqlstateMeansALostConnection) {
  for (const ExecStatusType status : {PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE}) {
    const absl::Status converted = StatusOf(status);
    EXPECT_TRUE(absl::IsUnavailable(converted)) << PQresStatus(status);
    EXPECT_EQ(FailureCode(converted), kCauseConnectionLost);
    EXPECT_FALSE(converted.message().empty());
  }
}

TEST(StatusOfResultTest, NoResultAtAllIsAFailure) {
  const absl::Status converted = StatusOfResult(nullptr);
  EXPECT_EQ(FailureCode(converted), kCauseConnectionLost);
  EXPECT_EQ(converted.message(), "no result");
}

}  // namespace
}  // namespace pgring
