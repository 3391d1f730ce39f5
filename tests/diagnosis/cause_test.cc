// Which class of waits is named as the cause, with which certainty, and when samples are not
// trusted.
#include "diagnosis/cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgring/base/random.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kManySamples = 300;
constexpr double kSpanS = 6;

const WaitKey kOnCpu = {"active", "", "", std::nullopt};
const WaitKey kFlushing = {"active", "IO", "WALSync", std::nullopt};
const WaitKey kLocked = {"active", "Lock", "transactionid", std::nullopt};
const WaitKey kInClient = {"idle in transaction", "Client", "ClientRead", std::nullopt};

// Each of eight sessions by itself, with those probabilities.
ServerSamples Independent(double on_cpu, const WaitKey& otherwise, int count = kManySamples,
                          uint64_t seed = 5) {
  Random random(seed);
  ServerSamples samples;
  for (int sample = 0; sample < count; ++sample) {
    SampledSessions seen;
    for (int session = 0; session < 8; ++session) {
      ++seen[random.Chance(on_cpu) ? kOnCpu : otherwise];
    }
    samples.measured.Add(seen);
    samples.whole.Add(seen);
  }
  samples.measured.Finish();
  samples.whole.Finish();
  samples.whole_cost.span_s = kSpanS;
  return samples;
}

void SetCounters(double active, double idle_in_transaction, ServerSamples* samples) {
  samples->counters["pg_stat_database.active_time"] = active * kSpanS * 1'000;
  samples->counters["pg_stat_database.idle_in_transaction_time"] =
      idle_in_transaction * kSpanS * 1'000;
}

TEST(CauseTest, TheLargestClassIsNamedWithItsInterval) {
  const Cause cause = FindCause(Independent(0.8, kFlushing), {});
  ASSERT_EQ(cause.named, WaitClass::kCpu);
  EXPECT_NEAR(cause.shares.front().share, 0.8, 0.05);
  EXPECT_LT(cause.shares.front().interval.low, 0.8);
  EXPECT_GT(cause.shares.front().interval.high, 0.8);
  EXPECT_EQ(cause.shares[1].wait_class, WaitClass::kCommitFlush);
  EXPECT_THAT(cause.summary, HasSubstr("the server's processors"));
  EXPECT_THAT(cause.advice, HasSubstr("More connections cannot help"));
  EXPECT_NEAR(cause.active, 8, 1e-9);
}

TEST(CauseTest, TwoOfOneSizeAreNoCause) {
  const Cause cause = FindCause(Independent(0.5, kFlushing), {});
  EXPECT_EQ(cause.named, std::nullopt);
  EXPECT_THAT(cause.summary, HasSubstr("no single cause"));
  EXPECT_THAT(cause.advice, IsEmpty());
  EXPECT_FALSE(cause.is_trusted);
}

TEST(CauseTest, AFewSamplesAreNoCause) {
  EXPECT_EQ(FindCause(Independent(1, kFlushing, 40), {}).named, std::nullopt);
  EXPECT_EQ(FindCause(Independent(1, kFlushing, 50), {}).named, WaitClass::kCpu);
}

TEST(CauseTest, WithoutSamplesOrSessionsThereIsNone) {
  EXPECT_EQ(FindCause(ServerSamples(), {}).named, std::nullopt);
  ServerSamples idle;
  for (int sample = 0; sample < kManySamples; ++sample) idle.measured.Add(SampledSessions());
  idle.measured.Finish();
  const Cause cause = FindCause(idle, {});
  EXPECT_EQ(cause.named, std::nullopt);
  EXPECT_THAT(cause.shares, IsEmpty());
}

// A phase of a second, such as a checkpoint, is one observation and not fifty.
TEST(CauseTest, SamplesThatFollowEachOtherCountLess) {
  ServerSamples phases;
  for (int sample = 0; sample < kManySamples; ++sample) {
    phases.measured.Add({{sample / 50 % 3 == 0 ? kFlushing : kOnCpu, 8}});
  }
  phases.measured.Finish();
  const Cause grouped = FindCause(phases, {});
  const Cause single = FindCause(Independent(2.0 / 3, kFlushing), {});
  const auto width = [](const Cause& cause) {
    return cause.shares.front().interval.high - cause.shares.front().interval.low;
  };
  EXPECT_GT(width(grouped), 2.5 * width(single));
  EXPECT_EQ(single.named, WaitClass::kCpu);
  EXPECT_EQ(grouped.named, std::nullopt);
}

TEST(CauseTest, SamplesThatNeverVaryAreNotCertain) {
  const Cause cause = FindCause(Independent(1, kFlushing, 100), {});
  EXPECT_LT(cause.shares.front().interval.low, 0.97);
}

// Of a hundred series whose true share is 70 %, few intervals may miss it.
TEST(CauseTest, IntervalsContainTheTruth) {
  int missed = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Cause cause = FindCause(Independent(0.7, kFlushing, 100, seed), {});
    const Interval interval = cause.shares.front().interval;
    missed += interval.low > 0.7 || interval.high < 0.7 ? 1 : 0;
  }
  EXPECT_LE(missed, 10);
}

TEST(CauseTest, SamplesThatAgreeWithTheCountersAreTrusted) {
  ServerSamples samples = Independent(0.9, kInClient);
  const double active = samples.whole.Active().ratio();
  SetCounters(active + 0.05, 8 - active - 0.05, &samples);
  const Cause cause = FindCause(samples, {});
  EXPECT_EQ(cause.check, SampleCheck::kAgrees) << cause.check_text;
  EXPECT_TRUE(cause.is_trusted);
}

TEST(CauseTest, SamplesThatContradictTheCountersAreNot) {
  ServerSamples samples = Independent(0.9, kInClient);
  SetCounters(4, 4, &samples);
  const Cause cause = FindCause(samples, {});
  EXPECT_EQ(cause.check, SampleCheck::kDisagrees);
  EXPECT_THAT(cause.check_text, HasSubstr("4.00 by the server's counter"));
  EXPECT_EQ(cause.named, WaitClass::kCpu);
  EXPECT_FALSE(cause.is_trusted);
}

TEST(CauseTest, TheTimeIdleInTransactionsIsCheckedToo) {
  ServerSamples samples = Independent(0.5, kInClient);
  SetCounters(samples.whole.Active().ratio(), 1, &samples);
  const Cause cause = FindCause(samples, {});
  EXPECT_EQ(cause.check, SampleCheck::kDisagrees);
  EXPECT_THAT(cause.check_text, HasSubstr("idle in a transaction"));
}

// A look that has to wait for a processor finds more sessions waiting for the client than there
// are.
TEST(CauseTest, ADifferenceThatDoesNotChangeTheLargestClassIsNoDoubt) {
  ServerSamples samples = Independent(0.3, kInClient);
  const double idle = samples.whole.IdleInTransaction().ratio();
  SetCounters(samples.whole.Active().ratio(), 0.88 * idle, &samples);
  Cause cause = FindCause(samples, {});
  EXPECT_EQ(cause.check, SampleCheck::kDisagrees);
  EXPECT_EQ(cause.named, WaitClass::kClientInTransaction);
  EXPECT_TRUE(cause.is_trusted);
  // Less than half of what was seen: the others may have had more.
  SetCounters(samples.whole.Active().ratio(), 0.4 * idle, &samples);
  cause = FindCause(samples, {});
  EXPECT_EQ(cause.named, WaitClass::kClientInTransaction);
  EXPECT_FALSE(cause.is_trusted);
}

// So many more active ones than were seen could each have had a processor.
TEST(CauseTest, WhatWasNeverSeenOnAProcessorMayHaveBeenThere) {
  ServerSamples samples = Independent(0, kFlushing);
  SetCounters(10, 0, &samples);
  EXPECT_TRUE(FindCause(samples, {}).is_trusted);
  SetCounters(20, 0, &samples);
  EXPECT_FALSE(FindCause(samples, {}).is_trusted);
}

// The sampler's own time is in the counters, and is no session's of the run.
TEST(CauseTest, TheSamplersTimeIsTakenOff) {
  ServerSamples samples = Independent(1, kInClient);
  samples.whole_cost.server_s = 2 * kSpanS;
  SetCounters(10, 0, &samples);
  EXPECT_EQ(FindCause(samples, {}).check, SampleCheck::kAgrees);
}

TEST(CauseTest, WhatCannotBeCheckedIsSaid) {
  ServerSamples old = Independent(0.9, kFlushing);
  Cause cause = FindCause(old, {});
  EXPECT_EQ(cause.check, SampleCheck::kNotPossible);
  EXPECT_THAT(cause.check_text, HasSubstr("PostgreSQL 14"));
  EXPECT_TRUE(cause.is_trusted);

  ServerSamples pooled = old;
  pooled.behind_pooler = true;
  EXPECT_THAT(FindCause(pooled, {}).check_text, HasSubstr("pooler"));

  ServerSamples shared = old;
  SetCounters(1, 0, &shared);
  shared.other_active = 3;
  EXPECT_THAT(FindCause(shared, {}).check_text, HasSubstr("other programs"));

  ServerSamples hidden = old;
  SetCounters(1, 0, &hidden);
  hidden.hidden_rows = 3;
  EXPECT_THAT(FindCause(hidden, {}).check_text, HasSubstr("may not see"));
}

TEST(CauseTest, SentencesHaveTheFiguresThatExplain) {
  ServerSamples flushing = Independent(0.1, kFlushing);
  flushing.counters["pg_stat_database.xact_commit"] = 1'000;
  flushing.counters["pg_stat_wal.wal_sync"] = 400;
  EXPECT_THAT(FindCause(flushing, {}).summary, HasSubstr("2.5 transactions shared a flush"));

  ServerSamples locked = Independent(0.1, kLocked);
  locked.locks[{"tuple", "hot"}] = 9;
  locked.locks[{"tuple", "cold"}] = 2;
  const Cause cause = FindCause(locked, {});
  EXPECT_EQ(cause.named, WaitClass::kRowLock);
  EXPECT_THAT(cause.summary, HasSubstr("of table hot"));

  ServerSamples reading = Independent(0.1, {"active", "IO", "DataFileRead", std::nullopt});
  reading.counters["pg_stat_database.blks_hit"] = 75;
  reading.counters["pg_stat_database.blks_read"] = 25;
  EXPECT_THAT(FindCause(reading, {}).summary, HasSubstr("75.0 % of pages"));

  const Cause sleeping = FindCause(Independent(0.1, {"active", "Timeout", "PgSleep", {}}), {});
  EXPECT_EQ(sleeping.named, WaitClass::kOther);
  EXPECT_THAT(sleeping.summary, HasSubstr("PgSleep (Timeout)"));
}

TEST(CauseTest, FewSessionsAtWorkPointToTheClient) {
  const Cause cause = FindCause(Independent(0.1, kFlushing), {.mean_in_use = 40});
  EXPECT_TRUE(cause.few_at_work);
  EXPECT_THAT(cause.summary,
              HasSubstr("of 40.0 connections in use only 8.0 were at work in the server"));
  EXPECT_FALSE(FindCause(Independent(0.1, kFlushing), {.mean_in_use = 10}).few_at_work);
}

// Two processors have no more than two at work and some that got their turn taken away.
TEST(CauseTest, AFewOnProcessorsMayBeAllThatThereIsRoomFor) {
  const Cause cause = FindCause(Independent(0.9, kFlushing), {.mean_in_use = 40});
  EXPECT_FALSE(cause.few_at_work);
  EXPECT_EQ(cause.named, WaitClass::kCpu);
  EXPECT_THAT(cause.summary, HasSubstr("8.0 of 40.0 connections in use were at work"));

  ServerSamples rare;
  for (int sample = 0; sample < kManySamples; ++sample) {
    rare.measured.Add(sample % 4 == 0 ? SampledSessions{{kOnCpu, 1}} : SampledSessions());
  }
  rare.measured.Finish();
  EXPECT_TRUE(FindCause(rare, {.mean_in_use = 40}).few_at_work);
}

// On few processors a look gets its turn when those before it are done.
TEST(CauseTest, WhatIsMissingIsTakenForWorkOfProcessors) {
  ServerSamples missing = Independent(0.9, kFlushing);
  SetCounters(12, 0, &missing);
  Cause cause = FindCause(missing, {});
  EXPECT_EQ(cause.check, SampleCheck::kDisagrees);
  EXPECT_EQ(cause.named, WaitClass::kCpu);
  EXPECT_TRUE(cause.is_trusted);

  ServerSamples flushing = Independent(0.2, kFlushing);
  SetCounters(9, 0, &flushing);
  EXPECT_TRUE(FindCause(flushing, {}).is_trusted);
  // Eight more than what was seen may as well be the larger part.
  SetCounters(16, 0, &flushing);
  cause = FindCause(flushing, {});
  EXPECT_EQ(cause.named, WaitClass::kCommitFlush);
  EXPECT_FALSE(cause.is_trusted);
}

}  // namespace
}  // namespace pgring
