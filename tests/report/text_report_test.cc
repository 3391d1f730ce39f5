#include "report/text_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "report/format.h"
#include "report/tables.h"
#include "report/text_table.h"
#include "sample_result.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The rows between the rule and the first line of explanation.
std::vector<std::string> Rows(const std::string& table, size_t count) {
  std::vector<std::string> lines = Lines(table);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find("---") == 0) {
      return {lines.begin() + static_cast<long>(i) + 1,
              lines.begin() + static_cast<long>(i + 1 + count)};
    }
  }
  return {};
}

void ExpectPrintable(const std::string& text, int width) {
  for (const std::string& line : Lines(text)) {
    EXPECT_FALSE(line.ends_with(' ')) << "[" << line << "]";
    EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width)) << "[" << line << "]";
    EXPECT_THAT(line, Not(HasSubstr("nan")));
    // "inf" is in "info" and the like, so as a word.
    EXPECT_FALSE((" " + line + " ").find(" inf ") != std::string::npos) << line;
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  }
}

std::string ResultText(const ComparisonResult& result, const TextStyle& style) {
  return RenderText(ResultTable(result, Summarize(result)), style);
}

TEST(ReportHeaderTest, WorksBeforeTheFirstRun) {
  const std::string header = ReportHeader(SamplePlan(), kPlain);
  EXPECT_EQ(Lines(header)[0],
            "server    PostgreSQL 15.20, throwaway server, Unix socket /tmp/pgring-x1Yz/socket");
  for (const char* part :
       {"fsync=on", "max_connections=2000", "Linux 6.1.0-13-amd64", "AMD EPYC 7B13", "2 CPUs",
        "readiness", "35,000 operations", "write ratio 0.5", "seed 42", "batched statements",
        "no index on", "sync, async, chunked, window", "pgring 0.1.0", "libpq 15.20"}) {
    EXPECT_THAT(header, HasSubstr(part));
  }
  EXPECT_THAT(header, Not(HasSubstr("ring SINGLE")));
  EXPECT_THAT(header, Not(HasSubstr("NOT")));
  ExpectPrintable(header, 100);
}

TEST(ReportHeaderTest, NamesTheRingOnceARunKnowsIt) {
  EXPECT_THAT(ReportHeader(SampleComparison(), kPlain),
              HasSubstr("ring SINGLE_ISSUER|DEFER_TASKRUN"));
}

TEST(ReportHeaderTest, SaysWhatMakesFiguresWorthless) {
  ComparisonResult result = SamplePlan();
  result.environment.server_is_throwaway = false;
  result.plan.target = {false, "service=bench"};
  result.environment.server_settings[0].second = "off";
  result.environment.build.sanitizers = "address";
  const std::string header = ReportHeader(result, {false, false, 200});
  EXPECT_THAT(header, HasSubstr("existing server"));
  EXPECT_THAT(header, HasSubstr("given as: service=bench"));
  EXPECT_THAT(header, HasSubstr("NOT DURABLE"));
  EXPECT_THAT(header, HasSubstr("NOT FIT FOR MEASURING (sanitizer address)"));
}

TEST(ReportHeaderTest, AnUnknownEnvironmentIsSaidToBeUnknown) {
  ComparisonResult result;
  const std::string header = ReportHeader(result, kPlain);
  EXPECT_THAT(header, HasSubstr("version unknown"));
  EXPECT_THAT(header, HasSubstr("settings  not known"));
  ExpectPrintable(header, 100);
}

TEST(ResultTableTest, ColumnsAlign) {
  const std::string table = ResultText(SampleComparison(), kPlain);
  const std::vector<std::string> rows = Rows(table, 4);
  ASSERT_EQ(rows.size(), 4u);
  for (const std::string& row : rows) EXPECT_EQ(DisplayWidth(row), DisplayWidth(rows[0])) << row;
  EXPECT_THAT(table, HasSubstr(std::string(DisplayWidth(rows[0]), '-') + "\n"));
  EXPECT_EQ(rows[0].find(" 86.1 "), rows[1].find(" 32.9 "));
  ExpectPrintable(table, 100);
}

TEST(ResultTableTest, HasTheFiguresWithTheirUnits) {
  const std::string table = ResultText(SampleComparison(), kPlain);
  EXPECT_THAT(Rows(table, 4)[1],
              testing::MatchesRegex("async +32\\.9 +2\\.62 +1,064 +16\\.1 s +31\\.8 s "
                                    "+100 / 99\\.4 +4\\.00 +9\\.00 +136 +0"));
  EXPECT_THAT(table, HasSubstr("than sync"));
  EXPECT_THAT(table, HasSubstr("latency: from when the operation was admitted to its result"));
  EXPECT_THAT(table, HasSubstr("async: operations are begun as fast as"));
  EXPECT_THAT(table, HasSubstr("times faster: how many times less time the same operations took "));
}

// Where a duration ends the runs, all take the same time: async, with four times the throughput of
// sync, was shown as 0.83 times as fast.
TEST(ResultTableTest, WithADurationThroughputIsCompared) {
  ComparisonResult result = SampleComparison();
  result.plan.load.duration_s = 30;
  SetOperations(30'510, 30, &result.runs[0]);
  SetOperations(150'012, 36, &result.runs[1]);
  const std::string table = ResultText(result, kPlain);
  EXPECT_THAT(Rows(table, 4)[0], testing::MatchesRegex("sync +30\\.0 +1\\.00 .*"));
  EXPECT_THAT(Rows(table, 4)[1], testing::MatchesRegex("async +36\\.0 +4\\.10 .*"));
  EXPECT_THAT(table, AllOf(HasSubstr("times the"), HasSubstr("of sync"), Not(HasSubstr("faster"))));
  EXPECT_THAT(
      table,
      HasSubstr("times the throughput: operations per second, relative to sync, the first one."));
  ExpectPrintable(table, 100);
}

// With -t each client has so many operations, and sync has one client.
TEST(ResultTableTest, ThroughputIsComparedWhereTheNumbersOfOperationsDiffer) {
  ComparisonResult result = SampleComparison();
  SetOperations(70'000, 30, &result.runs[1]);
  EXPECT_THAT(ResultText(result, kPlain), HasSubstr("times the throughput: operations per second"));
  // What is not valid takes no part.
  result.runs[1].verdict.reasons = {"operations were lost"};
  EXPECT_THAT(ResultText(result, kPlain), HasSubstr("times faster: how many times less time"));
}

TEST(ResultTableTest, AnOpenLoopMeasuresFromTheSchedule) {
  ComparisonResult result = SampleComparison();
  result.plan.load.rate_per_s = 1'000;
  const std::string table = ResultText(result, {false, false, 200});
  EXPECT_THAT(table, HasSubstr("response: from when the operation was due to its result, all "));
  EXPECT_THAT(table, Not(HasSubstr("latency")));
  EXPECT_THAT(table, HasSubstr("async: operations are begun when they are due, whether a "));
  EXPECT_THAT(table, HasSubstr("The schedule sets the throughput of every run that keeps up"));
}

// In a closed loop an operation exists once it is admitted: it does not wait for the limiter.
TEST(TimeSplitTableTest, OnlyAnOpenLoopWaitsToBegin) {
  ComparisonResult result = SampleComparison();
  const std::string closed = RenderText(TimeSplitTable(result), kPlain);
  EXPECT_THAT(closed, AllOf(Not(HasSubstr("limiter")), Not(HasSubstr("wait to")),
                            HasSubstr("latency is the sum of both")));
  result.plan.load.rate_per_s = 1'000;
  const std::string open = RenderText(TimeSplitTable(result), kPlain);
  EXPECT_THAT(open, AllOf(HasSubstr("wait to"), HasSubstr("response is the sum of the waits")));
  EXPECT_THAT(Rows(open, 4)[1], testing::MatchesRegex("async +- +- +[0-9].*"));
  ExpectPrintable(closed, 100);
  ExpectPrintable(open, 100);
}

TEST(ResultTableTest, AnInvalidRunNeverLooksValid) {
  ComparisonResult result = SampleComparison();
  result.runs[1].verdict.reasons = {"verification failed: a has 52,499 rows", "CQ overflow"};
  result.runs[2].verdict.reasons = {"interrupted"};
  result.runs[2].interrupted = true;
  const std::string table = ResultText(result, kPlain);
  const std::vector<std::string> rows = Rows(table, 4);
  EXPECT_THAT(rows[1], HasSubstr(" INVALID "));
  EXPECT_THAT(rows[1], Not(HasSubstr("2.62")));
  EXPECT_THAT(rows[2], HasSubstr(" INTERRUPTED "));
  EXPECT_THAT(rows[3], Not(HasSubstr("IN")));
  EXPECT_THAT(table,
              HasSubstr("async is INVALID: verification failed: a has 52,499 rows; CQ over"));
  EXPECT_THAT(table, HasSubstr("chunked is INTERRUPTED, not valid: interrupted"));
  for (const std::string& row : rows) EXPECT_EQ(DisplayWidth(row), DisplayWidth(rows[0]));
  ExpectPrintable(table, 100);
}

TEST(ResultTableTest, NothingIsFasterThanAnInvalidRun) {
  ComparisonResult result = SampleComparison();
  result.runs[0].verdict.reasons = {"operations were lost"};
  const std::string table = ResultText(result, kPlain);
  EXPECT_THAT(Rows(table, 4)[1], testing::MatchesRegex("async +32\\.9 +- +1,064 .*"));
  EXPECT_THAT(table, HasSubstr("times faster: not given, because sync"));
}

// Two notes contradicted each other: "took than with async, the first run" and "not given".
TEST(ResultTableTest, OneSentenceSaysWhatIsComparedAndThatItIsNotValid) {
  ComparisonResult result = SampleComparison();
  result.runs.erase(result.runs.begin());
  result.runs[0].verdict.reasons = {"operations were lost"};
  const std::string table = ResultText(result, {false, false, 200});
  EXPECT_EQ(Count(table, "times faster: "), 1u);
  EXPECT_THAT(table,
              HasSubstr("times faster: not given, because async (the first one, what the others "
                        "would be compared with) is not valid."));
}

TEST(ResultTableTest, WithoutSyncTheFirstRunIsTheMeasure) {
  ComparisonResult result = SampleComparison();
  result.runs.erase(result.runs.begin());
  const std::string table = ResultText(result, kPlain);
  EXPECT_THAT(table, HasSubstr("than async"));
  EXPECT_THAT(table, HasSubstr("took than with async, the first one."));
  EXPECT_THAT(Rows(table, 3)[0], testing::MatchesRegex("async +32\\.9 +1\\.00 .*"));
}

TEST(ResultTableTest, SaysWhatWasNotRun) {
  ComparisonResult result = SampleComparison();
  result.interrupted = true;
  result.runs.resize(2);
  EXPECT_THAT(ResultText(result, kPlain), HasSubstr("INTERRUPTED, not run: chunked, window"));
  result.runs.clear();
  EXPECT_THAT(ResultText(result, kPlain), HasSubstr("No scenario was run."));
}

TEST(ResultTableTest, UnsupportedAndUnknownFiguresAreDashes) {
  ComparisonResult result = SamplePlan();
  result.plan.scenarios.resize(1);
  result.runs.push_back(EmptyRun(FindScenarioType("sync"), "sync"));
  const std::string table = ResultText(result, kPlain);
  EXPECT_THAT(Rows(table, 1)[0], testing::MatchesRegex("sync +- +- +- +- +0 /    - +- +- +- +0"));
  ExpectPrintable(TextReport(result, kPlain), 100);
}

// Scripts connect before the clock starts, and the report says how long that took.
TEST(CostTableTest, ConnectingBeforeTheClockIsReportedByItself) {
  ComparisonResult result = SampleComparison();
  EXPECT_THAT(RenderText(CostTable(result), kPlain), Not(HasSubstr("the clock")));
  result.runs[1].opened_before = 100;
  result.runs[1].connecting_ns = 1'250'000'000;
  const std::string table = RenderText(CostTable(result), {false, false, 120});
  EXPECT_THAT(table, AllOf(HasSubstr("the clock"), HasSubstr(" 1.25 s "),
                           HasSubstr("connecting before the clock: until the connections")));
  ExpectPrintable(RenderText(CostTable(result), kPlain), 100);
}

TEST(TextReportTest, BrieflyItIsTheAnswerAndOneTable) {
  const std::string report = BriefReport(SampleComparison(), kPlain);
  EXPECT_EQ(report.find("In short"), 0U);
  EXPECT_THAT(report, AllOf(HasSubstr("per s"), Not(HasSubstr("Connections in use")),
                            Not(HasSubstr("Where the time")), Not(HasSubstr("server  "))));
  EXPECT_LT(std::count(report.begin(), report.end(), '\n'), 30);
  ExpectPrintable(report, 100);
}

TEST(TextReportTest, EveryLineFitsTheWidth) {
  ComparisonResult result = SampleComparison();
  result.runs[3].scenario.label = "window:400,pool=2000";
  for (const int width : {50, 60, 80, 100, 160}) {
    for (const bool unicode : {false, true}) {
      ExpectPrintable(TextReport(result, {false, unicode, width}), width);
    }
  }
  EXPECT_THAT(TextReport(result, {false, false, 80}), HasSubstr("No room for these columns: "));
}

// At 50 columns the throughput was gone, while a column of zeros told that nothing had failed.
TEST(TextReportTest, WhatMattersMostIsLeftOutLast) {
  ComparisonResult result = SampleComparison();
  const std::string table = ResultText(result, {false, false, 50});
  EXPECT_THAT(table, AllOf(HasSubstr("operations"), HasSubstr("faster"), HasSubstr("p99")));
  EXPECT_THAT(table, ContainsRegex("No room for these columns: .*failed"));
  result.runs[2].recorder.Scheduled(0, 0);
  result.runs[2].recorder.Failed(0, {}, "40001");
  EXPECT_THAT(ResultText(result, {false, false, 50}),
              Not(ContainsRegex("No room for these columns: .*failed")));
  result.runs[1].verdict.reasons = {"operations were lost"};
  const std::string invalid = ResultText(result, {false, false, 40});
  EXPECT_THAT(invalid, AllOf(HasSubstr(" INVALID"), HasSubstr("1,064")));
}

// The column of the scripts' names went without a word, as no other column of the report does.
TEST(TextReportTest, CommandTableSaysThatItHasNoRoomForTheScripts) {
  ComparisonResult result = SampleComparison();
  CommandFigures command;
  command.script = "/home/somebody/scripts/with/a/long/path/report.sql";
  command.text = "SELECT sum(amount) FROM payments WHERE account = :x";
  for (pgring::Run& run : result.runs) run.commands = {command};
  const std::string wide = RenderText(CommandTable(result), {false, false, 160});
  EXPECT_THAT(wide, AllOf(HasSubstr("/home/somebody"), Not(HasSubstr("No room"))));
  const std::string narrow = RenderText(CommandTable(result), {false, false, 100});
  EXPECT_THAT(narrow, AllOf(Not(HasSubstr("/home/somebody")), HasSubstr("SELECT sum(amount)"),
                            EndsWith("\nNo room for these columns: script\n")));
  EXPECT_THAT(TextReport(result, {false, false, 100}),
              HasSubstr("No room for these columns: script"));
}

// pgbench's columns where there is one run; where several share the width, what there is to show.
TEST(TextReportTest, CommandTableCountsFailuresAndRetries) {
  ComparisonResult result = SampleComparison();
  CommandFigures command;
  command.script = "mine.sql";
  command.text = "SELECT 1;";
  command.duration_ns.Record(2'000'000);
  for (pgring::Run& run : result.runs) run.commands = {command};
  EXPECT_THAT(RenderText(CommandTable(result), kPlain), Not(HasSubstr("failures")));
  result.runs[1].commands[0].retries = 1'234;
  EXPECT_THAT(RenderText(CommandTable(result), kPlain),
              AllOf(HasSubstr("retries"), HasSubstr("1,234")));

  result.runs.resize(1);
  result.plan.scenarios.resize(1);
  EXPECT_THAT(RenderText(CommandTable(result), kPlain),
              AllOf(HasSubstr(" and failures\n"), EndsWith("2.00 ms         0\n")));
  result.plan.load.max_tries = 2;
  EXPECT_THAT(RenderText(CommandTable(result), kPlain), HasSubstr(", failures and retries\n"));
}

TEST(TextReportTest, WhatLeftInAPipelineHasNoTime) {
  ComparisonResult result = SampleComparison();
  CommandFigures command;
  command.text = "BEGIN;";
  command.duration_ns.Record(2'000'000);
  command.pipelined = 40;
  for (pgring::Run& run : result.runs) run.commands = {command};
  EXPECT_THAT(RenderText(CommandTable(result), kPlain),
              AllOf(Not(HasSubstr("2.00 ms")), HasSubstr("have no times of their own")));
}

TEST(TextReportTest, AsciiMeansAscii) {
  ComparisonResult result = SampleComparison();
  result.environment.cpu_model = "Intel\xc2\xae Xeon\xc2\xae";
  for (const char character : TextReport(result, kPlain)) {
    ASSERT_LT(static_cast<unsigned char>(character), 0x80);
  }
  EXPECT_THAT(TextReport(result, kUnicode), HasSubstr("Intel\xc2\xae"));
}

TEST(TextReportTest, ColourOnlyWhenAskedForAndNeverTheOnlySign) {
  ComparisonResult result = SampleComparison();
  result.runs[1].verdict.reasons = {"operations were lost"};
  const std::string plain = TextReport(result, kUnicode);
  const std::string colored = TextReport(result, {true, true, 100});
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  EXPECT_THAT(colored, HasSubstr("\x1b[1;31m"));
  std::string stripped;
  for (size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
    } else {
      stripped += colored[i];
    }
  }
  EXPECT_EQ(stripped, plain);
}

// The header said it too.
TEST(TextReportTest, ThatTheRingWasLeftIsSaidOnce) {
  ComparisonResult result = SampleComparison();
  auto& run = result.runs.back();
  run.ring = BackendStats();
  run.ring->blocking_receives = run.recorder.succeeded();
  const std::string text = TextReport(result, kPlain);
  const size_t first = text.find("blocking receive");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("blocking receive", first + 1), std::string::npos);
}

TEST(TextReportTest, NotesSayCommonThingsOnce) {
  ComparisonResult result = SampleComparison();
  for (pgring::Run& run : result.runs) {
    run.verdict.warnings = {"sequential scans of b dominate", "sequential scans of b dominate"};
  }
  result.runs[1].verdict.warnings.push_back("CHECKPOINT skipped");
  const std::string report = TextReport(result, kPlain);
  EXPECT_EQ(Count(report, "sequential scans of b dominate"), 1u);
  EXPECT_THAT(report, HasSubstr("  all runs: warning: sequential scans of b dominate\n"));
  EXPECT_THAT(report, HasSubstr("  async: warning: CHECKPOINT skipped\n"));
  EXPECT_EQ(Count(report, "rows as expected (a 52,500, b 87,500)"), 1u);
  EXPECT_THAT(report, HasSubstr("60.0 KiB"));  // memory per connection
  EXPECT_THAT(report, HasSubstr("1.49 ms"));   // time to connect

  result.runs[2].verification->ok = false;
  result.runs[2].verification->found[0].second = 52'499;
  EXPECT_THAT(
      TextReport(result, kPlain),
      HasSubstr("  chunked: ROWS DO NOT AGREE: expected a 52,500, b 87,500; found a 52,499"));
}

TEST(TextReportTest, ForeignTextCannotForgeALine) {
  ComparisonResult result = SampleComparison();
  result.runs[1].verdict.reasons = {"server said: x\n  window: rows as expected\x1b[2J"};
  ExpectPrintable(TextReport(result, kPlain), 100);
  EXPECT_THAT(TextReport(result, kPlain), Not(HasSubstr("\n  window: rows")));
}

}  // namespace
}  // namespace pgring
