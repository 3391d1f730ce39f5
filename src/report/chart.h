// A chart of report.html as plain data: lines over one axis, and what the axes mean. Made from
// results by time_charts.h; drawn by html_chart.h.
//
// Plain data; nothing here can fail.
#ifndef PGRING_REPORT_CHART_H_
#define PGRING_REPORT_CHART_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgring {

using ChartValues = std::vector<std::optional<double>>;

struct ChartLine {
  std::string label;  // of foreign origin as it is
  size_t series = 0;  // gives colour and dashes
  // One for each x; nothing where the line has a gap.
  ChartValues values;
  // The lowest and the highest around each x, where one x stands for many moments; else empty.
  ChartValues lows;
  ChartValues highs;
};

enum class ChartUnit : uint8_t { kCount, kPerSecond, kNanoseconds };

enum class ChartAxis : uint8_t {
  kSeconds,      // since the start of each run, linear
  kPercentiles,  // x is 1 / (1 - p), logarithmic
};

struct Chart {
  std::string title;
  std::string remark;  // what a reader must know of it; may be empty
  ChartUnit unit = ChartUnit::kCount;
  ChartAxis axis = ChartAxis::kSeconds;
  bool steps = false;            // each value holds until the next x
  bool logarithmic = false;      // y; values above 0
  bool is_low = false;           // less tall than others
  std::vector<double> x;         // rising
  double x_end = 1;              // where the axis ends
  std::vector<ChartLine> lines;  // each with as many values as there are x

  bool empty() const { return lines.empty(); }
};

}  // namespace pgring

#endif  // PGRING_REPORT_CHART_H_
