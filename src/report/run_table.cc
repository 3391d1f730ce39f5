#include "report/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "report/format.h"

namespace pgring {

std::optional<double> Quotient(double numerator, double denominator) {
  if (!(denominator > 0) || !std::isfinite(numerator) || !std::isfinite(denominator)) {
    return std::nullopt;
  }
  return numerator / denominator;
}

int OrderOfCount(const ComparisonResult& result, int order_of_zeros,
                 int64_t (*figure)(const Run& run)) {
  const bool any = std::any_of(result.runs.begin(), result.runs.end(),
                               [figure](const Run& run) { return figure(run) > 0; });
  return any ? 1 : order_of_zeros;
}

std::string PercentileText(const Histogram& histogram, double percentile) {
  const std::optional<int64_t> value = histogram.SupportedPercentile(percentile);
  if (!value.has_value()) return std::string(kUnknownFigure);
  return DurationText(static_cast<double>(*value));
}

std::string_view WholeTimeName(const ComparisonPlan& plan) {
  return plan.load.open_loop() ? "response" : "latency";
}

RunTableBuilder::RunTableBuilder(const ComparisonResult& result) : result_(result) {
  for (const Run& run : result.runs) table_.alarming_rows.push_back(!run.comparable());
  Add({"scenario"}, 0, RunLabel);
  table_.columns.back().left = true;
}

void RunTableBuilder::Add(std::vector<std::string> heading, int leave_out_order,
                          const CellFunction& cell) {
  TableColumn column;
  column.heading = std::move(heading);
  column.leave_out_order = leave_out_order;
  for (const Run& run : result_.runs) column.cells.push_back(cell(run));
  table_.columns.push_back(std::move(column));
}

void RunTableBuilder::AddPercentiles(const std::vector<std::string>& heading, LatencyPart part,
                                     int leave_out_order) {
  for (const int percentile : {50, 99}) {
    std::vector<std::string> lines = heading;
    lines.push_back(fmt::format("p{}", percentile));
    const int order = percentile == 50 ? leave_out_order + 1 : leave_out_order;
    Add(std::move(lines), order, [part, percentile](const Run& run) {
      return PercentileText(run.total().part(part), percentile);
    });
  }
}

Table RunTableBuilder::Take(std::string title) {
  table_.title = std::move(title);
  return std::move(table_);
}

}  // namespace pgring
