// What the blocks of a comparison show together: medians with their intervals, how many times as
// fast as the first scenario each of the others is, how sure that is, and in which word.
//
// A block is one run of every scenario. It is the unit of inference: operations of one run have too
// much in common (one server start, one state of the caches, one neighbour on the machine) to be
// counted as so many independent observations. Pure; nothing here can fail.
#ifndef PGRING_RUN_SUMMARY_H_
#define PGRING_RUN_SUMMARY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pgring/statistics/median_interval.h"
#include "pgring/statistics/ratio.h"
#include "run/comparison_result.h"

namespace pgring {

enum class SpeedMeasure : uint8_t {
  kTime,        // the same operations: the first scenario's time divided by the run's
  kThroughput,  // different numbers of operations: the run's throughput divided by the first's
};
std::string_view SpeedMeasureName(SpeedMeasure measure);  // "time", "throughput"

// "faster", "slower", "no difference", "not decided".
std::string_view RatioVerdictName(RatioVerdict verdict);

struct ScenarioSummary {
  int blocks = 0;  // that count: whole ones
  MedianEstimate throughput_per_s = {};
  MedianEstimate duration_s = {};
  // Of the whole time of an operation; nothing where a run had too few operations for it.
  std::optional<MedianEstimate> p50_ns;
  std::optional<MedianEstimate> p99_ns;
  // How many times as fast as the first scenario; nothing where one of them may not be compared.
  std::optional<RatioEstimate> speed;
  RatioVerdict verdict = RatioVerdict::kNotDecided;
  // Holm's, for as many comparisons as there are scenarios beside the first.
  std::optional<double> adjusted_p;
};

// Two scenarios that are the same show what the machine's noise alone makes of a ratio.
struct NoiseFloor {
  size_t first = 0;  // in ComparisonResult::runs
  size_t second = 0;
  Interval interval = {};
};

struct Summary {
  SpeedMeasure measure = SpeedMeasure::kTime;
  std::vector<ScenarioSummary> scenarios;  // in the order of ComparisonResult::runs
  std::optional<NoiseFloor> noise_floor;
};

Summary Summarize(const ComparisonResult& result);

// How many times as fast the run at `place` in ComparisonResult::runs is as the one at `base`,
// block by block. Nothing where one of them may not be compared.
std::optional<RatioEstimate> SpeedBetween(const ComparisonResult& result, size_t place,
                                          size_t base);

// Every ratio's interval is known to within `percent` of the ratio, half its width.
bool IsDecided(const Summary& summary, double percent);

}  // namespace pgring

#endif  // PGRING_RUN_SUMMARY_H_
