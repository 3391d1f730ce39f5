// How good answers are, over many seeds. A failure shows the whole table; more of it:
// build/tests/search/limit_search_study.
#include "search/study.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

namespace pgring {
namespace {

struct Expected {
  // Of the answers of 60 seeds, all but the lowest and highest tenth lie within these.
  int lowest;
  int highest;
  double loss_p90_percent;
  double lowest_throughput;  // of all 60, as a share of the highest possible
};

std::vector<StudyRow> StudySix(const StudyOptions& options) {
  std::vector<StudyRow> rows;
  for (const SimulatedSystem& system : SixSystems()) rows.push_back(StudySystem(system, options));
  return rows;
}

void ExpectRows(const std::vector<StudyRow>& rows, const std::vector<Expected>& expected) {
  SCOPED_TRACE("\n" + FormatStudy(rows));
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t index = 0; index < rows.size(); ++index) {
    const StudyRow& row = rows[index];
    EXPECT_GE(row.limit_p10, expected[index].lowest) << row.system;
    EXPECT_LE(row.limit_p90, expected[index].highest) << row.system;
    EXPECT_LE(row.end.p90, expected[index].loss_p90_percent) << row.system;
    EXPECT_GE(row.lowest_throughput, expected[index].lowest_throughput) << row.system;
    EXPECT_LE(row.most_trials, 150) << row.system;
  }
}

TEST(LimitSearchStudyTest, SixSystemsWithTheNoiseOfAQuietMachine) {
  ExpectRows(StudySix({}), {{30, 32, 0.15, 0.95},
                            {9, 14, 0.25, 0.85},
                            {6, 6, 0.05, 0.95},
                            {8, 8, 0.05, 0.98},
                            {2, 2, 0.05, 1},
                            {24, 25, 1.45, 0.98}});
}

TEST(LimitSearchStudyTest, SixSystemsWithMuchNoiseAndManyPauses) {
  const StudyOptions options = {.noise = {.deviation = 0.05, .pause_probability = 0.1}};
  ExpectRows(StudySix(options), {{26, 35, 1.5, 0.94},
                                 {8, 16, 1.8, 0.8},
                                 {5, 7, 1.5, 0.95},
                                 {8, 10, 3.5, 0.96},
                                 {2, 3, 4.5, 1},
                                 {23, 27, 4.5, 0.91}});
}

TEST(LimitSearchStudyTest, HighestThroughputPerResponseTime) {
  ExpectRows(StudySix({.gain = 0.5}), {{15, 17, 0.3, 0.7},
                                       {1, 1, 0.05, 0.4},
                                       {3, 3, 0.05, 0.7},
                                       {8, 8, 0.05, 0.98},
                                       {2, 2, 0.05, 1},
                                       {24, 24, 2.1, 0.95}});
}

TEST(LimitSearchStudyTest, OtherSystemsThanThoseItWasMadeWith) {
  for (const SimulatedSystem& system : OtherSystems()) {
    const StudyRow row = StudySystem(system, {});
    SCOPED_TRACE("\n" + FormatStudy({row}));
    EXPECT_LE(row.end.p90, 1.6);
    EXPECT_LE(row.end.mean, 0.7);
    EXPECT_GE(row.lowest_throughput, 0.9);
    EXPECT_LE(row.not_converged, 3);
  }
}

TEST(LimitSearchStudyTest, AnAnswerIsCloseAfterTheFit) {
  // Loss of utility averaged over the six systems, after 20, 40, 60, 80 and 100 trials.
  const double most_mean_percent[] = {0.8, 0.25, 0.15, 0.15, 0.15};
  const std::vector<StudyRow> rows = StudySix({});
  SCOPED_TRACE("\n" + FormatStudy(rows));
  for (size_t stop = 0; stop < std::size(kStoppedAfter); ++stop) {
    double mean = 0;
    for (const StudyRow& row : rows) mean += row.stopped[stop].mean / 6;
    EXPECT_LE(mean, most_mean_percent[stop]) << kStoppedAfter[stop];
  }
}

TEST(LimitSearchStudyTest, TwentyTrialsAreEnoughForAGoodAnswer) {
  const std::vector<StudyRow> rows = StudySix({.most_trials = 20});
  ExpectRows(rows, {{29, 33, 1, 0.85},
                    {9, 16, 0.6, 0.8},
                    {6, 6, 0.1, 0.95},
                    {8, 9, 1.8, 0.85},
                    {2, 2, 0.1, 1},
                    {23, 26, 3.9, 0.85}});
  for (const StudyRow& row : rows) EXPECT_EQ(row.most_trials, 20) << row.system;
}

}  // namespace
}  // namespace pgring
