// The lines of pgbench's log, from known transactions. Beside the real pgbench they are tested in
// pgbench_reference_test.cc.
#include "report/pgbench_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "support/allocation_count.h"

namespace pgring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kStartUs = 1'700'000'000'250'000;

PgbenchTransaction At(int64_t since_start_us, int64_t latency_us, int64_t lag_us = 0) {
  PgbenchTransaction transaction;
  transaction.end_epoch_us = kStartUs + since_start_us;
  transaction.latency_us = latency_us;
  transaction.lag_us = lag_us;
  return transaction;
}

PgbenchTransaction Unsuccessful(int64_t since_start_us, PgbenchOutcome outcome,
                                int64_t retries = 0) {
  PgbenchTransaction transaction = At(since_start_us, 0);
  transaction.outcome = outcome;
  transaction.retries = retries;
  return transaction;
}

std::string Line(const PgbenchLogFormat& format, const PgbenchTransaction& transaction) {
  PgbenchLogLine line;
  return std::string(FormatPgbenchTransaction(format, transaction, &line));
}

TEST(PgbenchTransactionLineTest, ColumnsFollowTheOptions) {
  PgbenchTransaction transaction = At(7, 1234, 56);
  transaction.client = 3;
  transaction.number = 199;
  transaction.script = 1;
  transaction.retries = 2;
  PgbenchLogFormat format;
  EXPECT_EQ(Line(format, transaction), "3 199 1234 1 1700000000 250007\n");
  format.rate = true;
  EXPECT_EQ(Line(format, transaction), "3 199 1234 1 1700000000 250007 56\n");
  format.max_tries = true;
  EXPECT_EQ(Line(format, transaction), "3 199 1234 1 1700000000 250007 56 2\n");
  format.rate = false;
  EXPECT_EQ(Line(format, transaction), "3 199 1234 1 1700000000 250007 2\n");
  // Not padded: readers put the two together as numbers.
  transaction.end_epoch_us = 1'700'000'001'000'009;
  EXPECT_EQ(Line(PgbenchLogFormat(), transaction), "3 199 1234 1 1700000001 9\n");
}

TEST(PgbenchTransactionLineTest, WordsForWhatDidNotSucceed) {
  PgbenchLogFormat format;
  EXPECT_EQ(Line(format, Unsuccessful(0, PgbenchOutcome::kSkipped)),
            "0 0 skipped 0 1700000000 250000\n");
  for (const auto& [outcome, detailed] :
       {std::pair(PgbenchOutcome::kSerializationFailure, "serialization"),
        std::pair(PgbenchOutcome::kDeadlockFailure, "deadlock"),
        std::pair(PgbenchOutcome::kOtherFailure, "other")}) {
    format.failures_detailed = false;
    EXPECT_EQ(Line(format, Unsuccessful(0, outcome)), "0 0 failed 0 1700000000 250000\n");
    format.failures_detailed = true;
    EXPECT_EQ(Line(format, Unsuccessful(0, outcome)),
              std::string("0 0 ") + detailed + " 0 1700000000 250000\n");
  }
  EXPECT_EQ(Line(format, Unsuccessful(0, PgbenchOutcome::kSkipped)),
            "0 0 skipped 0 1700000000 250000\n");
}

TEST(PgbenchTransactionLineTest, LagIsOnlyThatOfSuccesses) {
  PgbenchLogFormat format;
  format.rate = true;
  PgbenchTransaction transaction = Unsuccessful(0, PgbenchOutcome::kSkipped);
  transaction.lag_us = 999;
  EXPECT_EQ(Line(format, transaction), "0 0 skipped 0 1700000000 250000 0\n");
}

TEST(PgbenchTransactionLineTest, LargestNumbersFit) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  PgbenchTransaction transaction;
  transaction.client = transaction.script = std::numeric_limits<int>::max();
  transaction.number = transaction.latency_us = transaction.lag_us = kMost;
  transaction.end_epoch_us = transaction.retries = kMost;
  EXPECT_EQ(Line({.rate = true, .max_tries = true}, transaction),
            "2147483647 9223372036854775807 9223372036854775807 2147483647 9223372036854 775807 "
            "9223372036854775807 9223372036854775807\n");
}

TEST(PgbenchLogFileNameTest, NumbersThreadsAfterTheFirst) {
  EXPECT_EQ(PgbenchLogFileName(kDefaultPgbenchLogPrefix, 4711, 0), "pgbench_log.4711");
  EXPECT_EQ(PgbenchLogFileName("/tmp/x", 4711, 2), "/tmp/x.4711.2");
}

class PgbenchAggregatorTest : public testing::Test {
 protected:
  void Add(const PgbenchTransaction& transaction) {
    EXPECT_TRUE(aggregator_->Add(transaction, collect_).ok());
  }
  void AdvanceTo(int64_t since_start_us) {
    EXPECT_TRUE(aggregator_->AdvanceTo(kStartUs + since_start_us, collect_).ok());
  }
  void Use(const PgbenchLogFormat& format) { aggregator_.emplace(format, kStartUs, 2); }

  std::vector<std::string> lines_;

 private:
  const std::function<absl::Status(std::string_view)> collect_ = [this](std::string_view line) {
    lines_.emplace_back(line);
    return absl::OkStatus();
  };
  std::optional<PgbenchAggregator> aggregator_{
      std::in_place,
      PgbenchLogFormat{
          .rate = true, .latency_limit = true, .max_tries = true, .failures_detailed = true},
      kStartUs, 2};
};

TEST_F(PgbenchAggregatorTest, SumsUpAnInterval) {
  Add(At(100, 10, 3));
  Add(At(200, 30, 1));
  PgbenchTransaction retried = At(300, 20, 2);
  retried.retries = 4;
  Add(retried);
  Add(Unsuccessful(400, PgbenchOutcome::kSkipped));
  Add(Unsuccessful(500, PgbenchOutcome::kSerializationFailure, 1));
  Add(Unsuccessful(600, PgbenchOutcome::kDeadlockFailure));
  Add(Unsuccessful(700, PgbenchOutcome::kDeadlockFailure));
  AdvanceTo(1'999'999);
  EXPECT_THAT(lines_, IsEmpty());
  AdvanceTo(2'000'000);
  EXPECT_THAT(lines_, ElementsAre("1700000000 3 60 1400 10 30 6 14 1 3 1 2 5 1 2\n"));
}

TEST_F(PgbenchAggregatorTest, WritesEmptyIntervalsAndNotTheIncompleteLast) {
  Add(At(6'500'000, 7));
  EXPECT_THAT(lines_, ElementsAre("1700000000 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                                  "1700000002 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                                  "1700000004 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
  lines_.clear();
  AdvanceTo(9'000'000);
  EXPECT_THAT(lines_, ElementsAre("1700000006 1 7 49 7 7 0 0 0 0 0 0 0 0 0\n"));
}

TEST_F(PgbenchAggregatorTest, ATransactionBelongsToTheIntervalInWhichItEnds) {
  Add(At(1'999'999, 5));
  Add(At(2'000'000, 6));
  // The clock was set back.
  Add(At(1'000'000, 7));
  AdvanceTo(4'000'000);
  EXPECT_THAT(lines_, ElementsAre("1700000000 1 5 25 5 5 0 0 0 0 0 0 0 0 0\n",
                                  "1700000002 2 13 85 6 7 0 0 0 0 0 0 0 0 0\n"));
}

TEST_F(PgbenchAggregatorTest, ColumnsOfOptionsThatAreNotGivenAreZero) {
  Use({});
  PgbenchTransaction retried = At(1, 20, 2);
  retried.retries = 4;
  Add(retried);
  Add(Unsuccessful(2, PgbenchOutcome::kSkipped));
  Add(Unsuccessful(3, PgbenchOutcome::kSerializationFailure, 1));
  AdvanceTo(2'000'000);
  EXPECT_THAT(lines_, ElementsAre("1700000000 1 20 400 20 20 0 0 0 0 0 0 0 0 0\n"));
}

// Squares of microseconds leave 64 bits behind after some hours.
TEST_F(PgbenchAggregatorTest, LargeSumsAreWrittenInFull) {
  constexpr int64_t kDayUs = 86'400'000'000;
  Use({.rate = true});
  for (int i = 0; i < 4; ++i) Add(At(1, kDayUs));
  AdvanceTo(2'000'000);
  EXPECT_THAT(lines_, ElementsAre("1700000000 4 345600000000 29859840000000000000000 86400000000 "
                                  "86400000000 0 0 0 0 0 0 0 0 0\n"));
  Add(At(2'000'001, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()));
  AdvanceTo(4'000'000);
  EXPECT_GT(lines_.back().size(), 100U) << "and no check of the line's length failed";
}

TEST(PgbenchAggregatorFailureTest, PassesTheFailureOfTheSinkOn) {
  PgbenchAggregator aggregator({}, kStartUs, 1);
  const auto refuse = [](std::string_view) { return absl::DataLossError("full"); };
  EXPECT_TRUE(aggregator.Add(At(1, 1), refuse).ok());
  EXPECT_EQ(aggregator.Add(At(1'000'001, 1), refuse).message(), "full");
}

TEST(PgbenchAggregatorDeathTest, AnIntervalMustLast) {
  EXPECT_DEATH(PgbenchAggregator({}, kStartUs, 0), "must last");
}

TEST(PgbenchLogAllocationTest, NothingIsAllocatedForALine) {
  const PgbenchLogFormat format = {
      .rate = true, .latency_limit = true, .max_tries = true, .failures_detailed = true};
  PgbenchAggregator aggregator(format, kStartUs, 1);
  size_t bytes = 0;
  const auto count = [&bytes](std::string_view line) {
    bytes += line.size();
    return absl::OkStatus();
  };
  const int64_t before = AllocationCount();
  for (int64_t i = 0; i < 1'000; ++i) {
    const PgbenchTransaction transaction = At(i * 500'000, 1 + i * 1'000'000'007, i);
    PgbenchLogLine line;
    bytes += FormatPgbenchTransaction(format, transaction, &line).size();
    const absl::Status added = aggregator.Add(transaction, count);
    bytes += added.ok() ? 1 : 0;
  }
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_GT(bytes, 1'000U);
}

}  // namespace
}  // namespace pgring
