// The table of repeats: medians with their intervals, how fast against the first scenario and in
// which word, and which blocks do not count.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report/tables.h"
#include "report/text_table.h"
#include "sample_result.h"
#include "support/made_up_comparison.h"

namespace pgring {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Le;

constexpr TextStyle kEightyColumns = {false, false, 80};

const std::vector<double> kSteady = {10, 10.1, 9.9, 10, 10.2, 9.8};
const std::vector<double> kTwiceAsFast = {5, 4.9, 5.1, 4.8, 5.2, 5};
const std::vector<double> kTwiceAsFastAgain = {5.1, 4.9, 5, 4.9, 5.1, 5};
const std::vector<double> kRestless = {11, 9, 11.2, 8.8, 10.9, 9.1};

Table TableOf(const ComparisonResult& result) { return RepeatTable(result, Summarize(result)); }

std::vector<std::string> Cells(const Table& table, std::string_view heading) {
  for (const TableColumn& column : table.columns) {
    if (column.heading.front() == heading) return column.cells;
  }
  return {};
}

std::vector<std::string> Notes(const Table& table) {
  std::vector<std::string> notes;
  for (const TableNote& note : table.notes) notes.push_back(note.text);
  return notes;
}

void Spoil(ComparisonResult* result, size_t block, std::string_view label, std::string reason) {
  for (pgring::Run& run : result->blocks[block].runs) {
    if (run.scenario.label == label) run.verdict.reasons = {reason};
  }
  result->ChooseRuns();
}

TEST(RepeatTableTest, NothingWithoutRepeats) {
  EXPECT_TRUE(TableOf(MadeUpSingles({{"sync", {10}}, {"window", {5}}})).empty());
}

TEST(RepeatTableTest, AsItIsShown) {
  const ComparisonResult result =
      MadeUpBlocks({{"sync", kSteady}, {"window", kTwiceAsFast}, {"window#2", kTwiceAsFastAgain}});
  EXPECT_THAT(
      Lines(RenderText(TableOf(result), kEightyColumns)),
      ElementsAre(
          "                      operations  latency      times faster",
          "scenario  blocks           per s      p99         than sync",
          "-------------------------------------------------------------------",
          "sync           6  100 (98.0-102)  10.0 ms                 -",
          "window         6   200 (192-208)  10.0 ms  1.98 (1.94-2.08)  faster",
          "window#2       6   200 (196-204)  10.0 ms  1.99 (1.96-2.06)  faster",
          "Each block is one run of every scenario, in an order drawn from the seed;",
          "  figures are medians of 6 blocks with their intervals of 96.9 % (order",
          "  statistics).",
          "window and window#2 are the same scenario: their ratio's interval, 0.98-1.02, is",
          "  this comparison's noise floor."));
}

TEST(RepeatTableTest, AWordForEveryScenarioButTheFirst) {
  const Table table = TableOf(MadeUpBlocks({{"window", kSteady},
                                            {"async", kTwiceAsFast},
                                            {"sync", {20, 20, 20, 20, 20, 20}},
                                            {"chunked", kSteady},
                                            {"threads", kRestless}}));
  EXPECT_THAT(Cells(table, ""), ElementsAre("", "faster", "slower", "no difference beyond 2 %",
                                            "not decided by 6 blocks"));
  EXPECT_EQ(Cells(table, "times faster").front(), "-");
}

TEST(RepeatTableTest, DifferentNumbersOfOperations) {
  const Table table = TableOf(MadeUpBlocks({{"sync", {10, 10}}, {"window", {20, 20}, 6'000}}));
  EXPECT_THAT(Cells(table, "times the"), ElementsAre("-", "3.00"));
}

TEST(RepeatTableTest, FewerThanSixBlocksHaveNoIntervals) {
  const Table table = TableOf(MadeUpBlocks({{"sync", {10, 10, 10}}, {"window", {5, 5, 5}}}));
  EXPECT_THAT(Cells(table, "blocks"), ElementsAre("3", "3"));
  EXPECT_THAT(Cells(table, "operations"), ElementsAre("100", "200"));
  EXPECT_THAT(Cells(table, "times faster"), ElementsAre("-", "2.00"));
  EXPECT_THAT(Cells(table, ""), ElementsAre("", "not decided by 3 blocks"));
  EXPECT_THAT(Notes(table),
              ElementsAre("Each block is one run of every scenario, in an order drawn from the "
                          "seed; figures are medians of 3 blocks. From 6 blocks on there are "
                          "intervals."));
}

TEST(RepeatTableTest, OneScenarioIsNotCompared) {
  const Table table = TableOf(MadeUpBlocks({{"window", kTwiceAsFast}}));
  EXPECT_EQ(table.columns.size(), 4U);
  EXPECT_THAT(Cells(table, "operations"), ElementsAre("200 (192-208)"));
  EXPECT_THAT(Cells(table, "times faster"), IsEmpty());
}

TEST(RepeatTableTest, ItSaysWhichBlocksDoNotCount) {
  ComparisonResult result = MadeUpBlocks({{"sync", {10, 10, 10, 10}}, {"window", {5, 5, 5, 5}}});
  Spoil(&result, 1, "window", "3 of 1000 operations failed");
  result.blocks[3].runs.pop_back();
  const Table table = TableOf(result);
  EXPECT_THAT(Cells(table, "blocks"), ElementsAre("2", "2"));
  EXPECT_EQ(table.notes.front().text,
            "2 of 4 blocks count; not block 2 (window is not valid: 3 of 1000 operations failed), "
            "block 4 (1 of 2 runs)");
  EXPECT_TRUE(table.notes.front().alarming);
}

TEST(RepeatTableTest, BlocksThatDoNotCountForOneReasonAreToldOnce) {
  ComparisonResult result =
      MadeUpBlocks({{"sync", {10, 10, 10, 10, 10}}, {"window", {5, 5, 5, 5, 5}}});
  for (const size_t block : {0, 1, 2}) Spoil(&result, block, "window", "nothing succeeded");
  Spoil(&result, 4, "window", "nothing succeeded");
  EXPECT_EQ(TableOf(result).notes.front().text,
            "1 of 5 blocks counts; not blocks 1 to 3 (window is not valid: nothing succeeded), "
            "block 5 (window is not valid: nothing succeeded)");
}

TEST(RepeatTableTest, AnInterruptedRun) {
  ComparisonResult result = MadeUpBlocks({{"sync", {10, 10}}, {"window", {5, 5}}});
  for (pgring::Run& run : result.blocks[1].runs) {
    if (run.scenario.label != "window") continue;
    run.interrupted = true;
    run.verdict.reasons = {"interrupted"};
  }
  EXPECT_EQ(TableOf(result).notes.front().text,
            "1 of 2 blocks counts; not block 2 (window was interrupted)");
}

TEST(RepeatTableTest, WithoutAWholeBlockThereIsNoFigure) {
  ComparisonResult result = MadeUpBlocks({{"sync", {10}}, {"window", {5}}});
  Spoil(&result, 0, "window", "it was not verified");
  const Table table = TableOf(result);
  for (const char* heading : {"operations", "latency", "times faster"}) {
    EXPECT_THAT(Cells(table, heading), Each("-")) << heading;
  }
  EXPECT_THAT(Notes(table),
              ElementsAre("0 of 1 blocks count; not block 1 (window is not valid: it was not "
                          "verified)",
                          "Each block is one run of every scenario, in an order drawn from the "
                          "seed; there are no medians without a whole block."));
}

TEST(RepeatTableTest, FitsEightyColumns) {
  ComparisonResult result =
      MadeUpBlocks({{"window:20:a-long-label-with-a-pool-and-a-timeout", kSteady},
                    {"chunked:1000", kTwiceAsFast},
                    {"async", kRestless}});
  Spoil(&result, 2, "async", "a reason that takes many words, as the reasons of invalid runs do");
  for (const bool by_throughput : {false, true}) {
    if (by_throughput) result.plan.load.duration_s = 10;
    const std::string text = RenderText(TableOf(result), kEightyColumns);
    for (const std::string& line : Lines(text)) EXPECT_THAT(line.size(), Le(80U)) << text;
  }
}

}  // namespace
}  // namespace pgring
