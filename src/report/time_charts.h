// What a comparison looks like over time, and how its latencies are distributed, as charts. Thinned
// where a line would have more points than a screen can show; the lowest and highest values stay.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_TIME_CHARTS_H_
#define PGRING_REPORT_TIME_CHARTS_H_

#include <vector>

#include "report/chart.h"
#include "run/comparison_result.h"

namespace pgring {

// All lines of a chart together have at most so many points beside those of kFewestChartPoints for
// each line.
inline constexpr int kMostChartPoints = 6'000;
inline constexpr int kMostPointsOfALine = 480;
inline constexpr int kFewestPointsOfALine = 40;

// Connections in use and, where any operation waited for one, operations waiting; where operations
// share connections, how many are in flight on one. Empty where nothing was recorded.
std::vector<Chart> ConnectionCharts(const ComparisonResult& result);

// Throughput and the 99th percentile of the whole time of an operation, for each second, and where
// operations share connections that of their wait behind others. Empty where no run lasted long
// enough to have two of them.
std::vector<Chart> SecondCharts(const ComparisonResult& result);

// The whole time of operations over 1 / (1 - p), as far as the sample supports it; of repeats those
// of all blocks that count. Without lines where no operation succeeded.
Chart SpectrumChart(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TIME_CHARTS_H_
