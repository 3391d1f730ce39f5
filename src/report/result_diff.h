// Two saved results beside each other, scenario by scenario, and gates: how much worse the new one
// may be. The parts of `pgring diff`.
//
// Pure. Ratios are new / old, of the blocks of each (EstimateRatioOfSamples).
#ifndef PGRING_REPORT_RESULT_DIFF_H_
#define PGRING_REPORT_RESULT_DIFF_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pgring/statistics/ratio.h"
#include "report/saved_result.h"
#include "report/table.h"

namespace pgring {

// "throughput>=-3%": new throughput at least 3 % below the old one; "p99<=+10%".
struct Gate {
  Metric metric = Metric::kThroughput;
  double change_percent = 0;  // the least of throughput, the most of everything else
  std::string text;
};

// InvalidArgument, in one line: an unknown metric, no percentage with its sign, or the wrong
// direction for the metric.
absl::StatusOr<Gate> ParseGate(const std::string& text);

struct ComparedMetric {
  std::string scenario;
  Metric metric = Metric::kThroughput;
  double old_median = 0;
  double new_median = 0;
  RatioEstimate ratio = {};
  int old_count = 0;  // blocks
  int new_count = 0;
};

struct GateOutcome {
  std::string scenario;
  Gate gate;
  // A change for the worse beyond the gate which the blocks do not leave open: their interval
  // excludes 1, or there are too few of them for one.
  bool breached = false;
  std::string text;  // what was found
};

struct ResultDiff {
  std::vector<ComparedMetric> metrics;
  std::vector<GateOutcome> gates;
  // Scenarios that could not be compared, and why; sentences.
  std::vector<std::string> left_out;
  // Differences of the machines and servers; sentences.
  std::vector<std::string> notes;

  bool any_breach() const;
};

// FailedPrecondition where the results are of unlike plans: names what differs. Scenarios are
// paired by their labels.
absl::StatusOr<ResultDiff> CompareResults(const SavedResult& old_result,
                                          const SavedResult& new_result,
                                          const std::vector<Gate>& gates);

Table DiffTable(const ResultDiff& diff);
// Empty without gates.
Table GateTable(const ResultDiff& diff);

// For tools that read test results: a test case for each gate and scenario.
std::string JUnitText(const ResultDiff& diff);

}  // namespace pgring

#endif  // PGRING_REPORT_RESULT_DIFF_H_
