// How the runs of a comparison are set against each other: which of them is the base, what is
// compared, and by how much. One place, so that the table, result.json and their words agree.
//
// Borrows the result, which must outlive it. Pure; nothing here can fail.
#ifndef PGRING_REPORT_SPEED_H_
#define PGRING_REPORT_SPEED_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "run/run_result.h"

namespace pgring {

enum class SpeedMeasure : uint8_t {
  kTime,        // the same operations: the base's time divided by the run's
  kThroughput,  // different numbers of operations: the run's throughput divided by the base's
};
std::string_view SpeedMeasureName(SpeedMeasure measure);  // "time", "throughput"

class SpeedComparison {
 public:
  explicit SpeedComparison(const ComparisonResult& result);

  // The first sync run, else the first run; nullptr when there is none.
  const RunResult* base() const { return base_; }
  bool base_is_sync() const;
  // Where a duration ends the runs, each takes the same time, and the ratio of their times would
  // say nothing.
  SpeedMeasure measure() const { return measure_; }

  // How many times as fast as the base the run is; 1 for the base itself. Nothing when either of
  // them is not valid or not timed.
  std::optional<double> Factor(const RunResult& run) const;

 private:
  const RunResult* base_ = nullptr;
  SpeedMeasure measure_ = SpeedMeasure::kTime;
};

}  // namespace pgring

#endif  // PGRING_REPORT_SPEED_H_
