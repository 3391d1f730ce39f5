// For the tables of tables.h that have a row for each run.
//
// Borrows the result. Nothing here can fail.
#ifndef PGRING_REPORT_RUN_TABLE_H_
#define PGRING_REPORT_RUN_TABLE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgring/metrics/histogram.h"
#include "pgring/metrics/recorder.h"
#include "report/table.h"
#include "run/comparison_result.h"

namespace pgring {

class RunTableBuilder {
 public:
  using CellFunction = std::function<std::string(const Run&)>;

  // With the column of the runs' labels.
  explicit RunTableBuilder(const ComparisonResult& result);

  // As in TableColumn.
  void Add(std::vector<std::string> heading, int leave_out_order, const CellFunction& cell);
  // One column each for p50 and p99 of `part`, of which p50 is the first to be left out.
  void AddPercentiles(const std::vector<std::string>& heading, LatencyPart part,
                      int leave_out_order);

  void AddNote(std::string text, bool alarming = false) {
    table_.notes.push_back({std::move(text), alarming});
  }

  Table Take(std::string title);

 private:
  const ComparisonResult& result_;
  Table table_;
};

// What can be told of a quotient: nothing where it would not be a finite number.
std::optional<double> Quotient(double numerator, double denominator);

// Where there is something that `figure` counts, its column matters more than where there is not.
int OrderOfCount(const ComparisonResult& result, int order_of_zeros,
                 int64_t (*figure)(const Run& run));

// Unknown where the sample is too small for it.
std::string PercentileText(const Histogram& histogram, double percentile);

// "latency" in a closed loop, "response" in an open one: what the report calls the time that an
// operation took as a whole.
std::string_view WholeTimeName(const ComparisonPlan& plan);

}  // namespace pgring

#endif  // PGRING_REPORT_RUN_TABLE_H_
