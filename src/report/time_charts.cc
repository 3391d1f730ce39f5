#include "report/time_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/percentile_text.h"
#include "report/run_table.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

constexpr auto kNsPerS = static_cast<double>(kNanosecondsPerSecond);

int PointsOfALine(size_t lines) {
  return std::clamp(kMostChartPoints / std::max(1, static_cast<int>(lines)), kFewestPointsOfALine,
                    kMostPointsOfALine);
}

// Which runs they are, and from when their time counts.
std::string TimeText(const ComparisonResult& result) {
  return fmt::format(
      "{}Time counts {}.",
      result.has_repeats() ? "Of each scenario the run whose throughput was the median. " : "",
      TimeOriginText(result.plan));
}

int64_t LongestNs(const ComparisonResult& result) {
  int64_t longest_ns = 0;
  for (const Run& run : result.runs) longest_ns = std::max(longest_ns, RunEndNs(run));
  return longest_ns;
}

ChartLine ColumnLine(const Run& run, size_t place, const std::vector<TimelineColumn>& columns,
                     bool keeps_means) {
  ChartLine line;
  line.label = RunLabel(run);
  line.series = place;
  for (const TimelineColumn& column : columns) {
    if (!column.covered) {
      line.values.emplace_back();
      line.lows.emplace_back();
      line.highs.emplace_back();
      continue;
    }
    line.values.emplace_back(keeps_means ? column.mean : column.high);
    line.lows.emplace_back(column.low);
    line.highs.emplace_back(column.high);
  }
  // The end of the axis, which belongs to the last column.
  for (ChartValues* values : {&line.values, &line.lows, &line.highs}) {
    const std::optional<double> last = values->back();
    values->push_back(last);
  }
  return line;
}

ChartLine ConnectionLine(const Run& run, size_t place, ConnectionGauge gauge, int64_t span_ns,
                         int count) {
  return ColumnLine(run, place,
                    TimelineColumns(run.timeline.steps(), gauge, RunEndNs(run), span_ns, count),
                    TimelineKeepsMeans(run));
}

Chart EmptyStepChart(int64_t span_ns, int count) {
  Chart chart;
  chart.steps = true;
  chart.x_end = NsInSeconds(span_ns);
  for (int column = 0; column <= count; ++column) chart.x.push_back(chart.x_end * column / count);
  return chart;
}

// Of the runs whose operations share connections.
Chart DepthChart(const ComparisonResult& result, int64_t span_ns) {
  const int count = PointsOfALine(result.runs.size());
  Chart chart = EmptyStepChart(span_ns, count);
  chart.title = "Operations in flight on a connection that they share";
  chart.is_low = true;
  for (size_t place = 0; place < result.runs.size(); ++place) {
    const Run& run = result.runs[place];
    if (run.depth_over_time.slices.empty()) continue;
    chart.lines.push_back(ColumnLine(
        run, place, DepthColumns(run.depth_over_time, RunEndNs(run), span_ns, count), true));
  }
  chart.remark = fmt::format("{} Lines are means of all connections; shaded up to the most on one.",
                             TimeText(result));
  return chart;
}

Chart ConnectionChart(const ComparisonResult& result, ConnectionGauge gauge, int64_t span_ns) {
  const int count = PointsOfALine(result.runs.size());
  Chart chart = EmptyStepChart(span_ns, count);
  for (size_t place = 0; place < result.runs.size(); ++place) {
    const Run& run = result.runs[place];
    if (!IsDrawable(run)) continue;
    if (gauge == ConnectionGauge::kWaiting && run.timeline.Peak(gauge) == 0) continue;
    chart.lines.push_back(ConnectionLine(run, place, gauge, span_ns, count));
  }
  chart.remark =
      fmt::format("{} Lines are means over {}; shaded from the lowest to the highest value.",
                  TimeText(result), DurationText(static_cast<double>(span_ns) / count));
  return chart;
}

// What a run did in each interval of a series of it, those without any success among them.
struct Second {
  double per_s = 0;
  std::optional<double> p99_ns;
};

std::vector<Second> SecondsOf(const Run& run, const SecondSeries& series) {
  const std::vector<SeriesInterval> intervals = series.Intervals();
  if (intervals.empty()) return {};
  const int64_t interval_ns = run.recorder.seconds().interval_ns();
  const int64_t end_ns = RunEndNs(run);
  // What was left of the last interval counts only where it is most of one.
  const auto count = static_cast<size_t>((end_ns + interval_ns / 2) / interval_ns);
  std::vector<Second> seconds(count);
  for (const SeriesInterval& interval : intervals) {
    const auto at = static_cast<size_t>(interval.start_ns / interval_ns);
    if (at >= count) continue;
    const int64_t covered_ns = std::min(interval_ns, end_ns - interval.start_ns);
    seconds[at].per_s = static_cast<double>(interval.succeeded) * kNsPerS /
                        static_cast<double>(std::max<int64_t>(covered_ns, 1));
    if (interval.p99_ns.has_value()) seconds[at].p99_ns = static_cast<double>(*interval.p99_ns);
  }
  return seconds;
}

// `per_point` of the values to each point: their mean, and the lowest and the highest of them.
void AddThinned(const ChartValues& values, size_t per_point, size_t points, ChartLine* line) {
  for (size_t point = 0; point < points; ++point) {
    std::optional<double> low, high;
    double sum = 0;
    int count = 0;
    const size_t end = std::min(values.size(), (point + 1) * per_point);
    for (size_t i = point * per_point; i < end; ++i) {
      if (!values[i].has_value()) continue;
      low = std::min(low.value_or(*values[i]), *values[i]);
      high = std::max(high.value_or(*values[i]), *values[i]);
      sum += *values[i];
      ++count;
    }
    line->values.push_back(count == 0 ? std::nullopt : std::optional<double>(sum / count));
    if (per_point == 1) continue;
    line->lows.push_back(low);
    line->highs.push_back(high);
  }
}

struct SecondGrid {
  int64_t interval_ns = kNanosecondsPerSecond;  // of every series
  size_t per_point = 1;
  size_t points = 0;
};

SecondGrid GridOf(const ComparisonResult& result) {
  SecondGrid grid;
  for (const Run& run : result.runs) {
    grid.interval_ns = std::max(grid.interval_ns, run.recorder.seconds().interval_ns());
  }
  const auto intervals =
      static_cast<size_t>((LongestNs(result) + grid.interval_ns / 2) / grid.interval_ns);
  const auto most = static_cast<size_t>(PointsOfALine(result.runs.size()));
  grid.per_point = std::max<size_t>(1, (intervals + most - 1) / most);
  grid.points = (intervals + grid.per_point - 1) / grid.per_point;
  return grid;
}

void AddSecondLines(const Run& run, size_t place, const SecondGrid& grid, Chart* throughput,
                    Chart* p99, Chart* queued) {
  const std::vector<Second> seconds = SecondsOf(run, run.recorder.seconds());
  if (seconds.empty()) return;
  ChartValues rates, tails, queued_tails;
  for (const Second& second : seconds) {
    rates.emplace_back(second.per_s);
    tails.push_back(second.p99_ns);
  }
  for (const Second& second : SecondsOf(run, run.recorder.queued_seconds())) {
    queued_tails.push_back(second.p99_ns);
  }
  // A run whose series has shorter intervals than the others' has more of them to a point.
  const auto per_point =
      static_cast<size_t>(grid.interval_ns * static_cast<int64_t>(grid.per_point) /
                          run.recorder.seconds().interval_ns());
  for (const auto& [chart, values] :
       {std::pair(throughput, &rates), std::pair(p99, &tails), std::pair(queued, &queued_tails)}) {
    const bool is_known = std::any_of(values->begin(), values->end(),
                                      [](const auto& value) { return value.has_value(); });
    if (!is_known) continue;
    ChartLine line;
    line.label = RunLabel(run);
    line.series = place;
    AddThinned(*values, per_point, grid.points, &line);
    chart->lines.push_back(std::move(line));
  }
}

}  // namespace

std::vector<Chart> ConnectionCharts(const ComparisonResult& result) {
  const int64_t span_ns = LongestNs(result);
  if (span_ns <= 0) return {};
  std::vector<Chart> charts;
  Chart in_use = ConnectionChart(result, ConnectionGauge::kInUse, span_ns);
  in_use.title = "Connections in use";
  Chart waiting = ConnectionChart(result, ConnectionGauge::kWaiting, span_ns);
  waiting.title = "Operations waiting for a connection";
  waiting.is_low = true;
  Chart depth = DepthChart(result, span_ns);
  for (Chart* chart : {&in_use, &waiting, &depth}) {
    if (!chart->empty()) charts.push_back(std::move(*chart));
  }
  return charts;
}

std::vector<Chart> SecondCharts(const ComparisonResult& result) {
  const SecondGrid grid = GridOf(result);
  if (grid.points < 2) return {};
  Chart throughput, p99, queued;
  const double point_s = NsInSeconds(grid.interval_ns) * static_cast<double>(grid.per_point);
  throughput.x_end = NsInSeconds(LongestNs(result));
  for (size_t point = 0; point < grid.points; ++point) {
    throughput.x.push_back((static_cast<double>(point) + 0.5) * point_s);
  }
  p99.x = throughput.x;
  p99.x_end = throughput.x_end;
  const std::string each =
      point_s == 1 ? "second" : DurationText(point_s * kNsPerS) + " (mean of its seconds)";
  throughput.title = "Throughput in each " + each;
  throughput.unit = ChartUnit::kPerSecond;
  p99.title = fmt::format("99th percentile of the {} in each {}", WholeTimeName(result.plan), each);
  p99.unit = ChartUnit::kNanoseconds;
  p99.logarithmic = true;
  throughput.remark = TimeText(result);
  if (grid.per_point > 1) throughput.remark += " Shaded from the lowest to the highest second.";
  p99.remark = throughput.remark;
  queued = p99;
  queued.title = fmt::format("99th percentile of the wait behind others in each {}", each);
  // It may be nothing.
  queued.logarithmic = false;
  queued.is_low = true;
  for (size_t place = 0; place < result.runs.size(); ++place) {
    AddSecondLines(result.runs[place], place, grid, &throughput, &p99, &queued);
  }
  std::vector<Chart> charts;
  for (Chart* chart : {&throughput, &p99, &queued}) {
    if (!chart->empty()) charts.push_back(std::move(*chart));
  }
  return charts;
}

Chart SpectrumChart(const ComparisonResult& result) {
  constexpr int kPointsOfADecade = 20;
  Chart chart;
  chart.title =
      fmt::format("{} by percentile", result.plan.load.open_loop() ? "Response time" : "Latency");
  chart.axis = ChartAxis::kPercentiles;
  chart.unit = ChartUnit::kNanoseconds;
  chart.logarithmic = true;
  double most = 0;
  std::vector<std::pair<size_t, Histogram>> histograms;
  for (size_t place = 0; place < result.runs.size(); ++place) {
    std::optional<Histogram> histogram = WholeTimesOf(result, result.runs[place]);
    if (!histogram.has_value() || histogram->Max() <= 0) continue;
    most = std::max(most, static_cast<double>(histogram->count()));
    histograms.emplace_back(place, *std::move(histogram));
  }
  if (histograms.empty()) return chart;
  const int points = std::max(1, static_cast<int>(std::log10(most) * kPointsOfADecade));
  for (int point = 0; point <= points; ++point) {
    chart.x.push_back(std::pow(10, static_cast<double>(point) / kPointsOfADecade));
  }
  chart.x_end = std::max(chart.x.back(), 10.0);
  for (const auto& [place, histogram] : histograms) {
    ChartLine line;
    line.label = RunLabel(result.runs[place]);
    line.series = place;
    for (const double one_in : chart.x) {
      const std::optional<int64_t> value = histogram.SupportedPercentile(100 - 100 / one_in);
      // A logarithmic axis has no zero.
      const bool shows = value.has_value() && *value > 0;
      line.values.push_back(shows ? std::optional<double>(*value) : std::nullopt);
    }
    chart.lines.push_back(std::move(line));
  }
  chart.remark =
      "Both axes are logarithmic: each step to the right leaves out nine tenths of the operations "
      "that were left. Lines end where too few operations are left to tell.";
  return chart;
}

}  // namespace pgring
